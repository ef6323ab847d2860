"""Labelled movie reviews from files that people have, in one schema: archive or folder as published, or a table.

A table is CSV (Kaggle's `IMDB Dataset.csv`: review, sentiment), JSON Lines or Parquet (text, label), alone or in a zip.
Source of the archive's layout: https://ai.stanford.edu/~amaas/data/sentiment/
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from helpers.data import tables
from helpers.data.synthetic import COLUMNS, frame_of

CHUNK = 10_000  # rows of a frame
SENTIMENTS = {"pos": "positive", "neg": "negative"}
LABELS = {"1": "positive", "0": "negative", "true": "positive", "false": "negative", "-1": None, **SENTIMENTS}
NAMES = {"text": "review", "label": "sentiment", "id": "review_id"}  # other people's -> ours
OWN_FILM = "without a title, so each counts as a film of its own"
WANTED = (
    "Wanted: the archive aclImdb_v1.tar.gz or its unpacked folder, or a CSV, JSON Lines or Parquet file with the "
    "columns review and sentiment (positive or negative) or text and label (1 or 0), such as Kaggle's "
    "IMDB Dataset.csv, also in a zip."
)
_REVIEW = re.compile(r"(?:.*/)?(train|test)/(pos|neg)/(\d+)_(\d+)\.txt")
_URLS = re.compile(r"(?:.*/)?(train|test)/urls_(pos|neg)\.txt")


def read_reviews(path: Path, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """The labelled reviews of a file or folder, in frames, without unpacking an archive to disk.

    Args:
        counts: gets `rows`, how many were `decoded as Windows-1252`, and how many are without a title. Where a source
            knows no titles at all, each review gets a title of its own, because later steps keep a title together.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: it holds no reviews, or is cut short or damaged; the message says what was found and is wanted.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}. {WANTED}")
    if path.is_dir():
        yield from _folder(path, counts)
        return
    with tables.opened(path) as stream:
        start = stream.read(1 << 16)
        try:
            kind = tables.kind_of(start)
        except tables.OtherFormat as found:
            raise tables.OtherFormat(f"{path.name} is {found}. {WANTED}") from None
    if kind == "tar":
        yield from _published(lambda pattern: _tar_members(path, pattern), path.name, counts)
    elif kind == "zip":
        yield from _zip(path, counts)
    else:
        with tables.opened(path) as stream:
            yield from _table(stream, kind, path.name, counts)


