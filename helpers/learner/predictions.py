"""Predictions: asked before a cell that measures, kept at the click, scored against what was measured.

Numbers among the options are readings of one scale: the one nearest to the measured number is right. An option in words
is right when it is what `truth` says.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from numbers import Real
from typing import Any

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from helpers import front_end
from helpers.learner import kept
from helpers.show.card import show
from helpers.workshop import Workshop

Option = str | int | float
KINDS = PREDICTIONS, TRUTHS, QUESTIONS = "predictions", "truths", "questions"
_measured: set[str] = set()  # what it has measured: an answer after that is no prediction


def predict(ws: Workshop, name: str, question: str, options: Sequence[Option]) -> None:
    """Ask for a prediction, and keep the answer: radio buttons in a notebook, a numbered list in a terminal.

    Answering again replaces the answer, and says so, until this kernel has measured the truth. The question is kept
    without an answer, too; where nobody can be asked, it is only shown.

    Args:
        name: of the question within its lesson, as "dirt"; `truth` answers to the same.
        options: at least two, all numbers of one scale or all texts.
    Raises:
        ValueError: these are no such options.
    """
    if len(set(options)) < 2 or len({isinstance(option, str) for option in options}) != 1:
        raise ValueError(f"{name}: give at least two different options, all texts or all numbers: {options!r}")
    where, plain = _place(ws, name), [_plain(option) for option in options]
    kept.write(ws, QUESTIONS, where, {"question": question, "options": plain})
    if not front_end.attended():
        show("not attempted", f"{question}\n{' · '.join(map(_text, plain))}", "Your prediction")
    elif front_end.kernel():
        _ask_by_buttons(ws, where, question, plain)
    else:
        _ask_in_terminal(ws, where, question, plain)


def truth(ws: Workshop, name: str, measured: Any, *, computed: bool = False) -> None:
    """Say what was measured, keep it for lesson 12, and hold the learner's prediction against it.

    Args:
        name: the question's, as `predict` had it.
        measured: a number, or one of the options in words.
        computed: it comes of assumptions or of a price list, and nothing was measured.
    Raises:
        ValueError: the question has other options than this.
    """
    where, value = _place(ws, name), _plain(measured)
    asked, prediction = (kept.read(ws, kind, where) for kind in (QUESTIONS, PREDICTIONS))
    options = (asked or prediction or {}).get("options")
    if options and not (value in options if isinstance(value, str) else not isinstance(options[0], str)):
        raise ValueError(f"{name}: {value!r} is no answer to a question with the options {options}.")
    kept.write(ws, TRUTHS, where, {"measured": value})
    _measured.add(where)
    heading = "Computed" if computed else "Measured"
    if prediction is None:
        nearest = _nearest(options, value) if options else value
        near = f" (nearest: {_text(nearest)})" if nearest != value else ""
        show("not attempted", f"{_text(value)}{near}. You made no prediction.", heading)
        return
    said, nearest = prediction["answer"], _nearest(prediction["options"], value)
    told = "right" if said == nearest else f"not so, {_text(nearest)} is nearest" if nearest != value else "not so"
    status = "correct" if said == nearest else "incorrect"
    show(status, f"{_text(value)}. You said {_text(said)}: {told}.", heading)


def measured(ws: Workshop, lesson: str, name: str) -> str:
    """What a lesson's `truth` has kept, as text; "not yet" where it was not run."""
    kept_there = kept.read(ws, TRUTHS, f"{lesson}/{name}")
    return _text(kept_there["measured"]) if kept_there else "not yet"


def scores(ws: Workshop) -> pd.DataFrame:
    """Every question that was answered or measured, by lesson, and whether the answer was right.

    Returns:
        Columns: lesson, name (of the question), question, believed ("no entry" without an answer), measured ("not yet"
        without one), right ("yes", "no", or "" where one of them is missing).
    """
    return table(*(kept.read_all(ws, kind) for kind in KINDS))


