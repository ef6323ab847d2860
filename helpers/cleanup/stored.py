"""What a learner has left in S3: objects, what versions keep of deleted ones, and uploads that nobody has ended."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from helpers.aws.client import client, listed
from helpers.cleanup import hourly
from helpers.cleanup.left import Left, NotDeleted, Whose

Json = dict[str, Any]


def _places(ws: Whose) -> tuple[str, str]:
    """Where this learner's objects begin: the course's prefix, and where the SDK's tuner puts code, at the top."""
    return f"{ws.prefix}/", ws.name("")


def objects(ws: Whose) -> Iterator[Left]:
    """Objects below the learner's prefix, folder by folder, and those that the SDK has put outside of it."""
    s3 = client("s3")
    for place in _places(ws):
        folders: dict[str, list[Json]] = {}
        for item in listed(s3, "list_objects_v2", "Contents[]", Bucket=ws.bucket, Prefix=place):
            top, slash, _ = item["Key"].removeprefix(place).partition("/")
            folders.setdefault(f"{place}{top}{slash}", []).append(item)
        for folder, items in folders.items():
            size = sum(item["Size"] for item in items)
            keys = [{"Key": item["Key"]} for item in items]
            delete = partial(_delete_objects, s3, ws.bucket, keys)
            state = f"{len(items)} objects, {size / 2**20:.1f} MB"
            yield Left("folder of objects", f"s3://{ws.bucket}/{folder}", state, delete, partial(hourly.stored, size))


def old_versions(ws: Whose) -> Iterator[Left]:
    """What a bucket with versioning keeps of deleted objects: it costs like any other."""
    s3 = client("s3")
    if "Status" not in s3.get_bucket_versioning(Bucket=ws.bucket):
        return
    kept = "[Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId, Size: Size}"
    for place in _places(ws):
        found = list(listed(s3, "list_object_versions", kept, Bucket=ws.bucket, Prefix=place))
        if found:
            size = sum(one.pop("Size") or 0 for one in found)
            delete = partial(_delete_objects, s3, ws.bucket, found)
            cost = partial(hourly.stored, size)
            yield Left("old versions", f"s3://{ws.bucket}/{place}", f"{len(found)} versions", delete, cost)


def _delete_objects(s3: Any, bucket: str, keys: list[dict[str, str]]) -> None:
    errors: list[Json] = []
    for start in range(0, len(keys), 1000):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[start : start + 1000], "Quiet": True})
        errors += answer.get("Errors", [])
    if errors:
        first = errors[0]
        raise NotDeleted(f"{len(errors)} objects stay; the first is {first['Key']}: {first['Code']} (s3:DeleteObject)")


def unfinished_uploads(ws: Whose) -> Iterator[Left]:
    """Parts of large uploads that nobody has ended: no listing of objects shows them, and they cost."""
    s3 = client("s3")
    for place in _places(ws):
        for item in listed(s3, "list_multipart_uploads", "Uploads[]", Bucket=ws.bucket, Prefix=place):
            upload = {"Bucket": ws.bucket, "Key": item["Key"], "UploadId": item["UploadId"]}
            yield Left(
                "unfinished upload",
                item["Key"],
                "",
                partial(s3.abort_multipart_upload, **upload),
                partial(_parts, s3, upload),
            )


def _parts(s3: Any, upload: dict[str, str]) -> float:
    return hourly.stored(sum(listed(s3, "list_parts", "Parts[].Size", **upload)))
