"""Every lab: its checks are proven by answers, it is what its solution makes, both run in a real kernel."""

import importlib
import importlib.util
import os
import re
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from nbclient import NotebookClient
from stored_outputs import differences, read

from helpers.checks.exercise import Exercise
from kit import labs

LABS = [path.stem for path in labs.solutions()]


@cache
def answers(lab: str) -> ModuleType:
    """The module `solutions/<lab>_answers.py`; its name begins with a digit, so it is loaded by path."""
    path = labs.ROOT / "solutions" / f"{lab}_answers.py"
    spec = importlib.util.spec_from_file_location(f"answers_{lab}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exercises(lab: str) -> dict[str, Exercise]:
    """The exercises of a lab by the names that the notebook imports: q1, q2 …"""
    checks = importlib.import_module(f"helpers.checks.lab{lab[:2]}")
    return {name: value for name, value in vars(checks).items() if isinstance(value, Exercise)}


@cache
def executed(folder: str, lab: str) -> Any:
    """A notebook, run where it lies."""
    notebook = read(labs.ROOT / folder / f"{lab}.ipynb")
    where = {"metadata": {"path": str(labs.ROOT / folder)}}
    client = NotebookClient(notebook, kernel_name="python3", timeout=60, resources=where)
    # The notebook is tried with the helpers of this checkout, whichever are installed.
    client.execute(env=os.environ | {"PYTHONPATH": str(labs.ROOT)})
    return notebook


def outcomes(folder: str, lab: str) -> list[str]:
    """What the checks of a notebook say, in order."""
    cells = executed(folder, lab).cells
    shown = [o.data["text/plain"] for cell in cells for o in cell.get("outputs", ()) if "data" in o]
    return [found[1] for text in shown if (found := re.match(r"[✔✘○] (\w+( \w+)?):", text))]


each_lab = pytest.mark.parametrize("lab", LABS)
each_exercise = pytest.mark.parametrize(
    ("lab", "q"), [pytest.param(lab, q, id=f"{lab}-{q}") for lab in LABS for q in exercises(lab)]
)
each_right_answer = pytest.mark.parametrize(
    ("lab", "q", "answer"),
    [
        pytest.param(lab, q, answer, id=f"{lab}-{q}-{answer.__name__}")
        for lab in LABS
        for q, group in answers(lab).RIGHT.items()
        for answer in group
    ],
)
each_wrong_answer = pytest.mark.parametrize(
    ("lab", "q", "answer"),
    [
        pytest.param(lab, q, answer, id=f"{lab}-{q}-{answer.__name__}")
        for lab in LABS
        for q, group in answers(lab).WRONG.items()
        for answer in group
    ],
)


@each_exercise
def test_an_exercise_has_another_right_answer_and_three_wrong_ones(lab, q):
    assert len(answers(lab).RIGHT[q]) >= 1
    assert len(answers(lab).WRONG[q]) >= 3


@each_right_answer
def test_another_right_answer_is_correct(lab, q, answer):
    outcome = exercises(lab)[q].grade(answer)
    assert outcome.status == "correct", outcome.message


@each_wrong_answer
def test_a_wrong_answer_gets_its_own_hint(lab, q, answer):
    hints = answers(lab).WRONG[q]
    outcome = exercises(lab)[q].grade(answer)
    assert outcome.status == "incorrect"
    assert [hint for hint in hints.values() if hint in outcome.message] == [hints[answer]], outcome.message


@each_exercise
def test_an_answer_that_raises_is_incorrect_and_told_calmly(lab, q):
    outcome = exercises(lab)[q].grade(lambda *inputs: 1 / 0)
    assert outcome.status == "incorrect"
    assert "ZeroDivisionError: division by zero" in outcome.message


@each_exercise
def test_an_answer_of_another_kind_is_incorrect_and_told_calmly(lab, q):
    outcome = exercises(lab)[q].grade("just a text")
    assert outcome.status == "incorrect"
    assert "Compare its shape" in outcome.message


@each_exercise
def test_the_worked_answer_can_be_printed(lab, q, capsys):
    exercises(lab)[q].solution()
    assert exercises(lab)[q].name in capsys.readouterr().out


def test_the_labs_are_what_the_solutions_make():
    assert labs.differences() == []


@each_lab
def test_no_part_of_a_worked_answer_is_in_the_lab(lab):
    text = (labs.ROOT / "labs" / f"{lab}.ipynb").read_text("utf-8")
    assert "# solution" not in text
    assert "<!-- solution -->" not in text
    assert text.count(labs.PLACEHOLDER) == len(exercises(lab))


@each_lab
def test_the_cells_of_a_lab_are_at_most_12_lines(lab):
    notebook = labs.read_notebook(labs.ROOT / "solutions" / f"{lab}.ipynb")
    assert [c.id for c in notebook.cells if c.cell_type == "code" and len(c.source.splitlines()) > 12] == []


@each_lab
def test_the_untouched_lab_runs_and_every_check_says_not_attempted(lab):
    assert outcomes("labs", lab) == ["Not attempted"] * len(exercises(lab))


@each_lab
def test_the_solution_runs_and_every_check_says_correct(lab):
    assert outcomes("solutions", lab) == ["Correct"] * len(exercises(lab))


@each_lab
def test_a_solution_stores_what_it_answers(lab, request):
    found = differences(request.session, labs.ROOT / "solutions" / f"{lab}.ipynb", executed("solutions", lab))
    assert not found, "\n\n".join(found)
