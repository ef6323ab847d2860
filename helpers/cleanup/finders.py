"""Everything of one learner's that can be left in an account: how each kind is found, and how it is deleted.

By name, for the course names all it makes `dsaws-<learner>-…`; by the tag that SageMaker Pipelines puts on what it
makes under names of its own; of everyone's, by the course's tag, too. What lies in S3 stands in `stored`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from helpers.aws.client import client, exists, is_missing, listed, log_streams, wait_until
from helpers.aws.jobs import ENDPOINT_LOGS
from helpers.aws.provision import GLUE_LOGS
from helpers.cleanup import hourly
from helpers.cleanup.left import Everyone, Left, Whose, is_own, own, start
from helpers.money.ledger_endpoints import remember
from helpers.money.ledger_entries import PIPELINES

Json = dict[str, Any]
JOB_LOGS, CRAWLER_LOGS = "/aws/sagemaker/", "/aws-glue/crawlers"
_EXECUTION = "sagemaker:pipeline-execution-arn"
_RUNNING = ("InProgress", "Stopping")
_CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")  # states of endpoints
# what wrote the streams of a log group that all share, as ARNs call it
_WRITERS = {"TrainingJobs": "training-job", "ProcessingJobs": "processing-job", "TransformJobs": "transform-job"}


def _made_by_own_pipeline(ws: Whose, sagemaker: Any, arn: str) -> bool:
    """Whether a pipeline of this learner's made it, by the tags: the learner's own, or the execution's ARN.

    An ARN is in small letters, as the learner's names are.
    """
    try:
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:  # another learner has deleted it meanwhile
        if not is_missing(error):
            raise
        return False
    ours = "learner" in tags if isinstance(ws, Everyone) else tags.get("learner") == ws.learner
    return ours or f":pipeline/{ws.name('')}" in tags.get(_EXECUTION, "").lower()


def _in_sagemaker(ws: Whose, operation: str, key: str, name: str, **wanted: Any) -> Iterator[Json]:
    """What a list operation of SageMaker has of this learner, by name or by tag.

    Args:
        key: the member of the answer that is the list.
        name: the start of the keys of the name and the ARN, such as `Endpoint`.
    """
    sagemaker = client("sagemaker")
    starts = [{}] if isinstance(ws, Everyone) else [{"NameContains": start} for start in (ws.name(""), PIPELINES)]
    every = [item for start in starts for item in listed(sagemaker, operation, f"{key}[]", **start, **wanted)]
    others = []
    for item in every:
        if is_own(ws, item[f"{name}Name"], item[f"{name}Arn"]):
            yield item
        elif item[f"{name}Name"].startswith(PIPELINES):
            others.append(item)
    yield from (item for item in others if _made_by_own_pipeline(ws, sagemaker, item[f"{name}Arn"]))


# --- what starts something, and what runs ------------------------------------------------------------------------


def rules(ws: Whose) -> Iterator[Left]:
    """Rules of EventBridge, with their targets."""
    names = listed(client("events"), "list_rules", "Rules[].Name", **start(ws, "NamePrefix"))
    for name in own(ws, names, "events:rule/"):
        yield Left("rule", name, "", partial(_delete_rule, name))


def _delete_rule(name: str) -> None:
    events = client("events")
    targets = list(listed(events, "list_targets_by_rule", "Targets[].Id", Rule=name))
    if targets:
        events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def workflows(ws: Whose) -> Iterator[Left]:
    """Glue's triggers, then its workflows."""
    glue = client("glue")
    for name in own(ws, listed(glue, "list_triggers", "TriggerNames[]"), "glue:trigger/"):
        yield Left("trigger", name, "", partial(_delete_trigger, name))
    for name in own(ws, listed(glue, "list_workflows", "Workflows[]"), "glue:workflow/"):
        yield Left("workflow", name, "", partial(glue.delete_workflow, Name=name))


