"""Every lab: its checks are proven by answers, it is what its solution makes, both run in a real kernel.

An exercise on the account (one that `uses` names of the notebook) is proven by states: each is built for real, by a
function of names of the notebook that yields the learner's answer, and taken back after the check. Such a lab's
notebooks run in strict mode, as a learner whose account is empty.
"""

import importlib
import importlib.util
import inspect
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from botocore.client import BaseClient
from denied_calls import GOES_ON_WITHOUT
from nbclient import NotebookClient
from stored_outputs import differences, read
from strict_cloud import StrictCloud

from helpers.checks.exercise import Exercise, Outcome
from kit import labs, permissions

LABS = [path.stem for path in labs.solutions()]
NEED_AN_IMAGE = {"at_the_cell"}
READS = ("Describe", "List", "Get", "Head", "BatchGet", "Search", "Lookup", "Invoke", "Filter")


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


def is_on_the_account(lab: str) -> bool:
    return any(exercise.uses for exercise in exercises(lab).values())


@pytest.fixture(scope="session")
def strict_cloud() -> Iterator[StrictCloud]:
    """Where the labs' notebooks run."""
    cloud = StrictCloud()
    try:
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture(scope="session")
def executed(request: pytest.FixtureRequest) -> Any:
    """A notebook, run where it lies."""
    done: dict[tuple[str, str], Any] = {}

    def run(folder: str, lab: str) -> Any:
        if (folder, lab) not in done:
            notebook = read(labs.ROOT / folder / f"{lab}.ipynb")
            where = {"metadata": {"path": str(labs.ROOT / folder)}}
            client = NotebookClient(notebook, kernel_name="python3", timeout=600, resources=where)
            # The notebook is tried with the helpers of this checkout, whichever are installed.
            client.execute(env=environment(lab) | {"PYTHONPATH": str(labs.ROOT)})
            done[folder, lab] = notebook
        return done[folder, lab]

    def environment(lab: str) -> dict[str, str]:
        if not is_on_the_account(lab):
            return dict(os.environ)
        cloud = request.getfixturevalue("strict_cloud").environment
        return cloud | {"COURSE_CLOUD": "local", "COURSE_LEARNER": f"lab{lab[:2]}", "COURSE_DATA": "sample"}

    return run


def outcomes(notebook: Any) -> list[str]:
    """What the checks of an executed notebook say, in order."""
    shown = [o.data["text/plain"] for cell in notebook.cells for o in cell.get("outputs", ()) if "data" in o]
    return [found[1] for text in shown if (found := re.match(r"[✔✘○] (\w+( \w+)?):", text))]


@pytest.fixture(scope="module")
def at_the_cell(request: pytest.FixtureRequest) -> Any:
    """The names that a solution's notebook holds when it comes to the answer of an exercise; each cell runs once."""
    reached: dict[str, dict[str, dict[str, Any]]] = {}

    def names(lab: str, q: str) -> dict[str, Any]:
        if lab not in reached:
            request.getfixturevalue("workshop")
            reached[lab] = _names_at_each_answer(lab)
        return reached[lab][q]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", "sample")
        patch.setenv("COURSE_LEARNER", "states")  # other tests leave a few reviews to the session's learner
        patch.chdir(labs.ROOT / "solutions")
        yield names


def _names_at_each_answer(lab: str) -> dict[str, dict[str, Any]]:
    found, now = {}, {"__name__": "lab"}
    for cell in labs.read_notebook(labs.ROOT / "solutions" / f"{lab}.ipynb").cells:
        answered = re.fullmatch(r"(q\d)-answer", cell.id)
        if answered:
            found[answered[1]] = dict(now)
        if cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), now)
    return found


@contextmanager
def reads_only() -> Iterator[None]:
    """Within it, a call that may change something on the account is an error of the test."""
    asked, made = BaseClient._make_api_call, []

    def noted(self: Any, operation: str, given: Any) -> Any:
        made.append(operation)
        return asked(self, operation, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noted)
        yield
    assert [operation for operation in made if not operation.startswith(READS)] == []


