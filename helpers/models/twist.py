"""Lesson 12's question to the models that are stored: what did the search win, on reviews that chose neither?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.aws import jobs
from helpers.models import experiments
from helpers.workshop import Workshop


@dataclass(frozen=True)
class Verdict:
    """Two models on the test reviews.

    table: one row each, the chosen one first: validation and test (right, 0 to 1), only it (test reviews that it alone
    has right). lead and margin: of the first on the test (0 to 1), with the 95 % interval of the difference.
    """

    table: pd.DataFrame
    reviews: int
    lead: float
    margin: float

    def __str__(self) -> str:
        low, high = 100 * (self.lead - self.margin), 100 * (self.lead + self.margin)
        told = "better" if low > 0 else "worse" if high < 0 else "too close to tell"
        first = self.table.index[0]
        ahead = f"{100 * self.lead:+.1f} points ahead on {self.reviews:,} test reviews ({low:+.1f} to {high:+.1f})"
        return f"{first}: {ahead}: {told}"


def judge(ws: Workshop) -> Verdict:
    """Hold the chosen model and the runner-up, as lessons 05 and 06 left them, against the test reviews.

    Raises:
        LookupError: there is no choice; `catch_up(ws, "model")` makes one.
    """
    test = pd.read_parquet(ws.s3("clean/reviews/split=test/"), columns=["review", "label"])
    right, seen = {}, {}
    for name, job in _chosen(ws).items():
        right[name] = experiments.opened(job).predict(test["review"]) == test["label"]
        seen[name] = jobs.final_metrics(job)["validation:accuracy"]
    return compare(right, seen)


def compare(right: Mapping[str, pd.Series[bool]], seen: Mapping[str, float]) -> Verdict:
    """Two models on the same test reviews, by their names.

    Args:
        right: which reviews each has right; the two are paired, so what both have right or wrong tells nothing.
        seen: their accuracies on validation.
    """
    (first, one), (second, other) = right.items()
    only = {first: int((one & ~other).sum()), second: int((other & ~one).sum())}
    table = pd.DataFrame({"validation": seen, "test": {name: r.mean() for name, r in right.items()}, "only it": only})
    number, differ, lead = len(one), sum(only.values()), only[first] - only[second]
    margin = 1.96 * (differ - lead**2 / number) ** 0.5 / number
    return Verdict(table.loc[[first, second]], number, lead / number, margin)


def opinions(ws: Workshop, texts: Sequence[str]) -> pd.DataFrame:
    """How probable each of the two models, a column, finds it that each text, a row, is positive."""
    judged = {
        name: experiments.opened(job).predict_proba(list(texts))[:, 1] if texts else []
        for name, job in _chosen(ws).items()
    }
    return pd.DataFrame(judged, index=list(texts), dtype=float)


def _chosen(ws: Workshop) -> dict[str, Any]:
    """The chosen job and the runner-up by their names for a reader."""
    pair = experiments.chosen(ws)
    if pair is None:
        raise LookupError('No model is chosen: run lesson 05, or catch_up(ws, "model").')
    tuned = [bool(job.get("TuningJobArn")) for job in pair]
    names = ("tuned", "untuned") if tuned == [True, False] else ("chosen", "runner-up")
    return dict(zip(names, pair, strict=True))
