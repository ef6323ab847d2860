"""The learner's notes in S3: one small JSON object each, below the learner's prefix; writing again replaces it."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from helpers.aws.client import is_missing, listed
from helpers.workshop import Workshop

Json = dict[str, Any]


def write(ws: Workshop, kind: str, name: str, content: Json) -> None:
    """Keep a note of a `kind`, as "predictions", under a name within it, as "02/dirt"."""
    key = f"{ws.prefix}/{kind}/{name}.json"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=json.dumps(content, ensure_ascii=False).encode())


def read(ws: Workshop, kind: str, name: str) -> Json | None:
    """One note; None if there is none."""
    try:
        return _get(ws, f"{ws.prefix}/{kind}/{name}.json")
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def read_all(ws: Workshop, kind: str) -> dict[str, Json]:
    """All notes of a kind by their names, in their order."""
    place = f"{ws.prefix}/{kind}/"
    keys = listed(boto3.client("s3"), "list_objects_v2", "Contents[].Key", Bucket=ws.bucket, Prefix=place)
    return {key.removeprefix(place).removesuffix(".json"): _get(ws, key) for key in keys}


def _get(ws: Workshop, key: str) -> Json:
    content: Json = json.loads(boto3.client("s3").get_object(Bucket=ws.bucket, Key=key)["Body"].read())
    return content
