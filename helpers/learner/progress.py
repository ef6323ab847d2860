"""How far a learner has come, lesson by lesson, and a room's page: who is stuck where. Nothing leaves the machine.

`opened` is a note of `connect(lesson=…)`; `exercises` are notes of a check, a hint and a solution that was asked for.
"""

from __future__ import annotations

import ast
import html
from collections.abc import Iterable
from functools import cache
from typing import Any

import pandas as pd

from helpers import PROJECT
from helpers.learner import kept, predictions
from helpers.learner.decisions import DECISIONS
from helpers.workshop import OPENED, Workshop

EXERCISES = "exercises"
KINDS = (OPENED, EXERCISES, *predictions.KINDS, DECISIONS)
STUCK = 3  # checks without success, or the solution read: then somebody may want to come by
Notes = dict[str, dict[str, kept.Json]]


def notes(ws: Workshop) -> Notes:
    """All notes of this learner, by their kind and name."""
    return {kind: kept.read_all(ws, kind) for kind in KINDS}


def progress(ws: Workshop) -> pd.DataFrame:
    """This learner's progress: a row for each lesson; see `table`."""
    return table(notes(ws))


def table(notes: Notes) -> pd.DataFrame:
    """Progress by lesson, from the notes of anybody.

    Returns:
        Columns: lesson, opened ("2026-11-27" or ""), exercises ("2 of 4 solved", of the lesson and its lab), stuck (the
        exercises that took three checks and are not solved, or whose solution was read), predictions ("2 of 3 right",
        of those answered and measured), decided (what the log says, or "").
    """
    answered = predictions.table(*(notes[kind] for kind in predictions.KINDS))
    rows = []
    for lesson, names in exercises().items():
        tried = {name: note for name in names if (note := notes[EXERCISES].get(name))}
        solved = sum(note["solved"] for note in tried.values())
        judged = answered[(answered["lesson"] == lesson) & (answered["right"] != "")]["right"]
        rows.append(
            {
                "lesson": lesson,
                "opened": notes[OPENED].get(lesson, {}).get("date", ""),
                "exercises": f"{solved} of {len(names)} solved",
                "stuck": ", ".join(name.partition("/")[2] for name in tried if is_stuck(tried[name])),
                "predictions": f"{(judged == 'yes').sum()} of {len(judged)} right" if len(judged) else "",
                "decided": notes[DECISIONS].get(lesson, {}).get("live", ""),
            }
        )
    return pd.DataFrame(rows)


def is_stuck(exercise: kept.Json) -> bool:
    return bool(exercise["solutions"]) or (not exercise["solved"] and exercise["checks"] >= STUCK)


@cache
def exercises() -> dict[str, list[str]]:
    """The exercises of each lesson, its Your turns first, then its lab's, as their notes are called."""
    found: dict[str, list[str]] = {path.name[:2]: [] for path in sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*"))}
    checks = sorted((PROJECT / "helpers" / "checks").glob("l*[0-9][0-9].py"))
    for path in sorted(checks, key=lambda path: path.stem.startswith("lab")):
        # Read, not imported: some of them import the SageMaker SDK, which takes seconds.
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants: dict[str, Any] = {}
        for part in tree.body:
            if not isinstance(part, ast.Assign) or not isinstance(part.targets[0], ast.Name):
                continue
            if isinstance(part.value, ast.Constant):
                constants[part.targets[0].id] = part.value.value
            elif isinstance(part.value, ast.Call) and getattr(part.value.func, "id", "") == "Exercise":
                given = {word.arg: word.value for word in part.value.keywords}
                lab, name = (_text(given[word], constants) for word in ("lab", "name"))
                found.setdefault(path.stem[-2:], []).append(f"{lab}/{name}")
    return found


def _text(node: ast.expr, constants: dict[str, Any]) -> str:
    return str(constants[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node))


def page(room: Iterable[tuple[str, Notes]]) -> str:
    """One web page of a room, from each learner's name and notes: who is stuck where, and how far each has come."""
    learners = dict(room)
    rows = [table(notes).assign(learner=learner) for learner, notes in learners.items()]
    every = pd.concat(rows) if rows else pd.DataFrame(columns=["learner", "lesson", "opened", "exercises", "stuck"])
    stuck = every[every["stuck"] != ""].assign(exercise=lambda each: each["stuck"].str.split(", ")).explode("exercise")
    where = stuck.groupby(["lesson", "exercise"])["learner"].agg(["size", ", ".join]).reset_index()
    where.columns = pd.Index(["lesson", "exercise", "learners", "who"])
    far = every.assign(at=every["exercises"].str.removesuffix(" solved").where(every["opened"] != "", "–"))
    grid = far.pivot(index="learner", columns="lesson", values="at").rename_axis(None, axis=1).reset_index()
    parts = [
        f"<h2>Who is stuck where</h2>{_html(where.sort_values('learners', ascending=False))}",
        f"<h2>Exercises solved, by lesson (– is not opened)</h2>{_html(grid)}",
    ]
    title = html.escape(f"{len(learners)} learners")
    return _PAGE.format(title=title, parts="\n".join(parts))


def _html(rows: pd.DataFrame) -> str:
    return str(rows.to_html(index=False, border=0)) if len(rows) else "<p>Nobody.</p>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data Science on AWS: the room</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #888; }}
</style>
</head>
<body>
<h1>Data Science on AWS: {title}</h1>
{parts}
</body>
</html>
"""
