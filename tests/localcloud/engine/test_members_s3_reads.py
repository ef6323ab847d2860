"""S3: conditions, versions, ranges, checksums and lists, member by member."""

from __future__ import annotations

import base64
import hashlib
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from member_probes import probes

from localcloud.engine.s3 import checksums

BUCKET = "members-of-s3-reads"
OBJECT = {"Bucket": BUCKET, "Key": "a/1"}
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
KEYS = ("a/1", "a/2", "a/3", "b ü/1", "c", "d", "e")


@pytest.fixture(scope="module")
def s3(workshop: Any) -> Any:
    """A client; a bucket with versions, of one key two."""
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))  # BadDigest would be sent again
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in KEYS:
        client.put_object(Bucket=BUCKET, Key=key, Body=b"abcdefgh")
    client.put_object(Bucket=BUCKET, Key="e", Body=b"newer")
    return client


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def etag(s3: Any, **place: Any) -> str:
    return str(s3.head_object(**(place or OBJECT))["ETag"])


CONDITIONS = ("IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")


@pytest.mark.parametrize(
    "operation", [pytest.param(one, marks=probes("s3", one, *CONDITIONS)) for one in ("GetObject", "HeadObject")]
)
def test_an_object_is_read_under_conditions(s3: Any, operation: str) -> None:
    read, own = (s3.get_object if operation == "GetObject" else s3.head_object), etag(s3)
    for kept in ({"IfMatch": own}, {"IfNoneMatch": '"0"'}, {"IfModifiedSince": LONG_AGO}, {"IfUnmodifiedSince": LATER}):
        assert read(**OBJECT, **kept)["ETag"] == own
    for broken in ({"IfMatch": '"0"'}, {"IfUnmodifiedSince": LONG_AGO}):
        assert code(read, **OBJECT, **broken) in ("PreconditionFailed", "412")
    for same in ({"IfNoneMatch": own}, {"IfModifiedSince": datetime.now(UTC)}):
        assert code(read, **OBJECT, **same) == "304"


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param("CopyObject", marks=probes("s3", "CopyObject", *(f"CopySource{name}" for name in CONDITIONS))),
        pytest.param(
            "UploadPartCopy", marks=probes("s3", "UploadPartCopy", *(f"CopySource{name}" for name in CONDITIONS))
        ),
    ],
)
def test_an_object_is_copied_under_conditions(s3: Any, operation: str) -> None:
    place: dict[str, Any] = {"Bucket": BUCKET, "Key": "copied", "CopySource": f"{BUCKET}/a/1"}
    if operation == "UploadPartCopy":
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="copied")["UploadId"]
        place |= {"UploadId": upload, "PartNumber": 1}
    copy, own = (s3.copy_object if operation == "CopyObject" else s3.upload_part_copy), etag(s3)
    for kept in ({"IfMatch": own}, {"IfNoneMatch": '"0"'}, {"IfModifiedSince": LONG_AGO}, {"IfUnmodifiedSince": LATER}):
        copy(**place, **{f"CopySource{name}": value for name, value in kept.items()})
    now = datetime.now(UTC)
    for broken in (
        {"IfMatch": '"0"'},
        {"IfNoneMatch": own},
        {"IfModifiedSince": now},
        {"IfUnmodifiedSince": LONG_AGO},
    ):
        wanted = {f"CopySource{name}": value for name, value in broken.items()}
        assert code(copy, **place, **wanted) == "PreconditionFailed"


