"""Lesson 10's Your turn: a pattern of events, held by EventBridge itself against events like those that AWS sends."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from helpers.checks.exercise import Exercise
from helpers.workshop import Workshop

PIPELINE = "SageMaker Model Building Pipeline Execution Status Change"
STEP = "SageMaker Model Building Pipeline Execution Step Status Change"


def event(ws: Workshop, pipeline: str, status: str, kind: str = PIPELINE, source: str = "aws.sagemaker") -> str:
    """An event about an execution of this pipeline, or about one of its steps, in JSON.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """
    arn = f"arn:aws:sagemaker:{ws.region}:{ws.account}:pipeline/{pipeline}"
    # A step's event has its own status, and that of the execution so far.
    own = {"currentStepStatus": status, "previousStepStatus": "Executing"} if kind == STEP else {}
    detail = own | {
        "currentPipelineExecutionStatus": status,
        "previousPipelineExecutionStatus": "Executing",
        "pipelineArn": arn,
        "pipelineExecutionArn": f"{arn}/execution/a1b2c3d4e5f6",
    }
    whole = {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e6a0b1",
        "detail-type": kind,
        "source": source,
        "account": ws.account,
        "time": "2026-11-28T07:00:00Z",
        "region": ws.region,
        "resources": [arn],
        "detail": detail,
    }
    return json.dumps(whole)


def mistake_in_pattern(pattern: Any, ws: Workshop) -> str | None:
    """Ask EventBridge (TestEventPattern, free) which events the pattern lets through; the hint for the first."""
    if not isinstance(pattern, dict | str):
        return f"`my_pattern` is a {type(pattern).__name__}; write it as a dict, as `pattern` above, or as JSON."
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    ours = ws.name("retrain")
    cases = [
        (event(ws, ours, "Failed"), True, "It does not hear of your pipeline retrain when that fails."),
        (event(ws, ours, "Succeeded"), False, "It hears of runs that succeed, too: name the status that you want."),
        (event(ws, ours, "Failed", STEP), False, "It hears of steps, too: name the `detail-type`."),
        (event(ws, ours, "Failed", source="my.own.tests"), False, "It hears of any sender: name the `source`."),
    ]
    events = boto3.client("events")
    for one, wanted, hint in cases:
        try:
            heard = events.test_event_pattern(EventPattern=text, Event=one)["Result"]
        except ClientError as error:
            return (
                f"EventBridge refuses it: {error.response['Error'].get('Message', error)} Each value stands in a list."
            )
        if heard != wanted:
            return hint
    return None


turn = Exercise(
    lab="lesson_10",
    name="my_pattern",
    find_mistake=mistake_in_pattern,
    hints=(
        "Begin with `pattern` above. Take `source`, `detail-type` and the two values of `detail` from the event.",
        "A pattern has the form of the event, with each value in a list: `{'source': ['aws.sagemaker'], …}`.",
    ),
    when_correct="EventBridge itself says so: your rule would hear of a pipeline that has failed, and of nothing else.",
    uses=("ws",),
)
