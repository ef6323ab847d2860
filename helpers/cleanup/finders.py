"""Everything of one learner's that can be left in an account: how each kind is found, and how it is deleted.

By name, for the course names all it makes `dsaws-<learner>-…`; and by the tag that SageMaker Pipelines puts on what it
makes under names of its own. The order is that of deletion: first what starts something, last what others write to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from helpers.money import ledger
from helpers.money.ledger_endpoints import LOGS as ENDPOINT_LOGS
from helpers.money.ledger_entries import PIPELINES, log_streams
from helpers.pipeline import event_chain
from helpers.workshop import Workshop

Json = dict[str, Any]
JOB_LOGS, GLUE_LOGS, CRAWLER_LOGS = "/aws/sagemaker/", "/aws-glue/jobs/", "/aws-glue/crawlers"
_EXECUTION = "sagemaker:pipeline-execution-arn"
_GONE = ("NotFound", "NoSuch", "DoesNotExist")
_RUNNING = ("InProgress", "Stopping")
_CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")  # states of endpoints
# what wrote the streams of a log group that all share, as ARNs call it
_WRITERS = {"TrainingJobs": "training-job", "ProcessingJobs": "processing-job", "TransformJobs": "transform-job"}


class NotDeleted(RuntimeError):
    """Some of what was to be deleted is still there; the message says what and why."""


@dataclass(frozen=True)
class Left:
    """One thing that is left: `state` says how it stands or how much it is; `delete` removes it, and waits for that."""

    kind: str
    name: str
    state: str
    delete: Callable[[], object]


Finder = Callable[[Workshop], Iterator[Left]]


def client(service: str) -> Any:
    """A client that is patient, for AWS allows few calls in a second; not so with what does not answer at all."""
    retries: Any = {"mode": "adaptive", "total_max_attempts": 10}
    return boto3.client(service, config=Config(retries=retries, connect_timeout=5))


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"].lower()
    return any(part in code for part in _GONE) or "could not find" in message or "does not exist" in message


def wait_until(true: Callable[[], bool], what: str, minutes: float = 10) -> None:
    """Ask again and again. Raises NotDeleted after `minutes`."""
    deadline = time.monotonic() + 60 * minutes
    while not true():
        if time.monotonic() > deadline:
            raise NotDeleted(f"{what} has not ended after {minutes:g} minutes; it goes on.")
        time.sleep(0.5)


def _made_by_own_pipeline(ws: Workshop, sagemaker: Any, arn: str) -> bool:
    """Whether a pipeline of this learner's made it: an ARN is in small letters, as the learner's names are."""
    try:
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:  # another learner has deleted it meanwhile
        if not is_gone(error):
            raise
        return False
    return f":pipeline/{ws.name('')}" in tags.get(_EXECUTION, "").lower()


def _listed(ws: Workshop, operation: str, key: str, name: str, **wanted: Any) -> Iterator[Json]:
    """What a list operation of SageMaker has of this learner, by name or by tag.

    Args:
        name: the start of the keys of the name and the ARN, such as `Endpoint`.
    """
    sagemaker, prefix = client("sagemaker"), ws.name("")
    for text in (prefix, PIPELINES):
        for page in sagemaker.get_paginator(operation).paginate(NameContains=text, **wanted):
            for item in page[key]:
                # NameContains finds the learner "ann" in "joann", too.
                if item[f"{name}Name"].startswith(prefix) or (
                    item[f"{name}Name"].startswith(PIPELINES)
                    and _made_by_own_pipeline(ws, sagemaker, item[f"{name}Arn"])
                ):
                    yield item


# --- what starts something, and what runs ------------------------------------------------------------------------


def _automation(find: Callable[[Workshop], Iterator[tuple[str, str]]], ws: Workshop) -> Iterator[Left]:
    for kind, name in find(ws):
        yield Left(kind, name, "", partial(event_chain.delete_one, kind, name))


def _running(kind: str, operation: str, key: str, ws: Workshop) -> Iterator[Left]:
    """Jobs of SageMaker that run.

    Args:
        operation, key: how SageMaker writes this kind of job in names of operations and of members.
    """
    sagemaker = client("sagemaker")
    stop = getattr(sagemaker, f"stop_{operation}_job")
    describe = getattr(sagemaker, f"describe_{operation}_job{'_v2' if key == 'AutoML' else ''}")
    for status in _RUNNING:
        found = _listed(ws, f"list_{operation}_jobs", f"{key}JobSummaries", f"{key}Job", StatusEquals=status)
        for job in ({f"{key}JobName": item[f"{key}JobName"]} for item in found):
            yield Left(kind, job[f"{key}JobName"], status, partial(_stop, stop, describe, f"{key}JobStatus", job))


def _stop(stop: Callable[..., Any], describe: Callable[..., Any], status: str, job: dict[str, str]) -> None:
    try:
        stop(**job)
    except ClientError as error:  # it has ended meanwhile, or is being stopped
        if error.response["Error"]["Code"] != "ValidationException":
            raise
    wait_until(lambda: describe(**job)[status] not in _RUNNING, next(iter(job.values())))


# --- hosting -----------------------------------------------------------------------------------------------------


def note_endpoints(ws: Workshop) -> None:
    """Let the ledger note what machines the endpoints are: nobody can ask that once they are deleted.

    What cannot be noted (no permission to write to S3, a note that nobody can read) must not keep a machine running.
    """
    with suppress(Exception):
        ledger.remember(ws)


def endpoints(ws: Workshop) -> Iterator[Left]:
    """Endpoints: they cost by the hour. Before one is deleted, the ledger notes what machine it was."""
    for item in _listed(ws, "list_endpoints", "Endpoints", "Endpoint"):
        yield Left(
            "endpoint", item["EndpointName"], item["EndpointStatus"], partial(_end_endpoint, ws, item["EndpointName"])
        )


def _end_endpoint(ws: Workshop, name: str) -> None:
    """Delete an endpoint, and wait until it is gone; one that is being made or changed AWS does not delete before."""
    sagemaker = client("sagemaker")
    note_endpoints(ws)

    def gone() -> bool:
        try:
            if sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] not in _CHANGING:
                sagemaker.delete_endpoint(EndpointName=name)
        except ClientError as error:
            if not is_gone(error):
                raise
            return True
        return False

    wait_until(gone, f"The endpoint {name}")


def endpoint_configurations(ws: Workshop) -> Iterator[Left]:
    """Endpoint configurations: entries in a list."""
    delete = client("sagemaker").delete_endpoint_config
    for item in _listed(ws, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name = item["EndpointConfigName"]
        yield Left("endpoint configuration", name, "", partial(delete, EndpointConfigName=name))


def models(ws: Workshop) -> Iterator[Left]:
    """Models: entries in a list."""
    delete = client("sagemaker").delete_model
    for item in _listed(ws, "list_models", "Models", "Model"):
        yield Left("model", item["ModelName"], "", partial(delete, ModelName=item["ModelName"]))


# --- Glue --------------------------------------------------------------------------------------------------------


def glue_jobs(ws: Workshop) -> Iterator[Left]:
    """Glue jobs; with one go its runs and their logs, which carry no learner's name."""
    for page in client("glue").get_paginator("list_jobs").paginate():
        for name in page["JobNames"]:
            if name.startswith(ws.name("")):
                yield Left("Glue job", name, "", partial(delete_glue_job, name))


