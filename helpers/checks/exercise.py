"""One exercise of a lab: `check()`, `hint()` and `solution()` for the learner, `grade()` for the tests."""

import dis
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from helpers.checks.display import show
from helpers.checks.worked_answers import worked_answer


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
    """

    lab: str
    name: str
    find_mistake: Callable[[Any], str | None]
    hints: tuple[str, ...]
    when_correct: str

    def grade(self, answer: Any) -> Outcome:
        """Judge an answer; pass `...` when there is none. Never raises for what the answer does."""
        if is_untouched(answer):
            todo = f"`{self.name}` is not written yet. Put code in place of `...`, run that cell, then this one."
            return Outcome("not attempted", todo)
        try:
            mistake = self.find_mistake(answer)
        except (Exception, SystemExit) as error:  # a learner's code may raise anything, or call exit()
            mistake = explain(error, answer)
        return Outcome("incorrect", mistake) if mistake else Outcome("correct", self.when_correct)

    def check(self) -> None:
        """Grade what the notebook holds under `name` and show the outcome."""
        # A kernel's notebook is the module __main__, so no lab has to hand its variables over.
        outcome = self.grade(vars(sys.modules["__main__"]).get(self.name, ...))
        show(outcome.status, outcome.message)

    def hint(self, number: int = 1) -> None:
        """Show hint `number`, from 1; a number that is too high shows the last hint."""
        number = max(1, min(number, len(self.hints)))
        show("hint", self.hints[number - 1], f"Hint {number} of {len(self.hints)}")

    def solution(self) -> None:
        """Print the worked answer, as it stands in the solution notebook."""
        print(worked_answer(self.lab, self.name))


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
    what = f"`{type(error).__name__}: {error}`"
    own_file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    steps = traceback.extract_tb(error.__traceback__)
    own_lines = [step.line for step in steps if step.filename == own_file and step.line]
    if own_lines:
        return f"Your code stops with {what} in the line `{own_lines[-1]}`."
    return f"The check cannot use your answer ({what}). Compare its shape with the one the exercise asks for."
