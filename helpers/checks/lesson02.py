"""Lesson 02's Your turn: a query of one's own, held against the file that lies in the lake."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

from helpers.aws import athena
from helpers.checks.exercise import Exercise
from helpers.data import lake
from helpers.workshop import Workshop


def films_by_year(ws: Workshop) -> Counter[str]:
    """How many films of each year the learner's CSV of titles has, counted without Athena."""
    lines = [line.decode() for line in lake.lines(ws, "raw/titles/")]
    return Counter(film["year"] for film in csv.DictReader(lines) if film["year"].isdecimal())


def mistake_in_query(query: Any, ws: Workshop) -> str | None:
    """Run the learner's query, which is billed as any, and return the hint for what is wrong in its result."""
    if not isinstance(query, str):
        return f"`my_query` is a {type(query).__name__}; write the SQL as text, between quotes."
    execution = athena.run(ws, f"{query.strip().rstrip(';')}\n-- lesson 02")
    if execution["Status"]["State"] != "SUCCEEDED":
        return f"Athena refuses it: `{execution['Status'].get('StateChangeReason', 'no reason given')}`"
    result, expected = athena.rows(execution), films_by_year(ws)
    if not expected:
        return "Your reviews came without titles, so there is nothing to count: this one needs the sample."
    if len(result.columns) != 2:
        return f"Two columns are asked for, the year and its number of films. Yours: {', '.join(result.columns)}."
    if not str(result.dtypes.iloc[1]).startswith("Int"):
        return "The second column is no number. The year stands first, the number of films second."
    got = {str(year): int(number) for year, number in result.itertuples(index=False) if str(year).isdecimal()}
    return _mistake_in_numbers(got, expected) or _mistake_in_order(list(got.values()))


def _mistake_in_numbers(got: dict[str, int], expected: Counter[str]) -> str | None:
    if got == expected:
        return None
    if sum(got.values()) == expected.total() and all(year.endswith("0") for year in got):
        return "These are decades, as in the query above. Group by the year itself."
    if got.items() <= expected.items():
        return f"You show {len(got)} of {len(expected)} years. Does a `LIMIT` or a `WHERE` leave the rest out?"
    year = next(year for year in {**got, **expected} if got.get(year) != expected.get(year))
    return f"For {year} you count {got.get(year, 0)} films; the file has {expected[year]}."


def _mistake_in_order(numbers: list[int]) -> str | None:
    if numbers == sorted(numbers, reverse=True):
        return None
    return "The numbers are right, the order is not: the year with most films comes first (`ORDER BY … DESC`)."


turn = Exercise(
    lab="lesson_02",
    name="my_query",
    find_mistake=mistake_in_query,
    hints=(
        "Begin with the query above, and take away what makes years into decades.",
        "`GROUP BY year` gives a row for each year; `ORDER BY films DESC` puts the largest number first.",
    ),
    when_correct="Your query agrees with the file, counted without Athena. No server was started for it.",
    uses=("ws",),
)
