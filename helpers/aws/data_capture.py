"""What an endpoint's data capture has written to S3: requests and answers, as records."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3


def records(uri: str, at_least: int = 1, *, seconds: float = 300) -> list[dict[str, Any]]:
    """All records below a DestinationS3Uri, by the time of their requests. They come late, so this waits for some.

    Raises:
        TimeoutError: there are not `at_least` so many after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        lines = [line for item in _objects(uri) for line in item.get()["Body"].read().decode().splitlines()]
        if len(lines) >= at_least:
            found = [json.loads(line) for line in lines]
            return sorted(found, key=lambda record: str(record["eventMetadata"]["inferenceTime"]))
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(lines)} records below {uri} after {seconds:g} s, not {at_least}")
        time.sleep(1)


def clear(uri: str) -> None:
    """Delete all that was captured below a DestinationS3Uri."""
    _objects(uri).delete()


def _objects(uri: str) -> Any:
    bucket, _, prefix = uri.rstrip("/").removeprefix("s3://").partition("/")
    return boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=f"{prefix}/")
