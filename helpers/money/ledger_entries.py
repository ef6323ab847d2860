"""What a learner ran, read from the public APIs of each service: the entries of the ledger (`ledger.py`).

Lists say who and when, seldom on what machine: training jobs come whole from SageMaker's Search, a hundred a page; of
other jobs each is described, once it has ended only once. What is deleted is still in its log: crawls and endpoints.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.money import costs
from helpers.money.costs import Estimate, UnknownPrice
from helpers.workshop import Workshop

Json = dict[str, Any]
AT_ONCE = 8
RECENT = timedelta(minutes=15)  # as long as Search may lag behind the lists
OTHER = "other"
PIPELINES = "pipelines-"  # how the names of jobs begin that a pipeline has started
_NOT_SEARCHED = {"AccessDeniedException", "UnknownOperationException"}
_described: dict[str, Json] = {}  # descriptions of jobs that have ended, by ARN: they change no more


@dataclass(frozen=True)
class Entry:
    """One thing that a learner ran. `usd` is NaN when the price table has no price for it; `note` says why."""

    lesson: str
    service: str
    kind: str
    name: str
    started: datetime | None
    quantity: float
    unit: str
    usd: float
    note: str = ""


class Clients:
    """The clients that the sources share, made in one thread; patient, for AWS allows few calls in a second."""

    def __init__(self) -> None:
        # Several sources ask one client at the same time, each AT_ONCE times.
        patient = Config(retries={"mode": "adaptive", "total_max_attempts": 10}, max_pool_connections=5 * AT_ONCE)
        self.sagemaker, self.glue, self.athena, self.logs, self.metrics, self.s3 = (
            boto3.client(name, config=patient) for name in ("sagemaker", "glue", "athena", "logs", "cloudwatch", "s3")
        )


# What the lessons call what they make, behind the learner's own part of the name. Longer names first.
_LESSONS = {
    "sentiment-serverless": "07",
    **dict.fromkeys(("sentiment-pytorch", "sentiment-tensorflow", "pytorch", "tensorflow", "outside"), "08"),
    **dict.fromkeys(("random", "bayes", "warm", "grid"), "06"),
    **dict.fromkeys(("pipelines", "deploy", "automatic"), "10"),
    **dict.fromkeys(("features", "trainwords", "trainthree", "evaluate"), "10"),  # steps of its pipeline
    "raw": "02",
    "reviews-etl": "03",
    "ml": "04",
    "three": "08",
    "sentiment": "05",
}


def lesson_of(name: str, tags: Iterable[Json] = (), kind: str = "") -> str:
    """The lesson that something belongs to: its tag `lesson`, a number in its name, or what the lessons call it.

    Args:
        name: without the learner's own part.
        kind: of what runs; the endpoint "sentiment" is lesson 07's, the training jobs of that name are 05's.
    """
    tagged = [str(tag["Value"]) for tag in tags if tag["Key"] == "lesson"]
    numbered = re.match(r"(?:lesson-?|lab-?)?(0\d|1[0-2])(?:-|$)", name)
    if tagged or numbered:
        return tagged[0].zfill(2) if tagged else numbered[1]  # type: ignore[index]
    if kind == "endpoint" and name.startswith("sentiment"):
        return "07"
    return next((number for start, number in _LESSONS.items() if re.match(rf"{start}(-|$)", name)), OTHER)


class Owner:
    """Whose something is: named after this learner, or made by a pipeline and put into this learner's part of S3."""

    def __init__(self, ws: Workshop) -> None:
        self.prefix, self.place = ws.name(""), ws.s3()
        self.searched = (self.prefix, PIPELINES)  # what to look for in names

    def maybe(self, name: str) -> bool:
        """Whether a job can be this learner's, by its name."""
        return name.startswith(self.searched)

    def own(self, name: str, uris: Iterable[str] = ()) -> str | None:
        """The name without the learner's part, or None when it is somebody else's.

        SageMaker names a pipeline's jobs after the execution, which is forgotten with its pipeline; what stays is where
        the job put its results.

        Args:
            uris: where a job writes to.
        """
        if name.startswith(self.prefix):
            return name.removeprefix(self.prefix)
        mine = name.startswith(PIPELINES) and any(uri.startswith(self.place) for uri in uris)
        return name if mine else None


