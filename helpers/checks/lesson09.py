"""Lesson 09's Your turn: what a way of serving of one's own costs a month, as a function of the reviews."""

from __future__ import annotations

from typing import Any

from helpers.checks.exercise import Exercise
from helpers.money import costs

INSTANCE, MACHINES, HOURS, USD_AN_HOUR = "ml.m5.large", 2, 20, 65


def mistake_in_way(answer: Any) -> str | None:
    """The hint for what is wrong in a function from reviews a month to dollars a month."""
    if not callable(answer):
        return f"`my_way` is a {type(answer).__name__}; write a function: `lambda n: …`, dollars for `n` reviews."
    for reviews in (1_000.0, 1_000_000.0):
        found = answer(reviews)
        if isinstance(found, costs.Estimate):
            return "It returns an estimate with its words; `.usd` behind it is the amount."
        if isinstance(found, bool) or not isinstance(found, int | float):
            return f"For {reviews:,.0f} reviews it returns a {type(found).__name__}, and not a number of dollars."
        if mistake := _mistake(float(found), reviews):
            return mistake
    return None


def _mistake(found: float, reviews: float) -> str | None:
    hourly = costs.endpoint(INSTANCE, hours=1).usd
    machine, people = costs.monthly(costs.endpoint(INSTANCE, hours=1)).usd, HOURS * USD_AN_HOUR
    mistakes = {
        MACHINES * machine: "The machines are right. Who looks after them?",
        people: "The people are right. What do the machines cost?",
        machine + people: f"That is one machine. {MACHINES} run, so that one may fail.",
        MACHINES * hourly + people: "The machines run day and night: `costs.monthly` makes a month of an hour.",
        MACHINES * machine + HOURS: f"These are hours of people, and not dollars: each costs ${USD_AN_HOUR}.",
        MACHINES * (machine + people): "The hours are those of both machines together.",
    }
    right = MACHINES * machine + people
    if abs(found - right) < 0.01 * right:
        return None
    nearest = min(mistakes, key=lambda usd: abs(found - usd))
    if abs(found - nearest) < 0.01 * nearest:
        return mistakes[nearest]
    return f"For {reviews:,.0f} reviews you get ${found:,.2f}; machines and people make ${right:,.2f}."


turn = Exercise(
    lab="lesson_09",
    name="my_way",
    find_mistake=mistake_in_way,
    hints=(
        "Begin with the line of `endpoint` above, and change the number of machines and what people cost.",
        "`costs.monthly(costs.endpoint(INSTANCE, hours=1)).usd` is one machine for a month; an hour of people is $65.",
    ),
    when_correct="Right. It is the same for each number of reviews: what you own is paid whether it is asked or not.",
)
