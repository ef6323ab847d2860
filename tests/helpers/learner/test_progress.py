"""What a learner has opened, solved and predicted, and the page of a room."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.checks import lab02, lesson02
from helpers.checks.exercise import Exercise
from helpers.learner import decide, export, kept, predictions, progress
from helpers.learner.progress import exercises
from helpers.workshop import OPENED
from kit import progress as command

DOUBLE = Exercise("02_data_lake", "landed", lambda x: None if x == 4 else "No.", ("a", "b", "c"), "Yes.")


@pytest.fixture
def notebook(ws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A kernel's notebook that is connected, and answers."""

    def answering(answer: Any) -> None:
        monkeypatch.setattr(sys.modules["__main__"], DOUBLE.name, answer, raising=False)

    monkeypatch.setattr(sys.modules["__main__"], "ws", ws, raising=False)
    return answering


def row(ws: Any, lesson: str = "02") -> dict[str, Any]:
    (found,) = [row for row in progress(ws).to_dict("records") if row["lesson"] == lesson]
    return found


def test_there_is_a_row_for_each_lesson_with_its_turns_and_its_lab(ws: Any) -> None:
    names = [lesson02.turn.name, lab02.q1.name, lab02.q2.name, lab02.q3.name, lab02.q4.name]
    assert [name.partition("/")[2] for name in exercises()["02"]] == names
    assert row(ws)["exercises"] == f"0 of {len(names)} solved"
    assert row(ws)["opened"] == ""


def test_what_is_solved_stays_solved(ws: Any, notebook: Any) -> None:
    for answer in (4, 5):
        notebook(answer)
        DOUBLE.check()
    assert row(ws)["exercises"].startswith("1 of")
    assert row(ws)["stuck"] == ""


def test_an_exercise_that_is_not_attempted_leaves_no_note(ws: Any, notebook: Any) -> None:
    notebook(...)
    DOUBLE.check()
    assert kept.read_all(ws, "exercises") == {}


def test_three_checks_without_success_are_stuck(ws: Any, notebook: Any) -> None:
    notebook(5)
    for expected in ("", "", "landed"):
        DOUBLE.check()
        assert row(ws)["stuck"] == expected


def test_whoever_reads_the_solution_is_stuck_and_a_hint_alone_is_not(ws: Any, notebook: Any) -> None:
    DOUBLE.hint(1)
    assert row(ws)["stuck"] == ""
    DOUBLE.solution()
    assert row(ws)["stuck"] == "landed"


def test_predictions_and_the_decision_are_shown(ws: Any) -> None:
    asked = {"question": "How many?", "options": [1, 10, 50], "answer": 50}
    kept.write(ws, predictions.PREDICTIONS, "02/dirt", asked)
    kept.write(ws, predictions.TRUTHS, "02/dirt", {"measured": 57})
    decide(replace(ws, lesson="02"), live="no", because="it is Monday")
    assert row(ws)["predictions"] == "1 of 1 right"
    assert row(ws)["decided"] == "no"


def test_a_room_is_one_page_of_names_that_the_learners_chose(ws: Any, tmp_path: Path, capsys: Any) -> None:
    for name, checks in {"anna": 3, "<b>ben</b>": 1}.items():
        learner = replace(ws, learner=name)
        kept.write(learner, OPENED, "02", {"date": "2026-11-28"})
        kept.write(learner, "exercises", "02_data_lake/landed", {"solved": False, "checks": checks, "solutions": 0})
        path = export(learner, tmp_path / "one")
        path.rename(tmp_path / f"{checks}.json")
    assert command.main(["--room", str(tmp_path)]) == 0
    page = (tmp_path / command.PAGE).read_text(encoding="utf-8")
    assert "2 learners" in page
    assert "<b>ben</b>" not in page
    who = page[page.index("Who is stuck") : page.index("Exercises solved")]
    assert "anna" in who
    assert "ben" not in who


def test_a_folder_without_files_is_told(tmp_path: Path, capsys: Any) -> None:
    assert command.main(["--room", str(tmp_path)]) == 1
    assert "There is no .json file" in capsys.readouterr().out
