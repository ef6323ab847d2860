"""Lesson 01's experiment: the same small search on one machine and on many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import boto3
import pandas as pd

from helpers.aws import jobs, provision
from helpers.aws.client import client
from helpers.data.synthetic import synthetic_reviews
from helpers.models import experiments
from helpers.money import costs
from helpers.workshop import Workshop

PLACE = "01"  # below the learner's prefix: all that the lesson writes
TABLE = "why_cloud"
PENALTIES = ("0.01", "0.1", "0.5", "1", "10", "100")
METRIC = "search:accuracy"
INSTANCE = "ml.m5.large"
TRIAL_MINUTES = 2.5  # on AWS, as lesson 06 counts them
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


@dataclass(frozen=True)
class Measured:
    """A search that has ended.

    seconds: from the request until the last trial has ended; billed_seconds and usd: of all its trials.
    trials: one row each, in the order of their start: job, penalty, accuracy, and asked, works, ends (when it was asked
    for, when its script was started and when it had ended, in seconds since the search was asked for).
    """

    seconds: float
    billed_seconds: float
    usd: float
    trials: pd.DataFrame


def small_reviews(rows: int = 1000) -> pd.DataFrame:
    """Some clean reviews of the synthetic sample: review, label (1: praise, 0: blame)."""
    raw = synthetic_reviews(rows + rows // 10).dropna(subset=["review"]).drop_duplicates("review")
    good = raw[raw["sentiment"].isin(["positive", "negative"])].head(rows)
    label = (good["sentiment"] == "positive").astype("int64")
    return pd.DataFrame({"review": good["review"], "label": label}).reset_index(drop=True)


def put(ws: Workshop, reviews: pd.DataFrame) -> str:
    """Write reviews as one Parquet object to S3 and return its key."""
    key = f"{PLACE}/reviews/reviews.parquet"
    reviews.to_parquet(ws.s3(key), index=False)
    return f"{ws.prefix}/{key}"


def describe(ws: Workshop, columns: Mapping[str, str]) -> None:
    """Write into the catalog what the object holds: columns with their types. A table that exists is replaced."""
    glue = client("glue")
    provision.database(ws.database)
    storage = {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
        "Location": ws.s3(f"{PLACE}/reviews/"),
        **_PARQUET,
    }
    table = {
        "Name": TABLE,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "StorageDescriptor": storage,
    }
    try:
        glue.create_table(DatabaseName=ws.database, TableInput=table)
    except glue.exceptions.AlreadyExistsException:
        glue.update_table(DatabaseName=ws.database, TableInput=table)


def start(ws: Workshop, what: str, at_once: int, penalties: Sequence[str] = PENALTIES) -> str:
    """Start the search, a tuning job (lesson 06) with one trial for each penalty, and return its name.

    Args:
        at_once: how many trials may run at the same time: MaxParallelTrainingJobs.
    """
    from sagemaker.core.parameter import CategoricalParameter  # the SDK's import takes seconds
    from sagemaker.core.training.configs import InputData
    from sagemaker.train.tuner import HyperparameterTuner

    from helpers.models import training

    name = training.search_name(ws, f"{PLACE}-{what}")
    tuner = HyperparameterTuner(
        model_trainer=training.sklearn_trainer(ws, "search/trial.py", PLACE, output=f"{PLACE}/models"),
        objective_metric_name=METRIC,
        objective_type="Maximize",
        metric_definitions=[{"Name": METRIC, "Regex": f"{METRIC}=([0-9.]+)"}],
        hyperparameter_ranges={"penalty": CategoricalParameter(list(penalties))},
        strategy="Grid",
        max_jobs=None,
        max_parallel_jobs=at_once,
    )
    channel = InputData(channel_name="reviews", data_source=ws.s3(f"{PLACE}/reviews/"))
    tuner.tune([channel], job_name=name, wait=False)
    return name


def measure(name: str) -> Measured:
    """Ask SageMaker what a search that has ended took and cost."""
    sagemaker = client("sagemaker")
    search = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    asked = search["CreationTime"]
    runs = experiments.runs(tuning=[name])
    rows = []
    for run in runs.itertuples(index=False):
        job = sagemaker.describe_training_job(TrainingJobName=run.job)
        began = [s["StartTime"] for s in job["SecondaryStatusTransitions"] if s["Status"] == "Training"]
        moments = (job["CreationTime"], began[0] if began else job["TrainingEndTime"], job["TrainingEndTime"])
        rows.append([(moment - asked).total_seconds() for moment in moments])
    trials = pd.DataFrame(rows, columns=["asked", "works", "ends"], dtype=float)
    trials = runs[["job", "penalty", METRIC]].rename(columns={METRIC: "accuracy"}).join(trials)
    seconds = (search["HyperParameterTuningEndTime"] - asked).total_seconds()
    return Measured(seconds, float(runs["billed seconds"].sum()), float(runs["USD"].sum()), trials)


def price() -> costs.Estimate:
    """What a search costs on AWS, one trial at a time or all at once."""
    return costs.tuning(INSTANCE, len(PENALTIES), TRIAL_MINUTES)


def stored(ws: Workshop) -> list[str]:
    """The keys of all that the lesson has in S3, with what the SDK has put there for its trials."""
    bucket, name = boto3.resource("s3").Bucket(ws.bucket), ws.name(PLACE)
    # The SDK puts its drivers below the learner's prefix, but a search's source code below the name alone.
    places = f"{ws.prefix}/{PLACE}/", f"{ws.prefix}/{name}/", f"{name}/"
    return [found.key for place in places for found in bucket.objects.filter(Prefix=place)]


def tidy(ws: Workshop) -> None:
    """Stop the searches of the lesson that still run, and delete its objects in S3 and its table in the catalog."""
    sagemaker = client("sagemaker")
    running = {"NameContains": ws.name(PLACE), "StatusEquals": "InProgress"}
    for search in sagemaker.list_hyper_parameter_tuning_jobs(**running)["HyperParameterTuningJobSummaries"]:
        name = search["HyperParameterTuningJobName"]
        sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        with suppress(jobs.JobFailed):  # that is, Stopped
            jobs.wait_for_tuning(name)
    bucket = boto3.resource("s3").Bucket(ws.bucket)
    for key in stored(ws):
        bucket.Object(key).delete()
    glue = client("glue")
    try:
        glue.delete_table(DatabaseName=ws.database, Name=TABLE)
    except glue.exceptions.EntityNotFoundException:
        pass
