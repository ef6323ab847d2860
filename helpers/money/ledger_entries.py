"""What a learner ran, read from the public APIs of each service: the entries of the ledger (`ledger.py`).

Lists say who and when, seldom on what machine: training jobs come whole from SageMaker's Search, a hundred a page; of
other jobs each is described, once it has ended only once. What is deleted is still in its log: crawls and endpoints.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from helpers.aws.client import client, is_missing, listed, log_streams
from helpers.money import at_home, costs
from helpers.money.costs import Estimate, UnknownPrice
from helpers.studio import on_aws
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
    """The clients that the sources share, made in one thread: boto3 does not make them in several."""

    def __init__(self) -> None:
        names = ("sagemaker", "glue", "athena", "logs", "cloudwatch", "s3")
        self.sagemaker, self.glue, self.athena, self.logs, self.metrics, self.s3 = map(client, names)


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
        self.prefix, self.place, self.learner = ws.name(""), ws.s3(), ws.learner
        self.searched = (self.prefix, PIPELINES)  # what to look for in names

    def maybe(self, name: str) -> bool:
        """Whether a job can be this learner's, by its name."""
        return name.startswith(self.searched)

    def own(self, name: str, uris: Iterable[str] = (), tags: Iterable[Json] = ()) -> str | None:
        """The name without the learner's part, or None when it is somebody else's.

        SageMaker names a pipeline's jobs after the execution, which is forgotten with its pipeline; what stays is the
        job's tag, and where it put its results.

        Args:
            uris: where a job writes to.
        """
        if name.startswith(self.prefix):
            return name.removeprefix(self.prefix)
        tagged = {"Key": "learner", "Value": self.learner} in tags
        mine = tagged or any(uri.startswith(self.place) for uri in uris)
        return name if mine and name.startswith(PIPELINES) else None


def priced(estimate: Callable[[], Estimate]) -> tuple[float, str]:
    """Dollars and a note; NaN and the reason when there is no such price."""
    try:
        found = estimate()
    except UnknownPrice:
        return math.nan, "not in the price table"
    return found.usd, noted(found.mark)


def noted(mark: str) -> str:
    """The note of an entry whose price has this mark."""
    return f"{mark} price" if mark else ""


@cache
def _hourly(component: str, instance: str) -> tuple[float, str]:
    by_component = {"Training": costs.training, "Processing": costs.processing, "Batch Transform": costs.transform}
    return priced(lambda: by_component[component](instance, 60))


def _job(
    own: str, component: str, kind: str, job: Json, seconds: float | None, machines: Json, note: str = ""
) -> Entry:
    """An entry of a job that is billed by the second for each of its machines.

    Args:
        own: its name for its owner.
        component: what the price table calls this kind of job.
        job: as described, with its tags.
        machines: its InstanceType and InstanceCount.
    """
    hourly, unpriced = _hourly(component, machines.get("InstanceType", ""))
    quantity = at_home.seconds(component, seconds or 0) * machines.get("InstanceCount", 1)
    name = job[f"{component.removeprefix('Batch ')}JobName"]
    return Entry(
        lesson_of(own, job.get("Tags", ()), kind),
        "SageMaker AI",
        kind,
        name,
        job["CreationTime"],
        quantity,
        "instance-second",
        quantity / 3600 * hourly,
        ", ".join(filter(None, [note, unpriced])),
    )


def _ran(began: datetime | None, ended: datetime | None, now: datetime) -> tuple[int, str]:
    """The seconds that a job has run, begun ones in full, and a note if it still does."""
    if began is None:
        return 0, ""
    return math.ceil(((ended or now) - began).total_seconds()), "" if ended else "still running"


# --- training: jobs of their own, trials of tuning jobs, candidates of AutoML jobs -------------------------------