def _folder(path: Path, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """The unpacked archive, or the one file with reviews in a folder."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    if any(_REVIEW.fullmatch(file.as_posix()) for file in files):

        def members(pattern: re.Pattern[str]) -> Iterator[tuple[tuple[str, ...], bytes]]:
            for file in files:
                if match := pattern.fullmatch(file.as_posix()):
                    yield match.groups(), file.read_bytes()

        yield from _published(members, path.name, counts)
        return
    if len(files) != 1:
        there = ", ".join(file.name for file in files[:5]) or "nothing"
        raise ValueError(f"The folder {path} holds {there}; name one file of it. {WANTED}")
    yield from read_reviews(files[0], counts)


def _tar_members(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """The pattern's groups and the content of each member whose whole name fits, in one pass over the archive."""
    try:
        # The decompressor notices a missing end; tarfile's own "r|gz" takes it for the end of the archive.
        with tables.opened(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            while member := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # it would remember all 100,000
                file = archive.extractfile(member) if (match := pattern.fullmatch(member.name)) else None
                if match and file:
                    yield match.groups(), file.read()
            while stream.read(1 << 20):  # what follows the last member: reach the decompressor's own check
                pass
    except tarfile.TarError as error:
        raise tables.damaged(path.name, error) from None


def _published(members: Any, name: str, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """Reviews in the published layout. One that is not UTF-8 is read as Windows-1252."""
    titles: dict[tuple[str, str], list[str]] = {}
    for (split, side), content in members(_URLS):
        titles[split, side] = content.decode("latin-1").splitlines()
        if len(titles) == 4:
            break
    rows: list[tuple[object, ...]] = []
    for (split, side, number, rating), content in members(_REVIEW):
        text = _decoded(content, counts)
        review_id = f"{split}-{side}-{number}"
        urls = titles.get((split, side), [])
        match = re.search(r"tt\d+", urls[int(number)]) if int(number) < len(urls) else None
        title = match[0] if match else None
        counts["without a title"] += title is None
        if not titles:
            title = _own_film(review_id, counts)
        rows.append((text, SENTIMENTS[side], split, int(rating), title, review_id))
        counts["rows"] += 1
        if len(rows) == CHUNK:
            yield frame_of(rows)
            rows = []
    if rows:
        yield frame_of(rows)
    if not counts["rows"]:
        raise ValueError(f"{name} holds no reviews, no file such as aclImdb/train/pos/0_9.txt. {WANTED}")


def _own_film(review_id: str, counts: Counter[str]) -> str:
    counts[OWN_FILM] += 1
    return f"film-of-{review_id}"


def _zip(path: Path, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """The published layout or one table in a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/") and name[-1:] != "/"]
            if any(_REVIEW.fullmatch(name) for name in names):

                def members(pattern: re.Pattern[str]) -> Iterator[tuple[tuple[str, ...], bytes]]:
                    for name in names:
                        if match := pattern.fullmatch(name):
                            yield match.groups(), archive.read(name)

                yield from _published(members, path.name, counts)
                return
            if "[Content_Types].xml" in names:
                raise tables.OtherFormat(f"{path.name} is a file of an Office program: save the sheet as CSV. {WANTED}")
            if len(names) != 1:
                raise ValueError(f"{path.name} holds {len(names)} files, {', '.join(names[:5])}; unpack one. {WANTED}")
            with archive.open(names[0]) as stream:
                start = stream.read(1 << 16)
            try:
                kind = tables.kind_of(start)
            except tables.OtherFormat as found:
                raise tables.OtherFormat(f"{names[0]} in {path.name} is {found}. {WANTED}") from None
            with archive.open(names[0]) as stream:
                yield from _table(stream, kind, names[0], counts)
    except tables.DAMAGED as error:
        raise tables.damaged(path.name, error) from None


def _table(stream: IO[bytes], kind: str, name: str, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    if kind == "parquet":
        frames = tables.read_parquet(stream, name, CHUNK)
    elif kind == "json lines":
        frames = tables.read_json_lines(stream, name, CHUNK)
    elif kind == "json array":
        frames = tables.read_json_array(stream, name)
    elif kind == "table":
        frames = tables.read_table(stream, name, CHUNK)
    else:
        raise ValueError(f"{name} is a {kind} file in another. {WANTED}")
    for frame in frames:
        named = frame.rename(columns={other: ours for other, ours in NAMES.items() if ours not in frame.columns})
        if lacking := [column for column in ("review", "sentiment") if column not in named.columns]:
            has = ", ".join(map(str, frame.columns[:8]))
            raise ValueError(f"{name} lacks the column {' and '.join(lacking)}; it has {has}. {WANTED}")
        yield _in_schema(named, name, counts)
    if not counts["rows"]:
        raise ValueError(f"{name} has columns, but no review. {WANTED}")


def _in_schema(frame: pd.DataFrame, file: str, counts: Counter[str]) -> pd.DataFrame:
    """A table's rows in our columns; those that it lacks are made from the row's number, or missing."""
    given = [name for name in COLUMNS if name in frame.columns]
    for name in given:
        if any(isinstance(cell, (list, dict, np.ndarray)) for cell in frame[name]):
            raise ValueError(f"{file}: the column {name} holds lists or objects; each cell must be one text. {WANTED}")
    cells = {name: [_text(cell, counts) for cell in frame[name]] for name in given}
    nothing = [None] * len(frame)
    rows: list[tuple[object, ...]] = []
    for values in zip(*(cells.get(name, nothing) for name in COLUMNS), strict=True):
        review, word, split, rating, title_id, review_id = values
        sentiment = word if word is None else LABELS.get(word.strip().lower(), word)
        if "review_id" not in cells:
            review_id = f"row-{counts['rows']:07d}"
        elif review_id and review_id.isdecimal():  # counts within split and sentiment, as the archive's file names do
            review_id = "-".join([*filter(None, (split, sentiment and sentiment[:3])), review_id])
        if "title_id" not in cells:
            title_id = _own_film(review_id or f"row-{counts['rows']:07d}", counts)
        counts["rows"] += 1
        rows.append((review, sentiment, split, _rating(rating), title_id, review_id))
    return frame_of(rows)


def _decoded(content: bytes, counts: Counter[str]) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        counts["decoded as Windows-1252"] += 1
        return content.decode("cp1252", errors="replace")


def _text(value: Any, counts: Counter[str]) -> str | None:
    """A cell as text: a whole number without `.0`, nothing as None."""
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = _decoded(value, counts)
    return None if (text := str(value)) == "" else text


def _rating(text: str | None) -> int | None:
    try:
        stars = float(text) if text is not None else None
    except ValueError:
        return None
    return int(stars) if stars is not None and stars.is_integer() else None
