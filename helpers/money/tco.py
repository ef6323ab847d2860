"""Cloud or on-premises: what the same work costs in servers of one's own and in four ways of renting.

The model is yearly and plain enough to be checked by hand. Every number in it is an input with its unit, range, date,
source and mark (`tco_inputs.csv`, prices of AWS from `costs`). What is compared over years is money of today: payments,
discounted at `discount_rate`, less what the servers are still worth. Values may be numbers or arrays of one shape, so
that one function serves a table and 10,000 draws.

Left out of owning: shared storage (SAN), network gear, licences, spare parts, a second site for recovery. Left out of
renting: disks (EBS), NAT gateways, AWS Support, copies in a second region. Of both: the move itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.money import costs
from pricelist.table import is_stale

INPUTS = Path(__file__).with_name("tco_inputs.csv")
HOURS = 8760
FREE_EGRESS_GB = 100
OWN = "on-premises"
RENTED = ("on demand", "Spot", "Savings Plan", "Savings Plan and Spot")
Values = dict[str, Any]
# No input is below 0, and these are not at 0 either, or not above 100 %.
_ABOVE_ZERO = {"server_vcpus", "life", "cloud_utilisation", "cloud_speed"}
_SHARES = {"utilisation", "cloud_utilisation", "interruptible", "spot_discount", "baseline", "commitment_discount"}
# Prices of AWS that the model takes: name -> what it is, service, item of the price table, how many units make one.
_FROM_AWS = {
    "vcpu_hour": ("A vCPU on demand", "USD per hour", "EC2", "m7i.xlarge Linux on-demand", 4),
    "egress_price": ("Data to the internet", "USD per GB", "Data transfer", "Internet egress first 10 TB", 1),
}


class UnknownInput(LookupError):
    """The model has no such input."""


@dataclass(frozen=True)
class Input:
    """One input: its value in `unit`, the range it may lie in, and where it comes from."""

    name: str
    what: str
    unit: str
    value: float
    low: float
    high: float
    mark: str
    date: str
    source: str

    @property
    def label(self) -> str:
        """For a figure; a star marks what is unverified, a dagger what is secondary or stale."""
        star = " *" if "unverified" in self.mark else " †" if self.mark else ""
        return self.what + star


@cache
def inputs() -> dict[str, Input]:
    """All inputs by name: those of the table, then the prices of AWS, which have no range."""
    with INPUTS.open(newline="", encoding="utf-8") as file:
        found = {row["name"]: _from_row(row) for row in csv.DictReader(file)}
    for name, (what, unit, service, item, units) in _FROM_AWS.items():
        row = costs.price(service, item)
        usd = row.usd / units
        found[name] = Input(name, what, unit, usd, usd, usd, row.mark, row.date, f"{row.item}: {row.source}")
    return found


def _from_row(row: dict[str, str]) -> Input:
    value, low, high = (float(row[column]) for column in ("value", "low", "high"))
    old = bool(row["date"]) and is_stale(row["date"])
    mark = ", ".join(filter(None, ["" if row["status"] == "verified" else row["status"], "stale" * old]))
    return Input(row["name"], row["what"], row["unit"], value, low, high, mark, row["date"], row["source"])


def table(only: Iterable[str] | None = None) -> pd.DataFrame:
    """The inputs, one a row: what, value, unit, range, checked, date, source; `only` these, in their order."""
    chosen = [_input(name) for name in (only if only is not None else inputs())]
    rows = [
        {
            "what": each.what,
            "value": f"{each.value:,.10g}",
            "unit": each.unit,
            "range": f"{each.low:,.6g} to {each.high:,.6g}" if each.low < each.high else "",
            "checked": f"⚠️ {each.mark}" if each.mark else "verified",
            "date": each.date,
            "source": each.source,
        }
        for each in chosen
    ]
    return pd.DataFrame(rows, [each.name for each in chosen])


def values(**changes: Any) -> Values:
    """The value of every input, with some of them changed.

    Raises:
        UnknownInput: a change names none; says which there are.
        ValueError: a value that cannot be, such as a utilisation of 120 %.
    """
    for name, value in changes.items():
        _check(_input(name), np.asarray(value, dtype=float))
    return {name: each.value for name, each in inputs().items()} | changes


def _check(each: Input, value: Any) -> None:
    low, high = (1.0 if each.name == "pue" else 0.0), (100.0 if each.name in _SHARES else np.inf)
    fits = (low < value if each.name in _ABOVE_ZERO else low <= value) & (value <= high) & np.isfinite(value)
    if not np.all(fits):
        limit = f"{'above' if each.name in _ABOVE_ZERO else 'at least'} {low:g}" + (" and at most 100" * (high == 100))
        raise ValueError(f"{each.name} ({each.what}) is {value}; in {each.unit} it must be {limit}.")


def _input(name: str) -> Input:
    if name not in inputs():
        raise UnknownInput(f"The model has no input {name!r}. It has: {', '.join(inputs())}.")
    return inputs()[name]


def servers(x: Values, year: int) -> Any:
    """Servers that must stand in a year, from 1: for the peak, in whole servers."""
    needed = x["peak_vcpus"] * (1 + x["growth"] / 100) ** (year - 1) / x["server_vcpus"]
    return np.ceil(np.round(needed, 9))  # 10.000000000000002 servers are ten


def on_premises(x: Values, year: int) -> Values:
    """The cost of a year in servers of one's own, USD by item; capital as its share of the year, over the life."""
    return {"servers": servers(x, year) * _price(x) / x["life"]} | _running(x, year)