def delete_glue_job(name: str) -> None:
    """Stop a Glue job's runs, delete their logs, and the job."""
    glue, logs = client("glue"), client("logs")

    def runs(*states: str) -> list[str]:
        pages = glue.get_paginator("get_job_runs").paginate(JobName=name)
        return [run["Id"] for page in pages for run in page["JobRuns"] if not states or run["JobRunState"] in states]

    every = runs()
    for run in runs("STARTING", "RUNNING", "WAITING"):
        glue.batch_stop_job_run(JobName=name, JobRunIds=[run])
    wait_until(lambda: not runs("STARTING", "RUNNING", "WAITING", "STOPPING"), f"The Glue job {name}")
    for group in _groups(logs, GLUE_LOGS):
        for run in every:
            _delete_streams(logs, group, _streams(logs, group, run))
    glue.delete_job(JobName=name)


def crawlers(ws: Workshop) -> Iterator[Left]:
    """Crawlers; one that runs is stopped first."""
    for page in client("glue").get_paginator("get_crawlers").paginate():
        for crawler in page["Crawlers"]:
            if crawler["Name"].startswith(ws.name("")):
                yield Left("crawler", crawler["Name"], crawler["State"], partial(_delete_crawler, crawler["Name"]))


def _delete_crawler(name: str) -> None:
    glue = client("glue")

    def state() -> str:
        return str(glue.get_crawler(Name=name)["Crawler"]["State"])

    if state() == "RUNNING":
        glue.stop_crawler(Name=name)
    wait_until(lambda: state() == "READY", f"The crawler {name}")
    glue.delete_crawler(Name=name)


