"""The ledger: one table of everything that a learner ran, with what it costs on AWS, by service and lesson.

From the public APIs alone, so it is the same on AWS and at home; there it says what AWS would bill for the same work
(`at_home` has the assumptions). The prices are on-demand list prices of us-east-1, without free tiers and discounts;
the disks of jobs, requests to S3, logs and data transfer, cents at this size, are left out, and so is the machine of
the notebook itself. Reading the ledger takes a second or two for a thousand jobs.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from botocore.exceptions import ClientError

from helpers import PROJECT
from helpers.aws.client import client, listed
from helpers.money import at_home, ledger_endpoints, ledger_entries
from helpers.money.costs import Estimate, dollars
from helpers.money.ledger_entries import Clients, Entry, Owner
from helpers.studio import on_aws
from helpers.workshop import Workshop

NOTEBOOKS = PROJECT / "notebooks"
COLUMNS = [field.name for field in fields(Entry)]
_RECORDS = "ledger/records/"
_STATED = re.compile(r"Cost on AWS: (?:about |less than )?\\?\$\d+\.\d\d[^·\n]*")  # to the next mark
_AMOUNT = re.compile(r"\$(\d+\.\d\d)")
_REFUSED = {"AccessDeniedException", "AccessDenied"}
Source = Callable[[], Iterator[Entry]]


def read(ws: Workshop) -> pd.DataFrame:
    """Everything that this learner ran, one a row, oldest first.

    Returns:
        Columns: lesson ("03"; "other" where neither a tag `lesson` nor the name says it), service, kind, name, started,
        quantity and its unit, usd (missing where the price table has no price), note. What the role may not read is
        an entry that says so, without a price.
    """
    now, clients = datetime.now(UTC), Clients()
    owner = Owner(ws)
    sources: list[tuple[str, str, Source]] = [
        ("SageMaker AI", "training", lambda: ledger_entries.training(clients, owner, now)),
        ("SageMaker AI", "processing", lambda: ledger_entries.processing(clients, owner, now)),
        ("SageMaker AI", "transform", lambda: ledger_entries.transform(clients, owner, now)),
        ("SageMaker AI", "endpoint", lambda: ledger_endpoints.endpoints(clients, owner, ws, now)),
        ("Glue", "job run", lambda: ledger_entries.glue_runs(clients, owner, now)),
        ("Glue", "crawl", lambda: ledger_entries.crawls(clients, owner)),
        ("Athena", "query", lambda: ledger_entries.queries(clients, ws)),
        ("S3", "storage", lambda: ledger_entries.stored(clients, ws)),
        ("S3", "requests", lambda: _recorded(clients, ws)),
    ]
    with ThreadPoolExecutor(len(sources)) as pool:
        entries = [entry for some in pool.map(lambda source: list(_allowed(*source)), sources) for entry in some]
    table = pd.DataFrame([asdict(entry) for entry in entries], columns=COLUMNS)
    table["started"] = pd.to_datetime(table["started"], utc=True)
    return table.astype({"quantity": float, "usd": float}).sort_values("started", ignore_index=True)


def _allowed(service: str, kind: str, source: Source) -> Iterator[Entry]:
    """What a source yields; where the role may not read on, an entry that says so."""
    try:
        yield from source()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        note = f"your role may not {error.operation_name}: there may be more"
        yield Entry(ledger_entries.OTHER, service, kind, "not readable", None, 0.0, "", math.nan, note)


def record(
    ws: Workshop, estimate: Estimate, *, service: str, lesson: str, what: str, quantity: float, unit: str
) -> None:
    """Note what no API remembers, as the units that a managed service has billed: it is in the ledger from then on."""
    entry = {"lesson": lesson, "service": service, "kind": "requests", "name": what, "quantity": quantity, "unit": unit}
    note = ledger_entries.noted(estimate.mark)
    entry |= {"started": datetime.now(UTC).isoformat(), "usd": estimate.usd, "note": note}
    key = f"{ws.prefix}/{_RECORDS}{uuid.uuid4()}.json"
    client("s3").put_object(Bucket=ws.bucket, Key=key, Body=json.dumps(entry).encode())


def _recorded(clients: Clients, ws: Workshop) -> Iterator[Entry]:
    kept = {"Bucket": ws.bucket, "Prefix": f"{ws.prefix}/{_RECORDS}"}
    for key in listed(clients.s3, "list_objects_v2", "Contents[].Key", **kept):
        noted: dict[str, Any] = json.loads(clients.s3.get_object(Bucket=ws.bucket, Key=key)["Body"].read())
        yield Entry(**{**noted, "started": datetime.fromisoformat(noted["started"])})


remember = ledger_endpoints.remember


def by(table: pd.DataFrame) -> pd.DataFrame:
    """Dollars by lesson and service, with a `total` row and column."""
    sums = table.pivot_table(
        "usd", index="lesson", columns="service", aggfunc="sum", fill_value=0.0, margins=True, margins_name="total"
    )
    return sums.fillna(0.0)  # the margin of what has no price


def total(table: pd.DataFrame) -> float:
    """All dollars together; what has no price counts nothing."""
    return float(table["usd"].sum())


def spent(ws: Workshop, lesson: str) -> None:
    """Print what a lesson, as "05", has cost so far, by service, and all lessons together; at home, what is assumed."""
    table = read(ws)
    sums = table[table["lesson"] == lesson].groupby("service")["usd"].sum()
    parts = " + ".join(f"{service} {dollars(usd)}" for service, usd in sums.items()) or "nothing"
    print(f"💰 ledger: lesson {lesson} on AWS {parts}; all lessons so far {dollars(total(table))}")
    if line := assumed("   "):
        print(line)


def assumed(indent: str = "") -> str:
    """A line on what the dollars rest on beside what was measured; nothing on AWS, where nothing is assumed."""
    return "" if on_aws() else f"{indent}{at_home.ASSUMED}"


def stated() -> pd.DataFrame:
    """Dollars on AWS by lesson ("00" to "12"), as the lessons' first cells state them; "less than" counts in full.

    Returns:
        Columns: stated for AWS, with optional (the last amount of a sentence that speaks of what is optional).
    Raises:
        ValueError: a lesson states none.
    """
    prices: dict[str, tuple[float, float]] = {}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        found = _STATED.search(first)
        if not found:
            raise ValueError(f"{path.name} states no cost on AWS in its first cell.")
        amounts = [float(usd) for usd in _AMOUNT.findall(found[0])]
        prices[path.name[:2]] = amounts[0], amounts[-1 if "optional" in found[0] else 0]
    columns = ["stated for AWS", "with optional"]
    return pd.DataFrame.from_dict(prices, orient="index", columns=columns).rename_axis("lesson")


def title(table: pd.DataFrame) -> str:
    """The sum: what all this cost, or at home what it would cost on AWS."""
    without = int(table["usd"].isna().sum())
    missing = f" ({without} without a price)" if without else ""
    return f"All {len(table)} entries together {verb()} {dollars(total(table))}{missing}"


def verb() -> str:
    """What a sum of the ledger did: on AWS it cost, at home it would."""
    return "cost" if on_aws() else "would cost on AWS"
