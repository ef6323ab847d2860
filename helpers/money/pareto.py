"""Accuracy against operating cost: what each model costs a month in each way of serving it, and who is beaten.

Three tables of models: those that this learner has trained, from SageMaker's API; eight that were measured on the real
reviews (`measured_models.csv`, where and when is in MEASURED_WHERE); and the course's kind of model beside ensembles
that are dearer (`benchmarks/dearer_model.py`). What nobody has measured is in ASSUMED.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.models import experiments
from helpers.money import costs, serverless
from helpers.workshop import Workshop
from pricelist.table import Price

MEASURED = Path(__file__).with_name("measured_models.csv")
MEASURED_REVIEWS = 25_000
INSTANCE, CORES = "ml.m5.large", 2
NIGHTS = 30
PEAK = 10  # times the mean of a month
START_SECONDS = 120  # what a machine takes on AWS before the script begins: lesson 05 says two to three minutes in all
BATCH_START_SECONDS = 300  # of a transform job; lesson 08 says six minutes for a small one
BUSY = 0.7  # a machine is not filled further, or its callers wait
MEASURED_WHERE = (
    f"Measured before the course, no later than 2026-11-22, on one core of the authors' machine: scikit-learn 1.9.1, "
    f"PyTorch 2.13.0 on the CPU; the data's own split, {MEASURED_REVIEWS:,} reviews for the test. fit_seconds are of "
    f"the processor, ms is the middle of single reviews, per_second with many at once; each measured once."
)
ASSUMED = (
    f"Assumed, not measured on AWS: an {INSTANCE} is as fast as the machine of the measurements; around the model a "
    f"request takes {serverless.OVERHEAD_MS} ms, as at home on {serverless.OVERHEAD_ON}; {START_SECONDS} s of start "
    f"for a training, {BATCH_START_SECONDS} s for a transform job; {serverless.MEMORY_GB} GB for serverless; machines "
    f"at most {BUSY:.0%} busy."
)
METRIC = "validation:accuracy"
WAYS = ("always on", "serverless", "nightly batch")


def measured(trials: int = 1) -> pd.DataFrame:
    """The eight models: accuracy (0 to 1), training_usd, ms a review, reviews per_second when many come at once.

    Args:
        trials: how many trainings it took to find the model: the budget of tuning.
    Raises:
        ValueError: no training at all.
    """
    if trials < 1:
        raise ValueError(f"A model takes one training at least; trials is {trials}.")
    return _with_training(pd.read_csv(MEASURED, index_col="model"), trials)


def dearer() -> pd.DataFrame:
    """A model of single words, the course's kind of model, and ensembles of it, judged by the same real reviews.

    Returns:
        Columns as of `measured`, and better_by: points more than the course's, with their 95 % interval,
        better_by_margin. The cheapest to ask first; per_second is of one core that is asked one by one.
    """
    rows = {name: _renamed(one) for name, one in _dearer()["models"].items()}
    table = pd.DataFrame.from_dict(rows, "index").rename_axis("model").sort_values("ms")
    return _with_training(table.assign(per_second=1000 / table["ms"]), trials=1)


def dearer_where() -> str:
    """Where and when `dearer` was measured, and on how many reviews."""
    found = _dearer()
    system, cores = found["machine"]["system"].partition("-")[0], found["machine"]["cores"]
    return (
        f"Measured on {found['date'][:10]}, {system} with {cores} cores: learned from {found['train_reviews']:,} real "
        f"reviews, judged on {found['held_out_reviews']:,} of other films."
    )


def _dearer() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(serverless.DEARER.read_text(encoding="utf-8"))
    return found


def _renamed(one: dict[str, float]) -> dict[str, float]:
    kept = ("accuracy", "better_by", "better_by_margin", "ms")
    return {name: one[name] for name in kept} | {"fit_seconds": one["fit_cpu_s"]}


def _with_training(table: pd.DataFrame, trials: int) -> pd.DataFrame:
    minutes = (table["fit_seconds"] + START_SECONDS) / 60
    return table.assign(training_usd=[trials * costs.training(INSTANCE, each).usd for each in minutes])


def trained(ws: Workshop) -> pd.DataFrame:
    """What this learner has trained and not lost: the latest of each job's name, and the best trial of each search.

    Returns:
        Columns: accuracy (on validation), training_usd (of a search: of all its trials), runs. Best first.
    """
    runs = experiments.runs(ws.name(""))
    columns, rows = ["accuracy", "training_usd", "runs"], {}
    if METRIC not in runs:
        return pd.DataFrame(columns=columns)
    for source, some in runs.groupby("source"):
        good = some[(some["status"] == "Completed") & some[METRIC].notna()]
        if source and len(good):
            rows[_short(ws, str(source))] = (good[METRIC].max(), some["USD"].sum(), len(some))
        elif not source:
            for job in good.itertuples(index=False):  # the later ones take the place of the earlier ones
                row = good[good["job"] == job.job].iloc[0]
                rows[_short(ws, str(job.job))] = (row[METRIC], row["USD"], 1)
    return pd.DataFrame.from_dict(rows, "index", columns=columns).sort_values("accuracy", ascending=False)


def _short(ws: Workshop, job: str) -> str:
    """A job's name without the learner's prefix and without the time at its end."""
    return re.sub(r"-(\d{14}|[0-9a-f]{8})$", "", job.removeprefix(ws.name("")).strip("-")).removeprefix("sentiment-")


def machines(requests: float, ms: float) -> int:
    """Machines of an always-on endpoint: for the PEAK, and one at least."""
    per_second = requests / (costs.HOURS_PER_MONTH * 3600) * PEAK
    return max(1, math.ceil(per_second * serverless.milliseconds(ms) / 1000 / CORES / BUSY))


def serving(way: str, requests: float, ms: float, per_second: float) -> float:
    """USD a month of one of WAYS for so many requests, each of one review.

    Raises:
        ValueError: there is no such way.
    """
    if way == "always on":
        return machines(requests, ms) * costs.endpoint(INSTANCE, costs.HOURS_PER_MONTH).usd
    if way == "serverless":
        return serverless.price(requests, ms).usd
    if way == "nightly batch":
        hours = (NIGHTS * BATCH_START_SECONDS + requests / per_second) / 3600
        return hours * _batch_price().usd
    raise ValueError(f"There is no way {way!r}; there are {', '.join(WAYS)}.")


def _batch_price() -> Price:
    return costs.price("SageMaker AI", f"{INSTANCE} Batch Transform")


def label(way: str) -> str:
    """A way's name for a figure; a star marks one whose price AWS itself does not state."""
    return f"{way} *" if way == "nightly batch" and _batch_price().mark else way


