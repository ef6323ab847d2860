"""The decision log: the learner's line of each lesson on the course's question, kept in S3, shown in lesson 12."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import pandas as pd

from helpers import PROJECT
from helpers.learner import kept, predictions
from helpers.show.card import show
from helpers.workshop import Workshop

QUESTION = "Would you put this model live, in front of our customers' reviews, and what would it cost?"
DECISIONS = "decisions"
LIVE = ("yes", "not yet", "no")
NO_ENTRY = "no entry"


def decide(
    ws: Workshop,
    live: str | EllipsisType = ...,
    *,
    usd_a_month: float | EllipsisType = ...,
    because: str | EllipsisType = ...,
) -> None:
    """This lesson's line in the learner's decision log; deciding again replaces it, and says so.

    As a lesson hands it out, with `...`, it keeps nothing, so the unattended run leaves no entry. It never raises for
    what the learner fills in.

    Args:
        live: "yes", "not yet" or "no".
        usd_a_month: what it would cost, as far as the learner knows by now.
        because: what changed the learner's mind, or settled it, in one sentence.
    """
    if live is ... or because is ...:
        show(
            "not attempted", f"{QUESTION}\nPut your answer in place of `...`, and run the cell again.", "Your decision"
        )
        return
    if problem := _problem(live, usd_a_month, because):
        show("incorrect", problem, "Your decision")
        return
    before = kept.read(ws, DECISIONS, _lesson(ws))
    cost = None if usd_a_month is ... else float(usd_a_month)
    kept.write(ws, DECISIONS, _lesson(ws), {"live": live, "usd_a_month": cost, "because": because})
    replaced = f"\nIt replaces: {before['live']}, because: {before['because']}" if before else ""
    show("correct", f"{live}, {_dollars(cost)}, because: {because}{replaced}", "Your decision is in the log")


def log(ws: Workshop) -> pd.DataFrame:
    """The decision log of all lessons: what was believed, what was measured, what was decided and why.

    Returns:
        One row a lesson. Columns: lesson, believed and measured (of its predictions, each after its name), live,
        usd_a_month, because; "no entry" where there is none.
    """
    entries, answers = kept.read_all(ws, DECISIONS), predictions.scores(ws)
    rows = []
    for lesson in sorted({*_lessons(), *entries}):
        own, entry = answers[answers["lesson"] == lesson], entries.get(lesson)
        believed, measured = (_named(own, column) for column in ("believed", "measured"))
        decided = (entry["live"], _dollars(entry["usd_a_month"]), entry["because"]) if entry else (NO_ENTRY,) * 3
        rows.append((lesson, believed, measured, *decided))
    return pd.DataFrame(rows, columns=["lesson", "believed", "measured", "live", "usd_a_month", "because"])


def _named(own: pd.DataFrame, column: str) -> str:
    """A lesson's entries of a column, each after the name of its question."""
    there = own[~own[column].isin([NO_ENTRY, "not yet"])]
    return "; ".join(f"{name}: {text}" for name, text in zip(there["name"], there[column], strict=True)) or NO_ENTRY


def _problem(live: Any, usd_a_month: Any, because: Any) -> str | None:
    if live not in LIVE:
        return f"`{live}` is no answer. Write one of: {', '.join(LIVE)}."
    if usd_a_month is not ... and (isinstance(usd_a_month, bool) or not isinstance(usd_a_month, int | float)):
        return f"`usd_a_month` is a number of dollars, as `usd_a_month=20`, and not `{usd_a_month!r}`."
    if not isinstance(because, str) or not because.strip():
        return "Say in one sentence what decided it: `because` is a text."
    return None


def _dollars(usd: float | None) -> str:
    return "cost unknown" if usd is None else f"${usd:,.2f} a month"


def _lesson(ws: Workshop) -> str:
    return ws.lesson or "own"


def _lessons() -> list[str]:
    return [path.name[:2] for path in (PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb")]
