"""AWS's prices that the course knows, each with its date and source, from the table `prices.csv`.

Each row of the table was reviewed by hand: a price with its unit, region, source, the date of the source, and a status.
`verified` means that a dated publication of AWS, or of a bill, was seen; a row that is not says so wherever it is used.
`python3 course.py prices --refresh` brings the rows up to date (`kit/refresh_prices.py`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("prices.csv")
REGION = "us-east-1"


class UnknownPrice(LookupError):
    """The table has no such price. None is invented."""


@dataclass(frozen=True)
class Price:
    """One row of the table: `usd` US dollars for one `unit`, in `region`, as of `date`.

    A row whose unit is `percent` or `minute` is a discount or a minimum: `usd` is then that number.
    """

    service: str
    item: str
    unit: str
    usd: float
    region: str
    date: str
    source: str
    verified: bool = True

    def __str__(self) -> str:
        mark = "" if self.verified else " (unverified)"
        return f"${_plain(self.usd)}{mark} per {self.unit} ({self.region}, {self.date})"


@cache
def table() -> tuple[Price, ...]:
    """All prices that the course knows."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return tuple(from_row(row) for row in csv.DictReader(file))


def from_row(row: dict[str, str]) -> Price:
    """A line of the table, by its columns' names, as a price."""
    return Price(
        *(row["service"], row["item"], row["unit"], float(row["usd"]), row["region"]),
        *(row["source_date"], row["source"], row["status"] == "verified"),
    )


def price(service: str, item: str, region: str = REGION, currency: str = "USD") -> Price:
    """The price of an item by its name, or by the start of its name if only one begins so.

    Raises:
        UnknownPrice: there is none, or the start fits several, or none in this region or currency; names what there is.
    """
    if currency != "USD":
        raise UnknownPrice(f"No price in {currency}: the table has US dollars, as AWS bills (China: yuan).")
    of_service = [row for row in table() if row.service == service]
    here = [row for row in of_service if row.region in (region, "global")]
    found = [row for row in here if row.item == item] or [row for row in here if row.item.startswith(item)]
    if len(found) == 1:
        return found[0]
    if not of_service:
        known, what = sorted({row.service for row in table()}), "services"
    elif not here:
        known, what = sorted({row.region for row in of_service}), f"regions for {service}"
    else:
        near = [row for row in here if set(row.item.split()) & set(item.split())]
        known, what = [row.item for row in found or near or here], f"items for {service} in {region}"
    raise UnknownPrice(
        f"No single price for {service} {item!r} in {region}. The table has these {what}: {', '.join(known)}."
    )


def _plain(usd: float) -> str:
    """A price without an exponent: 0.00002, not 2e-05."""
    return f"{usd:.10f}".rstrip("0").rstrip(".")
