"""Wait for a job with a progress bar, show its log, put jobs into a tidy table. Public AWS APIs only."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import boto3
import pandas as pd
import rich
from botocore.exceptions import ClientError

from helpers.show.progress import Progress

Json = dict[str, Any]
GLUE_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
TRAINING_ENDED = {"Completed", "Failed", "Stopped"}
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints"


class JobFailed(RuntimeError):
    """A job ended without success; the message holds AWS's reason and the last lines of the job's log."""


def wait_for_glue(job_name: str, run_id: str, *, minutes: float = 30) -> Json:
    """Wait until a Glue job run has ended and return its description (`JobRun` of GetJobRun).

    Raises:
        JobFailed: it did not succeed.
        TimeoutError: it still runs after `minutes`; it goes on running.
    """
    glue = boto3.client("glue")
    run = _wait(
        f"Glue job {job_name}",
        lambda: glue.get_job_run(JobName=job_name, RunId=run_id)["JobRun"],
        lambda run: " · ".join(filter(None, [run["JobRunState"], run.get("StateDetail")])),
        GLUE_ENDED,
        minutes,
        ended=lambda run: str(run["JobRunState"]),
    )
    if run["JobRunState"] != "SUCCEEDED":
        tail = log_lines("/aws-glue/jobs/error", run_id)[-10:]
        raise JobFailed("\n".join([f"{run['JobRunState']}: {run.get('ErrorMessage', 'no reason given')}", *tail]))
    return run


def wait_for_crawler(name: str, *, minutes: float = 15) -> Json:
    """Wait until a crawler is READY again and return its description. Raises JobFailed when its crawl failed."""
    glue = boto3.client("glue")
    crawler = _wait(
        f"Crawler {name}",
        lambda: glue.get_crawler(Name=name)["Crawler"],
        lambda crawler: str(crawler["State"]),
        {"READY"},
        minutes,
    )
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        raise JobFailed(f"{last.get('Status')}: {last.get('ErrorMessage', 'no reason given')}")
    return crawler


def wait_for_training(name: str, *, minutes: float = 60) -> Json:
    """Wait until a training job has ended and return its description. Raises JobFailed unless it is Completed."""
    sagemaker = boto3.client("sagemaker")
    job = _wait(
        f"Training job {name}",
        lambda: sagemaker.describe_training_job(TrainingJobName=name),
        _training_status,
        TRAINING_ENDED,
        minutes,
        ended=lambda job: str(job["TrainingJobStatus"]),
    )
    if job["TrainingJobStatus"] != "Completed":
        tail = training_log(name)[-10:]
        raise JobFailed("\n".join([f"{job['TrainingJobStatus']}: {job.get('FailureReason', '')}", *tail]))
    return job


def _training_status(job: Json) -> str:
    steps = job.get("SecondaryStatusTransitions") or [{}]
    running = job["TrainingJobStatus"] not in TRAINING_ENDED
    message = steps[-1].get("StatusMessage") if running else None
    return " · ".join(filter(None, [job["TrainingJobStatus"], job["SecondaryStatus"], message]))


def wait_for_tuning(name: str, *, minutes: float = 120) -> Json:
    """Wait until a tuning job has ended and return its description. Raises JobFailed unless it is Completed."""
    sagemaker = boto3.client("sagemaker")
    job = _wait(
        f"Tuning job {name}",
        lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        _tuning_status,
        TRAINING_ENDED,
        minutes,
        ended=lambda job: str(job["HyperParameterTuningJobStatus"]),
    )
    if job["HyperParameterTuningJobStatus"] != "Completed":
        raise JobFailed(f"{job['HyperParameterTuningJobStatus']}: {job.get('FailureReason', 'no reason given')}")
    return job


def _tuning_status(job: Json) -> str:
    counts = job["TrainingJobStatusCounters"]
    over = sum(counts.get(kind, 0) for kind in ("Completed", "Stopped", "NonRetryableError"))
    best = job.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    found = f"best {best:.4f}" if best is not None else ""
    return " · ".join(filter(None, [job["HyperParameterTuningJobStatus"], f"{over} trials ended", found]))


def wait_for_endpoint(name: str, *, minutes: float = 20) -> Json:
    """Wait until an endpoint is InService and return its description. Raises JobFailed with the reason if it fails."""
    sagemaker = boto3.client("sagemaker")
    endpoint = _wait(
        f"Endpoint {name}",
        lambda: sagemaker.describe_endpoint(EndpointName=name),
        lambda endpoint: str(endpoint["EndpointStatus"]),
        {"InService", "Failed", "OutOfService"},
        minutes,
    )
    if endpoint["EndpointStatus"] != "InService":
        raise JobFailed(f"{endpoint['EndpointStatus']}: {endpoint.get('FailureReason', 'no reason given')}")
    return endpoint


def _wait(
    what: str,
    describe: Callable[[], Json],
    status: Callable[[Json], str],
    wanted: set[str],
    minutes: float,
    ended: Callable[[Json], str] | None = None,
) -> Json:
    """Poll `describe` until `ended` (by default `status`) is one of `wanted`; show the status and the time."""
    ended = ended or status
    started, progress = time.monotonic(), Progress(what)
    while True:
        description = describe()
        if ended(description) in wanted:
            good = ended(description) in ("SUCCEEDED", "Completed", "InService", "READY")
            progress.end(status(description), good=good)
            return description
        progress.update(status(description))
        if time.monotonic() - started > minutes * 60:
            raise TimeoutError(f"{what} is still {status(description)} after {minutes:g} minutes; it goes on.")
        time.sleep(0.5 if time.monotonic() - started < 60 else 5)


def log_lines(group: str, stream: str) -> list[str]:
    """All lines of one CloudWatch log stream, oldest first; empty when there is no such stream (yet)."""
    return list(_log_lines(group, stream))


def _log_lines(group: str, stream: str) -> Iterator[str]:
    logs, token = boto3.client("logs"), ""
    while True:
        arguments = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        try:
            page = logs.get_log_events(**arguments, **({"nextToken": token} if token else {}))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return
            raise
        for event in page["events"]:
            yield event["message"]
        if page["nextForwardToken"] == token or not page["events"]:
            return
        token = page["nextForwardToken"]


def wait_for_line(read: Callable[[], list[str]], text: str, *, seconds: float = 60) -> list[str]:
    """Read a log until a line of it holds `text`, and return all that was read: CloudWatch is some seconds late.

    After `seconds` what is there is returned, with or without such a line.
    """
    deadline = time.monotonic() + seconds
    while True:
        lines = read()
        if any(text in line for line in lines) or time.monotonic() > deadline:
            return lines
        time.sleep(1)


def training_log(name: str) -> list[str]:
    """The log of a training job, oldest line first."""
    return _group_lines(TRAINING_LOGS, f"{name}/")


def _group_lines(group: str, stream_prefix: str) -> list[str]:
    wanted = {"logStreamNamePrefix": stream_prefix} if stream_prefix else {}
    try:
        streams = boto3.client("logs").describe_log_streams(logGroupName=group, **wanted)["logStreams"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [line for stream in streams for line in log_lines(group, stream["logStreamName"])]


def training_table(name_contains: str = "", *, only: Collection[str] | None = None) -> pd.DataFrame:
    """The training jobs of this account, newest first, or `only` those with these names, in their order.

    Columns: job, status, started, billed seconds, instance, and one for each hyperparameter (text) and each metric.
    """
    names = list(only) if only is not None else list(_training_names(name_contains))
    sagemaker, rows = boto3.client("sagemaker"), []
    for name in names:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        rows.append(
            {
                "job": job["TrainingJobName"],
                "status": job["TrainingJobStatus"],
                "started": job["CreationTime"],
                "billed seconds": job.get("BillableTimeInSeconds"),
                "instance": job["ResourceConfig"].get("InstanceType"),
                # What begins with sagemaker_ or _ is a client's own, not the learner's.
                **{k: v for k, v in job.get("HyperParameters", {}).items() if not k.startswith(("sagemaker_", "_"))},
                **final_metrics(job),
            }
        )
    return pd.DataFrame(rows)


def _training_names(name_contains: str) -> Iterator[str]:
    wanted = {"NameContains": name_contains} if name_contains else {}
    listing = boto3.client("sagemaker").get_paginator("list_training_jobs")
    for page in listing.paginate(SortBy="CreationTime", SortOrder="Descending", **wanted):
        for summary in page["TrainingJobSummaries"]:
            yield str(summary["TrainingJobName"])


def final_metrics(job: Json) -> dict[str, float]:
    """The last value of each metric of a described training job, by name."""
    return {metric["MetricName"]: float(metric["Value"]) for metric in job.get("FinalMetricDataList", [])}


def status_history(job: Json) -> pd.DataFrame:
    """The life of a described training job, one row a status: status, seconds, message."""
    rows = []
    for step in job["SecondaryStatusTransitions"]:
        seconds = (step.get("EndTime", step["StartTime"]) - step["StartTime"]).total_seconds()
        rows.append((step["Status"], round(seconds, 1), step.get("StatusMessage", "")))
    return pd.DataFrame(rows, columns=["status", "seconds", "message"])


def endpoint_log(name: str) -> list[str]:
    """What the model servers of an endpoint have logged, stream by stream, oldest line first."""
    return _group_lines(f"{ENDPOINT_LOGS}/{name}", "")


def show_sdk_logs() -> None:
    """Let what the SageMaker SDK logs (a job's own lines, with `train(logs=True)`) appear below the cell, once."""
    logger = logging.getLogger("sagemaker")
    if not any(isinstance(handler, _NotebookHandler) for handler in logger.handlers):
        logger.addHandler(_NotebookHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False
        # As into a file: for Jupyter, rich would make a widget of the SDK's wait, which no stored notebook can show.
        rich.reconfigure(force_jupyter=False, force_terminal=False)


class _NotebookHandler(logging.Handler):
    """Prints a job's log as the learner's script writes it, the job's name and end, and the SDK's warnings.

    The SDK puts the stream's name on a line before each line of a log. Its driver, which runs in the container, writes
    some 150 lines about its own set-up before it starts the script: they are left out here, and stay in CloudWatch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_driver: set[str] = set()  # streams whose script has not begun

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        stream, separator, line = message.partition(":\n")
        if separator and "/algo-" in stream:
            self._show(stream, line)
        elif message.startswith(("Training Job Name:", "Final Resource Status:")):
            print(message.replace("[bold]", ""))
        elif record.levelno >= logging.WARNING and message not in _HARMLESS:
            print(message)

    def _show(self, stream: str, line: str) -> None:
        if line == "Starting training script":
            self._in_driver.add(stream)
        if line.startswith("Executing command:"):
            self._in_driver.discard(stream)
        # A line with + is the shell's trace of the driver.
        if stream not in self._in_driver and not line.startswith("+"):
            print(line)


_HARMLESS = {
    "No region provided. Using default region.",  # connect() has set the region
    "Not displaing the training container logs as 'wait' is set to False.",  # the SDK's spelling
}
