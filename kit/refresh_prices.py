"""Bring the price table up to date from AWS's public Price List files: no account, no credentials.

`python3 course.py prices` says how old the table is, `python3 course.py prices --refresh` reads the lists. Of each
offer and region that the table has, the CSV file is streamed to disk (EC2's has some hundred megabytes), taken up again
where a connection broke, and read line by line. Rows that the lists have get their price, date and source; all others
stay, and are named. The table is replaced as a whole, in one step, at the end.

Sources, in https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/ :
using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html (the addresses) and
reading-service-price-list-file-for-services.html (five rows about the file, one of column names, then the prices).
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import requests

from kit.environment import ROOT
from pricelist import table as prices
from pricelist.offers import Offer, offer, usage_type
from pricelist.table import Price

LISTS = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
COLUMNS = ("service", "item", "unit", "usd", "region", "source", "source_date", "status")
CONNECT_SECONDS, READ_SECONDS, TRIES, PAUSE_SECONDS = 10, 60, 3, 2.0
_METADATA_ROWS = 5
_NOT_MAPPED = "not in AWS's lists under a name that the course knows"


class RefreshFailed(RuntimeError):
    """No price list could be read; the table is as it was. The message says why, and what to do."""


class _NoList(Exception):
    """One price list cannot be had, or is none."""


@dataclass(frozen=True)
class Found:
    """What a list says of a row: the new row, or why there is none."""

    row: Price | None
    reason: str = ""


@dataclass
class Report:
    """What a refresh did: rows with another price (before, after), rows confirmed, and the rest with the reason."""

    changed: list[tuple[Price, Price]] = field(default_factory=list)
    confirmed: list[Price] = field(default_factory=list)
    left: list[tuple[Price, str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{len(self.changed)} prices changed, {len(self.confirmed)} confirmed, {len(self.left)} left as is."]
        lines += [f"  {new.service}: {new.item}: {old} -> {new}" for old, new in self.changed]
        reasons: dict[str, list[Price]] = defaultdict(list)
        for row, reason in self.left:
            reasons[reason].append(row)
        for reason, rows in reasons.items():
            lines.append(f"Left, {reason}:")
            lines += [f"  {row.service}: {row.item} ({row.region}, {row.date})" for row in rows]
        return "\n".join(lines)


def refresh(
    lists: str = LISTS,
    *,
    table: Path = prices.TABLE,
    folder: Path | None = None,
    codes: Collection[str] = (),
    tell: Callable[[str], None] = print,
) -> Report:
    """Update the table from the price lists and report what became of each row.

    Args:
        lists: where the lists are: AWS's address, or a folder of the same layout (`CODE/current/REGION/index.csv`).
        folder: for downloads, which a later call takes up where they stopped.
        codes: only these offers, for example AmazonSageMaker; all if empty.
    Raises:
        RefreshFailed: not one list could be read, or the table has no prices of one of `codes`.
    """
    rows = read_table(table)
    known = {place.code for row in rows if (place := offer(row))}
    if unknown := set(codes) - known:
        named, has = (", ".join(sorted(some)) for some in (unknown, known))
        raise RefreshFailed(f"The table has no prices of an offer {named}. It has those of: {has}.")
    wanted: dict[tuple[str, str], list[Price]] = defaultdict(list)
    found: dict[Price, Found] = {}
    for row in rows:
        place = offer(row)
        if place and (not codes or place.code in codes):
            wanted[place.code, row.region].append(row)
        elif not codes:
            found[row] = Found(None, _NOT_MAPPED)
    problems = []
    for (code, region), some in sorted(wanted.items()):
        tell(f"{code} in {region} …")
        try:
            with _fetched(lists, code, region, folder or _downloads()) as file:
                found |= _read(file, code, region, some)
        except _NoList as error:
            problems.append(str(error))
            tell(f"  {error}")
            found |= {row: Found(None, f"the list of {code} in {region} could not be read") for row in some}
    if wanted and len(problems) == len(wanted):
        check = "the network connection and its proxy settings" if _is_address(lists) else f"the folder {lists}"
        raise RefreshFailed(
            f"No price list could be read; the table is unchanged. {problems[0]}\n"
            f"Check {check}, then run the same command again."
        )
    new = {row: what.row for row, what in found.items() if what.row}
    write_table(table, [new.get(row, row) for row in rows])
    prices.table.cache_clear()
    return _report(found)


def _report(found: dict[Price, Found]) -> Report:
    report = Report()
    for old, what in found.items():
        if what.row is None:
            report.left.append((old, what.reason))
        elif what.row.usd != old.usd:
            report.changed.append((old, what.row))
        else:
            report.confirmed.append(what.row)
    return report


def read_table(path: Path) -> list[Price]:
    """The rows of a price table."""
    with path.open(newline="", encoding="utf-8") as file:
        return [prices.from_row(row) for row in csv.DictReader(file)]


def write_table(path: Path, rows: list[Price]) -> None:
    """Write a price table beside the old one, then put it in its place: there is never a half-written one."""
    new = path.with_suffix(".new")
    try:
        with new.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in rows:
                amount = f"{row.usd:.10f}".rstrip("0").rstrip(".")
                writer.writerow([row.service, row.item, row.unit, amount, row.region, row.source, row.date, row.status])
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)  # there after a full disk or Ctrl-C only


def _is_address(lists: str) -> bool:
    return lists.startswith(("http://", "https://"))


def _downloads() -> Path:
    return Path(os.environ.get("LOCALCLOUD_HOME") or ROOT / ".localcloud") / "price-lists"


@contextmanager
def _fetched(lists: str, code: str, region: str, folder: Path) -> Iterator[Path]:
    """The CSV file of an offer in a region; a download is deleted after use. Raises _NoList."""
    below = f"{code}/current/{region}/index.csv"
    if not _is_address(lists):
        file = Path(lists.removeprefix("file://"), below)
        if not file.is_file():
            raise _NoList(f"{file} does not exist.")
        yield file
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{code}-{region}.csv"
    _download(f"{lists.rstrip('/')}/{below}", file)
    try:
        yield file
    finally:
        file.unlink()


def _download(url: str, file: Path) -> None:
    """Download in full or raise _NoList; what has come is kept in `.part`, with the list's version in `.etag`."""
    reason = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        try:
            if _download_once(url, file):
                return
            reason = "the connection broke"
        except requests.HTTPError as error:
            raise _NoList(str(error)) from None
        except requests.RequestException as error:
            reason = f"{type(error).__name__}: {error}"
    raise _NoList(f"{url}: {reason}")


