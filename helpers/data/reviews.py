"""The IMDb reviews: the official archive by download, a synthetic sample that needs no network, one schema for both.

Columns of every frame: review (text), sentiment ("positive" or "negative"), split ("train" or "test"), rating (1-10),
title_id ("tt…"), review_id (text). Any of them but the last may be missing or wrong: this is raw data.

Environment: COURSE_DATA is "sample" (the default) or "full"; COURSE_REVIEWS is an archive or a Parquet file to use in
place of the download; COURSE_TITLES is a list of titles, a CSV file or IMDb's title.basics.tsv.gz.

Source of the reviews: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import tarfile
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import pandas as pd
import pooch
import pyarrow as pa
import pyarrow.parquet as pq
import requests
import urllib3
from tqdm import tqdm

from helpers import PROJECT
from helpers.data.synthetic import COLUMNS, damaged, frame_of, iter_synthetic, synthetic_titles
from helpers.show.progress import Progress

ARCHIVE_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
ARCHIVE_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
ARCHIVE_BYTES = 84_125_825
TITLES_URL = "https://datasets.imdbws.com/title.basics.tsv.gz"
DATA_FOLDER = PROJECT / "data"
SAMPLE_ROWS = 4_000
CHUNK = 10_000  # rows of a frame
LINES_PER_FILE = 10_000
TITLE_COLUMNS = ["title_id", "title", "year", "genres"]
SENTIMENTS = {"pos": "positive", "neg": "negative"}
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt")
_URLS = re.compile(r"(?:\./)?aclImdb/(train|test)/urls_(pos|neg)\.txt")


def download(folder: str | Path, url: str = ARCHIVE_URL, md5: str | None = ARCHIVE_MD5) -> Path:
    """Download the official archive (84 MB) into the folder, unless it is there already, and check it.

    A broken download is resumed, by this call and by a later one. Without `md5` the file is not checked, and a part
    that an earlier call left is not used. Returns the path. Raises ConnectionError when the server cannot be reached,
    ValueError when the file is not the expected one, OSError when the disk is full.
    """
    folder, name = Path(folder), url.rsplit("/", 1)[1]
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    if md5 is None:
        part.unlink(missing_ok=True)

    def fetch(url: str, target: str, _: object) -> None:
        _resume(url, part)
        os.replace(part, target)

    pooch.get_logger().setLevel("WARNING")  # the progress bar says enough
    try:
        found = pooch.retrieve(url, md5 and f"md5:{md5}", fname=name, path=folder, downloader=fetch)
    except ValueError:
        raise ValueError(
            f"{name} from {url} is damaged or another file (its MD5 is not {md5}); it was removed, so try again."
        ) from None
    except OSError as error:
        if error.errno in DISK_FULL:
            part.unlink(missing_ok=True)
            raise OSError(error.errno, f"The disk is full: free some space for {name}, then try again") from None
        raise
    return Path(found)


def _resume(url: str, part: Path) -> None:
    """Fetch the URL to a file, going on where it ends; give up when three attempts in a row bring nothing."""
    failures = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        try:
            if _append(url, part, have):
                return
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError):
            gained = part.exists() and part.stat().st_size > have
            failures = 0 if gained else failures + 1
        if failures == 3:
            raise ConnectionError(f"{url} cannot be reached; {_WHAT_NEXT}") from None
        time.sleep(failures / 2)


_WHAT_NEXT = (
    "check the network and try again (a broken download goes on where it stopped), "
    "or set COURSE_REVIEWS to a copy of the archive, or COURSE_DATA=sample to work without it."
)


def _append(url: str, part: Path, have: int) -> bool:
    """Ask for the bytes after the first `have` and append them. False if what is there does not fit: it is removed."""
    # The bytes as stored are wanted: some servers label a .gz file as compressed in transit, which would unpack it.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as answer:
        content_range = answer.headers.get("Content-Range", "")
        if answer.status_code == 416:  # nothing after that: it is complete, or it is longer than the file
            if content_range == f"bytes */{have}":
                return True
            part.unlink()
            return False
        if not answer.ok:
            raise ConnectionError(f"{url} answers {answer.status_code} {answer.reason}; {_WHAT_NEXT}")
        if answer.status_code != 206 or not content_range.startswith(f"bytes {have}-"):
            have = 0  # this server sends the whole file
        size = have + int(answer.headers.get("Content-Length", 0))
        with (
            part.open("ab" if have else "wb") as file,
            tqdm(desc=part.stem, total=size or None, initial=have, unit="B", unit_scale=True) as bar,
        ):
            for block in answer.raw.stream(1 << 16, decode_content=False):
                file.write(block)
                bar.update(len(block))
    return True


def read_archive(path: Path, counts: Counter[str]) -> Iterator[pd.DataFrame]:
    """The labelled reviews of an archive with the official layout, in frames, without unpacking it to disk.

    A review that is not UTF-8 is read as Windows-1252; `counts` says how often that was needed, and how many
    reviews have no title. Rows come as they are stored: by split and sentiment. Raises FileNotFoundError, and
    ValueError for an archive that is cut short, damaged or of another layout.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no archive {path}.")
    titles: dict[tuple[str, str], list[str]] = {}
    for (split, side), content in _members(path, _URLS):
        titles[split, side] = content.decode("latin-1").splitlines()
        if len(titles) == 4:
            break
    rows: list[tuple[object, ...]] = []
    for (split, side, number, rating), content in _members(path, _REVIEW):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
            counts["decoded as Windows-1252"] += 1
        urls = titles.get((split, side), [])
        title = re.search(r"tt\d+", urls[int(number)]) if int(number) < len(urls) else None
        counts["without a title"] += title is None
        rows.append((text, SENTIMENTS[side], split, int(rating), title and title[0], f"{split}-{side}-{number}"))
        counts["rows"] += 1
        if len(rows) == CHUNK:
            yield frame_of(rows)
            rows = []
    if rows:
        yield frame_of(rows)
    if not counts["rows"]:
        raise ValueError(f"{path.name} holds no reviews; expected files such as aclImdb/train/pos/0_9.txt in it.")


