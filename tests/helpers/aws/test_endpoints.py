"""Steady traffic goes on until its block ends, a rush asks as many at a time as told, what was captured is in order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from helpers.aws import endpoints


def test_every_answer_is_kept_in_order_with_its_time() -> None:
    numbers = count()
    with endpoints.steady(lambda: next(numbers), pause=0.01) as visits:
        time.sleep(0.2)
    assert len(visits) > 3
    assert [visit.answer for visit in visits] == list(range(len(visits)))
    assert [visit.seconds for visit in visits] == sorted(visit.seconds for visit in visits)


def test_an_error_is_kept_and_the_asking_goes_on() -> None:
    numbers = count()
    with endpoints.steady(lambda: 1 / next(numbers), pause=0.01) as visits:
        time.sleep(0.1)
    assert visits[0].error == "ZeroDivisionError: division by zero"
    assert visits[1] == endpoints.Visit(visits[1].seconds, 1.0)


def test_the_asking_ends_when_the_block_raises() -> None:
    with pytest.raises(KeyError), endpoints.steady(lambda: 0, pause=0.01):
        raise KeyError
    assert "steady traffic" not in [thread.name for thread in threading.enumerate()]


def test_a_rush_sends_every_request_once_and_so_many_at_a_time() -> None:
    asked, lock, now, most = [], threading.Lock(), [0], [0]

    def ask(number: int) -> None:
        with lock:
            asked.append(number)
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    rush = endpoints.rush(ask, callers=4, requests=20)
    assert sorted(asked) == list(range(20))
    assert most[0] == 4
    assert len(rush.milliseconds) == 20
    assert min(rush.milliseconds) >= 20
    assert rush.per_second == pytest.approx(20 / rush.seconds)


def test_an_error_in_a_rush_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        endpoints.rush(lambda number: 1 / (number - 3), callers=2, requests=10)


def test_the_time_of_a_call_is_what_its_caller_waits() -> None:
    assert 20 <= endpoints.milliseconds(time.sleep, 0.02) < 1000


def test_requests_are_counted_as_cloudwatch_has_them(workshop: Any) -> None:
    name, began = workshop.name("counted"), datetime.now(UTC) - timedelta(minutes=1)
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]
    cloudwatch = boto3.client("cloudwatch")
    for value in (10_000.0, 20_000.0, 30_000.0):
        data = [
            {"MetricName": "Invocations", "Dimensions": dimensions, "Value": 1.0},
            {"MetricName": "ModelLatency", "Dimensions": dimensions, "Value": value},
        ]
        cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=data)
    metrics = endpoints.Metrics(name, since=began)
    metrics.wait_for("Invocations", at_least=3, seconds=30)
    assert metrics.total("Invocations") == 3
    assert metrics.total("Invocation4XXErrors") == 0
    assert metrics.percentiles("ModelLatency", "p50")[0] == pytest.approx(20_000, rel=0.1)


def test_figures_that_do_not_come_are_waited_for_no_longer_than_told(workshop: Any, capsys: Any) -> None:
    endpoints.Metrics("nobody", since=datetime.now(UTC)).wait_for("Invocations", at_least=1, seconds=0)
    assert "Still no Invocations of 1" in capsys.readouterr().out


def line(second: int) -> str:
    return json.dumps({"captureData": {}, "eventMetadata": {"inferenceTime": f"2026-01-01T00:00:{second:02}Z"}}) + "\n"


@pytest.fixture
def place(workshop: Any) -> Iterator[str]:
    """Three records in two files of a variant, and a file beside them whose name begins alike."""
    s3, start = boto3.client("s3"), f"{workshop.prefix}/capture"
    for name, body in (("b", line(2)), ("a", line(3) + line(1))):
        s3.put_object(Bucket=workshop.bucket, Key=f"{start}/e/v/2026/01/01/00/{name}.jsonl", Body=body.encode())
    s3.put_object(Bucket=workshop.bucket, Key=f"{start}-other/x", Body=b"other")
    yield workshop.s3("capture")
    for key in (start, f"{start}-other"):
        boto3.resource("s3").Bucket(workshop.bucket).objects.filter(Prefix=key).delete()


def test_records_come_by_time_of_request(place: str) -> None:
    times = [record["eventMetadata"]["inferenceTime"][-3:-1] for record in endpoints.captured(place + "/")]
    assert times == ["01", "02", "03"]


def test_what_does_not_come_is_said(place: str) -> None:
    with pytest.raises(TimeoutError, match=r"no record below .*/nothing after 0 s"):
        endpoints.captured(f"{place}/nothing", seconds=0)


def test_only_what_was_captured_is_removed(place: str, workshop: Any) -> None:
    endpoints.clear_capture(place)
    with pytest.raises(TimeoutError):
        endpoints.captured(place, seconds=0)
    assert boto3.client("s3").get_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/capture-other/x")
