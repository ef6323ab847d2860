"""Lesson 01's Your turn: how many machines a search needs to end in time; its next cell rents so many."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checks.exercise import Exercise
from helpers.models import parallel_search

MEETING = 8  # minutes from now, as the lesson says


def mistake_in_machines(machines: Any) -> str | None:
    """Say why this is not the smallest number of machines that is in time, or None."""
    if not isinstance(machines, int | np.integer) or isinstance(machines, bool) or machines < 1:
        return "A whole number is asked for, from 1 on: how many machines work at a time?"
    trials = len(parallel_search.PENALTIES)
    if machines > trials:
        return f"There are {trials} trials: at most {trials} machines have something to do."
    minutes = 60 * parallel_search.plan(int(machines)).hours
    if minutes > MEETING:
        return f"With {machines} at a time the last trial ends after {minutes:g} minutes, when you are in your meeting."
    if 60 * parallel_search.plan(int(machines) - 1).hours <= MEETING:
        return (
            f"In time, after {minutes:g} minutes, but not the smallest number. A new account may run only a few "
            "machines at once."
        )
    return None


turn = Exercise(
    lab="lesson_01",
    name="my_machines",
    find_mistake=mistake_in_machines,
    hints=(
        "Trials that run at a time make a round, and a round takes as long as a trial.",
        "How many rounds of 2.5 minutes fit into 8 minutes? Six trials in so many rounds: how many in each?",
    ),
    when_correct="Three rounds of 2.5 minutes. The search below runs two trials at a time.",
)
