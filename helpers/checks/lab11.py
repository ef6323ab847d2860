"""The checks of lab 11, cloud or on-premises: a server's year, break-even, cash, a queue, the Pareto front.

Each `mistake_in_…` runs the learner's function on cases of its own and returns the hint for the first mistake it
recognises, or None. The known mistakes are in `solutions/11_cloud_or_on_premises_answers.py`, where the tests take them
from to prove each hint.
"""

import math
from collections.abc import Callable
from typing import Any

from helpers.checks.exercise import Exercise

LAB = "11_cloud_or_on_premises"
HOURS = 8760

# -- Exercise 1 ------------------------------------------------------------------------------------

# price, life, kW, PUE, USD per kWh, staff
SERVERS = ((20_000, 5, 0.4, 1.5, 0.1, 2_000), (9_000, 3, 0.25, 1.2, 0.3, 150))


def mistake_in_own_year(own_year: Callable[..., Any]) -> str | None:
    """The hint for the first of SERVERS whose year `own_year` prices wrongly."""
    for case in SERVERS:
        price, life, kw, pue, kwh, staff = case
        share, power = price / life, kw * pue * HOURS * kwh
        found, expected = own_year(*case), share + power + staff
        if found is None:
            return "`own_year` gives back nothing. End it with `return` and a number."
        slips = {
            price + power + staff: "The whole price is in one year. The server lives longer: take its share of a year.",
            share + power / pue + staff: "The cooling is not paid. The site draws PUE times what its computers draw.",
            share + power / pue**2 + staff: "A site draws more than its computers: multiply by PUE, do not divide.",
            share + power / HOURS + staff: f"This is the electricity of one hour. A year has {HOURS}.",
            share + power / 24 + staff: "This is electricity for one hour a day. A server runs day and night.",
            share + power: "The people are not paid.",
            share + power + staff / life: "The staff is paid in every year, whatever the life of the server.",
            share + staff: "The electricity is missing: kW × PUE × hours × price of a kWh.",
        }
        if hint := _hint(found, expected, slips, "Three parts: share of the price, electricity, staff."):
            return f"{hint}\n`own_year{case}` gives `{found}`, expected about `{expected:.1f}`."
    return None


def _hint(found: Any, expected: float, slips: dict[float, str], otherwise: str) -> str | None:
    """None for what is expected; else the hint of the slip whose value it is."""
    if math.isclose(found, expected, rel_tol=1e-6):
        return None
    return next((hint for value, hint in slips.items() if math.isclose(found, value, rel_tol=1e-6)), otherwise)


# -- Exercise 2 ------------------------------------------------------------------------------------

# USD a year of an own server, USD per hour of the same machine rented -> break-even
PLACES: dict[tuple[float, float], float | None] = {
    (4_380, 1.0): 0.5,
    (3_504, 0.5): 0.8,
    (8_760, 0.5): None,
    (876, 1.0): 0.1,
}


def mistake_in_break_even(break_even: Callable[..., Any]) -> str | None:
    """The hint for the first of PLACES that `break_even` does not find."""
    for (own, hourly), expected in PLACES.items():
        found = break_even(own, hourly)
        if hint := _why_not_even(found, expected, own / hourly):
            return f"{hint}\n`break_even({own}, {hourly})` gives `{found}`, expected `{expected}`."
    return None


def _why_not_even(found: Any, expected: float | None, hours: float) -> str | None:
    if isinstance(found, bool):
        return "Not yes or no: the utilisation itself is asked for, from 0 to 1."
    if expected is None:
        if found is None:
            return None
        if math.isclose(found, 1):
            return "Cut off at 1, it looks as if a full server paid. It does not: give `None`."
        return "No server works more than all hours of a year: there is no break-even, give `None`."
    if found is None:
        return "There is a break-even here, and `None` says that there is none."
    slips = {
        100 * expected: "This is in percent; a share from 0 to 1 is asked for.",
        1 / expected: "It is upside down: what is owned goes above the line, what a full year of rent costs below.",
        hours: f"These are hours of rent. As a share of a year: divide by {HOURS}.",
        hours / 730: "730 hours are a month, and the server is paid for a year.",
        1 - expected: "This is the share of the year in which it may stand still.",
    }
    return _hint(found, expected, slips, "At break-even, hours of work × price of an hour is what owning costs.")


# -- Exercise 3 ------------------------------------------------------------------------------------

# servers, price, life, running cost of a year for all, years
FLEETS = ((10, 1_000, 3, 500, 5), (1, 600, 2, 50, 4), (2, 4_000, 5, 100, 4))