def _price(x: Values) -> Any:
    return x["server_price"] * (1 + x["price_rise"] / 100)


def _running(x: Values, year: int) -> Values:
    number = servers(x, year)
    return {
        "maintenance": number * _price(x) * x["maintenance"] / 100,
        "electricity": number * x["power"] * x["pue"] * HOURS * x["electricity"],
        "colocation": number * x["rack_power"] * 12 * x["colocation"],
        "administration": _administration(x, number * x["admins"]),
    }


def _administration(x: Values, people: Any) -> Any:
    return np.maximum(people, x["admins_floor"]) * x["salary"] * x["loaded"]


def rented(x: Values, year: int, way: str) -> Values:
    """The cost of a year in one of RENTED, USD by item.

    Machines are rented for the work that there is: at least at `cloud_utilisation`, or as full as one's own would be.
    A slower vCPU (`cloud_speed`) takes more hours for the same work.

    Raises:
        ValueError: there is no such way.
    """
    work = x["peak_vcpus"] * (1 + x["growth"] / 100) ** (year - 1) * x["utilisation"] / 100 * HOURS
    hours = work / (np.maximum(x["cloud_utilisation"], x["utilisation"]) / 100) / x["cloud_speed"]
    return {
        "compute": hours * x["vcpu_hour"] * _paid(x, way),
        "data out": 12 * np.maximum(x["egress"] - FREE_EGRESS_GB, 0) * x["egress_price"],
        "administration": _administration(x, servers(x, year) * x["admins"] * x["cloud_admins"] / 100),
    }


def _paid(x: Values, way: str) -> Any:
    """The share of the price on demand that is paid. Together, Spot takes its work first, the plan of what is left."""
    spot, plan = x["interruptible"] / 100, x["baseline"] / 100
    hours = {
        "on demand": (0, 0),
        "Spot": (spot, 0),
        "Savings Plan": (0, plan),
        "Savings Plan and Spot": (spot, np.minimum(plan, 1 - spot)),
    }
    if way not in hours:
        raise ValueError(f"There is no way {way!r}; there are {', '.join(RENTED)}.")
    on_spot, in_plan = hours[way]
    return 1 - on_spot * x["spot_discount"] / 100 - in_plan * x["commitment_discount"] / 100