def _delete_trigger(name: str) -> None:
    glue = client("glue")
    glue.delete_trigger(Name=name)
    wait_until(lambda: not exists(glue.get_trigger, Name=name), f"end of the trigger {name}")  # for a while: DELETING


def pipelines(ws: Whose) -> Iterator[Left]:
    """SageMaker pipelines; their executions that run are stopped, and waited for."""
    names = "PipelineSummaries[].PipelineName"
    begin = {
        key: text.rstrip("-") for key, text in start(ws, "PipelineNamePrefix").items()
    }  # AWS takes none that ends so
    every = listed(client("sagemaker"), "list_pipelines", names, **begin)
    for name in own(ws, every, "sagemaker:pipeline/"):
        yield Left("pipeline", name, "", partial(_delete_pipeline, name))


def _delete_pipeline(name: str) -> None:
    sagemaker = client("sagemaker")

    def running(*states: str) -> list[str]:
        every = listed(sagemaker, "list_pipeline_executions", "PipelineExecutionSummaries[]", PipelineName=name)
        return [one["PipelineExecutionArn"] for one in every if one["PipelineExecutionStatus"] in states]

    for arn in running("Executing"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    wait_until(lambda: not running("Executing", "Stopping"), f"end of the pipeline {name}")
    sagemaker.delete_pipeline(PipelineName=name)


def packages(ws: Whose) -> Iterator[Left]:
    """The model registry: the versions of each model package group, then the group."""
    sagemaker, names = client("sagemaker"), "ModelPackageGroupSummaryList[].ModelPackageGroupName"
    every = listed(sagemaker, "list_model_package_groups", names, **start(ws, "NameContains"))
    for group in own(ws, every, "sagemaker:model-package-group/"):
        arns = "ModelPackageSummaryList[].ModelPackageArn"
        for arn in listed(sagemaker, "list_model_packages", arns, ModelPackageGroupName=group):
            yield Left("model package", arn, "", partial(sagemaker.delete_model_package, ModelPackageName=arn))
        delete = partial(sagemaker.delete_model_package_group, ModelPackageGroupName=group)
        yield Left("model package group", group, "", delete)


def running_jobs(kind: str, operation: str, key: str, ws: Whose) -> Iterator[Left]:
    """Jobs of SageMaker that run.

    Args:
        operation, key: how SageMaker writes this kind of job in names of operations and of members.
    """
    sagemaker = client("sagemaker")
    stop = getattr(sagemaker, f"stop_{operation}_job")
    describe = getattr(sagemaker, f"describe_{operation}_job{'_v2' if key == 'AutoML' else ''}")
    for status in _RUNNING:
        for job in _in_sagemaker(ws, f"list_{operation}_jobs", f"{key}JobSummaries", f"{key}Job", StatusEquals=status):
            name = {f"{key}JobName": job[f"{key}JobName"]}
            end = partial(_stop, stop, describe, f"{key}JobStatus", name)
            yield Left(kind, job[f"{key}JobName"], status, end, partial(hourly.job, describe, name))


def _stop(stop: Callable[..., Any], describe: Callable[..., Any], status: str, name: dict[str, str]) -> None:
    try:
        stop(**name)
    except ClientError as error:  # it has ended meanwhile, or is being stopped
        if error.response["Error"]["Code"] != "ValidationException":
            raise
    wait_until(lambda: describe(**name)[status] not in _RUNNING, f"end of {next(iter(name.values()))}")


# --- hosting -----------------------------------------------------------------------------------------------------


def endpoints(ws: Whose) -> Iterator[Left]:
    """Endpoints: they cost by the hour. Before one is deleted, the ledger notes what machine it was."""
    for item in _in_sagemaker(ws, "list_endpoints", "Endpoints", "Endpoint"):
        name = item["EndpointName"]
        delete, cost = partial(_delete_endpoint, ws, name), partial(hourly.endpoint, name)
        yield Left("endpoint", name, item["EndpointStatus"], delete, cost)


def _delete_endpoint(ws: Whose, name: str) -> None:
    """Delete an endpoint, and wait until it is gone; one that is being made or changed AWS does not delete before."""
    sagemaker = client("sagemaker")
    note_endpoints(ws)

    def gone() -> bool:
        try:
            if sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] not in _CHANGING:
                sagemaker.delete_endpoint(EndpointName=name)
        except ClientError as error:
            if not is_missing(error):
                raise
            return True
        return False

    wait_until(gone, f"end of the endpoint {name}")


