"""What a launch costs on AWS, before it is made: estimates from the prices of `pricelist/prices.csv`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pricelist.table import Price
from pricelist.table import UnknownPrice as UnknownPrice
from pricelist.table import price as price

HOURS_PER_MONTH = 730  # what AWS's own calculator takes for a month
CRAWL_DPUS = 2
MEGABYTE, QUERY_MEGABYTES = 2**20, 10
CHARACTERS_PER_UNIT, UNITS_PER_DOCUMENT = 100, 3
# Up to how many units in a month each price holds. https://aws.amazon.com/comprehend/pricing/
_SENTIMENT = {
    "DetectSentiment first 10M units/month": 10e6,
    "DetectSentiment 10M-50M units": 50e6,
    "DetectSentiment above 50M units": math.inf,
}
# https://aws.amazon.com/textract/pricing/
_TEXT_PAGES = {"DetectDocumentText first 1M pages/month": 1e6, "DetectDocumentText above 1M pages": math.inf}


@dataclass(frozen=True)
class Estimate:
    """An amount of money and how it comes about; `str` is the line that a lesson prints."""

    usd: float
    how: str
    mark: str = ""  # of the price, such as "secondary, stale"

    def __post_init__(self) -> None:
        if not self.usd >= 0:
            raise ValueError(f"{self.usd:g} USD is no cost: of what is there a negative amount, or none? ({self.how})")

    def __str__(self) -> str:
        return f"💰 on AWS about {dollars(self.usd)}: {self.how}"


def dollars(usd: float) -> str:
    """An amount with two decimals, or as many as it takes to show two digits: $84.00, $0.029, $0.000048."""
    decimals = max(2, 1 - math.floor(math.log10(usd))) if usd > 0 else 2
    return f"${usd:,.{decimals}f}"


def glue_job(dpus: float, minutes: float) -> Estimate:
    """A Spark job of Glue 5.1: DPU-hours by the second, one minute at least."""
    row = price("Glue", "Spark ETL job / interactive session")
    hours = max(minutes, price("Glue", "Minimum billed duration").usd) / 60
    return _estimate(dpus * hours, row, f"{dpus:g} DPU for {_minutes(minutes)}")


def crawl_minutes(minutes: float = 0) -> float:
    """The minutes for which a crawl of so many is billed. Of the minimums that sources name, the longest is taken."""
    return max(minutes, price("Glue", "Crawler: minimum billed duration").usd)


def crawler(minutes: float = 0) -> Estimate:
    """A crawl: two DPUs, for a minimum of which sources disagree."""
    billed = crawl_minutes(minutes)
    how = f"{CRAWL_DPUS} DPU for {billed:g} min"
    if billed > minutes:
        other = price("Glue", "Crawler: the shortest minimum that a source names").usd
        how += f", the minimum of a crawl (contested: one source says {other:g} min)"
    return _estimate(CRAWL_DPUS * billed / 60, price("Glue", "Crawler"), how)


def training(instance: str, minutes: float, instances: int = 1) -> Estimate:
    """A training job, billed by the second for each of its instances."""
    return _job("Training", instance, minutes, instances)


def tuning(instance: str, trials: int, minutes: float) -> Estimate:
    """A tuning job: its trials, each a training job of so many minutes. How many run at a time changes nothing."""
    row = price("SageMaker AI", f"{instance} Training")
    return _estimate(trials * minutes / 60, row, f"{trials} trials of {_minutes(minutes)} on {instance}")


def processing(instance: str, minutes: float, instances: int = 1) -> Estimate:
    """A processing job, billed by the second for each of its instances."""
    return _job("Processing", instance, minutes, instances)


def transform(instance: str, minutes: float, instances: int = 1) -> Estimate:
    """A batch transform job, billed by the second for each of its instances."""
    return _job("Batch Transform", instance, minutes, instances)


def _job(component: str, instance: str, minutes: float, instances: int) -> Estimate:
    many = f"{instances} x {instance}" if instances > 1 else instance
    row = price("SageMaker AI", f"{instance} {component}")
    return _estimate(instances * minutes / 60, row, f"{many} for {_minutes(minutes)}")


def endpoint(instance: str, hours: float, instances: int = 1) -> Estimate:
    """A real-time endpoint, billed for each instance as long as it exists, asked or not."""
    many = f"{instances} x {instance}" if instances > 1 else instance
    return _estimate(instances * hours, price("SageMaker AI", f"{instance} Hosting"), f"{many} for {hours:g} h")


def serverless(memory_gb: float, requests: float, seconds: float) -> Estimate:
    """Requests to a serverless endpoint: memory times the seconds of each. What goes in and out is billed beside it."""
    row = price("SageMaker AI", "Serverless Inference compute")
    how = f"{requests:,.0f} requests of {seconds * 1000:g} ms with {memory_gb:g} GB"
    return _estimate(memory_gb * requests * seconds, row, how)


def break_even(instance: str, memory_gb: float, seconds: float) -> float:
    """The requests per hour for which a serverless endpoint costs as much as a real-time one of one instance."""
    return endpoint(instance, 1).usd / serverless(memory_gb, 1, seconds).usd


def athena(bytes_scanned: float) -> Estimate:
    """One query: by the megabytes it scans, begun ones in full, ten at least."""
    scanned = math.ceil(bytes_scanned / MEGABYTE)
    megabytes, minimum = max(scanned, QUERY_MEGABYTES), ", the minimum," if scanned < QUERY_MEGABYTES else ""
    return _estimate(megabytes * MEGABYTE / 2**40, price("Athena", "SQL query"), f"{megabytes} MB billed{minimum}")


def storage(bytes_stored: float, months: float = 1) -> Estimate:
    """S3 Standard, by the GB-month."""
    quantity = bytes_stored / 2**30 * months
    return _estimate(
        quantity, price("S3", "Standard first 50 TB"), f"{bytes_stored / 2**20:.1f} MB for {months:g} month"
    )


def comprehend_units(characters: float) -> int:
    """The units that Comprehend bills for one document: 100 characters each, begun ones in full, three at least."""
    return max(UNITS_PER_DOCUMENT, math.ceil(characters / CHARACTERS_PER_UNIT))


def comprehend(characters: float, documents: float = 1) -> Estimate:
    """DetectSentiment on documents of so many characters each, in one month: the price falls with the volume."""
    units = comprehend_units(characters)
    how = f"{documents:,.0f} documents of {units} units ({characters:g} characters)"
    return _tiered("Comprehend", _SENTIMENT, documents * units, how)


def textract(pages: float) -> Estimate:
    """DetectDocumentText on so many pages in one month: the price falls with the volume.

    Raises:
        UnknownPrice: the table has no price for so many pages.
    """
    return _tiered("Textract", _TEXT_PAGES, pages, f"{pages:,.0f} pages")


def monthly(hourly: Estimate) -> Estimate:
    """What costs so much in an hour, left on for a month of 730 hours."""
    how = f"{HOURS_PER_MONTH} h a month, each hour {hourly.how}"
    return Estimate(hourly.usd * HOURS_PER_MONTH, how, hourly.mark)


def _tiered(service: str, tiers: dict[str, float], quantity: float, how: str) -> Estimate:
    """A quantity of which each part has the price of its tier; the lines of the first and the last tier are shown."""
    usd, start = 0.0, 0.0
    rows: list[Price] = []
    for item, end in tiers.items():
        if quantity > start or not rows:
            rows.append(price(service, item))
            usd += (min(quantity, end) - start) * rows[-1].usd
        start = end
    shown = f"{how} at {rows[0]}" + (f", less beyond {next(iter(tiers.values())):,.0f}" if len(rows) > 1 else "")
    return Estimate(usd, shown, next((row.mark for row in rows if row.mark), ""))


def _estimate(quantity: float, row: Price, how: str) -> Estimate:
    return Estimate(quantity * row.usd, f"{how} at {row}", row.mark)


def _minutes(minutes: float) -> str:
    return f"{round(minutes, 3):g} min"
