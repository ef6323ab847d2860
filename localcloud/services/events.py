"""Amazon EventBridge: the engine keeps the rules and matches the events; here a match really starts something.

Two targets are offered, the ones that join the course's services: a Glue workflow and a SageMaker pipeline. A rule with
another target is refused when it is made, because the engine would only log that it dropped the event.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from localcloud import protocol
from localcloud.cloud import Cloud
from localcloud.engine import eventbridge
from localcloud.engine.policies import Need
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError
from localcloud.services.registry import OPERATIONS, Params, operation
from localcloud.store.state import ACCOUNT, REGION

log = logging.getLogger("localcloud")
Deliver = Callable[[Cloud, str, Params, Params, Params], None]
OFFERED = "A target here is a Glue workflow or a SageMaker pipeline of this account and region"


@operation("events", "PutRule")
def put_rule(cloud: Cloud, params: Params) -> Params:
    if not params.get("EventPattern") and not params.get("ScheduleExpression"):
        raise ServiceError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    return _engine(cloud, "PutRule", params)


@operation("events", "DeleteRule")
def delete_rule(cloud: Cloud, params: Params) -> Params:
    rule = {"Rule": params["Name"], "EventBusName": params.get("EventBusName", "default")}
    if _engine(cloud, "ListTargetsByRule", rule)["Targets"]:
        raise ServiceError("ValidationException", "Rule can't be deleted since it has targets.")
    return _engine(cloud, "DeleteRule", params)


@operation("events", "PutTargets")
def put_targets(cloud: Cloud, params: Params) -> Params:
    for target in params["Targets"]:
        service, kind, _ = _parse(target["Arn"])
        if (service, kind) not in TARGETS:
            raise ServiceError("ValidationException", f"{target['Arn']} is not offered. {OFFERED}; no others exist.")
        if not target.get("RoleArn"):
            raise ServiceError("ValidationException", f"RoleArn is required for target {target['Arn']}.")
    return _engine(cloud, "PutTargets", params)


def _engine(cloud: Cloud, name: str, params: Params) -> Params:
    status, body = cloud.call_engine("events", f"AWSEvents.{name}", params)
    answer: Params = json.loads(body or b"{}")
    if status >= 300:
        code = str(answer.get("__type", "InternalException")).rpartition("#")[2]
        raise ServiceError(code, str(answer.get("message") or answer.get("Message", "")), status)
    return answer


def _parse(address: str) -> tuple[str, str, str]:
    """`arn:aws:glue:us-east-1:123456789012:workflow/etl` -> ("glue", "workflow", "etl"); ("", "", "") when foreign."""
    parts = address.split(":", 5)
    if len(parts) < 6 or parts[:2] != ["arn", "aws"] or parts[3:5] != [REGION, ACCOUNT]:
        return "", "", ""
    kind, _, name = parts[5].partition("/")
    return parts[2], kind, name


def emit(cloud: Cloud, source: str, detail_type: str, detail: Params, resources: list[str] | None = None) -> None:
    """Put an event of an AWS service on the default bus. Returns at once; rules are matched on the server's loop.

    Args:
        source: for example `aws.glue`.
        detail: as the service documents it; values that are no JSON become text.
    """
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": resources or [],
    }
    if not cloud.stopping.is_set():
        cloud.loop.call_soon_threadsafe(eventbridge.put, entry, context=contextvars.Context())


def recover(cloud: Cloud) -> None:
    """At start: from here on, what the engine's rules match is delivered by us, each delivery in its own thread."""

    def deliver(target: Params, event: Params, rule: Params) -> None:
        background.start(lambda: _deliver(cloud, target, event, rule), f"event for {target['Arn']}")

    eventbridge.deliver_by(deliver)