def note_endpoints(ws: Whose) -> None:
    """Let the ledger note what machines the endpoints are: nobody can ask that once they are deleted.

    What cannot be noted (no permission to write to S3, a note that nobody can read) must not keep a machine running.
    Of everyone's nothing is noted: the ledgers go, too.
    """
    with suppress(Exception):
        if not isinstance(ws, Everyone):
            remember(ws)


def entries(kind: str, operation: str, key: str, ws: Whose) -> Iterator[Left]:
    """What is only an entry in a list of SageMaker; arguments as those of `running_jobs`."""
    delete = getattr(client("sagemaker"), f"delete_{operation}")
    for item in _in_sagemaker(ws, f"list_{operation}s", f"{key}s", key):
        name = item[f"{key}Name"]
        yield Left(kind, name, "", partial(delete, **{f"{key}Name": name}))


# --- Glue --------------------------------------------------------------------------------------------------------


def glue_jobs(ws: Whose) -> Iterator[Left]:
    """Glue jobs; with one go its runs and their logs."""
    for name in own(ws, listed(client("glue"), "list_jobs", "JobNames[]"), "glue:job/"):
        yield Left("Glue job", name, "", partial(delete_glue_job, name), partial(hourly.glue_runs, name))


def delete_glue_job(name: str) -> None:
    """Stop a Glue job's runs, delete its log groups, and the job."""
    glue, logs = client("glue"), client("logs")

    def runs(*states: str) -> list[str]:
        every = listed(glue, "get_job_runs", "JobRuns[]", JobName=name)
        return [run["Id"] for run in every if run["JobRunState"] in states]

    for run in runs("STARTING", "RUNNING", "WAITING"):
        glue.batch_stop_job_run(JobName=name, JobRunIds=[run])
    wait_until(lambda: not runs("STARTING", "RUNNING", "WAITING", "STOPPING"), f"end of the Glue job {name}")
    for group in _groups(logs, f"{GLUE_LOGS}{name}/"):
        logs.delete_log_group(logGroupName=group["logGroupName"])
    glue.delete_job(JobName=name)


def crawlers(ws: Whose) -> Iterator[Left]:
    """Crawlers; one that runs is stopped first."""
    for crawler in listed(client("glue"), "get_crawlers", "Crawlers[]"):
        name, state = crawler["Name"], crawler["State"]
        if is_own(ws, name, f"glue:crawler/{name}"):
            yield Left("crawler", name, state, partial(_delete_crawler, name), partial(hourly.crawler, state))


def _delete_crawler(name: str) -> None:
    glue = client("glue")

    def state() -> str:
        return str(glue.get_crawler(Name=name)["Crawler"]["State"])

    if state() == "RUNNING":
        glue.stop_crawler(Name=name)
    wait_until(lambda: state() == "READY", f"end of the crawler {name}")
    glue.delete_crawler(Name=name)


def databases(ws: Whose) -> Iterator[Left]:
    """The learner's database of the Data Catalog, with its tables."""
    glue = client("glue")
    if isinstance(ws, Everyone):
        every = listed(glue, "get_databases", "DatabaseList[].Name")
        names = [name for name in every if name.startswith(ws.database)]
    else:
        names = [ws.database] if exists(glue.get_database, Name=ws.database) else []
    for name in names:
        tables = len(list(listed(glue, "get_tables", "TableList[].Name", DatabaseName=name)))
        yield Left("database", name, f"{tables} tables", partial(glue.delete_database, Name=name))


