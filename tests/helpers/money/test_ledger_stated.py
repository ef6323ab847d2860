"""What the lessons say that they cost on AWS is read from the lessons themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from helpers.money import ledger


def lesson(folder: Path, number: str, first: str) -> None:
    cell = {"cell_type": "markdown", "source": [f"# Lesson {number}\n", first]}
    (folder / f"{number}_name.ipynb").write_text(json.dumps({"cells": [cell]}))


def test_every_lesson_of_the_course_states_a_price() -> None:
    prices = ledger.stated()
    assert len(prices) == len(list(ledger.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")))
    assert 1 < prices.sum() < 3


def launches(path: Path) -> float:
    """Dollars of all launches of a lesson, as its stored outputs say them: each was held against the budget."""
    return sum(float(usd) for usd in re.findall(r"this launch \$([\d.]+\d)", path.read_text(encoding="utf-8")))


def test_what_a_lesson_states_is_what_the_price_table_says_of_its_launches() -> None:
    """A changed price changes the launches at the next execution, and then the first cell has to follow."""
    prices = ledger.stated()
    for path in sorted(ledger.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        stated, computed = prices[path.name[:2]], launches(path)
        assert 0.7 * stated - 0.01 <= computed <= stated + 0.01, (path.name, stated, computed)


def test_about_less_than_and_none_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "NOTEBOOKS", tmp_path)
    lesson(tmp_path, "00", r"💰 **Cost on AWS: less than \$0.01** (five requests) · at home: \$0")
    lesson(tmp_path, "04", r"💰 **Cost on AWS: about \$0.75** (an hour) · at home: \$0")
    lesson(tmp_path, "11", r"💰 **Cost on AWS: \$0.00** · at home: \$0")
    assert ledger.stated().to_dict() == {"00": 0.01, "04": 0.75, "11": 0.0}


def test_a_lesson_without_a_price_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "NOTEBOOKS", tmp_path)
    lesson(tmp_path, "05", "free, more or less")
    with pytest.raises(ValueError, match=r"05_name\.ipynb states no cost"):
        ledger.stated()