@probes("s3", "UploadPartCopy", "CopySource", "CopySourceRange", "PartNumber", "Key", "UploadId")
@probes("s3", "ListParts", "MaxParts", "PartNumberMarker")
@probes("s3", "AbortMultipartUpload", "Key", "UploadId")
def test_parts_are_copied_listed_in_pages_and_given_up(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "parts"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    for number in (1, 4, 9):
        source = {"CopySource": f"{BUCKET}/a/1", "CopySourceRange": f"bytes=1-{number % 5 + 1}"}
        s3.upload_part_copy(**upload, PartNumber=number, **source)
    first = s3.list_parts(**upload, MaxParts=2)
    rest = s3.list_parts(**upload, PartNumberMarker=first["NextPartNumberMarker"])
    parts = [(part["PartNumber"], part["Size"]) for part in first["Parts"] + rest["Parts"]]
    assert (parts, len(first["Parts"])) == ([(1, 2), (4, 5), (9, 5)], 2)
    assert code(s3.upload_part_copy, **upload, PartNumber=1, CopySource=f"{BUCKET}/none") == "NoSuchKey"
    s3.abort_multipart_upload(**upload)
    assert code(s3.list_parts, **upload) == "NoSuchUpload"


OVERRIDDEN = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
READ = [f"Response{name}" for name in OVERRIDDEN] + [
    "ResponseExpires",
    "Range",
    "VersionId",
    "PartNumber",
    "ChecksumMode",
]


@pytest.mark.parametrize(
    "operation", [pytest.param(one, marks=probes("s3", one, *READ)) for one in ("GetObject", "HeadObject")]
)
def test_what_is_read_and_how_it_is_told(s3: Any, operation: str) -> None:
    read = s3.get_object if operation == "GetObject" else s3.head_object
    told = {name: f"x-{name.lower()}" for name in OVERRIDDEN}
    found = read(**OBJECT, ResponseExpires=LATER, **{f"Response{name}": value for name, value in told.items()})
    assert {name: found[name] for name in OVERRIDDEN} == told
    assert found["ExpiresString"] == LATER.strftime("%a, %d %b %Y %H:%M:%S GMT")
    ranged = read(**OBJECT, Range="bytes=2-3")
    assert (ranged["ContentLength"], ranged["ContentRange"]) == (2, "bytes 2-3/8")
    assert code(read, **OBJECT, Range="bytes=99-") in ("InvalidRange", "416")
    assert code(read, **OBJECT, PartNumber=2) in ("InvalidPartNumber", "416")
    assert read(**OBJECT, PartNumber=1)["ContentLength"] == 8
    old = [one["VersionId"] for one in s3.list_object_versions(Bucket=BUCKET, Prefix="e")["Versions"]][1]
    assert [read(Bucket=BUCKET, Key="e", **at)["ContentLength"] for at in ({}, {"VersionId": old})] == [5, 8]
    assert code(read, Bucket=BUCKET, Key="e", VersionId="none") in ("NoSuchVersion", "400", "404", "InvalidArgument")
    s3.put_object(Bucket=BUCKET, Key="summed", Body=b"x", ChecksumAlgorithm="SHA256")
    summed = {"Bucket": BUCKET, "Key": "summed"}
    assert read(**summed, ChecksumMode="ENABLED")["ChecksumSHA256"]
    plain = boto3.client("s3", config=Config(response_checksum_validation="when_required"))  # does not ask by itself
    unasked = plain.get_object if operation == "GetObject" else plain.head_object
    assert "ChecksumSHA256" not in unasked(**summed)


@probes("s3", "GetObjectAttributes", "ObjectAttributes", "VersionId", "MaxParts", "PartNumberMarker", "Key")
def test_attributes_of_an_object(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "attributes"}
    s3.put_object(**place, Body=b"old")
    upload = {**place, "UploadId": s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]}
    parts = []
    for number, size in ((1, 5 * 2**20), (2, 5 * 2**20), (3, 1)):
        made = s3.upload_part(**upload, PartNumber=number, Body=b"x" * size, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": made["ETag"], "ChecksumSHA256": made["ChecksumSHA256"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    found = s3.get_object_attributes(**place, ObjectAttributes=["ETag", "ObjectSize"])
    assert (found["ObjectSize"], "ETag" in found, "ObjectParts" in found) == (10 * 2**20 + 1, True, False)
    first = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], MaxParts=2)["ObjectParts"]
    marker = int(first["NextPartNumberMarker"])
    rest = s3.get_object_attributes(**place, ObjectAttributes=["ObjectParts"], PartNumberMarker=marker)["ObjectParts"]
    assert [part["PartNumber"] for part in first["Parts"] + rest["Parts"]] == [1, 2, 3]
    assert (len(first["Parts"]), first["IsTruncated"]) == (2, True)
    old = s3.list_object_versions(Bucket=BUCKET, Prefix="attributes")["Versions"][1]["VersionId"]
    assert s3.get_object_attributes(**place, VersionId=old, ObjectAttributes=["ObjectSize"])["ObjectSize"] == 3


