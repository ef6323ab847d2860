"""CopyObject and what a new object has: types, classes, tags, conditions on what is there.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

import hashlib
from typing import Any

DEFAULT_TYPE = "binary/octet-stream"


def correct(s3: Any) -> None:
    put, copy = s3._put_object, s3._copy_object

    def put_object(bucket: str, key: str, body: bytes, headers: dict[str, str]) -> Any:
        answer = put(bucket, key, body, {"content-type": DEFAULT_TYPE, **headers})
        sums = s3._buckets[bucket]["objects"][key].get("checksums") or {} if answer[0] == 200 else {}
        for name, value in sums.items():
            answer[1].update({f"x-amz-checksum-{name.lower()}": value, "x-amz-checksum-type": "FULL_OBJECT"})
        return answer

    def copy_object(bucket: str, key: str, headers: dict[str, str]) -> Any:
        record = s3._ensure_bucket(bucket)
        if record is not None:
            refused = s3._check_put_preconditions(headers, record["objects"].get(key))
            if refused:
                return refused
        headers = {"x-amz-storage-class": "STANDARD", **headers}
        if "x-amz-checksum-algorithm" in headers:
            headers["x-amz-sdk-checksum-algorithm"] = headers["x-amz-checksum-algorithm"]
        replacing = headers.get("x-amz-metadata-directive") == "REPLACE"
        if replacing:
            headers.setdefault("content-type", DEFAULT_TYPE)
            headers.setdefault("content-encoding", "")
        answer = copy(bucket, key, headers)
        if answer[0] != 200:
            return answer
        return _in_one_piece(s3, answer, bucket, key, headers)

    s3._put_object, s3._copy_object = put_object, copy_object


def _in_one_piece(s3: Any, answer: Any, bucket: str, key: str, headers: dict[str, str]) -> Any:
    """A copy of a multipart object is none: its ETag is the digest of its bytes, its checksum that of the whole."""
    made = s3._buckets[bucket]["objects"][key]
    asked = headers.get("x-amz-sdk-checksum-algorithm", "").upper().replace("_", "")
    composite = [name for name, value in made["checksums"].items() if "-" in value]
    if "-" not in made["etag"] and not composite and not asked:
        return answer
    body = s3._read_body(bucket, key, made)
    old, made["etag"] = made["etag"], f'"{hashlib.md5(body).hexdigest()}"'
    kept = [asked] if asked else list(made["checksums"])
    made["checksums"] = {name: s3._compute_s3_checksum(name, body) for name in kept}
    for entry in s3._object_versions.get((bucket, key), []):
        if made.get("version_id") and entry["version_id"] == made["version_id"]:
            entry.update(etag=made["etag"], checksums=made["checksums"])
    made["body"] = body
    s3._persist_object(bucket, key, made)
    status, answered, document = answer
    told = "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in made["checksums"].items())
    document = document.replace(_text(old), _text(made["etag"]))
    end = b"</CopyObjectResult>"
    return status, answered, document.replace(end, told.encode() + end)


def _text(etag: str) -> bytes:
    """An ETag as it stands in a document, whether its quotes are written out or not."""
    return etag.strip('"').encode()
