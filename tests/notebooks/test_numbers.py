"""Every number in a lesson's text is one that the lesson computes or shows, or one with a source.

A source is a price (of an amount in dollars), the file of results, or a link in the same paragraph. What counts is the
value, rounded as the text rounds it; so a small number is found by chance more easily than a measured one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from pricelist import table

PROJECT = Path(__file__).resolve().parents[2]
LESSONS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
RESULTS = PROJECT / "benchmarks" / "results" / "real_reviews.json"  # written by `course.py run --data full`
GIVEN = r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?(?![\w]|\.\d)"
NUMBER = re.compile(
    r"(?P<dollar>\$)?(?<![\w.,])(?<![A-Za-z]-)"
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?!\w|\.\d)(?P<percent>\s?%| in 100)?"
)
# Digits that quote nothing: code, addresses, marks of lists, numbers of lessons and labs, versions behind a name.
NO_QUOTE = (
    r"```.*?```",
    r"`[^`\n]*`",
    r"(?<=\])\([^)]*\)",
    r"<[^>]+>",
    r"(?m)^\s*\d+\. ",
    r"(?m)^\|\s*\d\d\s*(?=\|)",
    r"(?i)\b(?:lessons?|labs?|exercises?)\s+\d\d?(?:(?:,| and| to|-| or)\s*\d\d)*",
    r"\b(?:Python|Glue|Spark|pandas|numpy|scikit-learn|PyTorch|TensorFlow|Java|image)(?:'s)?,?\s+\d+(?:\.\d+)*",
)


def quoted(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """The numbers of a text, each with the paragraph, list item or row that it stands in."""
    for pattern in NO_QUOTE[:2]:
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    for piece in re.split(r"\n\s*\n|\n(?=\s*[-|])", text):
        bare = piece
        for pattern in NO_QUOTE[2:]:
            bare = re.sub(pattern, " ", bare)
        for quote in NUMBER.finditer(bare.replace("\\", "")):
            yield quote, piece


def numbers(text: str) -> set[float]:
    """Every number in what a program reads or writes, signs and units aside; not those within names and ids."""
    return {float(found.replace(",", "")) for found in re.findall(GIVEN, text)}


@cache
def prices() -> frozenset[float]:
    return frozenset(price.usd for price in table.table())


@cache
def results() -> frozenset[float]:
    """What was measured on the real reviews: the file has for each lesson `numbers` and how many `reviews`."""
    lessons = json.loads(RESULTS.read_text(encoding="utf-8")).values() if RESULTS.exists() else ()
    return frozenset(
        number for lesson in lessons for kind in ("numbers", "reviews") for number in lesson[kind].values()
    )


def given_by_cells(cells: list[Any]) -> set[float]:
    """What the code says and what it has shown, pictures by their alternative texts; and what the first cell states."""
    texts = [cells[0].source]
    for cell in cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    return numbers("\n".join(texts))


def is_given(quote: re.Match[str], given: Iterable[float]) -> bool:
    """Whether a value is what the text says, rounded as it is there, and a share also as a percentage."""
    digits, value = len(quote["number"].partition(".")[2]), float(quote["number"].replace(",", ""))
    factors = (1, 100) if quote["percent"] else (1,)
    return any(
        round(factor * one, digits) == value and abs(factor * one - value) <= 0.03 * value
        for one in given
        for factor in factors
    )


def without_source(path: Path) -> list[str]:
    """The numbers in a lesson's text that nothing gives, with their cells."""
    cells = nbformat.read(path, as_version=4).cells
    given = given_by_cells(cells) | results()
    return [
        f"{cell.id}: {quote[0]} in {' '.join(piece.split())[:90]!r}"
        for cell in cells[1:]
        if cell.cell_type == "markdown"
        for quote, piece in quoted(cell.source)
        if "](http" not in piece and not is_given(quote, given | prices() if quote["dollar"] else given)
    ]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_number_in_the_text_is_computed_or_has_a_source(path: Path) -> None:
    assert without_source(path) == [], "compute it, show it, link its source, or put it into a table"


def lesson(tmp_path: Path, text: str) -> Path:
    """A lesson that shows an accuracy of 0.8786 for 12,345 reviews, and then says something."""
    shown = new_output("stream", text="accuracy 0.8786 on 12,345 reviews, job tt90000020")
    cells = [new_markdown_cell("# Lesson 99"), new_code_cell("print(score, 16)", outputs=[shown])]
    nbformat.write(new_notebook(cells=[*cells, new_markdown_cell(text)]), tmp_path / "99_x.ipynb")
    return tmp_path / "99_x.ipynb"


@pytest.mark.parametrize(
    "text",
    [
        "The accuracy is 0.88, or 87.9 %, on 12,345 reviews; 16 were asked.",
        "See lessons 03 to 07, `n = 4711`, p95, UTF-8 and Python 3.11.",
        "A crawler's DPU has [4 CPUs and 17 GB](https://docs.aws.amazon.com/x).",
        r"An hour costs **\$0.44**.",
        "1. First\n2. Second",
    ],
)
def test_a_number_that_is_shown_or_has_a_source_is_fine(tmp_path: Path, text: str) -> None:
    assert without_source(lesson(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The accuracy is 0.89.", "0.89"),
        ("It is 0.878, rounded down.", "0.878"),
        ("87.9 reviews", "87.9"),
        ("0.44 of them, and no dollar is meant.", "0.44"),
        ("See 90000020.", "90000020"),
        ("[4 CPUs](https://docs.aws.amazon.com/x).\n\n17 GB", "17"),
        ("[4 CPUs](https://docs.aws.amazon.com/x).\n- 17 GB", "17"),
    ],
)
def test_a_number_that_nothing_gives_is_found(tmp_path: Path, text: str, number: str) -> None:
    (found,) = without_source(lesson(tmp_path, text))
    assert f": {number} in" in found
