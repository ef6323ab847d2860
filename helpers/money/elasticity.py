"""What it is worth that machines come and go: a search at once, a burst that meets a fixed cluster, weeks of wait."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Plan:
    """A way to run some trials: machines, hours until the last one has ended, USD."""

    machines: int
    hours: float
    usd: float


def search(trials: int, hours_each: float, machines: int, hourly: float, startup_hours: float = 0) -> Plan:
    """Price trials of one length on so many rented machines.

    Args:
        hourly: USD per machine and hour.
        startup_hours: what each trial needs before it begins; counted as paid, to be on the safe side.
    Raises:
        ValueError: no trials, or no machine.
    """
    if trials < 1 or machines < 1:
        raise ValueError(f"There must be a trial and a machine at least; there are {trials} and {machines}.")
    rounds = -(-trials // machines)
    paid = trials * (hours_each + startup_hours)
    return Plan(machines, rounds * (hours_each + startup_hours), paid * hourly)


def arrivals(per_hour: float, hours: float, burst: int = 0, burst_at: float = 0, seed: int = 11) -> list[float]:
    """When jobs come, in hours, sorted: by chance at a steady rate, and `burst` more within the half hour after one."""
    random = np.random.default_rng(seed)
    steady = random.uniform(0, hours, random.poisson(per_hour * hours))
    return sorted(np.concatenate([steady, burst_at + random.uniform(0, 0.5, burst)]).tolist())


def queue(coming: Sequence[float], hours_each: float, machines: int) -> pd.DataFrame:
    """Serve jobs in the order in which they come, by a fixed number of machines.

    Args:
        coming: when each job comes, in hours, sorted.
    Returns:
        Columns: comes, starts, ends, waits (hours); one row a job.
    Raises:
        ValueError: no machine.
    """
    if machines < 1:
        raise ValueError("There must be a machine at least.")
    free, rows = [0.0] * machines, []
    for comes in coming:
        starts = max(comes, heapq.heappop(free))
        heapq.heappush(free, starts + hours_each)
        rows.append((comes, starts, starts + hours_each, starts - comes))
    return pd.DataFrame(rows, columns=["comes", "starts", "ends", "waits"], dtype=float)


def elastic(coming: Sequence[float], hours_each: float, startup_hours: float) -> pd.DataFrame:
    """Give each job a machine of its own, which takes some time to start. Returns the columns of `queue`."""
    comes = np.array(coming, dtype=float)
    starts = comes + startup_hours
    return pd.DataFrame({"comes": comes, "starts": starts, "ends": starts + hours_each, "waits": starts - comes})


def compare(
    coming: Sequence[float], hours_each: float, fixed: Sequence[int], hours: float, hourly: float, startup_hours: float
) -> pd.DataFrame:
    """Some fixed clusters beside machines on demand: median wait and longest wait (hours), usd, at work (share)."""
    rows = {}
    for machines in fixed:
        served = queue(coming, hours_each, machines)
        paid = max(hours, float(served["ends"].max()))  # they work on until the queue is empty
        rows[f"{machines} machines"] = (served, machines * paid * hourly)
    served = elastic(coming, hours_each, startup_hours)
    # Paid from when their job comes until it ends, their start included.
    rows["on demand"] = (served, float((served["ends"] - served["comes"]).sum() * hourly))
    work = len(coming) * hours_each * hourly
    return pd.DataFrame(
        {
            name: {
                "median wait": float(some["waits"].median()),
                "longest wait": float(some["waits"].max()),
                "usd": usd,
                "at work": work / usd,
            }
            for name, (some, usd) in rows.items()
        }
    ).T


def waiting(served: pd.DataFrame, times: Sequence[float]) -> list[int]:
    """How many jobs have come and not begun, at each of some times in hours."""
    return [int(((served["comes"] <= t) & (served["starts"] > t)).sum()) for t in times]


def lead_times() -> pd.DataFrame:
    """What the trade says that a server takes from the order: what, weeks, range, checked, date, source."""
    table = pd.read_csv(Path(__file__).with_name("lead_times.csv"), dtype="str", keep_default_na=False)
    table["range"] = table["low"] + " to " + table["high"]
    table["checked"] = table["status"].where(table["status"] == "verified", "⚠️ unverified")
    return table[["what", "weeks", "range", "checked", "date", "source"]].astype({"weeks": float})
