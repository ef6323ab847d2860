"""Captured requests are read in order, waited for, and removed without touching what lies beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from helpers.aws import data_capture


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
    times = [record["eventMetadata"]["inferenceTime"][-3:-1] for record in data_capture.records(place + "/")]
    assert times == ["01", "02", "03"]


def test_what_does_not_come_is_said(place: str) -> None:
    with pytest.raises(TimeoutError, match=r"no record below .*/nothing after 0 s"):
        data_capture.records(f"{place}/nothing", seconds=0)


def test_only_what_was_captured_is_removed(place: str, workshop: Any) -> None:
    data_capture.clear(place)
    with pytest.raises(TimeoutError):
        data_capture.records(place, seconds=0)
    assert boto3.client("s3").get_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/capture-other/x")
