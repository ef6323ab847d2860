"""What the real reviews gave: kept in a full run only, of real reviews only, and quoted with where it was measured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest

from helpers.data import results

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a full run: where the lessons keep their numbers."""
    path = tmp_path / results.NAME
    monkeypatch.setenv("COURSE_RESULTS", str(path))
    return path


@pytest.fixture
def lesson(workshop: Any) -> Iterator[Any]:
    """Lesson 05 of a learner of its own, whose lake is empty after the test."""
    ws = replace(workshop, learner="results", lesson="05")
    yield ws
    boto3.resource("s3").Bucket(ws.bucket).objects.filter(Prefix=f"{ws.prefix}/").delete()


def land(ws: Any, rows: int, prefix: str = "train-pos-") -> None:
    """Clean reviews, of which only the ids matter here, nine in ten to train on."""
    ids = pd.DataFrame({"review_id": [f"{prefix}{row}" for row in range(rows)]})
    for split, part in (("train", ids.iloc[: rows * 9 // 10]), ("test", ids.iloc[rows * 9 // 10 :])):
        part.to_parquet(ws.s3(f"clean/reviews/split={split}/part-0.parquet"), index=False)


def test_a_full_run_keeps_the_numbers_with_where_they_were_measured(target: Path, lesson: Any) -> None:
    land(lesson, 20_000)
    results.note(lesson, three=0.912345678, fit_seconds=12.34)
    kept = json.loads(target.read_text())["05"]
    assert kept["numbers"] == {"three": 0.9123, "fit_seconds": 12.34}
    assert kept["reviews"] == {"train": 18_000, "test": 2_000}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept["date"])
    assert {"system", "cores", "load"} <= set(kept["machine"])
    assert {"python", "scikit-learn"} <= set(kept["versions"])
    quoted = results.quote("05", judged=["test"])
    assert quoted.startswith("Learned from 18,000 real reviews, judged on 2,000 of test: three 91.2%, fit 12.3 s (")
    assert "fit" not in results.quote("05", "three", judged=["test"])


def test_numbers_of_lessons_that_did_not_run_stay(target: Path, lesson: Any) -> None:
    before = results.read()
    land(lesson, 20_000)
    results.note(replace(lesson, lesson="99"), three=0.5)
    assert json.loads(target.read_text()) == before | {"99": results.read()["99"]}


@pytest.mark.parametrize(("rows", "prefix"), [(20_000, "synthetic-"), (4_000, "train-pos-")])
def test_invented_reviews_and_a_subset_are_not_noted(
    rows: int, prefix: str, target: Path, lesson: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    land(lesson, rows, prefix)
    results.note(lesson, three=0.9)
    assert not target.exists()
    assert "Not noted: the lake holds" in capsys.readouterr().out


def test_outside_of_a_full_run_nothing_is_kept_and_nothing_is_asked(
    lesson: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COURSE_RESULTS", raising=False)
    before = results.STORED.read_bytes()
    results.note(lesson, three=0.9)  # its lake is empty: to look would fail
    assert results.STORED.read_bytes() == before
    assert capsys.readouterr().out == ""


def test_numbers_of_no_lesson_are_refused(lesson: Any) -> None:
    with pytest.raises(ValueError, match=r'connect\(lesson="05"\)'):
        results.note(replace(lesson, lesson=""), three=0.9)


@pytest.mark.parametrize(("lesson", "names"), [("98", ()), ("05", ("nothing",))])
def test_what_is_not_there_cannot_be_quoted(lesson: str, names: tuple[str, ...]) -> None:
    with pytest.raises(LookupError, match=f"lesson {lesson} in real_reviews.json: CONTRIBUTING"):
        results.quote(lesson, *names)


def test_each_lesson_that_notes_numbers_has_some_of_real_reviews() -> None:
    noting = [path for path in (PROJECT / "notebooks").glob("*.ipynb") if "results.note(" in path.read_text("utf-8")]
    assert noting
    for path in noting:
        kept = results.read()[path.name[:2]]
        assert sum(kept["reviews"].values()) >= results.FEWEST
        assert all(isinstance(number, float) for number in kept["numbers"].values())
