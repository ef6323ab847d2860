"""The runs of training and tuning as one table: what was tried, what came of it, how long, at what price; the choice.

From SageMaker's API alone, so it works for every job that anyone has started, with no tracking server beside it. Which
models go on to serve is a small file in S3: lesson 05 chooses, lesson 07 deploys. A team keeps such a choice in a model
registry; this file is what remains of one when everything else is left out. A search (lesson 06) writes down its best
trial and the model that no search has made, so that lesson 07 can hold both against the test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import pandas as pd

from helpers.aws.client import client, listed
from helpers.aws.jobs import final_metrics, training_table
from helpers.models import artifacts
from helpers.money import costs
from helpers.workshop import Workshop

_NAMES = "TrainingJobSummaries[].TrainingJobName"
_LAST = ["seconds", "billed seconds", "USD"]
_CHOICE = "models/choice.json"


def runs(name_contains: str = "", *, tuning: Collection[str] | None = None) -> pd.DataFrame:
    """The training jobs of this account, or those of some tuning jobs, one a row, in the order of their start.

    Args:
        name_contains: only jobs with this in their name; the trials of a tuning job have its name in theirs.
        tuning: names of tuning jobs: only their trials. As a mapping, label -> name, the labels become the source.
    Returns:
        Columns: job, source (the tuning job, or "" for a job of its own), status, started, one for each hyperparameter
        (numbers where all are) and each metric, seconds and billed seconds, USD (missing where the price table has no
        such instance). An empty table when there are no jobs.
    Raises:
        ClientError: there is no such tuning job.
    """
    sagemaker = client("sagemaker")
    labels = (
        {name: label for label, name in tuning.items()} if isinstance(tuning, Mapping) else {n: n for n in tuning or ()}
    )
    if tuning is None:
        wanted = {"NameContains": name_contains} if name_contains else {}
        names = listed(sagemaker, "list_training_jobs", _NAMES, **wanted)
    else:
        trials = "list_training_jobs_for_hyper_parameter_tuning_job"
        names = chain.from_iterable(
            listed(sagemaker, trials, _NAMES, HyperParameterTuningJobName=name) for name in labels
        )
    table = training_table(list(names))
    if table.empty:
        return table
    table["USD"] = usd(table)
    table["source"] = table["source"].replace(labels)
    table = table.drop(columns=["instance", "instances"]).sort_values("started", ignore_index=True)
    return table[[*table.columns.drop(_LAST), *_LAST]].apply(_as_numbers)


def usd(jobs: pd.DataFrame) -> pd.Series[float]:
    """What each job of a `training_table` costs: the billed seconds of one instance, for each of its instances.

    Missing for a job that is not billed yet, and where the price table has no such instance.
    """
    billed = zip(jobs["instance"], jobs["instances"], jobs["billed seconds"], strict=True)
    return pd.Series([_price(*one) for one in billed], jobs.index, dtype=float)


def _price(instance: str, instances: int, billed: float) -> float:
    try:
        return costs.training(instance, billed / 60, instances).usd if pd.notna(billed) else math.nan
    except costs.UnknownPrice:
        return math.nan


def _as_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Hyperparameters are texts to SageMaker; a column of numbers becomes one."""
    if column.dtype.kind in "iufM" or column.name in ("job", "source", "status"):
        return column
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column


def choose(ws: Workshop, chosen: str, runner_up: str) -> None:
    """Write down the names of two training jobs: of the model to deploy, and of the second best.

    Raises:
        ClientError: there is no such training job.
    """
    sagemaker = client("sagemaker")
    for name in (chosen, runner_up):
        sagemaker.describe_training_job(TrainingJobName=name)
    body = json.dumps({"chosen": chosen, "runner_up": runner_up}, indent=2)
    client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{_CHOICE}", Body=body)


def chosen(ws: Workshop) -> tuple[Any, Any] | None:
    """The chosen training job and the runner-up, each as DescribeTrainingJob describes it; None without a choice.

    A choice whose jobs or model files are gone is no choice.
    """
    s3, sagemaker = client("s3"), client("sagemaker")
    try:
        choice = json.loads(s3.get_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{_CHOICE}")["Body"].read())
        jobs = [sagemaker.describe_training_job(TrainingJobName=choice[role]) for role in ("chosen", "runner_up")]
        for job in jobs:
            bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
            s3.head_object(Bucket=bucket, Key=key)
    except (s3.exceptions.ClientError, KeyError):
        return None
    return jobs[0], jobs[1]


def untuned(ws: Workshop) -> Any:
    """Of the chosen job and the runner-up the better one that no search has made, as DescribeTrainingJob describes it.

    Raises:
        LookupError: there is no choice; `catch_up(ws, "model")` makes one.
    """
    pair = chosen(ws)
    if pair is None:
        raise LookupError('No model is chosen: run lesson 05, or catch_up(ws, "model").')
    return next((job for job in pair if not job.get("TuningJobArn")), pair[1])


def side_by_side(described: Mapping[str, Any]) -> pd.DataFrame:
    """Training jobs, as DescribeTrainingJob describes them, under their labels: one a column.

    Rows: made by (a search, or a job of its own), each hyperparameter that one of them was given, which are numbers,
    and validation accuracy.
    """
    columns = {}
    for label, job in described.items():
        given = {k: v for k, v in job.get("HyperParameters", {}).items() if not k.startswith(("sagemaker_", "_"))}
        columns[label] = {"made by": "a search" if job.get("TuningJobArn") else "a job of its own"}
        columns[label] |= {name: f"{float(value):.4g}" for name, value in given.items()}
        columns[label]["validation accuracy"] = f"{final_metrics(job)['validation:accuracy']:.4f}"
    table = pd.DataFrame(columns).fillna("default")
    return table.reindex([*table.index.drop("validation accuracy"), "validation accuracy"])


def open_chosen(ws: Workshop) -> Any:
    """The chosen model itself, as `opened` has it.

    Raises:
        LookupError: there is no choice.
        UnsafeModel: the file is not what a job of the course writes.
    """
    choice = chosen(ws)
    if choice is None:
        raise LookupError("No model is chosen yet: lesson 05 does it, or `catch_up(ws, 'model')`.")
    return opened(choice[0])


def opened(job: Mapping[str, Any]) -> Any:
    """The model of a job, as DescribeTrainingJob describes it: a scikit-learn Pipeline, as lesson 05 opens one.

    It is a pickle, and opened as such: the learner's own job has written it.

    Raises:
        UnsafeModel: the file is not what a job of the course writes.
    """
    with TemporaryDirectory() as folder:
        archive = download(job, Path(folder, "model.tar.gz"))
        return joblib.load(artifacts.unpack(archive, Path(folder), allow_pickle=True) / "model.joblib")


def download(job: Mapping[str, Any], archive: Path) -> Path:
    """Copy the model file of a job, as DescribeTrainingJob describes it, to this path, and return it."""
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    client("s3").download_file(bucket, key, str(archive))
    return archive