def graded(at_the_cell: Any, lab: str, q: str, answer: Any) -> Outcome:
    """What the check says to an answer, or to the state that it builds."""
    exercise = exercises(lab)[q]
    if not exercise.uses:
        return exercise.grade(answer)
    names = at_the_cell(lab, q)
    state = answer(**{name: names[name] for name in inspect.signature(answer).parameters})
    value = next(state)
    try:
        with reads_only():
            return exercise.grade(value, *(names[name] for name in exercise.uses))
    finally:
        next(state, None)


each_lab = pytest.mark.parametrize("lab", LABS)
each_exercise = pytest.mark.parametrize(
    ("lab", "q"), [pytest.param(lab, q, id=f"{lab}-{q}") for lab in LABS for q in exercises(lab)]
)
each_function, each_on_the_account = (
    pytest.mark.parametrize(
        ("lab", "q"),
        [(lab, q) for lab in LABS for q, exercise in exercises(lab).items() if bool(exercise.uses) == on_the_account],
    )
    for on_the_account in (False, True)
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
def test_another_right_answer_is_correct(at_the_cell, lab, q, answer):
    outcome = graded(at_the_cell, lab, q, answer)
    assert outcome.status == "correct", outcome.message


@each_wrong_answer
def test_a_wrong_answer_gets_its_own_hint(at_the_cell, lab, q, answer):
    hints = answers(lab).WRONG[q]
    outcome = graded(at_the_cell, lab, q, answer)
    assert outcome.status == "incorrect"
    assert [hint for hint in hints.values() if hint in outcome.message] == [hints[answer]], outcome.message


@each_exercise
def test_hints_go_from_a_nudge_to_nearly_the_answer(lab, q):
    assert len(exercises(lab)[q].hints) == 3


@each_function
def test_an_answer_that_raises_is_incorrect_and_told_calmly(lab, q):
    outcome = exercises(lab)[q].grade(lambda *inputs: 1 / 0)
    assert outcome.status == "incorrect"
    assert "ZeroDivisionError: division by zero" in outcome.message


@each_function
def test_an_answer_of_another_kind_is_incorrect_and_told_calmly(lab, q):
    outcome = exercises(lab)[q].grade("just a text")
    assert outcome.status == "incorrect"
    assert "Compare its shape" in outcome.message


@each_on_the_account
def test_an_answer_that_names_nothing_is_incorrect_and_told_calmly(at_the_cell, lab, q):
    exercise, names = exercises(lab)[q], at_the_cell(lab, q)
    for answer in ("just a text", 3, object(), ("just", "texts"), lambda *inputs: 1 / 0):
        assert exercise.grade(answer, *(names[name] for name in exercise.uses)).status == "incorrect"


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
def test_the_untouched_lab_runs_and_every_check_says_not_attempted(executed, lab):
    assert outcomes(executed("labs", lab)) == ["Not attempted"] * len(exercises(lab))


@each_lab
def test_the_solution_runs_and_every_check_says_correct(executed, lab):
    assert outcomes(executed("solutions", lab)) == ["Correct"] * len(exercises(lab))


@each_lab
def test_a_solution_stores_what_it_answers(executed, lab, request):
    found = differences(request.session, labs.ROOT / "solutions" / f"{lab}.ipynb", executed("solutions", lab))
    assert not found, "\n\n".join(found)


def test_the_labs_do_nothing_that_the_proof_of_the_policies_does_not_know(executed, strict_cloud):
    for lab in filter(is_on_the_account, LABS):
        executed("labs", lab)
        executed("solutions", lab)
    known = [json.loads(line) for line in permissions.STORED.read_text("utf-8").splitlines()]
    denied = {(call["role"].rpartition("-")[2], call["denied"]) for call in strict_cloud.calls() if "denied" in call}
    assert denied - GOES_ON_WITHOUT == set()
    assert [need for need in permissions.needs(strict_cloud.record.read_text().splitlines()) if need not in known] == []
