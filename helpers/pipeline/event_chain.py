"""The course's event chain: new raw data -> EventBridge -> Glue workflow -> EventBridge -> SageMaker pipeline.

What it makes costs nothing while nothing happens. The clean-up finds all of it by the learner's name.
"""

from __future__ import annotations

import json
from typing import Any

from helpers.aws.client import client, exists, wait_until
from helpers.workshop import Workshop

Json = dict[str, Any]


def announce_objects(ws: Workshop) -> None:
    """Let the bucket tell EventBridge of each object. Whatever else the bucket tells stays as it is.

    The bucket may be shared, so nothing turns this off again: an event that no rule wants starts nothing.
    """
    s3 = client("s3")
    now = s3.get_bucket_notification_configuration(Bucket=ws.bucket)
    now.pop("ResponseMetadata")
    if "EventBridgeConfiguration" not in now:
        s3.put_bucket_notification_configuration(
            Bucket=ws.bucket, NotificationConfiguration={**now, "EventBridgeConfiguration": {}}
        )


class TargetRefused(RuntimeError):
    """EventBridge did not take the target of a rule; the message says why."""


def rule(name: str, pattern: Json, target: Json) -> None:
    """A rule of EventBridge with one target (the members of AWS's Target, without Id); one of this name is replaced.

    Raises:
        TargetRefused: PutTargets answers with success even so, and counts what it has refused.
    """
    events = client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
    answer = events.put_targets(Rule=name, Targets=[{"Id": "target", **target}])
    if answer["FailedEntryCount"]:
        failed = answer["FailedEntries"][0]
        why = f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}"
        raise TargetRefused(f"Rule {name} starts nothing: its target {target.get('Arn')} was refused. {why}")


def delete_workflow(name: str) -> None:
    """Delete a Glue workflow and its trigger of the same name, where they are there, so that they can be made anew."""
    glue = client("glue")
    glue.delete_trigger(Name=name)
    glue.delete_workflow(Name=name)
    wait_until(
        lambda: not exists(glue.get_trigger, Name=name) and not exists(glue.get_workflow, Name=name),
        f"end of the workflow {name}",
    )
