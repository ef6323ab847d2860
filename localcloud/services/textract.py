"""Textract's DetectDocumentText, answered by an open OCR engine that stands in for Amazon's own.

The engine is named where Textract names its model, in DetectDocumentTextModelVersion, and in the header
`x-amzn-open-model`. Documents are PNG or JPEG. One-page PDF and TIFF files, AnalyzeDocument (FORMS, TABLES, QUERIES and
the others) and the asynchronous operations work on AWS only, and are refused.
Limits: https://docs.aws.amazon.com/textract/latest/dg/limits-document.html; calls a second are Service Quotas' default.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import uuid
from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.hosting.managed.quota import TokenBucket
from localcloud.hosting.managed.worker import NotAnswered, Worker
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params, awaited_operation

LARGEST_DOCUMENT = 10 * 2**20
CALLS_PER_SECOND = 25  # in us-east-1
_READ = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_READ_ON_AWS_ONLY = {b"%PDF-": "PDF", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
_quota = TokenBucket(CALLS_PER_SECOND)
_worker = Worker("textract-1", "textract_server.py")


@awaited_operation("textract", "DetectDocumentText")
async def detect_document_text(cloud: Cloud, params: Params) -> Params:
    _quota.take("ProvisionedThroughputExceededException", "Provisioned rate exceeded")
    content = await _document(cloud, params["Document"])
    _check_format(content)
    try:
        answer = await _worker.ask(cloud, content)
    except (NotAnswered, OSError) as error:
        raise ServiceError("InternalServerError", str(error), 500) from None
    if answer.status == 400:
        raise ServiceError("BadDocumentException", answer.content.decode())
    if answer.status != 200:
        raise ServiceError("InternalServerError", answer.content.decode(errors="replace")[:1000], 500)
    read = json.loads(answer.content)
    return {
        "DocumentMetadata": {"Pages": 1},
        "Blocks": blocks(read["lines"]),
        "DetectDocumentTextModelVersion": read["model"],
        "_headers": {"x-amzn-open-model": read["model"]},
    }


async def _document(cloud: Cloud, document: Params) -> bytes:
    """The document's bytes, from the request or from S3."""
    if bool(document.get("Bytes")) == ("S3Object" in document):
        raise ServiceError(
            "InvalidParameterException", "Request has invalid parameters: give either Bytes or S3Object."
        )
    if "S3Object" in document:
        return await asyncio.to_thread(_from_s3, cloud, document["S3Object"])
    try:
        content = base64.b64decode(document["Bytes"], validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("SerializationException", "Document.Bytes is not base64.") from None
    _check_size(len(content))
    return content


def _from_s3(cloud: Cloud, place: Params) -> bytes:
    if not {"Bucket", "Name"} <= place.keys():
        raise ServiceError(
            "InvalidParameterException", "Request has invalid parameters: S3Object needs Bucket and Name."
        )
    version = {"VersionId": place["Version"]} if "Version" in place else {}
    try:
        found = cloud.client("s3").get_object(Bucket=place["Bucket"], Key=place["Name"], **version)
    except ClientError:
        raise ServiceError(
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
        ) from None
    with found["Body"] as body:
        _check_size(found["ContentLength"])
        return bytes(body.read())


def _check_size(size: int) -> None:
    if size > LARGEST_DOCUMENT:
        raise ServiceError(
            "DocumentTooLargeException", f"The document has {size} bytes; the limit is {LARGEST_DOCUMENT}."
        )


def _check_format(content: bytes) -> None:
    for signature, name in _READ_ON_AWS_ONLY.items():
        if content.startswith(signature):
            raise ServiceError(
                "UnsupportedDocumentException",
                f"Request has unsupported document format: {name} files are read on AWS only. The local AWS reads PNG "
                "and JPEG.",
            )
    if not content.startswith(tuple(_READ)):
        raise ServiceError("UnsupportedDocumentException", "Request has unsupported document format")


def blocks(lines: list[Params]) -> list[Params]:
    """Textract's blocks: a PAGE, its LINEs in reading order, then the WORDs of each line; parents name their children.

    Args:
        lines: text, confidence (0 to 1), corners (four (x, y), shares of the page), words (the same without words).
    """
    made_lines, made_words = [], []
    for line in lines:
        words = [{**_text_block("WORD", word), "TextType": "PRINTED"} for word in line["words"]]
        made_lines.append({**_text_block("LINE", line), **_children(words)})
        made_words += words
    whole = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    page = {"BlockType": "PAGE", "Id": str(uuid.uuid4()), "Geometry": _geometry(whole), **_children(made_lines)}
    return [{**block, "Page": 1} for block in (page, *made_lines, *made_words)]


def _text_block(kind: str, item: Params) -> Params:
    return {
        "BlockType": kind,
        "Id": str(uuid.uuid4()),
        "Text": item["text"],
        "Confidence": min(100.0, 100 * item["confidence"]),
        "Geometry": _geometry(item["corners"]),
    }


def _children(of: list[Params]) -> Params:
    return {"Relationships": [{"Type": "CHILD", "Ids": [block["Id"] for block in of]}]} if of else {}


def _geometry(corners: Any) -> Params:
    """The polygon, and the smallest upright box around it."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    box = {"Left": min(xs), "Top": min(ys), "Width": max(xs) - min(xs), "Height": max(ys) - min(ys)}
    return {"BoundingBox": box, "Polygon": [{"X": x, "Y": y} for x, y in corners]}