def training(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Training jobs by BillableTimeInSeconds; one that runs, by the time since it began."""
    searches: set[str] = set()  # the AutoML jobs whose assumed dollars are counted
    for job in _training_jobs(clients.sagemaker, owner, now):
        written = job.get("OutputDataConfig", {}).get("S3OutputPath", "")
        own = owner.own(job["TrainingJobName"], [written], job.get("Tags", ()))
        if own is None:
            continue
        kind = "AutoML candidate" if "AutoMLJobArn" in job else "trial" if "TuningJobArn" in job else "training"
        seconds, note = job.get("BillableTimeInSeconds"), ""
        if seconds is None:
            seconds, note = _ran(job.get("TrainingStartTime"), job.get("TrainingEndTime"), now)
        entry = _job(own, "Training", kind, job, seconds, job["ResourceConfig"], note)
        if kind == "AutoML candidate" and seconds and not on_aws():
            entry = _assumed(entry, counted=job["AutoMLJobArn"] in searches)
            searches.add(job["AutoMLJobArn"])
        yield entry


def _assumed(candidate: Entry, *, counted: bool) -> Entry:
    """An AutoML job's first candidate as AWS would bill the job, with another machine; the others cost nothing."""
    note = f"assumed: {at_home.AUTOML_INSTANCE}"
    if counted:
        return replace(candidate, quantity=0.0, usd=0.0, note=note)
    return replace(candidate, quantity=60.0 * at_home.AUTOML_MINUTES, usd=at_home.automl().usd, note=note)


def _training_jobs(sagemaker: Any, owner: Owner, now: datetime) -> Iterator[Json]:
    """All training jobs: from Search, and described where Search may be behind.

    ListTrainingJobs takes two requests a second from a whole account, and a filter of it leaves pages empty instead of
    making them fewer (aws-cli #7596): it is asked once, newest first, no further back than Search may lag.
    """
    jobs: dict[str, Json] = {}
    newest = listed(
        sagemaker, "list_training_jobs", "TrainingJobSummaries[]", SortBy="CreationTime", SortOrder="Descending"
    )
    try:
        jobs = {job["TrainingJobName"]: job for job in _searched(sagemaker, owner)}
        newest = takewhile(lambda job: job["CreationTime"] > now - RECENT, newest)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_SEARCHED:
            raise
    names = {*jobs, *(job["TrainingJobName"] for job in newest)}
    behind = [name for name in names if owner.maybe(name) and not _has_ended(jobs.get(name))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fresh = pool.map(lambda name: sagemaker.describe_training_job(TrainingJobName=name), behind)
        jobs |= {job["TrainingJobName"]: job for job in fresh}
    return iter(jobs.values())


def _has_ended(job: Json | None) -> bool:
    return job is not None and job["TrainingJobStatus"] not in ("InProgress", "Stopping")


def _searched(sagemaker: Any, owner: Owner) -> Iterator[Json]:
    wanted = [{"Name": "TrainingJobName", "Operator": "Contains", "Value": text} for text in owner.searched]
    expression = {"Filters": wanted, "Operator": "Or"}
    return listed(sagemaker, "search", "Results[].TrainingJob", Resource="TrainingJob", SearchExpression=expression)


# --- processing and batch transform ------------------------------------------------------------------------------


def processing(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Processing jobs, from start to end."""
    for job in _each(clients.sagemaker, owner, "Processing"):
        outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
        written = [one["S3Output"]["S3Uri"] for one in outputs if "S3Output" in one]
        own = owner.own(job["ProcessingJobName"], written, job["Tags"])
        if own is not None:
            seconds, note = _ran(job.get("ProcessingStartTime"), job.get("ProcessingEndTime"), now)
            machines = job["ProcessingResources"]["ClusterConfig"]
            yield _job(own, "Processing", "processing", job, seconds, machines, note)


def transform(clients: Clients, owner: Owner, now: datetime) -> Iterator[Entry]:
    """Batch transform jobs, from start to end."""
    for job in _each(clients.sagemaker, owner, "Transform"):
        own = owner.own(job["TransformJobName"], [job["TransformOutput"]["S3OutputPath"]], job["Tags"])
        if own is not None:
            seconds, note = _ran(job.get("TransformStartTime"), job.get("TransformEndTime"), now)
            yield _job(own, "Batch Transform", "transform", job, seconds, job["TransformResources"], note)


def _each(sagemaker: Any, owner: Owner, kind: str) -> Iterator[Json]:
    """The processing or transform jobs that can be the learner's, described, with their tags."""
    describe = getattr(sagemaker, f"describe_{kind.lower()}_job")
    every = listed(sagemaker, f"list_{kind.lower()}_jobs", f"{kind}JobSummaries[]")
    summaries = [job for job in every if owner.maybe(job[f"{kind}JobName"])]

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
    names = listed(clients.glue, "list_jobs", "JobNames[]")
    for name in (name for name in names if name.startswith(owner.prefix)):
        lesson = lesson_of(name.removeprefix(owner.prefix))
        for run in listed(clients.glue, "get_job_runs", "JobRuns[]", JobName=name):
            seconds, note = float(run.get("ExecutionTime", 0)), ""
            if not seconds and run["JobRunState"] == "RUNNING":
                seconds, note = (now - run["StartedOn"]).total_seconds(), "still running"
            usd, quantity, problem = _dpu_seconds(run, seconds)
            yield Entry(lesson, "Glue", "job run", name, run["StartedOn"], quantity, "DPU-second", usd, note or problem)


def _dpu_seconds(run: Json, seconds: float) -> tuple[float, float, str]:
    """Dollars, DPU-seconds billed, and a note; a run that never got to run costs nothing."""
    if not seconds:
        return 0.0, 0.0, ""
    # AWS states DPUSeconds where the capacity varied, else it is constant.
    used = float(run.get("DPUSeconds") or run.get("MaxCapacity", 0) * seconds) * max(1.0, 60 / seconds)
    if run.get("ExecutionClass") == "FLEX":
        row = costs.price("Glue", "Flex execution class")
    else:
        newer = float(run.get("GlueVersion", "5.1")) >= 6
        row = costs.price("Glue", "Spark ETL job, Glue 6.0+" if newer else "Spark ETL job / interactive session")
    return used / 3600 * row.usd, used, noted(row.mark)


def crawls(clients: Clients, owner: Owner) -> Iterator[Entry]:
    """Crawls, from the crawlers' log: each start and what follows it, with the minimum of `costs.crawler`."""
    group = "/aws-glue/crawlers"
    for stream in list(log_streams(clients.logs, group, owner.prefix)):
        name = stream["logStreamName"]
        events = listed(clients.logs, "filter_log_events", "events[]", logGroupName=group, logStreamNames=[name])
        times: list[list[float]] = []
        for event in sorted(events, key=lambda event: int(event["timestamp"])):
            if "Running Start Crawl" in event["message"]:
                times.append([event["timestamp"] / 1000])
            elif times:
                times[-1].append(event["timestamp"] / 1000)
        for crawl in times:
            minutes = costs.crawl_minutes((crawl[-1] - crawl[0]) / 60)
            usd, note = priced(partial(costs.crawler, minutes))
            started, used = datetime.fromtimestamp(crawl[0], UTC), costs.CRAWL_DPUS * minutes * 60
            lesson = lesson_of(name.removeprefix(owner.prefix))
            yield Entry(lesson, "Glue", "crawl", name, started, used, "DPU-second", usd, note)


def queries(clients: Clients, ws: Workshop) -> Iterator[Entry]:
    """Athena's queries on this learner's database, by the bytes scanned; statements about tables and failures are free.

    The lesson is read from a comment in the query, as `-- lesson 03`.
    """
    try:
        names = list(listed(clients.athena, "list_query_executions", "QueryExecutionIds[]", WorkGroup=ws.workgroup))
    except ClientError as error:  # the first query makes the workgroup
        if not is_missing(error):
            raise
        return
    for start in range(0, len(names), 50):
        found = clients.athena.batch_get_query_execution(QueryExecutionIds=names[start : start + 50])
        for query in found["QueryExecutions"]:
            if query.get("QueryExecutionContext", {}).get("Database") != ws.database:
                continue
            scanned = float(query.get("Statistics", {}).get("DataScannedInBytes", 0))
            ddl = query.get("StatementType") == "DDL" and query.get("SubstatementType") != "CREATE_TABLE_AS_SELECT"
            free = ddl or query["Status"]["State"] in ("FAILED", "QUEUED")
            usd, note = (0.0, "free") if free else priced(partial(costs.athena, scanned))
            said = re.search(r"--\s*lesson\s*(\d\d?)", query["Query"])
            lesson, started = said[1].zfill(2) if said else OTHER, query["Status"].get("SubmissionDateTime")
            name = query["QueryExecutionId"]
            yield Entry(lesson, "Athena", "query", name, started, scanned, "byte scanned", usd, note)


def stored(clients: Clients, ws: Workshop) -> Iterator[Entry]:
    """What lies in S3 below the learner's prefix now, as what a month of it costs."""
    sizes = listed(clients.s3, "list_objects_v2", "Contents[].Size", Bucket=ws.bucket, Prefix=f"{ws.prefix}/")
    total = sum(sizes)
    if total:
        usd, note = priced(lambda: costs.storage(total))
        note = ", ".join(filter(None, ["a month of what is there now", note]))
        yield Entry("all", "S3", "storage", ws.s3(), None, total, "byte", usd, note)