def operations(models: pd.DataFrame, requests: float) -> pd.DataFrame:
    """Each model in each way: model, way, accuracy, training, serving and usd a month, and `front`: see `front`.

    A model is trained (and tuned) again once a month.
    """
    rows = [
        (name, way, row["accuracy"], row["training_usd"], serve)
        for name, row in models.iterrows()
        for way in WAYS
        for serve in [serving(way, requests, row["ms"], row["per_second"])]
    ]
    table = pd.DataFrame(rows, columns=["model", "way", "accuracy", "training", "serving"])
    table["usd"] = table["training"] + table["serving"]
    return table.assign(front=front(table["usd"].to_list(), table["accuracy"].to_list()))


def front(usd: list[float], accuracy: list[float]) -> list[bool]:
    """Which points nobody beats: none is as cheap and as accurate, and better in one of the two."""
    points = list(zip(usd, accuracy, strict=True))
    return [
        not any(u <= usd_ and a >= accuracy_ and (u, a) != (usd_, accuracy_) for u, a in points)
        for usd_, accuracy_ in points
    ]


def steps(table: pd.DataFrame, requests: float) -> pd.DataFrame:
    """The front from the cheapest to the most accurate, and what each step up costs.

    Returns:
        Columns: model, way, accuracy, usd, fewer_errors a month than the row before, usd_more, and usd_per_error: what
        one mistake must cost you at least for the step to pay.
    """
    rows = table[table["front"]].sort_values("usd", ignore_index=True)
    rows = rows.drop_duplicates(["usd", "accuracy"])[["model", "way", "accuracy", "usd"]]
    rows["fewer_errors"] = rows["accuracy"].diff() * requests
    rows["usd_more"] = rows["usd"].diff()
    return rows.assign(usd_per_error=rows["usd_more"] / rows["fewer_errors"])


def with_errors(table: pd.DataFrame, requests: float, usd_per_error: float) -> pd.DataFrame:
    """The table with what mistakes cost: errors a month, errors_usd, total_usd; the cheapest in all first."""
    errors = (1 - table["accuracy"]) * requests
    found = table.assign(errors=errors, errors_usd=errors * usd_per_error)
    return found.assign(total_usd=found["usd"] + found["errors_usd"]).sort_values("total_usd", ignore_index=True)


def margin(accuracy: float, reviews: int) -> float:
    """The 95 % interval of an accuracy measured on so many reviews, up and down."""
    return 1.96 * math.sqrt(accuracy * (1 - accuracy) / reviews)