def _deliver(cloud: Cloud, target: Params, event: Params, rule: Params) -> None:
    """Start the target. What fails is counted, and otherwise lost, as on AWS without a dead-letter queue."""
    service, kind, name = _parse(target["Arn"])
    metric = "Invocations"
    cloud = cloud.acting_as(target["RoleArn"], rule["Name"])
    try:
        cloud.require("PutEvents", Need(_STARTED_BY[service], target["Arn"]))
        TARGETS[service, kind](cloud, name, target, event, rule)
        log.info("rule %s: %s starts %s", rule["Name"], event["detail-type"], target["Arn"])
    except (ServiceError, ClientError, KeyError) as error:
        metric = "FailedInvocations"
        log.warning("rule %s: %s does not reach %s: %s", rule["Name"], event["detail-type"], target["Arn"], error)
    except Exception:
        metric = "FailedInvocations"
        log.exception("rule %s", rule["Name"])
    if cloud.stopping.is_set():
        return
    data = {"MetricName": metric, "Dimensions": [{"Name": "RuleName", "Value": rule["Name"]}], "Value": 1.0}
    cloud.call_engine(
        "monitoring",
        "GraniteServiceVersion20100801.PutMetricData",
        {"Namespace": "AWS/Events", "MetricData": [{**data, "Unit": "Count"}]},
    )


def _start_pipeline(cloud: Cloud, name: str, target: Params, event: Params, rule: Params) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/pipeline-eventbridge.html"""
    given = (target.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList", [])
    request = {
        "PipelineName": name,
        "PipelineParameters": [{"Name": item["Name"], "Value": _value(item["Value"], event)} for item in given],
        # An event that is delivered twice starts one execution.
        "ClientRequestToken": f"{rule['Name']}-{event['id']}"[-128:],
    }
    protocol.validate("sagemaker", "StartPipelineExecution", request)
    OPERATIONS["sagemaker", "StartPipelineExecution"](cloud, request)


def _value(value: str, event: Params) -> str:
    """A parameter's value; when the whole of it is a path such as `$.detail.jobRunId`, what the event has there.

    Raises:
        ServiceError: the event has nothing there.
    """
    if not value.startswith("$."):
        return value
    found: Any = event
    for part in value[2:].split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        raise ServiceError("ValidationException", f"The event has no {value}.")
    return found if isinstance(found, str) else json.dumps(found)


# What SageMaker tells: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html


def model_package_changed(cloud: Cloud, package: Params | None, updated: list[str] | None = None) -> None:
    """A model package was made, or changed (`updated`: which fields); None (it has gone meanwhile) tells nothing."""
    if package is None:
        return
    detail = {key: value for key, value in package.items() if not key.startswith("_") and key != "Tags"}
    detail.update({key: _iso(detail[key]) for key in ("CreationTime", "LastModifiedTime") if key in detail})
    if updated is not None:
        detail["UpdatedModelPackageFields"] = updated
    emit(cloud, "aws.sagemaker", "SageMaker Model Package State Change", detail, [package["ModelPackageArn"]])


def execution_changed(cloud: Cloud, execution: Params | None, before: str | None) -> None:
    """A pipeline execution has begun (`before` is None) or ended."""
    if execution is None:
        return
    status = execution["PipelineExecutionStatus"]
    arns = {key: execution[key] for key in ("PipelineArn", "PipelineExecutionArn")}
    detail = {
        "pipelineExecutionDisplayName": execution["PipelineExecutionDisplayName"],
        "pipelineExecutionDescription": execution.get("PipelineExecutionDescription"),
        "currentPipelineExecutionStatus": status,
        **({"previousPipelineExecutionStatus": before} if before else {}),
        "executionStartTime": _iso(execution["CreationTime"]),
        **({"executionEndTime": _iso(execution["LastModifiedTime"])} if before else {}),
        "pipelineArn": arns["PipelineArn"],
        "pipelineExecutionArn": arns["PipelineExecutionArn"],
    }
    name = "SageMaker Model Building Pipeline Execution Status Change"
    emit(cloud, "aws.sagemaker", name, detail, list(arns.values()))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# What the role of a target must be allowed. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
_STARTED_BY = {"sagemaker": "sagemaker:StartPipelineExecution", "glue": "glue:NotifyEvent"}
# What can be started: service and kind of the ARN -> deliver(cloud, name, target, event, rule).
TARGETS: dict[tuple[str, str], Deliver] = {("sagemaker", "pipeline"): _start_pipeline}
