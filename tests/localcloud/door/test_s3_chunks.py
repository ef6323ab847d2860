"""Bodies in chunks: what arrives is stored as it was sent, and only when every signature and checksum is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from own_cloud import OwnCloud
from s3_requests import Chunks, crc32, error

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
BODY = bytes(range(256)) * 100  # 25,600 bytes: two whole chunks and a rest
PARTS = (BODY[:10_000], BODY[10_000:20_000], BODY[20_000:], b"")


def upload(cloud: OwnCloud, path: str, kind: str, checksum: str = "", **headers: str) -> Chunks:
    """All chunks of BODY, with a checksum behind them for the kinds that have one."""
    announced = {"x-amz-trailer": "x-amz-checksum-crc32"} if kind.endswith("-TRAILER") else {}
    chunks = Chunks(cloud, path, kind, len(BODY), **announced, **headers)
    signature = "UNSIGNED" not in kind
    for part in PARTS:
        chunks.chunk(part, signature=signature)
    if announced:
        chunks.trailer("x-amz-checksum-crc32", checksum or crc32(BODY), signature=signature)
    return chunks


@pytest.mark.parametrize("kind", [SIGNED, f"{SIGNED}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_the_object_is_what_was_sent(local_aws: OwnCloud, workshop: Any, kind: str) -> None:
    answer = upload(local_aws, f"/{workshop.bucket}/chunks/ok", kind, **{"content-type": "text/plain"}).send()
    assert answer.status_code == 200, answer.text
    found = boto3.client("s3").get_object(Bucket=workshop.bucket, Key="chunks/ok", ChecksumMode="ENABLED")
    assert found["Body"].read() == BODY
    assert "ContentEncoding" not in found
    assert found.get("ChecksumCRC32") == (crc32(BODY) if kind.endswith("TRAILER") else None)


def change_a_byte(chunks: Chunks) -> None:
    chunks.body = chunks.body.replace(PARTS[1], b"x" + PARTS[1][1:])


def change_a_signature(chunks: Chunks) -> None:
    before, mark, after = chunks.body.rpartition(b"chunk-signature=")
    chunks.body = before + mark + b"0" * 64 + after[64:]


def cut_the_end(chunks: Chunks) -> None:
    chunks.body = chunks.body[:-100]


def drop_signatures(chunks: Chunks) -> None:
    chunks.body = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in PARTS[:3]) + b"0\r\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_a_byte, (403, "SignatureDoesNotMatch")),
        (change_a_signature, (403, "SignatureDoesNotMatch")),
        (cut_the_end, (400, "IncompleteBody")),
        (drop_signatures, (400, "IncompleteBody")),
    ],
)
def test_a_changed_body_is_refused(
    local_aws: OwnCloud, workshop: Any, change: Callable[[Chunks], None], expected: tuple[int, str]
) -> None:
    chunks = upload(local_aws, f"/{workshop.bucket}/chunks/changed", SIGNED)
    change(chunks)
    assert error(chunks.send()) == expected
    assert boto3.client("s3").list_objects_v2(Bucket=workshop.bucket, Prefix="chunks/changed")["KeyCount"] == 0


@pytest.mark.parametrize("kind", [f"{SIGNED}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_wrong_checksum_behind_the_body_is_refused(local_aws: OwnCloud, workshop: Any, kind: str) -> None:
    answer = upload(local_aws, f"/{workshop.bucket}/chunks/sum", kind, checksum=crc32(b"other")).send()
    assert error(answer) == (400, "BadDigest")


def test_a_checksum_that_was_announced_must_come(local_aws: OwnCloud, workshop: Any) -> None:
    announced = {"x-amz-trailer": "x-amz-checksum-sha256"}
    chunks = Chunks(local_aws, f"/{workshop.bucket}/chunks/none", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", 3, **announced)
    chunks.chunk(b"abc", signature=False)
    chunks.chunk(b"", signature=False)
    assert error(chunks.send()) == (400, "MalformedTrailerError")


@pytest.mark.parametrize(("length", "code"), [(5, "IncompleteBody"), (2, "IncompleteBody")])
def test_another_length_is_refused(local_aws: OwnCloud, workshop: Any, length: int, code: str) -> None:
    chunks = Chunks(local_aws, f"/{workshop.bucket}/chunks/length", SIGNED, length)
    chunks.chunk(b"abc")
    chunks.chunk(b"")
    assert error(chunks.send()) == (400, code)


def test_only_the_last_chunk_may_be_small(local_aws: OwnCloud, workshop: Any) -> None:
    chunks = Chunks(local_aws, f"/{workshop.bucket}/chunks/small", SIGNED, 6)
    for part in (b"abc", b"def", b""):
        chunks.chunk(part)
    assert error(chunks.send()) == (403, "InvalidChunkSizeError")


def test_the_request_itself_must_be_signed(local_aws: OwnCloud, workshop: Any) -> None:
    chunks = upload(local_aws, f"/{workshop.bucket}/chunks/seed", SIGNED)
    headers = {**dict(chunks.request.headers), "x-amz-decoded-content-length": "1"}
    answer = httpx.put(chunks.request.url, content=chunks.body + b"\r\n", headers=headers, trust_env=False)
    assert error(answer) == (403, "SignatureDoesNotMatch")