def mistake_in_cash(cash: Callable[..., Any]) -> str | None:
    """The hint for the first of FLEETS whose money `cash` lets leave in the wrong year."""
    for case in FLEETS:
        servers, price, life, running, years = case
        capital = servers * price
        expected: list[float] = [running + (capital if year % life == 0 else 0) for year in range(years)]
        found = cash(*case)
        if found is None:
            return "`cash` gives back nothing. End it with `return` and a list."
        if not isinstance(found, list | tuple):
            return f"`cash` gives back a {type(found).__name__}; a list with one number for each year is asked for."
        if not _alike(list(found), expected):
            hint = _why_not_cash(list(found), expected, capital, life, running, servers)
            return f"{hint}\n`cash{case}` gives `{list(found)}`, expected `{expected}`."
    return None


def _alike(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(
        math.isclose(a, b, abs_tol=1e-9) for a, b in zip(found, expected, strict=True)
    )


def _why_not_cash(
    found: list[Any], expected: list[float], capital: float, life: int, running: float, servers: int
) -> str:
    years = len(expected)
    if len(found) != years:
        return f"The list has {len(found)} numbers; one for each of the {years} years is asked for."

    def bought(when: Callable[[int], bool], amount: float = capital) -> list[float]:
        return [running + (amount if when(year) else 0) for year in range(1, years + 1)]

    slips = (
        ([capital / life + running] * years, "These are the books: a share in each year. Cash leaves when you buy."),
        (bought(lambda year: year == 1), "The servers are never replaced, but their life ends within these years."),
        (bought(lambda year: True), "New servers are bought in every year."),
        (bought(lambda year: year % life == 0), "Nothing is bought in the first year. With what does it run?"),
        (bought(lambda year: (year - 1) % (life + 1) == 0), "The new servers come a year late: nothing runs then."),
        (bought(lambda year: (year - 1) % life == 0, capital / servers), "Only one server is bought each time."),
        ([each - running for each in expected], "The running cost is missing."),
        ([sum(expected[: place + 1]) for place in range(years)], "These are sums up to each year; each by itself."),
    )
    return next((hint for values, hint in slips if _alike(found, values)), "Capital in years 1, 1 + life, 1 + 2 life …")


# -- Exercise 4 ------------------------------------------------------------------------------------

# when the jobs come, hours of each, machines -> hours that each waits
QUEUES: tuple[tuple[list[float], float, int, list[float]], ...] = (
    ([0, 1, 1, 1.5, 6], 2, 2, [0, 0, 1, 1.5, 0]),
    ([0, 0, 0], 1, 1, [0, 1, 2]),
    ([0, 0.5, 3], 1, 1, [0, 0.5, 0]),
    ([2, 2, 2], 1, 3, [0, 0, 0]),
)
# What is given back for the first of QUEUES by who makes a mistake, and the hint.
_FIRST: tuple[tuple[list[float], str], ...] = (
    ([0, 0, 0, 0, 0], "Nobody waits, for the machines are never busy: remember until when each of them works."),
    ([0, 1, 3, 4.5, 2], "All jobs go to one machine. Take the one that is free first."),
    ([2, 2, 3, 3.5, 2], "This is the time until a job *ends*. Waiting is over when it starts."),
    ([0, 1, 2, 3, 6], "These are the times at which jobs start; how long each has waited is asked for."),
)


def mistake_in_waits(waits: Callable[..., Any]) -> str | None:
    """The hint for the first of QUEUES that `waits` serves wrongly."""
    for coming, each, machines, expected in QUEUES:
        found = waits(list(coming), each, machines)
        if found is None:
            return "`waits` gives back nothing. End it with `return` and a list."
        if not isinstance(found, list | tuple):
            return f"`waits` gives back a {type(found).__name__}; a list with one number for each job is asked for."
        if not _alike(list(found), expected):
            got = f"`waits({coming}, {each}, {machines})` gives `{list(found)}`, expected `{expected}`."
            return f"{_why_not_waits(list(found), coming)}\n{got}"
    return None


def _why_not_waits(found: list[Any], coming: list[float]) -> str:
    if len(found) != len(coming):
        return f"{len(coming)} jobs came, and {len(found)} numbers are in the list."
    if min(found) < 0:
        return "A job starts before it comes. It starts when it is there *and* a machine is free: the later of both."
    if hint := next((hint for values, hint in _FIRST if _alike(found, values)), None):
        return hint
    if _alike(found, [0, 1, 1]):
        return "A machine works from when a job *starts*, not from when it came: the third job starts too early."
    return "Serve the jobs in the order in which they come, each by the machine that is free first."


# -- Exercise 5 ------------------------------------------------------------------------------------

Choice = tuple[str, float, float]
# name, USD a month, accuracy
CHOICES: list[Choice] = [
    ("big", 9, 0.92),
    ("small", 1, 0.88),
    ("slow", 9, 0.90),
    ("middle", 3, 0.90),
    ("odd", 4, 0.89),
    ("twin", 1, 0.85),
]
EQUALS: list[Choice] = [("red", 2, 0.9), ("blue", 2, 0.9), ("grey", 3, 0.9)]


def mistake_in_front(front: Callable[[list[Choice]], Any]) -> str | None:
    """The hint for what `front` makes of CHOICES and EQUALS."""
    found = front(list(CHOICES))
    if found is None:
        return "`front` gives back nothing. End it with `return` and a list of names."
    if not isinstance(found, list | tuple):
        return f"`front` gives back a {type(found).__name__}; a list of names is asked for."
    found = list(found)
    if any(not isinstance(name, str) for name in found):
        return "The list holds whole choices; their names alone are asked for."
    if found != ["small", "middle", "big"]:
        return f"{_why_not_front(set(found))}\n`front` gives `{found}`, expected `['small', 'middle', 'big']`."
    equals = list(front(list(EQUALS)))
    if set(equals) != {"red", "blue"}:
        return (
            "Two choices that are equal in both do not beat each other: both stay.\n"
            f"For `{EQUALS}` `front` gives `{equals}`, expected `['red', 'blue']`."
        )
    return None


def _why_not_front(found: set[str]) -> str:
    if not found:
        return "Everything is beaten: each choice is compared with itself. To beat is to be *better* in one of the two."
    if found == {"small", "middle", "big"}:
        return "The right ones, in another order: the cheapest goes first."
    if "odd" in found:
        return "`odd` is dearer than `middle` and less accurate: it is beaten in both."
    if found & {"slow", "twin"}:
        return "`twin` costs what `small` costs and is worse: to be equal in one is enough for the other to beat."
    if found == {"small", "big"}:
        return "These are the two ends. `middle` is between them, and nobody beats it."
    if len(found) == 1:
        return "There is no single best: who pays more for accuracy is not wrong. Keep all that nobody beats."
    return "A choice is beaten if another is as cheap and as accurate, and better in one of the two."


# -- What the notebook imports ---------------------------------------------------------------------

q1 = Exercise(
    lab=LAB,
    name="own_year",
    find_mistake=mistake_in_own_year,
    hints=(
        "Three parts, each for one year: the server's share, the electricity, the staff.",
        "Electricity: kW × PUE × 8,760 hours × dollars per kWh.",
        "`price / life + kw * pue * 8760 * kwh + staff`.",
    ),
    when_correct="The price tag is only one of the parts, and you have the others, too.",
)
q2 = Exercise(
    lab=LAB,
    name="break_even",
    find_mistake=mistake_in_break_even,
    hints=(
        "How many hours of rent does a year of owning pay for?",
        "As a share of the 8,760 hours of a year that is the utilisation at which both cost the same.",
        "A share above 1 means that owning never pays: `return None`.",
    ),
    when_correct="One number says from where on to stay, and sometimes there is none.",
)
q3 = Exercise(
    lab=LAB,
    name="cash",
    find_mistake=mistake_in_cash,
    hints=(
        "In every year the running cost; in some years the price of all servers on top.",
        "Years of purchase: 1, 1 + life, 1 + 2 life … Counted from 0 these are the multiples of `life`.",
        "`[running + (servers * price if year % life == 0 else 0) for year in range(years)]`.",
    ),
    when_correct="Capital leaves before the first job has run: that is what the finance department sees.",
)
q4 = Exercise(
    lab=LAB,
    name="waits",
    find_mistake=mistake_in_waits,
    hints=(
        "Keep a list with one number for each machine: when it is free again. At first all are 0.",
        "A job starts at `max(comes, min(free))`, and then that machine is busy until the start + `hours_each`.",
        "`free.remove(min(free))`, then `free.append(start + hours_each)`; what is asked for is `start - comes`.",
    ),
    when_correct="You can say how long a burst makes people wait, before it comes.",
)
q5 = Exercise(
    lab=LAB,
    name="front",
    find_mistake=mistake_in_front,
    hints=(
        "Ask of each choice: is there another that is at least as good in both, and better in one?",
        "`any(u <= usd and a >= accuracy and (u, a) != (usd, accuracy) for _, u, a in choices)` says: beaten.",
        "Keep the names that are not beaten, sorted by their dollars.",
    ),
    when_correct="Only what nobody beats is left, and there the choice is yours.",
)