# --- logs, alarms, budgets ---------------------------------------------------------------------------------------


def _groups(logs: Any, prefix: str) -> list[Json]:
    return list(listed(logs, "describe_log_groups", "logGroups[]", logGroupNamePrefix=prefix))


def _streams(logs: Any, group: str, prefix: str) -> list[str]:
    return [stream["logStreamName"] for stream in log_streams(logs, group, prefix)]


def _delete_streams(logs: Any, group: str, names: list[str]) -> None:
    for name in names:
        logs.delete_log_stream(logGroupName=group, logStreamName=name)


def log_groups(ws: Whose) -> Iterator[Left]:
    """Log groups of endpoints and Glue jobs, and the learner's streams in those that all share, by name, then tag."""
    logs = client("logs")
    for found in chain.from_iterable(_groups(logs, place + ws.name("")) for place in (ENDPOINT_LOGS, GLUE_LOGS)):
        name, cost = found["logGroupName"], partial(hourly.logged, found.get("storedBytes", 0))
        yield Left("log group", name, "", partial(logs.delete_log_group, logGroupName=name), cost)
    names = [found["logGroupName"] for prefix in (JOB_LOGS, CRAWLER_LOGS) for found in _groups(logs, prefix)]
    shared = [name for name in names if not name.startswith(ENDPOINT_LOGS)]
    named = ((group, _streams(logs, group, ws.name(""))) for group in shared)
    for group, streams in chain(named, ((group, _of_pipelines(ws, logs, group)) for group in shared)):
        if streams:
            yield Left("log streams", group, f"{len(streams)} streams", partial(_delete_streams, logs, group, streams))


def _of_pipelines(ws: Whose, logs: Any, group: str) -> list[str]:
    """The streams of jobs of the learner's pipelines; one job of an execution tells whose all its others are."""
    writer = _WRITERS.get(group.removeprefix(JOB_LOGS))
    executions: dict[str, list[str]] = {}
    for stream in _streams(logs, group, PIPELINES) if writer else ():
        executions.setdefault(stream.split("-")[1], []).append(stream)
    sagemaker, jobs = client("sagemaker"), f"arn:aws:sagemaker:{ws.region}:{ws.account}:{writer}/"
    return [
        stream
        for streams in executions.values()
        if _made_by_own_pipeline(ws, sagemaker, jobs + streams[0].partition("/")[0])
        for stream in streams
    ]


def alarms(ws: Whose) -> Iterator[Left]:
    """Alarms of CloudWatch. (Its metrics cannot be deleted: CloudWatch forgets them by itself.)"""
    cloudwatch = client("cloudwatch")
    for alarm in listed(cloudwatch, "describe_alarms", "MetricAlarms[]", **start(ws, "AlarmNamePrefix")):
        name, delete = alarm["AlarmName"], partial(cloudwatch.delete_alarms, AlarmNames=[alarm["AlarmName"]])
        if is_own(ws, name, f"cloudwatch:alarm:{name}"):
            yield Left("alarm", name, alarm["StateValue"], delete, hourly.alarm)


def budgets(ws: Whose) -> Iterator[Left]:
    """The budget that lesson 00 may have made in AWS Budgets."""
    aws, names = client("budgets"), [ws.name("budget")]
    if isinstance(ws, Everyone):
        every = listed(aws, "describe_budgets", "Budgets[].BudgetName", AccountId=ws.account)
        names = [name for name in every if name.startswith(ws.name("")) and name.endswith("-budget")]  # no template's
    elif not exists(aws.describe_budget, AccountId=ws.account, BudgetName=names[0]):
        return
    for name in names:
        yield Left("budget", name, "", partial(aws.delete_budget, AccountId=ws.account, BudgetName=name))