def databases(ws: Workshop) -> Iterator[Left]:
    """The learner's database of the Data Catalog, with its tables."""
    glue = client("glue")
    try:
        glue.get_database(Name=ws.database)
    except ClientError as error:
        if not is_gone(error):
            raise
        return
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=ws.database)
    tables = [table["Name"] for page in pages for table in page["TableList"]]
    yield Left("database", ws.database, f"{len(tables)} tables", partial(glue.delete_database, Name=ws.database))


# --- logs, alarms, budgets ---------------------------------------------------------------------------------------


def _groups(logs: Any, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _delete_streams(logs: Any, group: str, names: list[str]) -> None:
    for name in names:
        logs.delete_log_stream(logGroupName=group, logStreamName=name)


def log_groups(ws: Workshop) -> Iterator[Left]:
    """The endpoints' log groups, and the learner's streams in the groups that all share: by name, then by tag."""
    logs = client("logs")
    for group in _groups(logs, ENDPOINT_LOGS + ws.name("")):
        yield Left("log group", group, "", partial(logs.delete_log_group, logGroupName=group))
    shared = [group for group in _groups(logs, JOB_LOGS) if not group.startswith(ENDPOINT_LOGS)]
    shared += _groups(logs, CRAWLER_LOGS)
    named = ((group, _streams(logs, group, ws.name(""))) for group in shared)
    for group, streams in chain(named, ((group, _of_pipelines(ws, logs, group)) for group in shared)):
        if streams:
            yield Left("log streams", group, f"{len(streams)} streams", partial(_delete_streams, logs, group, streams))


def _streams(logs: Any, group: str, prefix: str) -> list[str]:
    return [stream["logStreamName"] for stream in log_streams(logs, group, prefix)]


def _of_pipelines(ws: Workshop, logs: Any, group: str) -> list[str]:
    """The streams of jobs of the learner's pipelines; one job of an execution tells whose all its others are."""
    writer = _WRITERS.get(group.removeprefix(JOB_LOGS))
    executions: dict[str, list[str]] = {}
    for stream in _streams(logs, group, PIPELINES) if writer else ():
        executions.setdefault(stream.split("-")[1], []).append(stream)
    sagemaker, jobs = client("sagemaker"), f"arn:aws:sagemaker:{ws.region}:{ws.account}:{writer}/"
    mine = (
        streams
        for streams in executions.values()
        if _made_by_own_pipeline(ws, sagemaker, jobs + streams[0].partition("/")[0])
    )
    return list(chain.from_iterable(mine))


def alarms(ws: Workshop) -> Iterator[Left]:
    """Alarms of CloudWatch. (Its metrics cannot be deleted: CloudWatch forgets them by itself.)"""
    cloudwatch = client("cloudwatch")
    for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=ws.name("")):
        for alarm in page["MetricAlarms"]:
            name = alarm["AlarmName"]
            yield Left("alarm", name, alarm["StateValue"], partial(cloudwatch.delete_alarms, AlarmNames=[name]))


