"""Follow an execution of a SageMaker pipeline, and read from it what ran, how long and for how much."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pandas as pd

from helpers.aws import jobs
from helpers.aws.client import client, listed, wait_until
from helpers.money import at_home, costs
from helpers.show.progress import Progress

Json = dict[str, Any]
JobFailed = jobs.JobFailed  # what `wait` raises


def wait(execution_arn: str) -> Json:
    """Wait until a pipeline execution has ended and return its description.

    Raises:
        JobFailed: it did not succeed; with the reason of the first step that failed, and the end of its log.
        TimeoutError: it still runs after two hours; it goes on running.
    """
    sagemaker = client("sagemaker")
    return jobs.wait(
        f"Pipeline {execution_arn.split('/')[1]}",
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution_arn),
        "PipelineExecutionStatus",
        "Succeeded",
        ("Failed", "Stopped"),
        details=lambda _: [step["StepName"] for step in _steps(execution_arn) if step["StepStatus"] == "Executing"],
        log=lambda: _why(execution_arn),
    )


def _why(execution_arn: str) -> list[str]:
    """The reason of the first step that failed, and the end of its job's log: AWS's reason names the exit code only."""
    failed = next((step for step in _steps(execution_arn) if step.get("FailureReason")), None)
    if failed is None:
        return []
    lines: list[str] = []
    for kind in ("ProcessingJob", "TrainingJob"):
        if arn := failed.get("Metadata", {}).get(kind, {}).get("Arn"):
            lines = jobs.lines_of(f"/aws/sagemaker/{kind}s", f"{arn.partition('/')[2]}/")
    return [failed["FailureReason"], *lines[-5:]]


def next_of(pipeline: str, known: set[str]) -> str:
    """Wait until a pipeline has an execution that is not among the `known`, and return its ARN.

    Raises:
        TimeoutError: none has begun within ten minutes.
    """
    progress = Progress(f"A new execution of {pipeline}")

    def new() -> list[str]:
        progress.update("waiting")
        return [arn for arn in arns(pipeline) if arn not in known]

    found = wait_until(new, f"new execution of {pipeline}")
    progress.end("begun", good=True)
    return found[0]


def arns(pipeline: str) -> list[str]:
    """The executions of a pipeline, newest first."""
    arn = "PipelineExecutionSummaries[].PipelineExecutionArn"
    return list(listed(client("sagemaker"), "list_pipeline_executions", arn, PipelineName=pipeline))


def _steps(execution_arn: str) -> list[Json]:
    """The steps that have begun, in the order in which they began."""
    wanted = {"PipelineExecutionArn": execution_arn, "SortOrder": "Ascending"}
    return list(listed(client("sagemaker"), "list_pipeline_execution_steps", "PipelineExecutionSteps[]", **wanted))


def table(execution_arn: str) -> pd.DataFrame:
    """The steps of an execution, in the order in which they began.

    Columns: step, status, begins (s after the first step), seconds, cached, billed (s, as AWS bills; 0 for a step that
    was cached or is no job), usd (for the billed seconds).
    """
    steps = _steps(execution_arn)
    rows = []
    for step in steps:
        cached = "CacheHitResult" in step
        billed, usd = (0, 0.0) if cached else _bill(step.get("Metadata", {}))
        begins = (step["StartTime"] - steps[0]["StartTime"]).total_seconds()
        seconds = (step["EndTime"] - step["StartTime"]).total_seconds() if "EndTime" in step else float("nan")
        rows.append((step["StepName"], step["StepStatus"], begins, seconds, cached, billed, usd))
    return pd.DataFrame(rows, columns=["step", "status", "begins", "seconds", "cached", "billed", "usd"])


def _bill(metadata: Json) -> tuple[int, float]:
    """Billed seconds and dollars of the job behind a step; zero for a step that is no job."""
    sagemaker = client("sagemaker")
    if "TrainingJob" in metadata:
        found = sagemaker.list_training_jobs(NameContains=_name(metadata["TrainingJob"]))["TrainingJobSummaries"]
        job = sagemaker.describe_training_job(TrainingJobName=found[0]["TrainingJobName"])
        seconds = int(at_home.seconds("Training", job.get("BillableTimeInSeconds", 0)))
        return seconds, costs.training(job["ResourceConfig"]["InstanceType"], seconds / 60).usd
    if "ProcessingJob" in metadata:
        found = sagemaker.list_processing_jobs(NameContains=_name(metadata["ProcessingJob"]))["ProcessingJobSummaries"]
        job = sagemaker.describe_processing_job(ProcessingJobName=found[0]["ProcessingJobName"])
        ran = job["ProcessingEndTime"] - job["ProcessingStartTime"] if "ProcessingStartTime" in job else timedelta()
        seconds = int(at_home.seconds("Processing", math.ceil(ran.total_seconds())))
        return seconds, costs.processing(job["ProcessingResources"]["ClusterConfig"]["InstanceType"], seconds / 60).usd
    return 0, 0.0


def _name(job: Json) -> str:
    """The name in a job's ARN, in small letters; the lists do not mind."""
    return str(job["Arn"]).rpartition("/")[2]
