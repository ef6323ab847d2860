"""An endpoint in use: asked steadily or by many callers at once, what CloudWatch counts, what it captures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

from helpers.aws.client import wait_until


@dataclass(frozen=True)
class Visit:
    """One request: when it was answered, in seconds since the first; the answer, or None and the error."""

    seconds: float
    answer: Any
    error: str = ""


@contextmanager
def steady(ask: Callable[[], Any], pause: float = 0.05) -> Iterator[list[Visit]]:
    """While the block runs, call `ask` in a thread of its own, with a pause in seconds after each answer.

    The list that the block gets grows meanwhile. An error of `ask` becomes an entry of it, and the asking goes on.
    """
    visits: list[Visit] = []
    done, began = threading.Event(), time.monotonic()

    def go_on() -> None:
        while not done.is_set():
            answer, error = None, ""
            try:
                answer = ask()
            except Exception as problem:  # whatever it is, it is what a visitor would have seen
                error = f"{type(problem).__name__}: {problem}"
            visits.append(Visit(time.monotonic() - began, answer, error))
            done.wait(pause)

    thread = threading.Thread(target=go_on, name="steady traffic", daemon=True)
    thread.start()
    try:
        yield visits
    finally:
        done.set()
        thread.join()


def milliseconds(ask: Callable[..., Any], *given: Any) -> float:
    """What a caller sees: how long it takes from the call to the answer, with everything between."""
    began = time.perf_counter()
    ask(*given)
    return 1000 * (time.perf_counter() - began)


@dataclass(frozen=True)
class Rush:
    """What callers have seen: how long each request took in milliseconds, and all of them together in seconds."""

    milliseconds: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


def rush(ask: Callable[[int], Any], callers: int, requests: int) -> Rush:
    """Call `ask(0)`, `ask(1)`, ... `ask(requests - 1)`, so many at a time; each caller waits for its answer.

    Raises:
        Exception: the first error of `ask`.
    """

    with ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        times = list(pool.map(lambda number: milliseconds(ask, number), range(requests)))
    return Rush(times, time.perf_counter() - began)


@dataclass(frozen=True)
class Metrics:
    """What CloudWatch has counted of an endpoint's only variant since it was created.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """

    endpoint: str
    since: datetime

    def total(self, metric: str) -> float:
        """How many there were: `Invocations`, `Invocation4XXErrors`, `Invocation5XXErrors`."""
        return sum((point["Sum"] for point in self._points(metric, Statistics=["Sum"])), 0.0)

    def percentiles(self, metric: str, *wanted: str) -> list[float]:
        """Of the last hour with requests, in the metric's unit; of `ModelLatency` that is a microsecond.

        Args:
            wanted: as "p50", "p99".
        """
        last = max(self._points(metric, ExtendedStatistics=list(wanted)), key=lambda point: point["Timestamp"])
        return [last["ExtendedStatistics"][percentile] for percentile in wanted]

    def wait_for(self, metric: str, at_least: float, *, seconds: float = 300) -> None:
        """Wait until a total is so large: the figures come late. After `seconds` whatever has come has to do."""
        try:
            wait_until(lambda: self.total(metric) >= at_least, f"{metric} of {at_least:g}", seconds=seconds, every=1)
        except TimeoutError as late:
            print(late)

    def _points(self, metric: str, **wanted: Any) -> list[dict[str, Any]]:
        dimensions = {"EndpointName": self.endpoint, "VariantName": "AllTraffic"}
        answer = boto3.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=self.since,
            EndTime=datetime.now(UTC),
            Period=3600,
            **wanted,
        )
        points: list[dict[str, Any]] = answer["Datapoints"]
        return points


def captured(uri: str, *, seconds: float = 300) -> list[dict[str, Any]]:
    """What data capture has written below a DestinationS3Uri: requests and answers, as records, by time of request.

    They come late, so this waits for some.

    Raises:
        TimeoutError: there is none after `seconds`.
    """

    def lines() -> list[str]:
        return [line for item in _captured_objects(uri) for line in item.get()["Body"].read().decode().splitlines()]

    found = map(json.loads, wait_until(lines, f"record below {uri}", seconds=seconds, every=1))
    return sorted(found, key=lambda record: str(record["eventMetadata"]["inferenceTime"]))


def clear_capture(uri: str) -> None:
    """Delete all that was captured below a DestinationS3Uri."""
    _captured_objects(uri).delete()


def _captured_objects(uri: str) -> Any:
    bucket, _, prefix = uri.rstrip("/").removeprefix("s3://").partition("/")
    return boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=f"{prefix}/")