def _members(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """The pattern's groups and the content of each member whose whole name fits, in one pass over the archive."""
    try:
        # gzip notices a missing end; tarfile's own "r|gz" takes it for the end of the archive.
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            while member := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # it would remember all 100,000
                file = archive.extractfile(member) if (match := pattern.fullmatch(member.name)) else None
                if match and file:
                    yield match.groups(), file.read()
            while stream.read(1 << 20):  # what follows the last member: reach gzip's own check
                pass
    except (EOFError, tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path.name} is cut short or damaged ({error}); delete {path} and download it again."
        ) from None


def read_parquet(path: Path) -> Iterator[pd.DataFrame]:
    """The reviews of a Parquet file with the columns of this module, in frames.

    A numeric review_id counts within split and sentiment, as the archive's file names do, and gets the same text form.
    Raises FileNotFoundError, and ValueError for a file that is not Parquet or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path.name} is not a Parquet file: {error}") from None
    if lacking := [name for name in COLUMNS if name not in file.schema_arrow.names]:
        raise ValueError(f"{path.name} lacks {', '.join(lacking)}; it needs the columns {', '.join(COLUMNS)}.")
    for batch in file.iter_batches(batch_size=CHUNK, columns=COLUMNS):
        frame = batch.to_pandas()
        if pd.api.types.is_numeric_dtype(frame["review_id"]):
            frame["review_id"] = (
                frame["split"] + "-" + frame["sentiment"].str[:3] + "-" + frame["review_id"].astype("str")
            )
        yield frame_of(frame[COLUMNS])


@dataclass(frozen=True)
class Reviews:
    """Reviews that can be iterated over, in frames, as often as needed."""

    name: str  # what they are, for a reader: "a synthetic sample, 4,000 reviews"
    rows: int | None  # None if that is not known before reading
    is_synthetic: bool
    counts: Counter[str]  # what the last reading met: see `read_archive`
    frames: Callable[[], Iterator[pd.DataFrame]]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        self.counts.clear()
        return self.frames()


def source() -> Reviews:
    """The reviews to work with, as COURSE_DATA says: "sample" (synthetic, the default) or "full" (official).

    "full" reads COURSE_REVIEWS, or the archive in the folder `data` of the project, which is downloaded on first use.
    Without a network it falls back to the sample, and says so. Raises ValueError for another kind.
    """
    kind = os.environ.get("COURSE_DATA") or "sample"
    if kind not in ("sample", "full"):
        raise ValueError(f'There is no data called {kind!r}; set COURSE_DATA to "sample" or "full".')
    if kind == "sample":
        return _sample()
    given = os.environ.get("COURSE_REVIEWS")
    try:
        path = Path(given) if given else download(DATA_FOLDER, ARCHIVE_URL, ARCHIVE_MD5)
    except ConnectionError as error:
        print(f"The official reviews are not at hand: {error}\nThe synthetic sample takes their place.")
        return _sample(" in place of the official archive, which cannot be downloaded")
    counts: Counter[str] = Counter()
    if path.suffix == ".parquet":
        return Reviews(path.name, None, False, counts, partial(read_parquet, path))
    is_official = path.is_file() and path.stat().st_size == ARCHIVE_BYTES
    name, rows = ("the official archive, 50,000 reviews", 50_000) if is_official else (path.name, None)
    return Reviews(name, rows, False, counts, partial(read_archive, path, counts))


def _sample(why: str = "") -> Reviews:
    name = f"a synthetic sample, {SAMPLE_ROWS:,} reviews{why}"
    return Reviews(name, SAMPLE_ROWS, True, Counter(), partial(iter_synthetic, SAMPLE_ROWS, chunk=CHUNK))


@dataclass(frozen=True)
class RawFiles:
    """What `write_raw` wrote."""

    reviews: tuple[Path, ...]  # JSON Lines files
    titles: Path  # CSV with the header title_id,title,year,genres
    rows: int  # lines in the review files
    bytes: int  # of all files
    name: str  # the source of the reviews
    counts: dict[str, int]  # what reading met: see `read_archive`


def write_raw(folder: str | Path) -> RawFiles:
    """Write the reviews of `source` as reviews-000.jsonl, reviews-001.jsonl … and their titles as titles.csv.

    One object a line, in UTF-8; of the synthetic lines 1 in 1,000 is cut short and 1 in 1,000 is Windows-1252. Review
    files of an earlier call are replaced. Files appear when all are complete; an error leaves the folder as it was.
    Raises what `source` and reading raise, and OSError when the disk is full.
    """
    reviews, folder = source(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
            written, ids = _write_lines(reviews, Path(scratch))
            titles = Path(scratch) / "titles.csv"
            table = synthetic_titles(written) if reviews.is_synthetic else _titles_of(ids)
            table.to_csv(titles, index=False, encoding="utf-8", lineterminator="\n")
            files = sorted(Path(scratch).glob("reviews-*.jsonl"), key=lambda path: (len(path.name), path.name))
            size = sum(path.stat().st_size for path in (*files, titles))
            for old in folder.glob("reviews-*.jsonl"):
                old.unlink()
            for path in (*files, titles):
                os.replace(path, folder / path.name)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OSError(error.errno, f"The disk is full: nothing was written to {folder}; free some space") from None
        raise
    placed = tuple(folder / path.name for path in files)
    return RawFiles(placed, folder / "titles.csv", written, size, reviews.name, dict(reviews.counts))


def _write_lines(reviews: Reviews, folder: Path) -> tuple[int, set[str]]:
    """Write the review files; return the number of lines and the title ids that occur in them."""
    written, ids = 0, set[str]()
    lines = _lines(reviews, ids)
    while first := next(lines, b""):
        with (folder / f"reviews-{written // LINES_PER_FILE:03d}.jsonl").open("wb") as file:
            for line in chain([first], islice(lines, LINES_PER_FILE - 1)):
                file.write(line)
                written += 1
    return written, ids


def _lines(reviews: Reviews, ids: set[str]) -> Iterator[bytes]:
    progress, written = Progress("Writing reviews"), 0
    for frame in reviews:
        ids.update(frame["title_id"].dropna())
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
            line = json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False).encode()
            yield (damaged(line, row[-1]) if reviews.is_synthetic else line) + b"\n"
        written += len(frame)
        progress.update(f"{written:,} of {reviews.rows:,}" if reviews.rows else f"{written:,}")
    progress.end(f"{written:,} lines", good=True)


def _titles_of(ids: set[str]) -> pd.DataFrame:
    """Title, year and genres of the ids, from COURSE_TITLES or IMDb's own list; empty if there is neither."""
    given = os.environ.get("COURSE_TITLES")
    try:
        path = Path(given) if given else download(DATA_FOLDER, TITLES_URL, None)
    except ConnectionError:
        print("The list of titles cannot be downloaded, so titles are unknown: titles.csv has only its header.")
        return pd.DataFrame(columns=TITLE_COLUMNS)
    return _imdb_titles(path, ids) if ".tsv" in path.suffixes else _csv_titles(path, ids)


def _csv_titles(path: Path, ids: set[str]) -> pd.DataFrame:
    table = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    if lacking := [name for name in TITLE_COLUMNS if name not in table]:
        raise ValueError(f"{path.name} lacks {', '.join(lacking)}; it needs the columns {', '.join(TITLE_COLUMNS)}.")
    return table.loc[table["title_id"].isin(ids), TITLE_COLUMNS]


def _imdb_titles(path: Path, ids: set[str]) -> pd.DataFrame:
    """From IMDb's title.basics: 12 million lines, so line by line; an unknown value is a backslash and N."""
    rows = []
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        names = next(lines).rstrip("\n").split("\t")
        wanted = [names.index(name) for name in ("tconst", "primaryTitle", "startYear", "genres")]
        for line in lines:
            if line[: line.index("\t")] in ids:
                cells = line.rstrip("\n").split("\t")
                rows.append([None if cells[i] == r"\N" else cells[i] for i in wanted])
    table = pd.DataFrame(rows, columns=TITLE_COLUMNS, dtype="str")
    return table.assign(genres=table["genres"].str.replace(",", "|"))
