"""The checks of the lessons' Your turn cells, proven by answers as the labs' are, in the lesson as it is there."""

from __future__ import annotations

import importlib
import re
import runpy
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.checks.exercise import Exercise, worked_answer

PROJECT = Path(__file__).resolve().parents[2]
LESSONS = {path.name[:2]: path for path in sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
CHECKED = sorted(path.stem.removeprefix("lesson") for path in (PROJECT / "helpers" / "checks").glob("lesson*.py"))


@cache
def exercises(lesson: str) -> dict[str, Exercise]:
    """A lesson's exercises by the names of their answers."""
    found = vars(importlib.import_module(f"helpers.checks.lesson{lesson}")).values()
    return {value.name: value for value in found if isinstance(value, Exercise)}


@cache
def answers(lesson: str) -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "solutions" / f"lesson_{lesson}.py"))


each_exercise = pytest.mark.parametrize(("lesson", "name"), [(at, name) for at in CHECKED for name in exercises(at)])


@pytest.fixture(scope="module")
def at_the_cell(workshop: Any) -> Any:
    """The names that a lesson's notebook holds when it comes to the Your turn of that name; run once a lesson."""
    notebooks: dict[tuple[str, str], dict[str, Any]] = {}

    def names(lesson: str, name: str) -> dict[str, Any]:
        if (lesson, name) not in notebooks:
            notebooks[lesson, name] = {"__name__": "lesson"}
            # Other tests leave a few reviews to the session's learner; lesson 10 takes down what 07 has deployed.
            patch.setenv("COURSE_LEARNER", "turns10" if lesson == "10" else "turns")
            if exercises(lesson)[name].uses:
                for cell in nbformat.read(LESSONS[lesson], as_version=4).cells:
                    if re.search(rf"(?m)^{name} = \.\.\.", cell.source):
                        break
                    if cell.cell_type == "code":
                        exec(compile(cell.source, cell.id, "exec"), notebooks[lesson, name])
        return notebooks[lesson, name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", "sample")
        patch.chdir(PROJECT / "notebooks")  # as JupyterLab runs them
        yield names


def grade(at_the_cell: Any, lesson: str, name: str, answer: Any) -> Any:
    exercise, notebook = exercises(lesson)[name], at_the_cell(lesson, name)
    return exercise.grade(answer, *(notebook[used] for used in exercise.uses))


@each_exercise
def test_it_has_another_right_answer_three_wrong_ones_and_hints(lesson: str, name: str) -> None:
    assert len(answers(lesson)["RIGHT"][name]) >= 1
    assert len(answers(lesson)["WRONG"][name]) >= 3
    assert exercises(lesson)[name].hints


@each_exercise
def test_the_worked_answer_that_is_printed_is_correct(at_the_cell: Any, lesson: str, name: str, capsys: Any) -> None:
    printed = worked_answer(f"lesson_{lesson}", name)
    exercises(lesson)[name].solution()
    assert capsys.readouterr().out.strip() == printed
    notebook = dict(at_the_cell(lesson, name))
    exec(printed, notebook)
    outcome = grade(at_the_cell, lesson, name, notebook[name])
    assert outcome.status == "correct", outcome.message


@each_exercise
def test_another_right_answer_is_correct(at_the_cell: Any, lesson: str, name: str) -> None:
    for what, answer in answers(lesson)["RIGHT"][name].items():
        outcome = grade(at_the_cell, lesson, name, answer)
        assert outcome.status == "correct", f"{what}: {outcome.message}"


@each_exercise
def test_each_wrong_answer_gets_its_own_hint(at_the_cell: Any, lesson: str, name: str) -> None:
    for answer, hint in answers(lesson)["WRONG"][name].items():
        outcome = grade(at_the_cell, lesson, name, answer)
        assert (outcome.status, hint in outcome.message) == ("incorrect", True), f"{answer}: {outcome.message}"


@each_exercise
def test_an_answer_of_another_kind_is_told_calmly(at_the_cell: Any, lesson: str, name: str) -> None:
    for answer in (3, object(), lambda *_: 1 / 0):
        assert grade(at_the_cell, lesson, name, answer).status == "incorrect"


@each_exercise
def test_as_handed_out_it_is_not_attempted_and_raises_nothing(
    lesson: str, name: str, monkeypatch: Any, capsys: Any
) -> None:
    exercise = exercises(lesson)[name]
    for used in exercise.uses:
        monkeypatch.setattr(sys.modules["__main__"], used, None, raising=False)
    exercise.check()
    assert capsys.readouterr().out.startswith(f"○ Not attempted: {name} is not written yet.")


@each_exercise
def test_before_the_cells_above_have_run_it_says_so(lesson: str, name: str, capsys: Any) -> None:
    for used in exercises(lesson)[name].uses:
        exercises(lesson)[name].check()
        assert capsys.readouterr().out.startswith(f"○ Not attempted: {used} is not there yet")
        break


@each_exercise
def test_the_lesson_hands_it_out_in_a_cell_that_is_marked(lesson: str, name: str) -> None:
    cells = nbformat.read(LESSONS[lesson], as_version=4).cells
    (cell,) = [cell for cell in cells if re.search(rf"(?m)^{name} = \.\.\.", cell.source)]
    assert "your-turn" in cell.metadata.get("tags", [])
