"""Lesson 01's experiment: a small search on some machines at a time; the lesson itself starts it."""

from __future__ import annotations

from contextlib import suppress

import boto3
import pandas as pd

from helpers.aws import jobs
from helpers.aws.client import client
from helpers.data.synthetic import synthetic_reviews
from helpers.money import costs, elasticity
from helpers.workshop import Workshop

PLACE = "01"  # below the learner's prefix: all that the lesson writes
TABLE = "why_cloud"
PENALTIES = ("0.01", "0.1", "0.5", "1", "10", "100")
METRIC = "search:accuracy"  # as jobs/search/trial.py prints it
INSTANCE = "ml.m5.large"
TRIAL_MINUTES = 2.5  # on AWS, as lesson 06 counts them


def small_reviews(rows: int = 1000) -> pd.DataFrame:
    """Some clean reviews of the synthetic sample: review, label (1: positive, 0: negative)."""
    raw = synthetic_reviews(rows + rows // 10).dropna(subset=["review"]).drop_duplicates("review")
    good = raw[raw["sentiment"].isin(["positive", "negative"])].head(rows)
    label = (good["sentiment"] == "positive").astype("int64")
    return pd.DataFrame({"review": good["review"], "label": label}).reset_index(drop=True)


def plan(at_once: int) -> elasticity.Plan:
    """What a search takes and costs on AWS with so many trials at a time, each on a machine of its own."""
    hourly = costs.price("SageMaker AI", f"{INSTANCE} Training").usd
    return elasticity.search(len(PENALTIES), TRIAL_MINUTES / 60, at_once, hourly)


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
