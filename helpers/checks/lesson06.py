"""Lesson 06's Your turn: where the second search looks, held against the trials of the first."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.checks.exercise import Exercise

METRIC = "validation:accuracy"
NARROWEST = 3.0  # how many times the lowest value the highest is at least: less is hardly a range


def mistake_in_range(given: Any, space: dict[str, Any], runs: pd.DataFrame) -> str | None:
    """The hint for what is wrong with the learner's range of `C`."""
    if type(given).__name__ != "ContinuousParameter":
        return (
            f"`my_c` is a {type(given).__name__}; write `ContinuousParameter(…, …, scaling_type=…)`, as in the space."
        )
    low, high = float(given.min_value), float(given.max_value)
    lowest, highest = float(space["C"].min_value), float(space["C"].max_value)
    best = float(runs.loc[runs[METRIC].idxmax(), "C"])
    if low >= high:
        return "The lowest value stands first, the highest second."
    if given.scaling_type != "Logarithmic":
        return f"Its scale is {given.scaling_type}, and `C` multiplies: nearly all trials would lie near the upper end."
    if low < lowest or high > highest:
        return f"Stay between {lowest:g} and {highest:g}: of what lies beyond, the first search knows nothing."
    if (low, high) == (lowest, highest):
        return "That is the whole range again. Cut off the end at which the trials of the table do badly."
    if not low <= best <= high:
        return f"The best trial so far has `C` = {best:.3g}, and your range leaves it out."
    if high < NARROWEST * low:
        return "That is hardly a range. One search of so few trials is no reason to be so sure: leave more room."
    return None


turn = Exercise(
    lab="lesson_06",
    name="my_c",
    find_mistake=mistake_in_range,
    hints=(
        "Look at the column `C` of the table: which values do the best trials have, and which none of them?",
        "Copy the line of `C` from the space, and raise its lowest value.",
    ),
    when_correct="The next eight trials look where the first ones did well. Whether that pays, you see below.",
    uses=("space", "runs"),
)
