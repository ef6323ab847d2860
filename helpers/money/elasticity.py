"""What it is worth that machines come and go: a search at once, and a burst that meets a fixed cluster."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Plan:
    """A way to run some trials: machines, hours until the last one has ended, hours that are paid, USD."""

    machines: int
    hours: float
    machine_hours: float
    usd: float


def search(trials: int, hours_each: float, machines: int, hourly: float, startup_hours: float = 0) -> Plan:
    """Price trials of one length on so many rented machines.

    Args:
        hourly: USD per machine and hour.
        startup_hours: what each trial needs before it begins; counted as paid, to be on the safe side.
    Raises:
        ValueError: no trials, or no machine, or hours or a price below 0.
    """
    if trials < 1 or machines < 1:
        raise ValueError(f"There must be a trial and a machine at least; there are {trials} and {machines}.")
    _not_below_zero(hours_each=hours_each, hourly=hourly, startup_hours=startup_hours)
    rounds = -(-trials // machines)
    paid = trials * (hours_each + startup_hours)
    return Plan(machines, rounds * (hours_each + startup_hours), paid, paid * hourly)


def _not_below_zero(**given: float) -> None:
    for name, value in given.items():
        if not value >= 0:
            raise ValueError(f"{name} is {value}; it must not be below 0.")


def arrivals(per_hour: float, hours: float, burst: int = 0, burst_at: float = 0, seed: int = 11) -> list[float]:
    """When jobs come, in hours, sorted: by chance at a steady rate, and `burst` more within the half hour after one."""
    _not_below_zero(per_hour=per_hour, hours=hours, burst=burst)
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
        ValueError: no machine, the jobs are not sorted, or take less than no time.
    """
    if machines < 1:
        raise ValueError("There must be a machine at least.")
    _not_below_zero(hours_each=hours_each)
    if list(coming) != sorted(coming):
        raise ValueError("The jobs must be sorted by when they come.")
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


def fixed_price(machines: int, hours: float, hourly: float) -> float:
    """USD of machines that are paid all the time, at work or not."""
    return machines * hours * hourly


def elastic_price(served: pd.DataFrame, hourly: float) -> float:
    """USD of machines that are paid from when their job comes until it ends, their start included."""
    return float((served["ends"] - served["comes"]).sum() * hourly)


def compare(
    coming: Sequence[float], hours_each: float, fixed: Sequence[int], hours: float, hourly: float, startup_hours: float
) -> pd.DataFrame:
    """Some fixed clusters beside machines on demand: median wait and longest wait (hours), usd, at work (share)."""
    _not_below_zero(hours=hours, hourly=hourly, startup_hours=startup_hours)
    rows = {}
    for machines in fixed:
        served = queue(coming, hours_each, machines)
        paid = max(hours, float(served["ends"].max()))  # they work on until the queue is empty
        rows[f"{machines} machines"] = (served, fixed_price(machines, paid, hourly))
    served = elastic(coming, hours_each, startup_hours)
    rows["on demand"] = (served, elastic_price(served, hourly))
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
