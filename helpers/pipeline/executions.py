"""Follow an execution of a SageMaker pipeline, and read from it what ran, how long and for how much."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

import boto3
import pandas as pd

from helpers.aws.jobs import JobFailed
from helpers.money import costs
from helpers.show.progress import Progress

Json = dict[str, Any]
ENDED = {"Succeeded", "Failed", "Stopped"}


def wait(execution_arn: str, *, minutes: float = 60) -> Json:
    """Wait until a pipeline execution has ended and return its description.

    Raises:
        JobFailed: it did not succeed; with the reason of the first step that failed.
        TimeoutError: it still runs after `minutes`; it goes on running.
    """
    sagemaker, progress = boto3.client("sagemaker"), Progress(f"Pipeline {execution_arn.split('/')[1]}")
    started = time.monotonic()
    while True:
        execution: Json = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution_arn)
        status = str(execution["PipelineExecutionStatus"])
        if status in ENDED:
            break
        running = [step["StepName"] for step in _steps(execution_arn) if step["StepStatus"] == "Executing"]
        progress.update(" · ".join([status, *running]))
        if time.monotonic() - started > minutes * 60:
            raise TimeoutError(f"The execution is still {status} after {minutes:g} minutes; it goes on.")
        time.sleep(0.5 if time.monotonic() - started < 60 else 5)
    progress.end(status, good=status == "Succeeded")
    if status != "Succeeded":
        reasons = [step["FailureReason"] for step in _steps(execution_arn) if step.get("FailureReason")]
        raise JobFailed("\n".join([f"{status}: {execution.get('FailureReason', '')}", *reasons[:1]]))
    return execution


def next_of(pipeline: str, known: set[str], *, minutes: float = 10) -> str:
    """Wait until a pipeline has an execution that is not among the `known`, and return its ARN.

    Raises:
        TimeoutError: none has begun within `minutes`.
    """
    progress, deadline = Progress(f"A new execution of {pipeline}"), time.monotonic() + minutes * 60
    while time.monotonic() < deadline:
        new = [arn for arn in arns(pipeline) if arn not in known]
        if new:
            progress.end("begun", good=True)
            return new[0]
        progress.update("waiting")
        time.sleep(0.5)
    raise TimeoutError(f"No execution of {pipeline} has begun within {minutes:g} minutes.")


def arns(pipeline: str) -> list[str]:
    """The executions of a pipeline, newest first."""
    pages = boto3.client("sagemaker").get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
    return [str(one["PipelineExecutionArn"]) for page in pages for one in page["PipelineExecutionSummaries"]]


def _steps(execution_arn: str) -> list[Json]:
    """The steps that have begun, in the order in which they began."""
    pages = boto3.client("sagemaker").get_paginator("list_pipeline_execution_steps")
    listed = pages.paginate(PipelineExecutionArn=execution_arn, SortOrder="Ascending")
    return [step for page in listed for step in page["PipelineExecutionSteps"]]


def table(execution_arn: str) -> pd.DataFrame:
    """The steps of an execution, in the order in which they began.

    Columns: step, status, begins (s after the first step), seconds, cached, billed (s; 0 for a step that was cached or
    is no job), usd (for the billed seconds).
    """
    steps = _steps(execution_arn)
    rows = []
    for step in steps:
        cached = "CacheHitResult" in step
        billed, usd = (0, 0.0) if cached else _bill(step.get("Metadata", {}))
        begins = (step["StartTime"] - steps[0]["StartTime"]).total_seconds()
        seconds = (step["EndTime"] - step["StartTime"]).total_seconds() if "EndTime" in step else float("nan")
        rows.append((step["StepName"], step["StepStatus"], begins, round(seconds, 1), cached, billed, usd))
    return pd.DataFrame(rows, columns=["step", "status", "begins", "seconds", "cached", "billed", "usd"])


def _bill(metadata: Json) -> tuple[int, float]:
    """Billed seconds and dollars of the job behind a step; zero for a step that is no job."""
    sagemaker = boto3.client("sagemaker")
    if "TrainingJob" in metadata:
        listed = sagemaker.list_training_jobs(NameContains=_name(metadata["TrainingJob"]))["TrainingJobSummaries"]
        job = sagemaker.describe_training_job(TrainingJobName=listed[0]["TrainingJobName"])
        seconds = int(job.get("BillableTimeInSeconds", 0))
        return seconds, costs.training(job["ResourceConfig"]["InstanceType"], seconds / 60).usd
    if "ProcessingJob" in metadata:
        found = sagemaker.list_processing_jobs(NameContains=_name(metadata["ProcessingJob"]))["ProcessingJobSummaries"]
        job = sagemaker.describe_processing_job(ProcessingJobName=found[0]["ProcessingJobName"])
        ran = job["ProcessingEndTime"] - job["ProcessingStartTime"] if "ProcessingStartTime" in job else timedelta()
        seconds = math.ceil(ran.total_seconds())
        return seconds, processing(job["ProcessingResources"]["ClusterConfig"]["InstanceType"], seconds / 60)
    return 0, 0.0


def _name(job: Json) -> str:
    """The name in a job's ARN, in small letters; the lists do not mind."""
    return str(job["Arn"]).rpartition("/")[2]


def processing(instance: str, minutes: float) -> float:
    """What a processing job costs, in US dollars."""
    return minutes / 60 * costs.price("SageMaker AI", f"{instance} Processing").usd