def priced(estimate: Callable[[], Estimate]) -> tuple[float, str]:
    """Dollars and a note; NaN and the reason when there is no such price."""
    try:
        found = estimate()
    except UnknownPrice:
        return math.nan, "not in the price table"
    return found.usd, "" if found.verified else "unverified price"


@cache
def _hourly(component: str, instance: str) -> tuple[float, str]:
    by_component = {"Training": costs.training, "Processing": costs.processing, "Batch Transform": costs.transform}
    return priced(lambda: by_component[component](instance, 60))


def _job(
    own: str, component: str, kind: str, name: str, seconds: float, groups: list[Json], started: Any, **more: Any
) -> Entry:
    """An entry of a job that is billed by the second for each of its machines; `own` is its name for its owner."""
    prices = [_hourly(component, group.get("InstanceType", "")) for group in groups]
    usd = sum(
        seconds / 3600 * price * group.get("InstanceCount", 1) for group, (price, _) in zip(groups, prices, strict=True)
    )
    notes = [more.get("note", ""), *dict.fromkeys(note for _, note in prices)]
    lesson = lesson_of(own, more.get("tags", ()), kind)
    count = sum(group.get("InstanceCount", 1) for group in groups)
    note = ", ".join(filter(None, notes))
    return Entry(lesson, "SageMaker AI", kind, name, started, seconds * count, "instance-second", usd, note)


# --- training: jobs of their own, trials of tuning jobs, candidates of AutoML jobs -------------------------------


