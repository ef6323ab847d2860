"""Lesson 02's Your turn: a query of one's own, held against the files that lie in the lake."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from helpers.aws import athena
from helpers.checks.exercise import Exercise
from helpers.data import lake
from helpers.workshop import Workshop

FEWEST = 10  # reviews that a film has for the question to ask for it


def reviews_by_film(ws: Workshop) -> Counter[str]:
    """How many raw reviews of each title the learner has, counted without Athena; what has no title is left out."""
    counted: Counter[str] = Counter()
    for line in lake.lines(ws, "raw/reviews/"):
        try:
            row = json.loads(line.decode(errors="replace"))
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("title_id"):
            counted[str(row["title_id"])] += 1
    return counted


def mistake_in_query(query: Any, ws: Workshop) -> str | None:
    """Run the learner's query, which is billed as any, and return the hint for what is wrong in its result."""
    if not isinstance(query, str):
        return f"`my_query` is a {type(query).__name__}; write the SQL as text, between quotes."
    execution = athena.run(ws, query)
    if execution["Status"]["State"] != "SUCCEEDED":
        return f"Athena refuses it: `{execution['Status'].get('StateChangeReason', 'no reason given')}`"
    result, expected = athena.rows(execution), reviews_by_film(ws)
    if max(expected.values(), default=0) < FEWEST:
        return f"Your reviews name no film {FEWEST} times, so there is nothing to count: this needs other data."
    if len(result.columns) != 2:
        return f"Two columns are asked for, the film and its number of reviews. Yours: {', '.join(result.columns)}."
    if not str(result.dtypes.iloc[1]).startswith("Int"):
        return "The second column is no number. The film stands first, the number of reviews second."
    counted = [(str(film), int(number)) for film, number in result.itertuples(index=False)]
    films = {film: number for film, number in counted if film in expected}
    return _mistake_in_numbers(films, expected) or _mistake_in_order([number for _, number in counted])


def _mistake_in_numbers(got: dict[str, int], counted: Counter[str]) -> str | None:
    expected = {film: number for film, number in counted.items() if number >= FEWEST}
    if got == expected:
        return None
    if not got:
        return "No row of yours is a film. Group by `title_id`."
    if wrong := [film for film, number in got.items() if counted[film] != number]:
        return f"For {wrong[0]} you count {got[wrong[0]]} reviews; the files have {counted[wrong[0]]}."
    if few := [film for film in got if film not in expected]:
        return f"You show {few[0]}, which has fewer than {FEWEST}. `HAVING`, after `GROUP BY`, leaves such films out."
    return f"You show {len(got)} of {len(expected)} films. Does a `LIMIT`, a `WHERE` or a `>` leave the rest out?"


def _mistake_in_order(numbers: list[int]) -> str | None:
    if numbers == sorted(numbers, reverse=True):
        return None
    return "The numbers are right, the order is not: the film with most reviews comes first (`ORDER BY … DESC`)."


turn = Exercise(
    lab="lesson_02",
    name="my_query",
    find_mistake=mistake_in_query,
    hints=(
        "Begin with the query above, and take another column in place of `sentiment`.",
        "`GROUP BY title_id` gives a row for each film, `HAVING count(*) >= …` keeps some of them, and "
        "`ORDER BY … DESC` puts the largest number first.",
    ),
    when_correct="Your query agrees with the files, counted without Athena. No server was started for it.",
    uses=("ws",),
)
