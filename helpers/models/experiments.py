"""The runs of training and tuning as one table: what was tried, what came of it, how long, at what price.

From SageMaker's API alone, so it works for every job that anyone has started, with no tracking server beside it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pandas as pd
from botocore.config import Config

from helpers.aws.jobs import final_metrics
from helpers.money import costs
from helpers.show.progress import Progress

Json = dict[str, Any]
AT_ONCE = 8
QUIET_SECONDS = 2.0


def runs(name_contains: str = "", *, tuning: Collection[str] | None = None) -> pd.DataFrame:
    """The training jobs of this account, or those of some tuning jobs, one a row, in the order of their start.

    Args:
        name_contains: only jobs with this in their name; the trials of a tuning job have its name in theirs.
        tuning: names of tuning jobs: only their trials.
    Returns:
        Columns: job, source (the tuning job, or "" for a job of its own), status, started, one for each hyperparameter
        (numbers where all are) and each metric, seconds and billed seconds, USD (missing where the price table has no
        such instance). An empty table when there are no jobs.
    Raises:
        ClientError: there is no such tuning job.
    """
    # SageMaker allows few calls in a second: wait and try again, as AWS asks for.
    patient = Config(retries={"mode": "adaptive", "total_max_attempts": 10}, max_pool_connections=AT_ONCE)
    sagemaker = boto3.client("sagemaker", config=patient)
    names = list(_all_jobs(sagemaker, name_contains) if tuning is None else _trials(sagemaker, tuning))
    table = pd.DataFrame([_row(job) for job in _describe(sagemaker, names)])
    if table.empty:
        return table
    table = table.sort_values("started", ignore_index=True)
    last = ["seconds", "billed seconds", "USD"]
    return table[[name for name in table if name not in last] + last].apply(_as_numbers)


def _all_jobs(sagemaker: Any, name_contains: str) -> Iterator[str]:
    wanted = {"NameContains": name_contains} if name_contains else {}
    for page in sagemaker.get_paginator("list_training_jobs").paginate(**wanted):
        yield from (summary["TrainingJobName"] for summary in page["TrainingJobSummaries"])


def _trials(sagemaker: Any, tuning: Collection[str]) -> Iterator[str]:
    listing = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    for name in tuning:
        for page in listing.paginate(HyperParameterTuningJobName=name):
            yield from (summary["TrainingJobName"] for summary in page["TrainingJobSummaries"])


def _describe(sagemaker: Any, names: list[str]) -> list[Json]:
    """Describe jobs, some at once; say how far it is when that takes long."""
    started, progress, described = time.monotonic(), None, []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for job in pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), names):
            described.append(job)
            if progress is None and time.monotonic() - started > QUIET_SECONDS:
                progress = Progress("Reading the jobs")
            if progress:
                progress.update(f"{len(described)} of {len(names)}")
    if progress:
        progress.end(f"{len(described)} of {len(names)}", good=True)
    return described


def _row(job: Json) -> Json:
    seconds, billed = job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds")
    # What begins with sagemaker_ or _ is a client's own, not the learner's.
    own = {k: v for k, v in job.get("HyperParameters", {}).items() if not k.startswith(("sagemaker_", "_"))}
    return {
        "job": job["TrainingJobName"],
        "source": job.get("TuningJobArn", "").rpartition("/")[2],
        "status": job["TrainingJobStatus"],
        "started": job["CreationTime"],
        **own,
        **final_metrics(job),
        "seconds": seconds,
        "billed seconds": billed,
        "USD": _usd(job["ResourceConfig"], billed),
    }


def _usd(resources: Json, billed: float | None) -> float | None:
    """The price of the seconds that AWS bills; those of one instance, for each of the job's instances."""
    if billed is None:
        return None
    try:
        return costs.training(resources["InstanceType"], billed / 60).usd * int(resources.get("InstanceCount", 1))
    except (costs.UnknownPrice, KeyError):  # an instance that is not in the table, or a group of several kinds
        return None


def _as_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Hyperparameters are texts to SageMaker; a column of numbers becomes one."""
    if column.dtype.kind in "iufM" or column.name in ("job", "source", "status"):
        return column
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column