def training(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Training jobs by BillableTimeInSeconds; one that runs, by the time since it began."""
    for job in _training_jobs(clients.sagemaker, owner, now):
        own = owner.own(job["TrainingJobName"], [job.get("OutputDataConfig", {}).get("S3OutputPath", "")])
        if own is None:
            continue
        kind = "AutoML candidate" if "AutoMLJobArn" in job else "trial" if "TuningJobArn" in job else "training"
        seconds, note = job.get("BillableTimeInSeconds"), ""
        if seconds is None and "TrainingStartTime" in job:
            ended = job.get("TrainingEndTime")
            seconds = math.ceil(((ended or now) - job["TrainingStartTime"]).total_seconds())
            note = "" if ended else "still running"
        resources = job["ResourceConfig"]
        groups = resources.get("InstanceGroups") or [resources]
        more = {"tags": job.get("Tags", ()), "note": note}
        name, started = job["TrainingJobName"], job["CreationTime"]
        yield _job(own, "Training", kind, name, seconds or 0, groups, started, **more)


def _training_jobs(sagemaker: Any, owner: Owner, now: datetime) -> Iterator[Json]:
    """All training jobs: from Search, and described where the list knows more than Search."""
    jobs: dict[str, Json] = {}
    listed: dict[str, str] = {}
    for text in owner.searched:
        try:
            jobs |= {job["TrainingJobName"]: job for job in _searched(sagemaker, text)}
            since = {"LastModifiedTimeAfter": now - RECENT}
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_SEARCHED:
                raise
            since = {}
        for page in sagemaker.get_paginator("list_training_jobs").paginate(NameContains=text, **since):
            listed |= {job["TrainingJobName"]: job["TrainingJobStatus"] for job in page["TrainingJobSummaries"]}
    behind = [name for name, status in listed.items() if owner.maybe(name) and _status(jobs.get(name)) != status]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fresh = pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), behind)
        jobs |= {job["TrainingJobName"]: job for job in fresh}
    return iter(jobs.values())


def _status(job: Json | None) -> str:
    """The status of a job that has ended; of one that runs Search may know less than a description says."""
    status = str((job or {}).get("TrainingJobStatus", ""))
    return "" if status in ("InProgress", "Stopping") else status


def _searched(sagemaker: Any, text: str) -> Iterator[Json]:
    wanted = {"Filters": [{"Name": "TrainingJobName", "Operator": "Contains", "Value": text}]}
    pages = sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", SearchExpression=wanted, PaginationConfig={"PageSize": 100}
    )
    return (result["TrainingJob"] for page in pages for result in page["Results"])


# --- processing and batch transform ------------------------------------------------------------------------------


def processing(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Processing jobs, from start to end."""
    for job in _each(clients.sagemaker, owner, "Processing"):
        outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
        own = owner.own(job["ProcessingJobName"], [one["S3Output"]["S3Uri"] for one in outputs if "S3Output" in one])
        if own is None:
            continue
        seconds, note = _ran(job.get("ProcessingStartTime"), job.get("ProcessingEndTime"), now)
        groups = [job["ProcessingResources"]["ClusterConfig"]]
        more = {"tags": job["Tags"], "note": note}
        name, started = job["ProcessingJobName"], job["CreationTime"]
        yield _job(own, "Processing", "processing", name, seconds, groups, started, **more)


def transform(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Batch transform jobs, from start to end."""
    for job in _each(clients.sagemaker, owner, "Transform"):
        own = owner.own(job["TransformJobName"], [job["TransformOutput"]["S3OutputPath"]])
        if own is None:
            continue
        seconds, note = _ran(job.get("TransformStartTime"), job.get("TransformEndTime"), now)
        more = {"tags": job["Tags"], "note": note}
        name, started = job["TransformJobName"], job["CreationTime"]
        yield _job(own, "Batch Transform", "transform", name, seconds, [job["TransformResources"]], started, **more)


def _ran(began: datetime | None, ended: datetime | None, now: datetime) -> tuple[int, str]:
    if began is None:
        return 0, ""
    return math.ceil(((ended or now) - began).total_seconds()), "" if ended else "still running"


def _each(sagemaker: Any, owner: Owner, kind: str) -> Iterator[Json]:
    """The processing or transform jobs that can be the learner's, described, with their tags."""
    pages = sagemaker.get_paginator(f"list_{kind.lower()}_jobs")
    describe = getattr(sagemaker, f"describe_{kind.lower()}_job")
    summaries = [
        job
        for text in owner.searched
        for page in pages.paginate(NameContains=text)
        for job in page[f"{kind}JobSummaries"]
        if owner.maybe(job[f"{kind}JobName"])
    ]

    def whole(summary: Json) -> Json:
        arn = summary[f"{kind}JobArn"]
        # A job can be deleted and another get its name: the time tells them apart.
        key = f"{arn} {summary['CreationTime'].timestamp()}"
        job = _described.get(key)
        if job is None:
            job = describe(**{f"{kind}JobName": summary[f"{kind}JobName"]})
            job["Tags"] = sagemaker.list_tags(ResourceArn=arn)["Tags"]
            if f"{kind}EndTime" in job:
                _described[key] = job
        return job

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(whole, summaries)


# --- Glue, Athena, S3 --------------------------------------------------------------------------------------------


def glue_runs(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Runs of the Glue jobs that exist, by DPU-seconds, a minute at least. The runs go with their job."""
    names = [name for page in clients.glue.get_paginator("list_jobs").paginate() for name in page["JobNames"]]
    for name in filter(lambda name: name.startswith(owner.prefix), names):
        for page in clients.glue.get_paginator("get_job_runs").paginate(JobName=name):
            for run in page["JobRuns"]:
                seconds, note = float(run.get("ExecutionTime", 0)), ""
                if not seconds and run["JobRunState"] == "RUNNING":
                    seconds, note = (now - run["StartedOn"]).total_seconds(), "still running"
                capacity = float(run.get("MaxCapacity") or run.get("AllocatedCapacity") or 0)
                lesson = lesson_of(name.removeprefix(owner.prefix), kind="Glue job")
                usd, quantity, problem = _dpu_seconds(run, seconds, capacity)
                note = note or problem
                yield Entry(lesson, "Glue", "job run", name, run["StartedOn"], quantity, "DPU-second", usd, note)


def _dpu_seconds(run: Json, seconds: float, capacity: float) -> tuple[float, float, str]:
    """Dollars, DPU-seconds billed, and a note; a run that never got to run costs nothing."""
    if not seconds:
        return 0.0, 0.0, ""
    # AWS states DPUSeconds where the capacity varied, else it is constant.
    used = float(run.get("DPUSeconds") or capacity * seconds) * max(1.0, 60 / seconds)
    if run.get("ExecutionClass") == "FLEX":
        row = costs.price("Glue", "Flex execution class")
    else:
        newer = float(run.get("GlueVersion", "5.1")) >= 6
        row = costs.price("Glue", "Spark ETL job, Glue 6.0+" if newer else "Spark ETL job / interactive session")
    return used / 3600 * row.usd, used, "" if row.verified else "unverified price"


def crawls(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Crawls, from the crawlers' log: each start and what follows it; ten minutes of two DPUs at least."""
    group = "/aws-glue/crawlers"
    streams = [stream["logStreamName"] for stream in log_streams(clients.logs, group, owner.prefix)]
    for name in streams:
        pages = clients.logs.get_paginator("filter_log_events").paginate(logGroupName=group, logStreamNames=[name])
        times: list[list[float]] = []
        for event in sorted((event for page in pages for event in page["events"]), key=lambda e: e["timestamp"]):
            if "Running Start Crawl" in event["message"]:
                times.append([event["timestamp"] / 1000])
            elif times:
                times[-1].append(event["timestamp"] / 1000)
        for crawl in times:
            minutes = max((crawl[-1] - crawl[0]) / 60, costs.CRAWL_MINUTES)
            started, used = datetime.fromtimestamp(crawl[0], UTC), costs.CRAWL_DPUS * minutes * 60
            lesson = lesson_of(name.removeprefix(owner.prefix), kind="crawler")
            usd, note = priced(lambda minutes=minutes: costs.crawler(minutes))  # type: ignore[misc]
            yield Entry(lesson, "Glue", "crawl", name, started, used, "DPU-second", usd, note)


def log_streams(logs: Any, group: str, prefix: str = "") -> Iterator[Json]:
    """The streams of a log group whose names begin so; none when there is no such group."""
    wanted = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group, **wanted):
            yield from page["logStreams"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def queries(clients: Clients, ws: Workshop) -> Iterator[Entry]:
    """Athena's queries on this learner's database, by the bytes scanned; statements about tables and failures are free.

    The lesson is read from a comment in the query, as `-- lesson 03`.
    """
    pages = clients.athena.get_paginator("list_query_executions").paginate()
    names = [name for page in pages for name in page["QueryExecutionIds"]]
    for start in range(0, len(names), 50):
        found = clients.athena.batch_get_query_execution(QueryExecutionIds=names[start : start + 50])
        for query in found["QueryExecutions"]:
            if query.get("QueryExecutionContext", {}).get("Database") != ws.database:
                continue
            scanned = float(query.get("Statistics", {}).get("DataScannedInBytes", 0))
            free = query.get("StatementType") == "DDL" or query["Status"]["State"] in ("FAILED", "QUEUED")
            usd, note = (0.0, "free") if free else priced(lambda scanned=scanned: costs.athena(scanned))  # type: ignore[misc]
            said = re.search(r"--\s*lesson\s*(\d\d?)", query["Query"])
            lesson, started = said[1].zfill(2) if said else OTHER, query["Status"].get("SubmissionDateTime")
            name = query["QueryExecutionId"]
            yield Entry(lesson, "Athena", "query", name, started, scanned, "byte scanned", usd, note)


def stored(clients: Clients, ws: Workshop) -> Iterator[Entry]:
    """What lies in S3 below the learner's prefix now, as what a month of it costs."""
    pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=ws.bucket, Prefix=f"{ws.prefix}/")
    total = sum(item["Size"] for page in pages for item in page.get("Contents", []))
    if total:
        usd, note = priced(lambda: costs.storage(total))
        note = ", ".join(filter(None, ["a month of what is there now", note]))
        yield Entry("all", "S3", "storage", ws.s3(), None, total, "byte", usd, note)