@probes("s3", "PutObject", "IfMatch", "IfNoneMatch")
@probes("s3", "CopyObject", "IfMatch", "IfNoneMatch")
@probes("s3", "CompleteMultipartUpload", "IfMatch", "IfNoneMatch")
@probes("s3", "DeleteObject", "IfMatch", "Key")
@probes("s3", "DeleteObjects", "Delete.Objects.Key", "Delete.Objects.ETag", "Delete.Quiet")
@probes("s3", "DeleteObjects", "Delete.Objects.LastModifiedTime", "Delete.Objects.Size")
def test_an_object_is_written_and_deleted_under_conditions(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "written"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    for call, request in (
        (s3.put_object, {**place, "Body": b"abc"}),
        (s3.copy_object, {**place, "CopySource": f"{BUCKET}/a/1"}),
        (s3.complete_multipart_upload, {**upload, "MultipartUpload": {"Parts": [part]}}),
    ):
        s3.put_object(**place, Body=b"there")
        assert code(call, **request, IfNoneMatch="*") == "PreconditionFailed"
        assert code(call, **request, IfMatch='"0"') == "PreconditionFailed"
        call(**request, IfMatch=etag(s3, **place))
    assert code(s3.delete_object, **place, IfMatch='"0"') == "PreconditionFailed"
    wrong = [
        {"Key": "written", more: value} for more, value in (("ETag", '"0"'), ("Size", 1), ("LastModifiedTime", LATER))
    ]
    for one in wrong:
        assert [error["Key"] for error in s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [one]})["Errors"]] == [
            "written"
        ]
    right = {"Objects": [{"Key": "written", "ETag": etag(s3, **place)}]}
    assert s3.delete_objects(Bucket=BUCKET, Delete=right)["Deleted"][0]["Key"] == "written"
    assert code(s3.head_object, **place) == "404"
    s3.put_object(**place, Body=b"again")
    assert "Deleted" not in s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "written"}], "Quiet": True})
    s3.put_object(**place, Body=b"again")
    s3.delete_object(**place, IfMatch=etag(s3, **place))
    assert code(s3.head_object, **place) == "404"


@probes("s3", "DeleteObject", "VersionId")
@probes("s3", "DeleteObjects", "Delete.Objects.VersionId")
@probes("s3", "GetObjectTagging", "VersionId")
@probes("s3", "PutObjectTagging", "VersionId")
@probes("s3", "DeleteObjectTagging", "VersionId")
def test_versions_are_tagged_and_deleted_one_by_one(s3: Any) -> None:
    place, tags = {"Bucket": BUCKET, "Key": "versions"}, {"TagSet": [{"Key": "a", "Value": "b"}]}
    ids = [s3.put_object(**place, Body=body)["VersionId"] for body in (b"1", b"22", b"333")]
    s3.put_object_tagging(**place, VersionId=ids[0], Tagging=tags)
    assert [s3.get_object_tagging(**place, VersionId=one)["TagSet"] for one in ids[:2]] == [tags["TagSet"], []]
    s3.delete_object_tagging(**place, VersionId=ids[0])
    assert s3.get_object_tagging(**place, VersionId=ids[0])["TagSet"] == []
    s3.delete_object(**place, VersionId=ids[2])
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "versions", "VersionId": ids[0]}]})
    left = s3.list_object_versions(Bucket=BUCKET, Prefix="versions")["Versions"]
    assert [one["VersionId"] for one in left] == [ids[1]]


SUMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")


