"""The glossary is true to the lessons: each word stands in the lesson that it names, and each link is to its makers."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"(?m)^\| \[(?P<word>[^\]]+)\]\((?P<link>[^)]+)\) \| (?P<means>.+) \| (?P<lesson>\d\d) \|$")
GLOSSARY = (PROJECT / "GLOSSARY.md").read_text(encoding="utf-8")
ROWS = list(ROW.finditer(GLOSSARY))
MAKERS = {
    "aws.amazon.com",
    "boto3.amazonaws.com",
    "docs.aws.amazon.com",
    "docs.python.org",
    "huggingface.co",
    "parquet.apache.org",
    "pytorch.org",
    "scikit-learn.org",
    "spark.apache.org",
    "www.itl.nist.gov",
    "www.tensorflow.org",
}
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["word"])


def lesson(number: str) -> str:
    """All that a lesson says, in words and in code."""
    (path,) = (PROJECT / "notebooks").glob(f"{number}_*.ipynb")
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@each_row
def test_a_word_stands_in_the_lesson_that_it_names(row: re.Match[str]) -> None:
    assert re.search(rf"(?i)(?<!\w){re.escape(row['word'])}", lesson(row["lesson"]))


@each_row
def test_a_word_has_one_sentence_and_a_link_to_its_makers(row: re.Match[str]) -> None:
    assert re.fullmatch(r"[A-Z`][^.]*(?:\.\w[^.]*)*\.", row["means"])
    link = urlsplit(row["link"])
    assert link.scheme == "https"
    assert link.hostname in MAKERS


def test_every_row_is_read_and_the_words_are_in_order_each_once() -> None:
    words = [row["word"].lower() for row in ROWS]
    assert len(words) == GLOSSARY.count("\n| [") > 50
    assert words == sorted(set(words))


@pytest.mark.parametrize("place", ["README.md", "notebooks/00_start_here.ipynb"])
def test_who_begins_finds_it(place: str) -> None:
    assert "GLOSSARY.md)" in (PROJECT / place).read_text(encoding="utf-8")
