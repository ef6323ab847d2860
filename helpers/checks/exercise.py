"""One exercise of a lab, or a lesson's Your turn: `check()`, `hint()`, `solution()`; `grade()` is for the tests.

The worked answer stands in `solutions/`, between two marks: a lab's in its notebook, a lesson's in a Python file.
"""

from __future__ import annotations

import dis
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from botocore.exceptions import BotoCoreError, ClientError

from helpers import PROJECT
from helpers.learner import kept
from helpers.learner.progress import EXERCISES
from helpers.show.card import show
from helpers.workshop import Workshop

BEGIN, END = "# solution", "# end solution"
_nbformat: Any = nbformat  # it gives few type hints


@dataclass(frozen=True)
class Outcome:
    """What a check found, and the sentence that the learner reads."""

    status: Literal["correct", "incorrect", "not attempted"]
    message: str


@dataclass(frozen=True)
class Exercise:
    """An exercise whose answer is the function or value that the learner calls `name`.

    `find_mistake(answer)` returns the hint for the mistake in the answer, or None when the answer is right.
    It may let an error of the answer through.

    Attributes:
        lab: the file of `solutions` with the worked answer, without its ending; a lesson's is "lesson_02".
        uses: names of the notebook, as ("ws",), whose values `find_mistake` gets after the answer; an earlier answer's
            name can be among them.
    """

    lab: str
    name: str
    find_mistake: Callable[..., str | None]
    hints: tuple[str, ...]
    when_correct: str
    uses: tuple[str, ...] = ()

    def grade(self, answer: Any, *used: Any) -> Outcome:
        """Judge an answer; pass `...` when there is none. Never raises for what the answer does."""
        if is_untouched(answer):
            todo = f"`{self.name}` is not written yet. Put code in place of `...`, run it, and check again."
            return Outcome("not attempted", todo)
        try:
            mistake = self.find_mistake(answer, *used)
        except (Exception, SystemExit) as error:  # a learner's code may raise anything, or call exit()
            mistake = explain(error, answer)
        return Outcome("incorrect", mistake) if mistake else Outcome("correct", self.when_correct)

    def check(self) -> None:
        """Grade what the notebook holds under `name` and show the outcome."""
        # A kernel's notebook is the module __main__, so no lab has to hand its variables over.
        notebook = vars(sys.modules["__main__"])
        if missing := [name for name in self.uses if notebook.get(name, ...) is ...]:
            show("not attempted", f"`{missing[0]}` is not there yet: run the cells above first.")
            return
        outcome = self.grade(notebook.get(self.name, ...), *(notebook[name] for name in self.uses))
        show(outcome.status, outcome.message)
        if outcome.status != "not attempted":
            self._keep(notebook, checks=1, solved=outcome.status == "correct")

    def hint(self, number: int = 1) -> None:
        """Show hint `number`, from 1; a number that is too high shows the last hint."""
        number = max(1, min(number, len(self.hints)))
        self._keep(vars(sys.modules["__main__"]), hints=1)
        show("hint", self.hints[number - 1], f"Hint {number} of {len(self.hints)}")

    def solution(self) -> None:
        """Print the worked answer, as it stands in `solutions/`."""
        self._keep(vars(sys.modules["__main__"]), solutions=1)
        print(worked_answer(self.lab, self.name))

    def _keep(self, notebook: dict[str, Any], solved: bool = False, **more: int) -> None:
        """Count what the learner did, for `course.py progress`, where the notebook is connected; never raises."""
        ws, where = notebook.get("ws"), f"{self.lab}/{self.name}"
        if not isinstance(ws, Workshop):
            return
        try:
            before = kept.read(ws, EXERCISES, where) or {}
            counted = {name: before.get(name, 0) + more.get(name, 0) for name in ("checks", "hints", "solutions")}
            kept.write(ws, EXERCISES, where, {"solved": solved or before.get("solved", False), **counted})
        except (ClientError, BotoCoreError):
            pass  # a check answers all the same


def is_untouched(answer: Any) -> bool:
    """True for `...`, None and a function that does nothing, which is how a lab hands an exercise out."""
    if answer is None or answer is ...:
        return True
    code = getattr(answer, "__code__", None)
    return code is not None and all(_does_nothing(step) for step in dis.get_instructions(code))


def _does_nothing(step: dis.Instruction) -> bool:
    if step.opname in ("LOAD_CONST", "RETURN_CONST"):
        return step.argval is None or step.argval is ...
    return step.opname in ("RESUME", "NOP", "RETURN_VALUE")


def explain(error: BaseException, answer: Any) -> str:
    """Say calmly which error an answer ends with, and in which of its lines when that is known."""
    if isinstance(error, ClientError):
        answered = error.response["Error"]
        said = f"`{answered['Code']}: {answered['Message']}`"
        return (
            f"AWS finds nothing by your answer, `{answer!r}`, and says {said}. Does it exist, and is it its name or id?"
        )
    what = f"`{type(error).__name__}: {error}`"
    own_file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    steps = traceback.extract_tb(error.__traceback__)
    own_lines = [step.line for step in steps if step.filename == own_file and step.line]
    if own_lines:
        return f"Your code stops with {what} in the line `{own_lines[-1]}`."
    return f"The check cannot use your answer ({what}). Compare its shape with the one the exercise asks for."


def read_notebook(path: Path) -> Any:
    """Read a notebook. Raises ValueError when it is too old to have cell ids, which keep the labs stable."""
    notebook = _nbformat.read(path, as_version=4)
    if notebook.nbformat_minor < 5:
        raise ValueError(f"{path.name} has no cell ids: open and save it once in JupyterLab 4")
    return notebook


def worked_answer(lab: str, name: str, root: Path = PROJECT) -> str:
    """What answers with `name`, without marks: of a cell of `solutions/<lab>.ipynb`, or of a part of `<lab>.py`."""
    notebook, module = (root / "solutions" / f"{lab}{ending}" for ending in (".ipynb", ".py"))
    if notebook.exists():
        pieces = [cell.source for cell in read_notebook(notebook).cells if cell.cell_type == "code"]
    elif module.exists():
        pieces = re.findall(rf"(?ms)^{BEGIN}\n.*?^{END}$", module.read_text(encoding="utf-8"))
    else:
        return f"The worked answers are in solutions/{lab} of the course, which is not here."
    defines = re.compile(rf"^(def {name}\(|{name}\s*=)", re.MULTILINE)
    for piece in pieces:
        if BEGIN in piece and defines.search(piece):
            return "\n".join(line for line in piece.splitlines() if line.strip() not in (BEGIN, END)).strip()
    raise ValueError(f"solutions/{lab} has nothing that answers with {name}")
