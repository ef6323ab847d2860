"""A learner's file for the instructor, and the score of a room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from helpers.learner import decide, export, kept, predictions, room

ANSWERS = {"anna": 50, "ben": 1, "carl": 1}


@pytest.fixture
def files(ws: Any, tmp_path: Path) -> list[Path]:
    """Three learners have answered one question of lesson 02 each; one of them has not measured it."""
    found = []
    for name, answer in ANSWERS.items():
        learner = replace(ws, learner=name)
        asked = {"question": "How many?", "options": [1, 10, 50], "answer": answer}
        kept.write(learner, predictions.PREDICTIONS, "02/dirt", asked)
        if name != "carl":
            kept.write(learner, predictions.TRUTHS, "02/dirt", {"measured": 57})
        decide(learner, live="no", because="it is Monday")
        found.append(export(learner, tmp_path / "collected"))
        boto3.resource("s3").Bucket(learner.bucket).objects.filter(Prefix=f"{learner.prefix}/").delete()
    return found


def test_a_room_is_scored_from_the_files_alone(files: list[Path]) -> None:
    assert [path.name for path in files] == [f"progress-{name}.json" for name in ANSWERS]
    (line,) = room(files).to_dict("records")
    assert line == {
        "lesson": "02",
        "question": "How many?",
        "answers": 3,
        "right": 0.5,
        "most_said": "1",
        "measured": "57",
    }


def test_a_file_has_the_decisions_too(files: list[Path]) -> None:
    assert '"because": "it is Monday"' in files[0].read_text(encoding="utf-8")


def test_no_files_are_an_empty_table() -> None:
    assert room([]).empty


def test_two_files_of_one_learner_are_told(files: list[Path]) -> None:
    with pytest.raises(ValueError, match=r"both of anna"):
        room([files[0], files[0]])


@pytest.mark.parametrize("content", ["", "[]", '{"learner": "x"}'])
def test_a_file_of_something_else_is_told_by_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(ValueError, match=r"other\.json is no file of `export`"):
        room([tmp_path / "other.json"])