def budgets(ws: Workshop) -> Iterator[Left]:
    """The budget that lesson 00 may have made in AWS Budgets."""
    wanted = {"AccountId": ws.account, "BudgetName": ws.name("budget")}
    aws = client("budgets")
    try:
        aws.describe_budget(**wanted)
    except ClientError as error:
        if not is_gone(error):
            raise
        return
    yield Left("budget", wanted["BudgetName"], "", partial(aws.delete_budget, **wanted))


# --- S3 ----------------------------------------------------------------------------------------------------------


def _places(ws: Workshop) -> tuple[str, str]:
    """Where this learner's objects begin: the course's prefix, and where the SDK's tuner puts code, at the top."""
    return f"{ws.prefix}/", ws.name("")


def objects(ws: Workshop) -> Iterator[Left]:
    """Objects below the learner's prefix, folder by folder, and those that the SDK has put outside of it."""
    s3 = client("s3")
    for place in _places(ws):
        folders: dict[str, list[Json]] = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=ws.bucket, Prefix=place):
            for item in page.get("Contents", []):
                top, slash, _ = item["Key"].removeprefix(place).partition("/")
                folders.setdefault(f"{place}{top}{slash}", []).append(item)
        for folder, items in folders.items():
            size = sum(item["Size"] for item in items) / 2**20
            keys = [{"Key": item["Key"]} for item in items]
            delete = partial(_delete_objects, s3, ws.bucket, keys)
            yield Left("objects", f"s3://{ws.bucket}/{folder}", f"{len(items)} objects, {size:.1f} MB", delete)


def old_versions(ws: Workshop) -> Iterator[Left]:
    """What a bucket with versioning keeps of deleted objects: it costs like any other."""
    s3 = client("s3")
    if "Status" not in s3.get_bucket_versioning(Bucket=ws.bucket):
        return
    for place in _places(ws):
        keys: list[dict[str, str]] = []
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=ws.bucket, Prefix=place):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys += [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions]
        if keys:
            delete = partial(_delete_objects, s3, ws.bucket, keys)
            yield Left("old versions", f"s3://{ws.bucket}/{place}", f"{len(keys)} versions", delete)


def _delete_objects(s3: Any, bucket: str, keys: list[dict[str, str]]) -> None:
    errors: list[Json] = []
    for start in range(0, len(keys), 1000):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[start : start + 1000], "Quiet": True})
        errors += answer.get("Errors", [])
    if errors:
        first = errors[0]
        raise NotDeleted(f"{len(errors)} objects stay; the first is {first['Key']}: {first['Code']} (s3:DeleteObject)")


def unfinished_uploads(ws: Workshop) -> Iterator[Left]:
    """Parts of large uploads that nobody has ended: no listing of objects shows them, and they cost."""
    s3 = client("s3")
    for place in _places(ws):
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=ws.bucket, Prefix=place):
            for item in page.get("Uploads", []):
                upload = {"Bucket": ws.bucket, "Key": item["Key"], "UploadId": item["UploadId"]}
                yield Left("unfinished upload", item["Key"], "", partial(s3.abort_multipart_upload, **upload))


FINDERS: dict[str, Finder] = {
    "rules": partial(_automation, event_chain.rules),
    "workflows and triggers": partial(_automation, event_chain.workflows),
    "pipelines": partial(_automation, event_chain.pipelines),
    "AutoML jobs that run": partial(_running, "AutoML job", "auto_ml", "AutoML"),
    "tuning jobs that run": partial(_running, "tuning job", "hyper_parameter_tuning", "HyperParameterTuning"),
    "training jobs that run": partial(_running, "training job", "training", "Training"),
    "processing jobs that run": partial(_running, "processing job", "processing", "Processing"),
    "transform jobs that run": partial(_running, "transform job", "transform", "Transform"),
    "endpoints": endpoints,
    "endpoint configurations": endpoint_configurations,
    "models": models,
    "model packages and groups": partial(_automation, event_chain.packages),
    "Glue jobs": glue_jobs,
    "crawlers": crawlers,
    "databases": databases,
    "log groups and streams": log_groups,
    "alarms": alarms,
    "objects": objects,
    "unfinished uploads": unfinished_uploads,
    "old versions": old_versions,
    "budgets": budgets,
}