def _download_once(url: str, file: Path) -> bool:
    """Go on with the download where it stopped, if the list is still the same. True when it is complete."""
    part, tag = file.with_suffix(".part"), file.with_suffix(".etag")
    version = tag.read_text() if tag.exists() else ""
    have = part.stat().st_size if version and part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)) as answer:
        if answer.status_code == 416:  # nothing is missing, or what is here is of no use
            part.unlink()
            return False
        answer.raise_for_status()
        goes_on = answer.status_code == 206
        tag.write_text(answer.headers.get("ETag", ""))
        size = int(answer.headers.get("Content-Length", -1))
        expected = size + (have if goes_on else 0)
        answer.raw.enforce_content_length = False  # else what came before a break would be lost; it is checked below
        with part.open("ab" if goes_on else "wb") as target:
            for chunk in answer.iter_content(2**16):
                target.write(chunk)
    if size >= 0 and part.stat().st_size != expected:
        return False
    part.replace(file)
    tag.unlink()
    return True


@dataclass(frozen=True)
class _Listed:
    """A price as a list has it."""

    start: float
    unit: str
    usd: float


def _read(file: Path, code: str, region: str, rows: list[Price]) -> dict[Price, Found]:
    """What the list of an offer in a region says of these rows. Raises _NoList when it is not that list."""
    places: dict[Price, Offer] = {row: place for row in rows if (place := offer(row))}
    by_usage: dict[str, set[Price]] = defaultdict(set)
    for row, place in places.items():
        # Some offers write no prefix in us-east-1, and have changed that before.
        by_usage[place.usage].add(row)
        by_usage[usage_type(place, region)].add(row)
    listed: dict[Price, set[_Listed]] = defaultdict(set)
    with file.open(newline="", encoding="utf-8") as text:
        lines = csv.reader(text)
        try:
            published = _published(lines, code)
            for line in lines:
                price = dict(zip(_NEEDED, (line[place] for place in published.columns), strict=True))
                if price["TermType"] != "OnDemand" or price["Currency"] != "USD":
                    continue
                for row in by_usage.get(price["usageType"], ()):
                    if not places[row].operations or price["operation"] in places[row].operations:
                        amount = float(price["PricePerUnit"]) * places[row].times
                        listed[row].add(_Listed(float(price["StartingRange"]), price["Unit"], round(amount, 10)))
        except (ValueError, IndexError, csv.Error) as error:
            raise _NoList(f"The list of {code} is cut off or damaged at line {lines.line_num}: {error}.") from None
    source = f"AWS Price List bulk file {code}, {region}"
    return {row: _choose(row, places[row], listed[row], source, published.date) for row in rows}


