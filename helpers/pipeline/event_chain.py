"""The course's event chain: new raw data -> EventBridge -> Glue workflow -> EventBridge -> SageMaker pipeline.

What it makes costs nothing while nothing happens. `left` and `delete` find all of it by the learner's name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pandas as pd
from botocore.exceptions import ClientError

from helpers.workshop import Workshop

Json = dict[str, Any]


def announce_objects(ws: Workshop) -> None:
    """Let the bucket tell EventBridge of each object. Whatever else the bucket tells stays as it is.

    The bucket may be shared, so nothing turns this off again: an event that no rule wants starts nothing.
    """
    s3 = boto3.client("s3")
    now = s3.get_bucket_notification_configuration(Bucket=ws.bucket)
    now.pop("ResponseMetadata")
    if "EventBridgeConfiguration" not in now:
        s3.put_bucket_notification_configuration(
            Bucket=ws.bucket, NotificationConfiguration={**now, "EventBridgeConfiguration": {}}
        )


def rule(name: str, pattern: Json, target: Json) -> None:
    """A rule of EventBridge with one target (the members of AWS's Target, without Id); one of this name is replaced."""
    events = boto3.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule=name, Targets=[{"Id": "target", **target}])


def workflow(name: str, job: str, arguments: dict[str, str], batch: dict[str, int]) -> None:
    """A Glue workflow that runs a job when events come, one run at a time; one of this name is replaced.

    Args:
        batch: EventBatchingCondition: BatchSize events, or fewer after BatchWindow seconds, make one run.
    """
    glue = boto3.client("glue")
    glue.delete_trigger(Name=name)
    glue.delete_workflow(Name=name)
    _until(lambda: not _exists(glue.get_trigger, Name=name) and not _exists(glue.get_workflow, Name=name))
    glue.create_workflow(Name=name)
    glue.create_trigger(
        Name=name,
        WorkflowName=name,
        Type="EVENT",
        Actions=[{"JobName": job, "Arguments": arguments}],
        EventBatchingCondition=batch,
    )


def put_pipeline(name: str, definition: str, role: str) -> str:
    """Create a pipeline from its definition, or bring the one of this name up to date. Returns its ARN."""
    sagemaker = boto3.client("sagemaker")
    given = {"PipelineName": name, "PipelineDefinition": definition, "RoleArn": role}
    if _exists(sagemaker.describe_pipeline, PipelineName=name):
        return str(sagemaker.update_pipeline(**given)["PipelineArn"])
    return str(sagemaker.create_pipeline(**given)["PipelineArn"])


def left(ws: Workshop) -> pd.DataFrame:
    """What this learner has of the chain: kind, name. Neither of it costs anything while nothing happens."""
    return pd.DataFrame(list(_left(ws)), columns=["kind", "name"])


def _left(ws: Workshop) -> Iterator[tuple[str, str]]:
    for find in (rules, workflows, pipelines, packages):
        yield from find(ws)


def rules(ws: Workshop) -> Iterator[tuple[str, str]]:
    """This learner's rules: kind, name."""
    for page in boto3.client("events").get_paginator("list_rules").paginate(NamePrefix=ws.name("")):
        yield from (("rule", item["Name"]) for item in page["Rules"])


def workflows(ws: Workshop) -> Iterator[tuple[str, str]]:
    """This learner's triggers, then workflows: kind, name."""
    glue, mine = boto3.client("glue"), ws.name("")
    for page in glue.get_paginator("list_triggers").paginate():
        yield from (("trigger", name) for name in page["TriggerNames"] if name.startswith(mine))
    for page in glue.get_paginator("list_workflows").paginate():
        yield from (("workflow", name) for name in page.get("Workflows", []) if name.startswith(mine))


def pipelines(ws: Workshop) -> Iterator[tuple[str, str]]:
    """This learner's pipelines: kind, name."""
    mine = ws.name("")
    for page in boto3.client("sagemaker").get_paginator("list_pipelines").paginate(PipelineNamePrefix=mine.rstrip("-")):
        names = [item["PipelineName"] for item in page["PipelineSummaries"]]
        yield from (("pipeline", name) for name in names if name.startswith(mine))


def packages(ws: Workshop) -> Iterator[tuple[str, str]]:
    """This learner's model packages, each before its group: kind, ARN or name."""
    mine = ws.name("")
    for page in boto3.client("sagemaker").get_paginator("list_model_package_groups").paginate(NameContains=mine):
        groups = [item["ModelPackageGroupName"] for item in page["ModelPackageGroupSummaryList"]]
        for name in (name for name in groups if name.startswith(mine)):
            yield from (("model package", package) for package in _packages(name))
            yield "model package group", name


def _packages(group: str) -> list[str]:
    pages = boto3.client("sagemaker").get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]


def delete(ws: Workshop, *, minutes: float = 5) -> None:
    """Delete all that `left` lists, what starts something first, so that nothing new begins meanwhile.

    Executions that run are stopped, and waited for.

    Raises:
        TimeoutError: an execution has not stopped within `minutes`.
    """
    for kind, name in list(_left(ws)):
        delete_one(kind, name, minutes)


def delete_one(kind: str, name: str, minutes: float = 5) -> None:
    """Delete one thing that `left` lists. Raises TimeoutError as `delete` does."""
    _DELETE[kind](name, minutes)


def _delete_rule(name: str, _: float) -> None:
    events = boto3.client("events")
    targets = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
    if targets:
        events.remove_targets(Rule=name, Ids=targets)
    events.delete_rule(Name=name)


def _delete_pipeline(name: str, minutes: float) -> None:
    sagemaker = boto3.client("sagemaker")

    def running() -> list[Json]:
        pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=name)
        listed = (one for page in pages for one in page["PipelineExecutionSummaries"])
        return [one for one in listed if one["PipelineExecutionStatus"] in ("Executing", "Stopping")]

    for execution in running():
        if execution["PipelineExecutionStatus"] == "Executing":
            sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    _until(lambda: not running(), minutes)
    sagemaker.delete_pipeline(PipelineName=name)


def _delete_trigger(name: str, minutes: float) -> None:
    glue = boto3.client("glue")
    glue.delete_trigger(Name=name)
    _until(lambda: not _exists(glue.get_trigger, Name=name), minutes)  # for a while it is DELETING


_DELETE: dict[str, Callable[[str, float], object]] = {
    "rule": _delete_rule,
    "trigger": _delete_trigger,
    "workflow": lambda name, _: boto3.client("glue").delete_workflow(Name=name),
    "pipeline": _delete_pipeline,
    "model package": lambda name, _: boto3.client("sagemaker").delete_model_package(ModelPackageName=name),
    "model package group": lambda name, _: boto3.client("sagemaker").delete_model_package_group(
        ModelPackageGroupName=name
    ),
}


def _exists(describe: Callable[..., Any], **name: str) -> bool:
    try:
        describe(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("EntityNotFoundException", "ResourceNotFound"):
            return False
        raise
    return True


def _until(true: Callable[[], bool], minutes: float = 2) -> None:
    deadline = time.monotonic() + 60 * minutes
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Still not so after {minutes:g} minutes; look at the console.")
        time.sleep(0.5)
