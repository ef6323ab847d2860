"""S3's lists, limits, ranges, parts and copies, as documented."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.s3 import checksums
from localcloud.engine.s3.listing import collect

MIB = 2**20
KEYS = st.sets(st.text("ab/", min_size=1, max_size=5), max_size=12)


@given(KEYS, st.text("ab/", max_size=2), st.sampled_from(["", "/", "a"]), st.integers(1, 4))
def test_pages_of_any_size_are_the_one_list(keys: set[str], prefix: str, delimiter: str, most: int) -> None:
    objects = dict.fromkeys(keys)
    whole = collect(objects, prefix, delimiter, 1000, "")
    found: list[str] = []
    folders: list[str] = []
    after, more = "", True
    while more:
        some, prefixes, more, after = collect(objects, prefix, delimiter, most, after)
        assert len(some) + len(prefixes) <= most
        found, folders = found + some, folders + prefixes
    assert (found, folders) == whole[:2]


@pytest.mark.parametrize(("name", "check"), [("CRC32C", 0xE3069283), ("CRC64NVME", 0xAE8B14860A799888)])
def test_the_check_value_of_a_checksum(name: str, check: int) -> None:
    assert checksums.crc(name, b"123456789") == check


@pytest.mark.parametrize("name", ["CRC32C", "CRC64NVME"])
@pytest.mark.parametrize("size", [16_384, 20_001, 70_000])
def test_side_by_side_is_one_after_the_other(name: str, size: int) -> None:
    body, ones = bytes(number * number % 251 for number in range(size)), 2 ** (8 * checksums.BYTES[name]) - 1
    assert checksums.crc(name, body) == checksums._after(name, ones, body) ^ ones


@pytest.fixture(scope="module")
def bucket(workshop: Any) -> str:
    s3, name = boto3.client("s3"), "rules-of-s3"
    s3.create_bucket(Bucket=name)
    for key in ("t/x/1", "t/x/2", "t/y/1", "t/z"):
        s3.put_object(Bucket=name, Key=key, Body=b"abcdefgh")
    return name


@pytest.mark.parametrize(
    ("call", "members", "code"),
    [
        ("list_objects_v2", {"ContinuationToken": "YWJj"}, "InvalidArgument"),
        ("list_objects_v2", {"MaxKeys": -1}, "InvalidArgument"),
        ("list_object_versions", {"VersionIdMarker": "x"}, "InvalidArgument"),
        ("put_object", {"Key": "é" * 513, "Body": b""}, "KeyTooLongError"),
        ("put_object", {"Key": "m", "Body": b"", "Metadata": {"a": "x" * 2048}}, "MetadataTooLarge"),
        ("put_object", {"Key": "m", "Tagging": "&".join(f"t{n}=1" for n in range(11))}, "BadRequest"),
        ("put_object", {"Key": "m", "IfNoneMatch": '"etag"'}, "NotImplemented"),
        ("put_object", {"Key": "m", "Body": b"x", "ExpectedBucketOwner": "999999999999"}, "AccessDenied"),
        ("put_object", {"Key": "m", "Body": b"x", "ChecksumCRC32C": "AAAAAA=="}, "BadDigest"),
        ("put_object", {"Key": "m", "Body": b"x", "ChecksumCRC32C": "AAAA"}, "InvalidRequest"),
        ("upload_part", {"Key": "m", "UploadId": "u", "PartNumber": 10_001, "Body": b""}, "InvalidArgument"),
        ("get_object", {"Key": "t/z", "PartNumber": 2}, "InvalidPartNumber"),
        ("get_object", {"Key": "t/z", "PartNumber": 1, "Range": "bytes=0-1"}, "InvalidRequest"),
        ("copy_object", {"Key": "t/z", "CopySource": "rules-of-s3/t/z"}, "InvalidRequest"),
        ("copy_object", {"Key": "t/z", "CopySource": "rules-of-s3/t/x/1", "IfNoneMatch": "*"}, "PreconditionFailed"),
        ("create_bucket", {"Bucket": "xn--name"}, "InvalidBucketName"),
        ("create_bucket", {"Bucket": "10.0.0.1"}, "InvalidBucketName"),
        (
            "create_bucket",
            {"Bucket": "far-away", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
            "InvalidLocationConstraint",
        ),
    ],
)
def test_a_rule_is_kept(bucket: str, call: str, members: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(boto3.client("s3"), call)(**{"Bucket": bucket, **members})
    assert refused.value.response["Error"]["Code"] == code


def test_a_list_starts_within_a_folder(bucket: str) -> None:
    found = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="t/", Delimiter="/", StartAfter="t/x/1")
    assert [item["Prefix"] for item in found["CommonPrefixes"]] == ["t/x/", "t/y/"]


@pytest.mark.parametrize(
    ("wanted", "content"),
    [
        ("bytes=2-3", b"cd"),
        ("bytes=-2", b"gh"),
        ("bytes=6-99", b"gh"),
        ("bytes=0-1,4-5", b"abcdefgh"),
        ("x", b"abcdefgh"),
    ],
)
def test_a_range_of_bytes(bucket: str, wanted: str, content: bytes) -> None:
    s3, place = boto3.client("s3"), {"Bucket": bucket, "Key": "t/z", "Range": wanted}
    assert s3.get_object(**place)["Body"].read() == content
    assert s3.head_object(**place)["ContentLength"] == len(content)


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("CRC64NVME", "FULL_OBJECT"), ("CRC32", "COMPOSITE"), ("SHA256", "COMPOSITE")]
)
def test_an_object_of_parts(bucket: str, algorithm: str, kind: str) -> None:
    s3, key = boto3.client("s3"), f"parts/{algorithm}"
    place = {"Bucket": bucket, "Key": key}
    made = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm, Tagging="a=b")
    upload = {**place, "UploadId": made["UploadId"]}
    parts = []
    for number, size in ((2, 5 * MIB), (7, 3)):
        s3.put_object(Bucket=bucket, Key="source", Body=bytes([number]) * size)
        copied = s3.upload_part_copy(**upload, PartNumber=number, CopySource=f"{bucket}/source")["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": copied["ETag"]})
    with pytest.raises(ClientError, match="InvalidPartOrder"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts[::-1]})
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert (made["ChecksumType"], done["ChecksumType"]) == (kind, kind)
    assert s3.get_object_tagging(**place)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_object(**place, PartNumber=2)["Body"].read() == b"\7" * 3
    copy = s3.copy_object(Bucket=bucket, Key="whole", CopySource=f"{bucket}/{key}")["CopyObjectResult"]
    assert "-" not in copy["ETag"]


def test_small_parts_are_the_last_only(bucket: str) -> None:
    s3, place = boto3.client("s3"), {"Bucket": bucket, "Key": "small"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    tags = [s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    with pytest.raises(ClientError, match="EntityTooSmall"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def test_versions_and_uploads_come_in_pages(workshop: Any) -> None:
    s3, bucket = boto3.client("s3"), "pages-of-versions"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "b/1", "b/2", "c"):
        for body in (b"1", b"2"):
            s3.put_object(Bucket=bucket, Key=key, Body=body)
        s3.create_multipart_upload(Bucket=bucket, Key=key)

    def walked(call: str, kind: str) -> list[str]:
        pages = list(s3.get_paginator(call).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}))
        assert all(len(page.get(kind, [])) + len(page.get("CommonPrefixes", [])) <= 2 for page in pages)
        names = [item["Key"] for page in pages for item in page.get(kind, [])]
        return names + [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]

    assert walked("list_object_versions", "Versions") == ["a", "a", "c", "c", "b/"]
    assert walked("list_multipart_uploads", "Uploads") == ["a", "c", "b/"]
