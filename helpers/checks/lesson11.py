"""Lesson 11's Your turn: what a mistake must cost, so that the first step up the front pays, the proven one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.checks.exercise import Exercise
from helpers.money import pareto
from helpers.money.costs import dollars

NEAR = 0.02  # the share by which an answer may differ: it may be rounded


def mistake_in_price(price: Any, front: pd.DataFrame, requests: int) -> str | None:
    """Hold a price of one mistake against the first step of the front."""
    if isinstance(price, bool) or not isinstance(price, int | float):
        return f"`my_price` is a {type(price).__name__}; it is a number of dollars, of one mistake."
    steps = pareto.steps(front.assign(front=True), requests)
    step, last = steps.iloc[1], steps.iloc[-1]
    right = step["usd_per_error"]
    known = {
        right: None,
        -right: "The sign is turned round: the dearer model costs more, and makes fewer mistakes.",
        last["usd_per_error"]: "That is the last step, whose gain may be luck. The first one is asked for.",
        right * requests: "The difference of accuracies is a share. How many mistakes of all the requests is that?",
        step["usd"] / step["fewer_errors"]: "You take all that the 3-grams cost. What do they cost *more*?",
        1 / right: "Turned round: that is how many mistakes a dollar saves.",
    }
    for value, hint in known.items():
        if abs(price - value) <= NEAR * abs(value):
            return hint
    saved = price * step["fewer_errors"]
    return (
        f"At {dollars(abs(price))} a mistake, {step['fewer_errors']:,.0f} mistakes fewer save {saved:,.4g} dollars a "
        f"month, and {step['usd_more']:,.4g} more are paid for the model. They must be equal."
    )


turn = Exercise(
    lab="lesson_11",
    name="my_price",
    find_mistake=mistake_in_price,
    hints=(
        "Take the first two rows. How many dollars more a month, and how many mistakes fewer of a million?",
        "`front.iloc[0]` is the cheapest, `front.iloc[1]` the one after it: dollars more, divided by mistakes fewer.",
    ),
    when_correct="Hardly a mistake is so cheap: the one step that is proven pays for nearly everybody.",
    uses=("front", "REQUESTS"),
)