def sum_of(name: str, body: bytes) -> str:
    if name.startswith("SHA"):
        raw = hashlib.new(name.lower(), body).digest()
    elif name == "CRC32":
        raw = zlib.crc32(body).to_bytes(4, "big")
    else:
        raw = checksums.crc(name, body).to_bytes(checksums.BYTES[name], "big")
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("name", ["CRC32", "SHA1", "SHA256"])  # boto3 alone makes no others
@probes("s3", "PutObject", "ChecksumAlgorithm", "ContentMD5")
@probes("s3", "UploadPart", "ChecksumAlgorithm", "ContentMD5", "Key", "UploadId")
@probes("s3", "CreateMultipartUpload", "ChecksumAlgorithm")
@probes("s3", "CopyObject", "ChecksumAlgorithm")
def test_a_checksum_is_made_and_kept(s3: Any, name: str) -> None:
    place, member, body = {"Bucket": BUCKET, "Key": f"sum-{name}"}, f"Checksum{name}", b"123456789"
    assert s3.put_object(**place, Body=body, ChecksumAlgorithm=name)[member] == sum_of(name, body)
    assert s3.head_object(**place, ChecksumMode="ENABLED")[member] == sum_of(name, body)
    copied = s3.copy_object(Bucket=BUCKET, Key="sum", CopySource=f"{BUCKET}/a/1", ChecksumAlgorithm=name)
    assert copied["CopyObjectResult"][member] == sum_of(name, b"abcdefgh")
    upload = {**place, "UploadId": s3.create_multipart_upload(**place, ChecksumAlgorithm=name)["UploadId"]}
    part = {**upload, "PartNumber": 1, "Body": body}
    assert s3.upload_part(**part, ChecksumAlgorithm=name)[member] == sum_of(name, body)
    for call, request in ((s3.put_object, {**place, "Body": body}), (s3.upload_part, part)):
        assert code(call, **request, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == "BadDigest"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(
            name,
            kind,
            marks=[
                probes("s3", "PutObject", f"Checksum{name}"),
                probes("s3", "UploadPart", f"Checksum{name}"),
                probes("s3", "CreateMultipartUpload", "ChecksumType"),
                probes("s3", "CompleteMultipartUpload", "ChecksumType", "MpuObjectSize", "UploadId", "Key"),
                probes("s3", "CompleteMultipartUpload", f"Checksum{name}", f"MultipartUpload.Parts.Checksum{name}"),
            ],
        )
        for name, kind in [(one, "COMPOSITE" if one.startswith("SHA") else "FULL_OBJECT") for one in SUMS]
    ],
)
def test_the_sum_of_the_whole_and_of_each_part_is_compared(s3: Any, name: str, kind: str) -> None:
    place, member = {"Bucket": BUCKET, "Key": f"whole-{name}"}, f"Checksum{name}"
    sums = [sum_of(name, body) for body in (b"abc", b"abd")]
    assert s3.put_object(**place, Body=b"abc", **{member: sums[0]})[member] == sums[0]
    assert code(s3.put_object, **place, Body=b"abc", **{member: sums[1]}) == "BadDigest"
    made = s3.create_multipart_upload(**place, ChecksumAlgorithm=name, ChecksumType=kind)
    upload = {**place, "UploadId": made["UploadId"]}
    assert made["ChecksumType"] == kind
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"abc", **{member: sums[0]})["ETag"]

    def parts(value: str) -> dict[str, Any]:
        return {"Parts": [{"PartNumber": 1, "ETag": tag, member: value}]}

    complete = s3.complete_multipart_upload
    assert code(complete, **upload, MultipartUpload=parts(sums[1])) in ("InvalidPart", "BadDigest")
    assert code(complete, **upload, MultipartUpload=parts(sums[0]), MpuObjectSize=4) == "InvalidRequest"
    other = "FULL_OBJECT" if kind == "COMPOSITE" else "COMPOSITE"
    assert code(complete, **upload, MultipartUpload=parts(sums[0]), ChecksumType=other) == "InvalidRequest"
    assert code(complete, **upload, MultipartUpload=parts(sums[0]), **{member: sums[1]}) == "BadDigest"
    done = complete(**upload, MultipartUpload=parts(sums[0]), MpuObjectSize=3, ChecksumType=kind)
    assert done[member].startswith(sums[0]) == (kind == "FULL_OBJECT")


def _names(found: dict[str, Any]) -> list[str]:
    rows = found.get("Contents", found.get("Versions", found.get("Uploads", [])))
    return [one["Key"] for one in rows] + [one["Prefix"] for one in found.get("CommonPrefixes", [])]


LISTED = ("Delimiter", "EncodingType", "MaxKeys", "Prefix")


