"""Wait for a job with a progress bar, show its log, put jobs into a tidy table. Public AWS APIs only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from helpers.aws.client import client, log_streams, pause
from helpers.aws.provision import GLUE_LOGS
from helpers.show.progress import Progress

Json = dict[str, Any]
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
_AT_ONCE = 8
_LONGEST = 2 * 3600.0  # seconds that anything is waited for: all of the course's jobs are limited to less
_QUIET_SECONDS = 2.0  # how long the reading of jobs may take without a line that says so


class JobFailed(RuntimeError):
    """A job ended without success; the message holds AWS's reason and the last lines of the job's log."""


def wait(
    what: str,
    describe: Callable[[], Json],
    state: str,
    good: str = "Completed",
    bad: Collection[str] = ("Failed", "Stopped"),
    *,
    details: Callable[[Json], Iterable[str | None]] = lambda description: (),
    log: Callable[[], list[str]] = list,
) -> Json:
    """Wait, with a line that says how it stands, until something has ended well, and return its description.

    Args:
        describe: asks AWS for the description.
        state: the member of it that says how it stands; it ends as `good` or as one of `bad`.
        details: what the line says beside the state.
        log: lines of which the last ones explain a failure.
    Raises:
        JobFailed: it ended as one of `bad`.
        TimeoutError: it still runs after two hours; it goes on running.
    """
    started, progress = time.monotonic(), Progress(what)
    while True:
        description = describe()
        found = str(description[state])
        line = " · ".join(dict.fromkeys(filter(None, [found, *details(description)])))
        if found == good or found in bad:
            break
        progress.update(line)
        if time.monotonic() - started > _LONGEST:
            raise TimeoutError(f"{what} is still {line} after {_LONGEST / 3600:g} hours; it goes on.")
        pause(started)
    progress.end(line, good=found == good)
    if found != good:
        reason = description.get("FailureReason") or description.get("ErrorMessage") or "no reason given"
        raise JobFailed("\n".join([f"{found}: {reason}", *log()[-10:]]))
    return description


def wait_for_glue(job_name: str, run_id: str) -> Json:
    """Wait for a Glue job run (`JobRun` of GetJobRun). Raises JobFailed and TimeoutError as `wait`."""
    glue = client("glue")
    return wait(
        f"Glue job {job_name}",
        lambda: glue.get_job_run(JobName=job_name, RunId=run_id)["JobRun"],
        "JobRunState",
        "SUCCEEDED",
        ("FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"),
        details=lambda run: [run.get("StateDetail")],
        log=lambda: glue_log(job_name, run_id, "error"),
    )


def wait_for_crawler(name: str) -> Json:
    """Wait until a crawler is READY again and return its description. Raises JobFailed when its crawl failed."""
    glue = client("glue")
    crawler = wait(f"Crawler {name}", lambda: glue.get_crawler(Name=name)["Crawler"], "State", "READY", ())
    last = crawler.get("LastCrawl", {})
    if last.get("Status") != "SUCCEEDED":
        raise JobFailed(f"{last.get('Status')}: {last.get('ErrorMessage', 'no reason given')}")
    return crawler


def wait_for_training(name: str) -> Json:
    """Wait for a training job (DescribeTrainingJob). Raises JobFailed and TimeoutError as `wait`."""
    sagemaker = client("sagemaker")

    def details(job: Json) -> list[str | None]:
        running = job["TrainingJobStatus"] in ("InProgress", "Stopping")
        steps = job.get("SecondaryStatusTransitions") or [{}]
        return [job["SecondaryStatus"], steps[-1].get("StatusMessage") if running else None]

    return wait(
        f"Training job {name}",
        lambda: sagemaker.describe_training_job(TrainingJobName=name),
        "TrainingJobStatus",
        details=details,
        log=lambda: training_log(name),
    )


def wait_for_tuning(name: str) -> Json:
    """Wait for a tuning job (DescribeHyperParameterTuningJob). Raises JobFailed and TimeoutError as `wait`."""
    sagemaker = client("sagemaker")

    def details(job: Json) -> list[str]:
        counts = job["TrainingJobStatusCounters"]
        over = sum(counts.get(kind, 0) for kind in ("Completed", "Stopped", "NonRetryableError"))
        best = job.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
        return [f"{over} trials ended", f"best {best:.4f}" if best is not None else ""]

    return wait(
        f"Tuning job {name}",
        lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        "HyperParameterTuningJobStatus",
        details=details,
    )


def wait_for_automl(name: str) -> Json:
    """Wait for an AutoML job (DescribeAutoMLJobV2). Raises JobFailed and TimeoutError as `wait`."""
    sagemaker = client("sagemaker")
    return wait(
        f"AutoML job {name}",
        lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name),
        "AutoMLJobStatus",
        details=lambda job: [job["AutoMLJobSecondaryStatus"]],
    )


def wait_for_endpoint(name: str) -> Json:
    """Wait until an endpoint is InService (DescribeEndpoint). Raises JobFailed and TimeoutError as `wait`."""
    sagemaker = client("sagemaker")
    return wait(
        f"Endpoint {name}",
        lambda: sagemaker.describe_endpoint(EndpointName=name),
        "EndpointStatus",
        "InService",
        ("Failed", "OutOfService"),
    )


def log_lines(group: str, stream: str) -> list[str]:
    """All lines of one CloudWatch log stream, oldest first; empty when there is no such stream (yet).

    A page may be empty and others follow; the end is where the token that was sent comes back.
    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    """
    logs = client("logs")
    lines: list[str] = []
    token: dict[str, str] = {}
    while True:
        try:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        except logs.exceptions.ResourceNotFoundException:
            return lines
        lines += [event["message"] for event in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            return lines
        token = {"nextToken": page["nextForwardToken"]}


def wait_for_line(read: Callable[[], list[str]], text: str, *, seconds: float = 60) -> list[str]:
    """Read a log until a line of it holds `text`, and return all that was read: CloudWatch is some seconds late.

    After `seconds` what is there is returned, with or without such a line.
    """
    started = time.monotonic()
    while True:
        lines = read()
        if any(text in line for line in lines) or time.monotonic() - started > seconds:
            return lines
        pause(started, 1)


def training_log(name: str) -> list[str]:
    """The log of a training job, oldest line first."""
    return lines_of(TRAINING_LOGS, f"{name}/")


def glue_log(job_name: str, run_id: str, kind: str = "output") -> list[str]:
    """What a run of a job of `provision.glue_job` has logged: the script's `output`, or Spark's `error`."""
    return lines_of(f"{GLUE_LOGS}{job_name}/{kind}", run_id)


def lines_of(group: str, prefix: str = "") -> list[str]:
    streams = log_streams(client("logs"), group, prefix)
    return [line for stream in streams for line in log_lines(group, stream["logStreamName"])]


def training_table(only: Collection[str]) -> pd.DataFrame:
    """The training jobs with these names, one a row, in their order, as DescribeTrainingJob describes them.

    Columns: job, source (its tuning job, or ""), status, started, one for each hyperparameter (text) and each metric,
    instance, instances, seconds, billed seconds.
    """
    sagemaker, names = client("sagemaker"), list(only)
    started, progress, rows = time.monotonic(), None, []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for job in pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), names):
            rows.append(_row(job))
            if progress is None and time.monotonic() - started > _QUIET_SECONDS:
                progress = Progress("Reading the jobs")
            if progress:
                progress.update(f"{len(rows)} of {len(names)}")
    if progress:
        progress.end(f"{len(rows)} of {len(names)}", good=True)
    return pd.DataFrame(rows)


def _row(job: Json) -> Json:
    # What begins with sagemaker_ or _ is a client's own, not the learner's.
    own = {k: v for k, v in job.get("HyperParameters", {}).items() if not k.startswith(("sagemaker_", "_"))}
    return {
        "job": job["TrainingJobName"],
        "source": job.get("TuningJobArn", "").rpartition("/")[2],
        "status": job["TrainingJobStatus"],
        "started": job["CreationTime"],
        **own,
        **final_metrics(job),
        "instance": job["ResourceConfig"].get("InstanceType"),
        "instances": job["ResourceConfig"].get("InstanceCount", 1),
        "seconds": job.get("TrainingTimeInSeconds"),
        "billed seconds": job.get("BillableTimeInSeconds"),
    }


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
    return lines_of(ENDPOINT_LOGS + name)