def table(
    predictions: dict[str, kept.Json], truths: dict[str, kept.Json], questions: dict[str, kept.Json]
) -> pd.DataFrame:
    """The table of `scores`, from the notes of anybody."""
    rows = []
    for where in sorted(predictions.keys() | truths.keys()):
        lesson, _, name = where.partition("/")
        said, measured = predictions.get(where), truths.get(where, {}).get("measured")
        right = "" if said is None or measured is None else _yes(said["answer"] == _nearest(said["options"], measured))
        believed = "no entry" if said is None else _text(said["answer"])
        found = "not yet" if measured is None else _text(measured)
        question = (said or questions.get(where) or {"question": name})["question"]
        rows.append((lesson, name, question, believed, found, right))
    return pd.DataFrame(rows, columns=["lesson", "name", "question", "believed", "measured", "right"])


def _ask_by_buttons(ws: Workshop, where: str, question: str, options: list[Option]) -> None:
    import ipywidgets as widgets
    from IPython.display import display

    buttons = widgets.RadioButtons(
        options=[(_text(option), option) for option in options], value=None, layout=widgets.Layout(width="auto")
    )
    news = widgets.HTML(html.escape(_standing(kept.read(ws, PREDICTIONS, where))))

    def keep(change: dict[str, Any]) -> None:
        try:
            news.value = html.escape(_keep(ws, where, question, options, change["new"]))
        except (ClientError, BotoCoreError) as error:  # a widget's errors would go to a log that nobody reads
            news.value = html.escape(f"Not kept: {error}")

    buttons.observe(keep, names="value")
    display(widgets.VBox([widgets.HTML(html.escape(question)), buttons, news]))  # type: ignore[no-untyped-call]


def _ask_in_terminal(ws: Workshop, where: str, question: str, options: list[Option]) -> None:
    print(question)
    for number, option in enumerate(options, 1):
        print(f"  {number}  {_text(option)}")
    print(_standing(kept.read(ws, PREDICTIONS, where)))
    while answer := input("Number of your answer (Enter skips): ").strip():
        if answer.isdecimal() and 1 <= int(answer) <= len(options):
            print(_keep(ws, where, question, options, options[int(answer) - 1]))
            return
        print(f"A number from 1 to {len(options)}, please.")


def _standing(prediction: kept.Json | None) -> str:
    return f"So far you say: {_text(prediction['answer'])}" if prediction else "Not answered yet"


def _keep(ws: Workshop, where: str, question: str, options: list[Option], answer: Option) -> str:
    """Keep an answer; returns what to tell the learner."""
    if where in _measured:
        return "Not noted: it is measured already. Restart the kernel to be asked again."
    before = kept.read(ws, PREDICTIONS, where)
    kept.write(ws, PREDICTIONS, where, {"question": question, "options": options, "answer": answer})
    replaced = f", in place of {_text(before['answer'])}" if before and before["answer"] != answer else ""
    return f"Noted: {_text(answer)}{replaced}"


def _nearest(options: list[Any], measured: Any) -> Option:
    """The right option; a question may have had others than those that the answer was one of."""
    if isinstance(measured, str) or isinstance(options[0], str):
        return str(measured)
    return min(options, key=lambda option: abs(option - measured))  # type: ignore[no-any-return]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _place(ws: Workshop, name: str) -> str:
    return f"{ws.lesson or 'own'}/{name}"


def _plain(value: Any) -> Option:
    """What JSON takes: numpy's and pandas' numbers become Python's."""
    if isinstance(value, str):
        return value
    if isinstance(value, Real):  # numpy registers its numbers as such
        number = float(value)
        return int(number) if number.is_integer() else number
    raise ValueError(f"{value!r} is neither a text nor a number.")


def _text(value: Option) -> str:
    """An option as it is read: three digits of a fraction, all of a larger number."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else value
