"""Lesson 07's Your turn: a request that the learner's own endpoint refuses, and not because of a comma."""

from __future__ import annotations

import csv
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from helpers.checks.exercise import Exercise
from helpers.workshop import Workshop


def mistake_in_request(request: Any, ws: Workshop) -> str | None:
    """Send the learner's request, and return the hint when the model's code did not refuse it, or for a comma."""
    if not (isinstance(request, tuple) and len(request) == 2 and all(isinstance(part, str) for part in request)):
        return "Write two texts with a comma between them: the content type, then the body."
    content_type, body = request
    if content_type.startswith("text/csv") and any(len(row) > 1 for row in csv.reader(body.splitlines())):
        return "That is the comma again. Find another way: a wrong content type, or a body that is not what it says."
    runtime = boto3.client("sagemaker-runtime")
    try:
        answer = runtime.invoke_endpoint(EndpointName=ws.name("sentiment"), ContentType=content_type, Body=body)
    except runtime.exceptions.ModelError:
        return None
    except (ClientError, BotoCoreError) as error:
        return f"This never came to your code; somebody before it refused: `{error}`"
    return f"The endpoint understood it, and answered `{answer['Body'].read().decode()[:80]}`. Break it."


turn = Exercise(
    lab="lesson_07",
    name="my_request",
    find_mistake=mistake_in_request,
    hints=(
        "`input_fn` knows three content types. What does it do with a fourth?",
        "Or say that it is JSON, and send what is none: a text without its quotes, or a number.",
    ),
    when_correct="Your code refused it, and whoever called got an error. The next cell reads why.",
    uses=("ws",),
)