@pytest.mark.parametrize(
    ("operation", "start", "more"),
    [
        pytest.param("ListObjects", "Marker", "NextMarker", marks=probes("s3", "ListObjects", *LISTED, "Marker")),
        pytest.param(
            "ListObjectsV2",
            "ContinuationToken",
            "NextContinuationToken",
            marks=probes("s3", "ListObjectsV2", *LISTED, "ContinuationToken"),
        ),
        pytest.param(
            "ListObjectVersions",
            "KeyMarker",
            "NextKeyMarker",
            marks=probes("s3", "ListObjectVersions", *LISTED, "KeyMarker"),
        ),
    ],
)
def test_keys_are_listed(s3: Any, operation: str, start: str, more: str) -> None:
    calls = {"ListObjects": s3.list_objects, "ListObjectsV2": s3.list_objects_v2}
    call = calls.get(operation, s3.list_object_versions)
    assert _names(call(Bucket=BUCKET, Prefix="a/")) == ["a/1", "a/2", "a/3"]
    assert _names(call(Bucket=BUCKET, Prefix="a/", Delimiter="/")) == ["a/1", "a/2", "a/3"]
    assert "a/" in _names(call(Bucket=BUCKET, Delimiter="/"))
    first = call(Bucket=BUCKET, Prefix="a/", Delimiter="/", MaxKeys=2)
    assert _names(first) == ["a/1", "a/2"]
    assert _names(call(Bucket=BUCKET, Prefix="a/", Delimiter="/", **{start: first[more]})) == ["a/3"]
    encoded = call(Bucket=BUCKET, Prefix="b", EncodingType="url")
    assert encoded["EncodingType"] == "url"
    assert [unquote_plus(name) for name in _names(encoded)] == ["b ü/1"]
    assert "%C3%BC" in _names(encoded)[0]


@probes("s3", "ListObjectsV2", "StartAfter", "FetchOwner")
@probes("s3", "ListObjectVersions", "VersionIdMarker")
def test_a_list_begins_behind_a_key_or_a_version(s3: Any) -> None:
    assert _names(s3.list_objects_v2(Bucket=BUCKET, Prefix="a/", StartAfter="a/2")) == ["a/3"]
    owned = s3.list_objects_v2(Bucket=BUCKET, Prefix="c", FetchOwner=True)["Contents"]
    assert all(("Owner" in one) for one in owned)
    assert all("Owner" not in one for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="c")["Contents"])
    first = s3.list_object_versions(Bucket=BUCKET, Prefix="e", MaxKeys=1)
    markers = {"KeyMarker": first["NextKeyMarker"], "VersionIdMarker": first["NextVersionIdMarker"]}
    rest = s3.list_object_versions(Bucket=BUCKET, Prefix="e", **markers)
    assert [one["Size"] for one in first["Versions"] + rest["Versions"]] == [5, 8]


@probes(
    "s3", "ListMultipartUploads", "Delimiter", "EncodingType", "KeyMarker", "MaxUploads", "Prefix", "UploadIdMarker"
)
def test_uploads_are_listed(s3: Any) -> None:
    for key in ("up/a", "up/a", "up/b ü", "up/c/1"):
        s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    call, place = s3.list_multipart_uploads, {"Bucket": BUCKET, "Prefix": "up/"}
    assert _names(call(**place, Delimiter="/")) == ["up/a", "up/a", "up/b ü", "up/c/"]
    first = call(**place, MaxUploads=1)
    rest = call(**place, KeyMarker=first["NextKeyMarker"], UploadIdMarker=first["NextUploadIdMarker"])
    assert _names(first) + _names(rest) == ["up/a", "up/a", "up/b ü", "up/c/1"]
    assert _names(call(**place, KeyMarker="up/a")) == ["up/b ü", "up/c/1"]
    assert "%C3%BC" in _names(call(**place, KeyMarker="up/a", EncodingType="url"))[0]


@probes("s3", "ListBuckets", "MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion")
def test_buckets_are_listed(s3: Any) -> None:
    for number in range(3):
        s3.create_bucket(Bucket=f"{BUCKET}-page-{number}")
    asked = {"Prefix": f"{BUCKET}-page-", "BucketRegion": "us-east-1"}
    first = s3.list_buckets(**asked, MaxBuckets=2)
    rest = s3.list_buckets(**asked, ContinuationToken=first["ContinuationToken"])
    names = [one["Name"] for one in first["Buckets"] + rest["Buckets"]]
    assert (len(first["Buckets"]), names) == (2, [f"{BUCKET}-page-{number}" for number in range(3)])
    assert code(s3.list_buckets, ContinuationToken="wrong") == "InvalidArgument"
    assert code(s3.list_buckets, BucketRegion="eu-west-1") == "InvalidArgument"
