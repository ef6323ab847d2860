"""GetObject and HeadObject: ranges, parts and overridden headers, of any version.

The engine takes the first of several ranges, and reads neither ranges nor parts of versions, or with HEAD.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import re
from typing import Any

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))", re.ASCII)
_WHOLE_ONLY = ("range", "x-amz-checksum-mode")


def correct(s3: Any) -> None:
    get, head = s3._get_object, s3._head_object

    def read(reader: Any, bucket: str, key: str, headers: dict[str, str], query: dict[str, Any] | None) -> Any:
        query = query or {}
        wanted, number = _range_of(headers.get("range", "")), s3._qp(query, "partNumber")
        if wanted and number:
            return s3._error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter", 400)
        if wanted or number:  # the checksum of the whole says nothing about a piece
            headers = {name: value for name, value in headers.items() if name not in _WHOLE_ONLY}
        elif "range" in headers:
            headers = {name: value for name, value in headers.items() if name != "range"}
        rest = {name: value for name, value in query.items() if name != "partNumber"}
        status, answered, body = reader(bucket, key, headers, rest)
        if status != 200:
            return status, answered, body
        size = int(answered["Content-Length"])
        s3._apply_response_overrides(answered, query)
        if number:
            parts = _parts(s3, bucket, key, s3._qp(query, "versionId"))
            if int(number) > max(len(parts), 1):
                return s3._error("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
            if parts:
                answered["x-amz-mp-parts-count"] = str(len(parts))
            wanted = _of_part(parts, int(number), size)
        if wanted is None or (number and size == 0):
            return status, answered, body
        first, last = _within(wanted, size)
        if first > last:
            error = s3._error("InvalidRange", "The requested range is not satisfiable", 416, f"/{bucket}/{key}")
            return 416, {**error[1], "Content-Range": f"bytes */{size}"}, error[2]
        answered |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(last - first + 1)}
        return 206, answered, body[first : last + 1]

    s3._get_object = lambda bucket, key, headers, query=None: read(get, bucket, key, headers, query)
    s3._head_object = lambda bucket, key, headers=None, query=None: read(head, bucket, key, headers or {}, query)


def _range_of(header: str) -> tuple[int | None, int | None] | None:
    """One range of bytes, as (first, last) or (None, how many from the end); anything else means the whole."""
    found = _RANGE.fullmatch(header)
    if not found:
        return None
    if found[3]:
        return None, int(found[3])
    first, last = int(found[1]), int(found[2]) if found[2] else None
    return None if last is not None and last < first else (first, last)


def _within(wanted: tuple[int | None, int | None], size: int) -> tuple[int, int]:
    """First and last byte; the first is behind the last when the object has none of them."""
    first, last = wanted
    if first is None:
        return (max(0, size - (last or 0)), size - 1) if last else (1, 0)
    return first, min(size - 1, last if last is not None else size - 1)


def _parts(s3: Any, bucket: str, key: str, version: str) -> list[dict[str, int]]:
    record = s3._buckets[bucket]["objects"].get(key) or {}
    if version and version != record.get("version_id"):
        versions = s3._object_versions.get((bucket, key), [])
        record = next((entry for entry in versions if entry["version_id"] == version), {})
    return record.get("parts") or []


def _of_part(parts: list[dict[str, int]], number: int, size: int) -> tuple[int, int]:
    """The bytes of the object's nth part; an object in one piece is its own first part."""
    if not parts:
        return 0, size - 1
    before = sum(part["Size"] for part in parts[: number - 1])
    return before, before + parts[number - 1]["Size"] - 1
