"""What an endpoint's data capture has written to S3: requests and answers, as records."""

from __future__ import annotations

import json
from typing import Any

import boto3

from helpers.aws.client import wait_until


def records(uri: str, *, seconds: float = 300) -> list[dict[str, Any]]:
    """All records below a DestinationS3Uri, by the time of their requests. They come late, so this waits for some.

    Raises:
        TimeoutError: there is none after `seconds`.
    """

    def lines() -> list[str]:
        return [line for item in _objects(uri) for line in item.get()["Body"].read().decode().splitlines()]

    found = map(json.loads, wait_until(lines, f"record below {uri}", seconds=seconds, every=1))
    return sorted(found, key=lambda record: str(record["eventMetadata"]["inferenceTime"]))


def clear(uri: str) -> None:
    """Delete all that was captured below a DestinationS3Uri."""
    _objects(uri).delete()


def _objects(uri: str) -> Any:
    bucket, _, prefix = uri.rstrip("/").removeprefix("s3://").partition("/")
    return boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=f"{prefix}/")
