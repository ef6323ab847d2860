"""The IMDb reviews: the official archive by download, a synthetic sample that needs no network, one schema for both.

Columns of every frame: review (text), sentiment ("positive" or "negative"), split ("train" or "test"), rating (1-10),
title_id ("tt…"), review_id (text). Any of them but the last may be missing or wrong: this is raw data.

Environment: COURSE_DATA is "real" (the default: some of the official reviews), "full" (all of them) or "sample";
COURSE_REVIEWS is a file or folder to use in place of the download, in any form that `review_files.py` reads;
COURSE_TITLES is a copy of IMDb's title.basics.tsv.gz.

Source of the reviews: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import pandas as pd

from helpers import PROJECT
from helpers.data.download import DISK_FULL, download
from helpers.data.review_files import CHUNK, read_reviews
from helpers.data.subset import SUBSET_ROWS, subset
from helpers.data.synthetic import COLUMNS, damaged, iter_synthetic, synthetic_titles
from helpers.data.titles import TITLE_COLUMNS, read_titles
from helpers.show.progress import Progress

ARCHIVE_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
ARCHIVE_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
ARCHIVE_BYTES = 84_125_825
TITLES_URL = "https://datasets.imdbws.com/title.basics.tsv.gz"
DATA_FOLDER = PROJECT / "data"
KINDS = ("real", "sample", "full")
SAMPLE_ROWS = 4_000
LINES_PER_FILE = 10_000


@dataclass(frozen=True)
class Reviews:
    """Reviews that can be iterated over, in frames, as often as needed."""

    name: str  # what they are, for a reader: "a synthetic sample, 4,000 reviews"
    rows: int | None  # None if that is not known before reading
    is_synthetic: bool
    counts: Counter[str]  # what the last reading met: see `read_reviews`
    frames: Callable[[], Iterator[pd.DataFrame]]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        self.counts.clear()
        return self.frames()


def kind() -> str:
    """What COURSE_DATA asks for, one of KINDS. Raises ValueError for anything else."""
    asked = os.environ.get("COURSE_DATA") or KINDS[0]
    if asked not in KINDS:
        raise ValueError(f'There is no data called {asked!r}; set COURSE_DATA to "real", "sample" or "full".')
    return asked


def official() -> Path | None:
    """Where the official reviews are: COURSE_REVIEWS, or the archive in the folder `data`, downloaded on first use.

    None where they cannot be had: one sentence says why.
    """
    given = os.environ.get("COURSE_REVIEWS")
    if given:
        return Path(given)
    if not (DATA_FOLDER / ARCHIVE_URL.rsplit("/", 1)[1]).exists():
        print(f"Fetching the Large Movie Review Dataset, {ARCHIVE_BYTES / 1e6:.0f} MB, once, from {ARCHIVE_URL}")
    try:
        return download(DATA_FOLDER, ARCHIVE_URL, ARCHIVE_MD5)
    except ConnectionError as error:
        print(f"{error}, so the invented reviews of the synthetic sample take the place of the real ones.")
        return None


def source() -> Reviews:
    """The reviews to work with, as COURSE_DATA says; the sample, too, where the official ones cannot be had.

    Raises:
        ValueError: COURSE_DATA is of another kind, or the download is damaged.
        OSError: the disk is full.
    """
    asked = kind()
    if asked == "sample":
        return _sample()
    path = official()
    if path is None:
        return _sample(" in place of the official archive, which cannot be downloaded")
    counts: Counter[str] = Counter()
    is_official = path.is_file() and path.stat().st_size == ARCHIVE_BYTES
    name, rows = ("the official archive, 50,000 reviews", 50_000) if is_official else (path.name, None)
    frames = partial(read_reviews, path, counts)
    if asked == "real":
        name = f"some {SUBSET_ROWS:,} of {name}"
        return Reviews(name, None, False, counts, lambda: iter([subset(frames())]))
    return Reviews(name, rows, False, counts, frames)


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
    counts: dict[str, int]  # what reading met: see `read_reviews`


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
    """Title, year and genres of the ids, from COURSE_TITLES or IMDb's own list; empty if there is neither.

    That list is larger than the reviews, so it is downloaded for all of them only, not for some.
    """
    given = os.environ.get("COURSE_TITLES")
    nothing = pd.DataFrame(columns=TITLE_COLUMNS)
    if not given and not any(title.startswith("tt") for title in ids):  # the reviews do not say what they are about
        return nothing
    there = DATA_FOLDER / TITLES_URL.rsplit("/", 1)[1]
    if not given and kind() == "real" and not there.exists():
        print(
            'Titles are unknown, so titles.csv has only its header: IMDb\'s list of them comes with COURSE_DATA="full".'
        )
        return nothing
    try:
        path = Path(given) if given else download(DATA_FOLDER, TITLES_URL)
    except ConnectionError as error:
        print(f"{error}, so titles are unknown: titles.csv has only its header.")
        return nothing
    return read_titles(path, ids)
