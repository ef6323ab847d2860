"""One file of a learner's predictions and decisions for the instructor, and the table of a whole room's files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from helpers import PROJECT
from helpers.learner import decisions, kept, predictions
from helpers.workshop import Workshop

OUT = PROJECT / "out"


def export(ws: Workshop, folder: str | Path = OUT) -> Path:
    """Write what this learner has believed, measured and decided to `predictions-LEARNER.json`, and return its path.

    Nothing is sent anywhere: it is a file on this machine, for the learner to give away.
    """
    notes = {
        kind: kept.read_all(ws, kind) for kind in (predictions.PREDICTIONS, predictions.TRUTHS, decisions.DECISIONS)
    }
    path = Path(folder) / f"predictions-{ws.learner}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"learner": ws.learner, **notes}, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def room(files: Iterable[str | Path]) -> pd.DataFrame:
    """Score a room: each question that anybody answered, with the share of those who were right, most surprising first.

    Args:
        files: of `export`, one for each learner, as `Path("collected").glob("*.json")`.
    Returns:
        Columns: lesson, question, answers, right (share of the measured answers), most_said, measured (each learner's
        own run measures; the most frequent is shown). Empty for no files.
    Raises:
        ValueError: a file is none of `export`, or two are of one learner.
    """
    tables, seen = [], dict[str, Path]()
    for path in map(Path, files):
        try:
            notes = json.loads(path.read_text(encoding="utf-8"))
            learner = str(notes["learner"])
            tables.append(predictions.table(notes[predictions.PREDICTIONS], notes[predictions.TRUTHS], {}))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name} is no file of `export`: {error!r}") from None
        if learner in seen:
            raise ValueError(f"{path.name} and {seen[learner].name} are both of {learner}: leave one out.")
        seen[learner] = path
    columns = ["lesson", "question", "answers", "right", "most_said", "measured"]
    if not tables:
        return pd.DataFrame(columns=columns)
    every = pd.concat(tables)
    answered = every[every["believed"] != "no entry"]
    rows = []
    for (lesson, question), group in answered.groupby(["lesson", "question"]):
        judged = group[group["right"] != ""]
        share = (judged["right"] == "yes").mean()
        rows.append((lesson, question, len(group), share, _most(group["believed"]), _most(judged["measured"])))
    return pd.DataFrame(rows, columns=columns).sort_values("right", ignore_index=True)


def _most(texts: pd.Series) -> str:
    return str(texts.mode().iloc[0]) if len(texts) else "not yet"
