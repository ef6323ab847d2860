"""AWS's prices that the course knows, each with its date and source, from the table `prices.csv`.

Each row of the table was reviewed by hand: a price with its unit, region, source, the date of the source, and a status:

- `verified`: read in AWS's price list, on a page or in a document of AWS, or in AWS's feed of Spot prices;
- `secondary`: a dated source that quotes AWS, such as a repository (one of AWS's own, too), a bill, a guide;
- `unverified`: no dated source.

What is not verified, or is a year older than the newest row of the table (*stale*), says so wherever it is used.
`python3 course.py prices --refresh` brings the rows up to date (`kit/refresh_prices.py`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("prices.csv")
REGION = "us-east-1"
STALE = timedelta(days=365)


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
    status: str = "verified"

    @property
    def mark(self) -> str:
        """What a reader must know of the row: "", or "secondary" or "unverified", "stale", or both."""
        return ", ".join(filter(None, ["" if self.status == "verified" else self.status, "stale" * self.stale]))

    @property
    def stale(self) -> bool:
        """Whether the source is more than a year older than the newest one of the table."""
        return self.date != "undated" and is_stale(self.date)

    def __str__(self) -> str:
        mark = f" ({self.mark})" if self.mark else ""
        day = self.date if self.date == "undated" else f"price of {self.date}"
        return f"${_plain(self.usd)}{mark} per {self.unit} ({self.region}, {day})"


@cache
def table() -> tuple[Price, ...]:
    """All prices that the course knows."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return tuple(from_row(row) for row in csv.DictReader(file))


def from_row(row: dict[str, str]) -> Price:
    """A line of the table, by its columns' names, as a price."""
    return Price(
        *(row["service"], row["item"], row["unit"], float(row["usd"]), row["region"]),
        *(row["source_date"], row["source"], row["status"]),
    )


def is_stale(written: str) -> bool:
    """Whether a date (2026-09-11, 2026-09 or 2026) is more than a year before the newest one of the table."""
    return _newest() - _day(written) > STALE


def _day(written: str) -> date:
    """The day of a source; its month or year may be all that is known."""
    year, month, day = [*written.split("-"), "1", "1"][:3]
    return date(int(year), int(month), int(day))


@cache
def _newest() -> date:
    return max(_day(row.date) for row in table() if row.date != "undated")


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
