"""What a launch costs on AWS, before it is made: prices with their date and source, from the table `prices.csv`."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("prices.csv")


class UnknownPrice(LookupError):
    """The table has no such price. None is invented."""


@dataclass(frozen=True)
class Price:
    """One row of the table: `usd` US dollars for one `unit`, in `region`, as of `date`."""

    service: str
    item: str
    unit: str
    usd: float
    region: str
    date: str
    source: str


@dataclass(frozen=True)
class Estimate:
    """An amount of money and how it comes about; `str` is the line that a lesson prints."""

    usd: float
    how: str

    def __str__(self) -> str:
        decimals = max(2, 1 - math.floor(math.log10(self.usd))) if self.usd > 0 else 2
        return f"💰 on AWS about ${self.usd:.{decimals}f}: {self.how}"


@cache
def table() -> tuple[Price, ...]:
    """All prices that the course knows."""
    with TABLE.open(newline="") as file:
        return tuple(
            Price(
                *(row["service"], row["item"], row["unit"], float(row["usd"]), row["region"]),
                *(row["source_date"], row["source"]),
            )
            for row in csv.DictReader(file)
        )


def price(service: str, item: str, region: str = "us-east-1") -> Price:
    """The price of an item by the start of its name.

    Raises:
        UnknownPrice: there is none, or the start fits several; names what there is.
    """
    of_service = [row for row in table() if row.service == service and row.region == region]
    found = [row for row in of_service if row.item == item] or [row for row in of_service if row.item.startswith(item)]
    if len(found) != 1:
        known = ", ".join(row.item for row in found or of_service) or "nothing"
        raise UnknownPrice(f"No single price for {service} {item!r} in {region}. The table has: {known}.")
    return found[0]


def glue_job(dpus: float, minutes: float) -> Estimate:
    """A Spark job of Glue 5.1: DPU-hours by the second, one minute at least."""
    row = price("Glue", "Spark ETL job / interactive session")
    hours = max(minutes, price("Glue", "Minimum billed duration").usd) / 60
    return _estimate(dpus * hours, row, f"{dpus:g} DPU for {minutes:g} min")


def crawler(minutes: float = 10) -> Estimate:
    """A crawl: two DPUs, ten minutes at least."""
    row = price("Glue", "Crawler")
    return _estimate(2 * max(minutes, 10) / 60, row, f"2 DPU for {max(minutes, 10):g} min, the minimum of a crawl")


def training(instance: str, minutes: float) -> Estimate:
    """A training job on one instance, billed by the second."""
    return _estimate(minutes / 60, price("SageMaker AI", f"{instance} Training"), f"{instance} for {minutes:g} min")


def endpoint(instance: str, hours: float) -> Estimate:
    """A real-time endpoint of one instance, billed as long as it exists, asked or not."""
    return _estimate(hours, price("SageMaker AI", f"{instance} Hosting"), f"{instance} for {hours:g} h")


def serverless(memory_gb: float, requests: float, seconds: float) -> Estimate:
    """Requests to a serverless endpoint: memory times the seconds of each. What goes in and out is billed beside it."""
    row = price("SageMaker AI", "Serverless Inference compute")
    how = f"{requests:,.0f} requests of {seconds * 1000:g} ms with {memory_gb:g} GB"
    return _estimate(memory_gb * requests * seconds, row, how)


def break_even(instance: str, memory_gb: float, seconds: float) -> float:
    """The requests per hour for which a serverless endpoint costs as much as a real-time one of one instance."""
    return endpoint(instance, 1).usd / serverless(memory_gb, 1, seconds).usd


def athena(bytes_scanned: float) -> Estimate:
    """One query: by the bytes it scans, 10 MB at least."""
    scanned = max(bytes_scanned, 10 * 2**20)
    return _estimate(scanned / 2**40, price("Athena", "SQL query"), f"{scanned / 2**20:.0f} MB scanned")


def storage(bytes_stored: float, months: float = 1) -> Estimate:
    """S3 Standard, by the GB-month."""
    quantity = bytes_stored / 2**30 * months
    return _estimate(
        quantity, price("S3", "Standard first 50 TB"), f"{bytes_stored / 2**20:.1f} MB for {months:g} month"
    )


def _estimate(quantity: float, row: Price, how: str) -> Estimate:
    return Estimate(quantity * row.usd, f"{how} at ${_plain(row.usd)} per {row.unit} ({row.region}, {row.date})")


def _plain(usd: float) -> str:
    """A price without an exponent: 0.00002, not 2e-05."""
    return f"{usd:.10f}".rstrip("0").rstrip(".")
