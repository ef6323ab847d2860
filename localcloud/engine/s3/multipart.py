"""Multipart uploads: the least size of a part, tags and types that the object then has, checksums of the whole.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html and API_CompleteMultipartUpload.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from localcloud.engine.s3.copies import DEFAULT_TYPE

MINIMUM_PART_BYTES = 5 * 2**20  # of every part but the last
# The types of checksum that S3 takes for a multipart object, the default first.
_TYPES = {
    "CRC64NVME": ("FULL_OBJECT",),
    "CRC32": ("COMPOSITE", "FULL_OBJECT"),
    "CRC32C": ("COMPOSITE", "FULL_OBJECT"),
    "SHA1": ("COMPOSITE",),
    "SHA256": ("COMPOSITE",),
}


def correct(s3: Any) -> None:
    create, complete, copy_part = s3._create_multipart_upload, s3._complete_multipart_upload, s3._upload_part_copy

    def create_upload(bucket: str, key: str, headers: dict[str, str]) -> Any:
        algorithm, kind = headers.get("x-amz-checksum-algorithm", ""), headers.get("x-amz-checksum-type")
        types = _TYPES.get(algorithm, ())
        if kind and kind not in types:
            message = f"The {kind} checksum type cannot be used with the {algorithm or 'missing'} checksum algorithm."
            return s3._error("InvalidRequest", message, 400)
        status, answered, body = create(bucket, key, {"content-type": DEFAULT_TYPE, **headers})
        if status == 200:
            number = re.findall(rb"<UploadId>([^<]+)<", body)[0].decode()
            kind = kind or next(iter(types), None)
            tags = dict(parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True))
            s3._multipart_uploads[number].update(checksum_type=kind, tags=tags)
            if kind:
                answered["x-amz-checksum-type"] = kind
        return status, answered, body

    def upload_part_copy(bucket: str, key: str, query: dict[str, Any], headers: dict[str, str]) -> Any:
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
        if upload is None or (upload["bucket"], upload["key"]) != (bucket, key):
            return s3._error("NoSuchUpload", "The specified multipart upload does not exist.", 404)
        answer = copy_part(bucket, key, query, headers)
        algorithm = upload.get("checksum_algorithm")
        if answer[0] == 200 and algorithm:
            part = upload["parts"][int(s3._qp(query, "partNumber"))]
            value = s3._compute_s3_checksum(algorithm, part["body"])
            part["checksums"] = {algorithm: value}
            told = f"<Checksum{algorithm}>{value}</Checksum{algorithm}></CopyPartResult>".encode()
            return answer[0], answer[1], answer[2].replace(b"</CopyPartResult>", told)
        return answer

    def complete_upload(
        bucket: str, key: str, body: bytes, query: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:
        headers, number = dict(headers or {}), s3._qp(query, "uploadId")
        upload = s3._multipart_uploads.get(number)
        if upload is None:
            return complete(bucket, key, body, query, headers)
        numbers = [int(found) for found in re.findall(rb"<(?:\w+:)?PartNumber>\s*(\d+)", body)]
        listed = [upload["parts"][number] for number in numbers if number in upload["parts"]]
        if len(listed) == len(numbers) and any(part["size"] < MINIMUM_PART_BYTES for part in listed[:-1]):
            message = "Your proposed upload is smaller than the minimum allowed size"
            return s3._error("EntityTooSmall", message, 400)
        kind, algorithm, whole = upload.get("checksum_type"), upload.get("checksum_algorithm"), None
        wanted = headers.get("x-amz-checksum-type")
        if wanted and wanted != kind:
            message = f"The upload was created with the {kind} checksum type. The complete request has {wanted}."
            return s3._error("InvalidRequest", message, 400)
        if kind == "FULL_OBJECT":
            given = headers.pop(f"x-amz-checksum-{algorithm.lower()}", None)
            whole = s3._compute_s3_checksum(algorithm, b"".join(part["body"] for part in listed))
            if given not in (None, whole):
                message = f"The {algorithm} you specified did not match the calculated checksum."
                return s3._error("BadDigest", message, 400)
        answer = complete(bucket, key, body, query, headers)
        if answer[0] == 200 and number not in s3._multipart_uploads:
            answer = _with_the_rest(s3, answer, bucket, key, upload, whole)
            s3._completed_multipart_uploads[number]["response"] = answer
        return answer

    s3._create_multipart_upload, s3._upload_part_copy = create_upload, upload_part_copy
    s3._complete_multipart_upload = complete_upload


def _with_the_rest(s3: Any, answer: Any, bucket: str, key: str, upload: dict[str, Any], whole: str | None) -> Any:
    """Give the new object its tags and the checksum of the whole; returns the answer that tells of it."""
    made = s3._buckets[bucket]["objects"][key]
    if not whole and not upload.get("tags"):
        return answer
    if upload.get("tags"):
        s3._object_tags[(bucket, key, made.get("version_id"))] = upload["tags"]
    if whole:
        algorithm = upload["checksum_algorithm"]
        made.update(checksums={algorithm: whole}, checksum_type="FULL_OBJECT")
        for entry in s3._object_versions.get((bucket, key), []):
            if made.get("version_id") and entry["version_id"] == made["version_id"]:
                entry["checksums"] = made["checksums"]
        root = ElementTree.fromstring(answer[2])
        for element in root:
            name = element.tag.rpartition("}")[2]
            if name == f"Checksum{algorithm}":
                element.text = whole
            elif name == "ChecksumType":
                element.text = "FULL_OBJECT"
        answer = (*answer[:2], s3._xml_body(root))
    s3._persist_object(bucket, key, made)
    return answer
