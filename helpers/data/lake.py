"""Look into the lake: what objects lie below a prefix, and the lines in them."""

from __future__ import annotations

from collections.abc import Collection

import boto3
import pandas as pd

from helpers.workshop import Workshop


def objects(ws: Workshop, prefix: str = "") -> pd.DataFrame:
    """The objects below a prefix of this learner: `key` (after the learner's own prefix), `bytes`; in key order."""
    bucket = boto3.resource("s3").Bucket(ws.bucket)
    below = bucket.objects.filter(Prefix=f"{ws.prefix}/{prefix}")
    found = [(item.key.removeprefix(f"{ws.prefix}/"), item.size) for item in below]
    return pd.DataFrame(found, columns=["key", "bytes"]).astype({"key": "str", "bytes": "int64"})


def keep_only(ws: Workshop, prefix: str, keys: Collection[str]) -> None:
    """Delete what lies below a prefix of this learner, but for `keys`, which are as in `objects`."""
    s3 = boto3.client("s3")
    for key in objects(ws, prefix)["key"]:
        if key not in keys:
            s3.delete_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{key}")


def lines(ws: Workshop, prefix: str) -> list[bytes]:
    """All lines of all objects below a prefix, in key order, as bytes: raw data need not be text."""
    s3 = boto3.client("s3")
    found: list[bytes] = []
    for key in objects(ws, prefix)["key"]:
        body = s3.get_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{key}")["Body"].read()
        # Not splitlines(): inside a review other characters than \n count as ends of line, too.
        found += body.removesuffix(b"\n").split(b"\n") if body else []
    return found