@dataclass(frozen=True)
class _Published:
    date: str
    columns: list[int]


_NEEDED = ("TermType", "StartingRange", "Unit", "PricePerUnit", "Currency", "usageType", "operation")


def _published(lines: Iterator[list[str]], code: str) -> _Published:
    """Read the rows about the file and the column names. Raises _NoList when they are others."""
    about = dict(line[:2] for line in islice(lines, _METADATA_ROWS) if len(line) > 1)
    columns = next(lines, [])
    date = about.get("Publication Date", "")[:10]
    if about.get("OfferCode") != code or not date or not set(_NEEDED) <= set(columns):
        raise _NoList(f"What came as the list of {code} is not one of AWS's price lists.")
    return _Published(date, [columns.index(name) for name in _NEEDED])


def _choose(row: Price, place: Offer, listed: set[_Listed], source: str, date: str) -> Found:
    """The one price of a row among those listed for its usage type; none is guessed."""
    paid = {price for price in listed if price.usd > 0}
    if not paid:
        return Found(None, "not in the list of its offer")
    # A first tier of zero is a free allowance: the price then begins behind it.
    fitting = [price for price in paid if price.start == place.start]
    fitting = fitting or ([] if place.start else [min(paid, key=lambda price: price.start)])
    if len(fitting) != 1:
        return Found(None, "the list has several prices, or other tiers, for it")
    if fitting[0].unit.lower() != place.unit.lower():
        return Found(None, f"the list now counts in {fitting[0].unit}")
    return Found(replace(row, usd=fitting[0].usd, date=date, source=source, status="verified"))


def summary() -> str:
    """How old the table is, and what of it rests on less than AWS's own word."""
    rows = prices.table()
    dates = sorted(row.date for row in rows if row.date != "undated")
    verified, secondary, unverified = (
        sum(row.status == level for row in rows) for level in ("verified", "secondary", "unverified")
    )
    return (
        f"{len(rows)} prices, of {dates[0]} to {dates[-1]}: {verified} from AWS itself, {secondary} from sources that "
        f"quote it, {unverified} unverified, {sum(row.stale for row in rows)} stale, and marked so.\n"
        "To read AWS's public price lists again: python3 course.py prices --refresh"
    )


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 course.py prices", description=__doc__.splitlines()[0])
    parser.add_argument("--refresh", nargs="*", metavar="OFFER", help="read the price lists, or some, as AWSGlue")
    parser.add_argument("--lists", help="another address, or a folder, with the lists")
    args = parser.parse_args(words)
    if args.lists and args.refresh is None:
        parser.error("--lists says where --refresh reads; give both")
    try:
        print(summary() if args.refresh is None else refresh(args.lists or LISTS, codes=args.refresh))
    except (RefreshFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
