"""A patient client of AWS, and what is asked of it again and again: lists page by page, whether something is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

T = TypeVar("T")
# AWS allows few calls in a second: wait and try again, as it asks for; not so with what does not answer at all.
PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 10}, connect_timeout=5, max_pool_connections=40)
_LONGEST_PAUSE = 10.0  # seconds
_MISSING = ("NotFound", "NoSuch", "DoesNotExist")


def client(service: str, **given: Any) -> Any:
    """A client that is patient, with room for forty requests at the same time; `given` as for `boto3.client`."""
    return boto3.client(service, config=PATIENT, **given)


def listed(asked: Any, operation: str, what: str, **wanted: Any) -> Iterator[Any]:
    """All that a list operation of a client has, page by page; SageMaker would give ten a page, and is asked for 100.

    Args:
        what: where in a page it stands, as JMESPath: `Endpoints[].EndpointName`. A page without it counts as empty.
    """
    if asked.meta.service_model.service_name == "sagemaker":
        wanted = {"PaginationConfig": {"PageSize": 100}, **wanted}
    pages = asked.get_paginator(operation).paginate(**wanted)
    return (item for item in pages.search(what) if item is not None)


def is_missing(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"].lower()
    missing = code == "404" or any(part in code for part in _MISSING)
    return missing or any(words in message for words in ("could not find", "does not exist", "is not found"))


def exists(describe: Callable[..., Any], **name: str) -> bool:
    """Whether AWS has what an operation that describes or gets one thing is asked for."""
    try:
        describe(**name)
    except ClientError as error:
        if not is_missing(error):
            raise
        return False
    return True


def log_streams(logs: Any, group: str, prefix: str = "") -> Iterator[Any]:
    """The streams of a log group whose names begin so, as DescribeLogStreams has them; none without such a group."""
    wanted = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        yield from listed(logs, "describe_log_streams", "logStreams[]", logGroupName=group, **wanted)
    except ClientError as error:
        if not is_missing(error):
            raise


def wait_until(ask: Callable[[], T | None], what: str, *, seconds: float = 600, every: float = 0.5) -> T:
    """Ask again and again until the answer is a true one, and return it. Raises TimeoutError after so many seconds."""
    started = time.monotonic()
    while not (answer := ask()):
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"Still no {what} after {seconds:g} s; whatever runs goes on.")
        pause(started, every)
    return answer


def pause(started: float, least: float = 0.5) -> None:
    """Sleep before AWS is asked again: longer the longer it takes, for all that wait in an account share its requests.

    Args:
        started: `time.monotonic()` when the wait began. A twentieth of what has passed is slept, ten seconds at most.
        least: seconds.
    """
    time.sleep(max(least, min((time.monotonic() - started) / 20, _LONGEST_PAUSE)))