def year_costs(x: Values, year: int = 1) -> pd.DataFrame:
    """USD of one year: one column a way, one row an item."""
    columns = {OWN: on_premises(x, year)} | {way: rented(x, year, way) for way in RENTED}
    return pd.DataFrame(columns).reindex(columns=[OWN, *RENTED]).astype(float).fillna(0.0)


def totals(x: Values, years: int = 5) -> Values:
    """USD of all years by way, in money of today; arrays where an input is one.

    Servers are paid at the start of a year, all else in its middle; what they are still worth comes back at the end.
    """

    def today(when: float) -> Any:
        return (1 + x["discount_rate"] / 100) ** -when

    span = range(1, years + 1)
    capital = sum(number * _price(x) * today(year - 1) for year, number in _purchases(x, years).items())
    running = sum(sum(_running(x, year).values()) * today(year - 0.5) for year in span)
    found = {OWN: capital + running - book_value(x, years) * today(years)}
    for way in RENTED:
        found[way] = sum(sum(rented(x, year, way).values()) * today(year - 0.5) for year in span)
    return found


def verdict(x: Values, years: int = 5) -> str:
    """Whether owning or the cheapest rent costs less, and both sums to two digits. Inputs are single numbers."""
    found = totals(x, years)
    cheapest_rent = min(RENTED, key=lambda way: float(found[way]))
    own, rent = float(found[OWN]), float(found[cheapest_rent])
    costs_less, sums = ("owning", (own, rent)) if own < rent else ("renting", (rent, own))
    less, more = (f"${float(f'{usd:.2g}'):,.0f}" for usd in sums)  # two digits: the inputs bear no more
    at = f"At {float(x['utilisation']):.0f} % load {costs_less} costs less: about {less}"
    rented_by = f" ({cheapest_rent.replace(' and ', ' + ')})"
    if own < rent:
        return f"{at} against {more}{rented_by} in {years} years"
    return f"{at}{rented_by} against {more} in {years} years"


def break_even(x: Values, way: str = "on demand", years: int = 5) -> float | None:
    """The utilisation in % from which on-premises is cheaper than a rented way; None if it never is.

    What is rented grows with the work, what is owned does not, so there is one such place at most.
    """

    def own_is_cheaper(utilisation: float) -> bool:
        found = totals(x | {"utilisation": utilisation}, years)
        return bool(found[OWN] < found[way])

    low, high = 0.0, 100.0
    if not own_is_cheaper(high):
        return None
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if own_is_cheaper(middle) else (middle, high)
    return high


def cash_flow(x: Values, way: str = "on demand", years: int = 5) -> pd.DataFrame:
    """Money as it leaves the account, USD, one row a year: capital and running cost on-premises, the rent, both summed.

    Servers are bought when needed, at the start of a year, and again when their life is over. What they are still
    worth at the end is `book_value`. Nothing is discounted here.
    """
    rows = [
        {
            "servers bought": number,
            "capital": number * _price(x),
            "running": sum(_running(x, year).values()),
            "rent": sum(rented(x, year, way).values()),
        }
        for year, number in _purchases(x, years).items()
    ]
    flow = pd.DataFrame(rows, pd.RangeIndex(1, years + 1, name="year")).astype(float)
    flow["on-premises so far"] = (flow["capital"] + flow["running"]).cumsum()
    return flow.assign(**{"rent so far": flow["rent"].cumsum()})


def book_value(x: Values, years: int = 5) -> Any:
    """What the bought servers are worth in the books when the years are over, USD: each loses the same every year."""
    bought = _purchases(x, years).items()
    return _price(x) * sum(number * np.maximum(0, 1 - (years + 1 - year) / x["life"]) for year, number in bought)


def _purchases(x: Values, years: int) -> dict[int, Any]:
    """Servers bought at the start of each year."""
    bought: dict[int, Any] = {}
    for year in range(1, years + 1):
        alive = sum(number * (year - when < np.asarray(x["life"])) for when, number in bought.items())
        bought[year] = np.maximum(0, servers(x, year) - alive)
    return bought
