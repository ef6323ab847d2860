"""What the real reviews gave, in numbers that lessons and pages quote.

Nobody may copy their texts, so the stored lessons are of the synthetic sample; the numbers of the real reviews are in
one file, with date, machine and versions.

A lesson hands its numbers in once, `note(ws, three=0.91, fit_seconds=12.3)`, and shows what is kept, `quote("05")`.
A name says the unit by its end (see UNITS); without one the number is a share, 0 to 1. Only `course.py run --data full`
keeps what is noted, in `real_reviews.json` of its output folder: there `note` finds it by COURSE_RESULTS.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Collection
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import PROJECT
from helpers.workshop import Workshop

NAME = "real_reviews.json"
STORED = PROJECT / "benchmarks" / "results" / NAME
UNITS = {"seconds": "{:,.1f} s", "ms": "{:,.1f} ms", "mb": "{:,.1f} MB", "usd": "${:,.4f}", "reviews": "{:,.0f}"}
FEWEST = 20_000  # half of the official archive has 25,000; fewer are a subset
PACKAGES = ("scikit-learn", "numpy", "pandas")


def note(ws: Workshop, **numbers: float) -> None:
    """Hand in the numbers of this lesson; once a lesson, because a later call replaces them.

    They are kept in a full run only, and only if the clean reviews in the lake are the real ones, all of them.

    Raises:
        ValueError: `connect()` was not told which lesson this is.
    """
    if not ws.lesson:
        raise ValueError('The numbers are of no lesson: connect with connect(lesson="05").')
    if not (target := os.environ.get("COURSE_RESULTS")):
        return
    ids = pd.read_parquet(ws.s3("clean/reviews/"), columns=["review_id", "split"])
    if ids["review_id"].str.startswith("synthetic-").any() or len(ids) < FEWEST:
        print(f"Not noted: the lake holds {len(ids):,} reviews, invented or a subset; run lessons 02 and 03 on all.")
        return
    path, kept = Path(target), read()
    kept[ws.lesson] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "reviews": {str(split): int(count) for split, count in ids["split"].value_counts().items()},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
        | {"load": round(os.getloadavg()[0], 1)},  # how busy it was, with other work as well
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "numbers": {name: float(f"{number:.4g}") for name, number in numbers.items()},
    }
    path.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")


def read() -> dict[str, dict[str, Any]]:
    """Lesson -> date, reviews (of each split), machine, versions, numbers; those of this run come before the stored."""
    own = Path(os.environ.get("COURSE_RESULTS") or STORED)
    path = own if own.exists() else STORED
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def quote(lesson: str, *names: str, judged: Collection[str] = ("validation",)) -> str:
    """What a lesson measured on the real reviews, all of it or these numbers, in words, with where it was measured.

    Args:
        judged: the splits that the lesson has opened to measure; it has learned from `train`.
    Raises:
        LookupError: no full run has kept that.
    """
    kept = read().get(lesson)
    if kept is None or (unknown := [name for name in names if name not in kept["numbers"]]):
        what = f"lesson {lesson}" if kept is None else f"{', '.join(unknown)} in lesson {lesson}"
        raise LookupError(f"No results for {what} in {STORED.name}: CONTRIBUTING.md says how to measure them.")
    numbers = [_in_words(name, kept["numbers"][name]) for name in names or kept["numbers"]]
    machine, versions = kept["machine"], kept["versions"]
    where = f"{machine['system']} with {machine['cores']} cores, scikit-learn {versions['scikit-learn']}"
    splits = " and ".join(f"{kept['reviews'][split]:,} of {split}" for split in judged)
    learned = f"Learned from {kept['reviews']['train']:,} real reviews, judged on {splits}"
    return f"{learned}: {', '.join(numbers)} ({kept['date']}, {where})"


def _in_words(name: str, number: float) -> str:
    what, _, unit = name.rpartition("_")
    what, shown = (what, UNITS[unit]) if unit in UNITS else (name, "{:.1%}")
    return f"{what} {shown.format(number)}".replace("_", " ")
