"""What an event costs on AWS, and the quotas it needs: `python -m kit.event_costs --learners 60`.

`--write` brings the tables in `infra/README.md` up to date; a test compares.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

from helpers.money.costs import HOURS_PER_MONTH, dollars, price
from helpers.money.ledger import NOTEBOOKS, stated

INFRA = Path(__file__).resolve().parents[1] / "infra"
PAGE, QUOTAS = INFRA / "README.md", INFRA / "quotas.csv"
SIZES = (1, 20, 60)
SPACE, DISK_GB = "ml.t3.large", 20  # as infra/domain.yaml makes them
WAITS = (
    1.5  # the lessons' minutes are those at home: on AWS machines must start first (they say where), and people rest
)
DAYS = 2.0  # that the disks of the spaces exist: from the evening before to the evening after
_MINUTES = re.compile(r"⏰ \*\*(\d+) minutes\*\*")


def minutes() -> int:
    """The minutes of all lessons, as their first cells state them.

    Raises:
        ValueError: a lesson states none.
    """
    total = 0
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        found = _MINUTES.search(first)
        if not found:
            raise ValueError(f"{path.name} states no minutes in its first cell.")
        total += int(found[1])
    return total


def hours() -> int:
    """The hours that a space runs for all lessons."""
    return math.ceil(WAITS * minutes() / 60)


def parts(learners: int, hours: float, days: float) -> dict[str, float]:
    """Dollars of an event by what they are for."""
    space = price("SageMaker AI", f"{SPACE} Studio-JupyterLab").usd
    disk = price("SageMaker AI", "Studio space storage gp3").usd
    each = {
        "lessons 00 to 12, optional parts too": float(stated()["with optional"].sum()),
        f"spaces, {SPACE}": hours * space,
        f"disks of {DISK_GB} GB": DISK_GB * days * 24 / HOURS_PER_MONTH * disk,
    }
    return {what: learners * usd for what, usd in each.items()}


def forgotten(learners: int) -> float:
    """Dollars for a day of what costs most when it is forgotten: lesson 08's endpoint of three machines."""
    return learners * 3 * 24 * price("SageMaker AI", "ml.m5.large Hosting").usd


def costs_table(sizes: tuple[int, ...], hours: float, days: float) -> Iterator[str]:
    """The lines of a table in Markdown, a column for each size of an event."""
    events = [parts(size, hours, days) for size in sizes]
    yield "| | " + " | ".join(f"{size} learner{'s' if size > 1 else ''}" for size in sizes) + " |"
    yield "|---" * (len(sizes) + 1) + "|"
    for what in events[0]:
        yield f"| {what} | " + " | ".join(dollars(event[what]) for event in events) + " |"
    yield "| **together** | " + " | ".join(f"**{dollars(sum(event.values()))}**" for event in events) + " |"
    yield (
        "| lesson 08's endpoint, forgotten for a day | " + " | ".join(dollars(forgotten(size)) for size in sizes) + " |"
    )


def quotas_table() -> Iterator[str]:
    """The lines of a table in Markdown of the quotas whose default is unknown or too small for sixty."""
    yield "| service | code | quota | default | 1 | 20 | 60 | checked |"
    yield "|---|---|---|---|---|---|---|---|"
    with QUOTAS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["default"] == "unknown" or int(row["default"]) < int(row["needed_60"]):
                needed = " | ".join(row[f"needed_{size}"] for size in SIZES)
                what = f"{row['service']} | `{row['code']}` | {row['name']} | {row['default']}"
                yield f"| {what} | {needed} | {row['checked']} |"


def in_text(text: str) -> str:
    """The page with today's tables between their marks."""
    text = _between(text, "costs", [f"{hours()} hours in a space, a disk for {DAYS:g} days:", "", *costs()])
    return _between(text, "quotas", list(quotas_table()))


def costs() -> Iterator[str]:
    """The table of the page."""
    return costs_table(SIZES, hours(), DAYS)


def _between(text: str, name: str, lines: list[str]) -> str:
    before, begin, rest = text.partition(f"<!-- {name}: python -m kit.event_costs --write -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not begin or not end:
        raise ValueError(f"{PAGE} has no marks for the table of {name}.")
    return before + begin + "\n".join(lines) + "\n" + end + after


def main() -> None:
    parser = argparse.ArgumentParser("python -m kit.event_costs", description="What an event costs on AWS.")
    parser.add_argument("--learners", type=int, default=60)
    parser.add_argument("--hours", type=float, default=hours(), help="that each space runs")
    parser.add_argument("--days", type=float, default=DAYS, help="that the disks exist")
    parser.add_argument("--write", action="store_true", help="bring the tables in infra/README.md up to date")
    asked = parser.parse_args()
    if asked.write:
        PAGE.write_text(in_text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n".join(costs_table((asked.learners,), asked.hours, asked.days)))


if __name__ == "__main__":
    main()
