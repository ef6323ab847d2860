"""One file of what a learner has done and believed for the instructor, and the tables of a whole room's files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from helpers import PROJECT
from helpers.learner import predictions, progress
from helpers.workshop import Workshop

OUT = PROJECT / "out"


def export(ws: Workshop, folder: str | Path = OUT) -> Path:
    """Write what this learner has opened, solved, believed and decided to `progress-LEARNER.json`; returns its path.

    Nothing is sent anywhere: it is a file on this machine, for the learner to give away.
    """
    path = Path(folder) / f"progress-{ws.learner}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"learner": ws.learner, **progress.notes(ws)}, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    return path


def read(files: Iterable[str | Path]) -> dict[str, progress.Notes]:
    """The notes of each learner of a room, by the learner's name.

    Args:
        files: of `export`, one for each learner, as `Path("collected").glob("*.json")`.
    Raises:
        ValueError: a file is none of `export`, or two are of one learner.
    """
    found, seen = dict[str, progress.Notes](), dict[str, Path]()
    for path in map(Path, files):
        try:
            notes = json.loads(path.read_text(encoding="utf-8"))
            learner = str(notes.pop("learner"))
            progress.table(notes)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path.name} is no file of `export`: {error!r}") from None
        if learner in seen:
            raise ValueError(f"{path.name} and {seen[learner].name} are both of {learner}: leave one out.")
        found[learner], seen[learner] = notes, path
    return found


def room(files: Iterable[str | Path]) -> pd.DataFrame:
    """Score a room: each question that anybody answered, with the share of those who were right, most surprising first.

    Args:
        files: as `read` has them, which raises for what is none.
    Returns:
        Columns: lesson, question, answers, right (share of the measured answers), most_said, measured (each learner's
        own run measures; the most frequent is shown). Empty for no files.
    """
    tables = [predictions.table(*(notes[kind] for kind in predictions.KINDS)) for notes in read(files).values()]
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
