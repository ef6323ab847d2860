"""S3, each operation: the bucket, key, upload and owner that it names, and what a new object is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from member_probes import members_of, plainest, probes

from localcloud.engine.refused import REFUSED
from localcloud.protocol import operation_model
from localcloud.store.state import ACCOUNT

BUCKET, OTHER = "members-of-s3", "members-of-s3-versions"
OBJECT = {"Bucket": BUCKET, "Key": "a/1"}
SOURCE = f"{BUCKET}/a/1"
TAGS = {"TagSet": [{"Key": "course", "Value": "ds"}]}
PARTS = {"Parts": [{"PartNumber": 1, "ETag": '"x"'}]}
# operation -> a request that is right; "UploadId" is that of an upload
REQUESTS: dict[str, dict[str, Any]] = {
    **{
        operation: {"Bucket": BUCKET}
        for operation in (
            *("HeadBucket", "GetBucketEncryption", "GetBucketLocation", "GetBucketNotificationConfiguration"),
            *("GetBucketOwnershipControls", "GetBucketTagging", "GetBucketVersioning", "GetPublicAccessBlock"),
            *("ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2"),
        )
    },
    **dict.fromkeys(("GetObject", "HeadObject", "GetObjectTagging"), OBJECT),
    "GetObjectAttributes": {**OBJECT, "ObjectAttributes": ["ETag"]},
    "ListParts": {**OBJECT, "UploadId": ""},
    "PutObject": {**OBJECT, "Body": b"abcdefgh"},
    "CopyObject": {"Bucket": BUCKET, "Key": "copy", "CopySource": SOURCE},
    "CreateMultipartUpload": OBJECT,
    "UploadPart": {**OBJECT, "UploadId": "", "PartNumber": 1, "Body": b"x"},
    "UploadPartCopy": {**OBJECT, "UploadId": "", "PartNumber": 2, "CopySource": SOURCE},
    "PutObjectTagging": {**OBJECT, "Tagging": TAGS},
    "PutBucketTagging": {"Bucket": BUCKET, "Tagging": TAGS},
    "PutBucketVersioning": {"Bucket": OTHER, "VersioningConfiguration": {"Status": "Enabled"}},
    "PutBucketNotificationConfiguration": {
        "Bucket": BUCKET,
        "NotificationConfiguration": {"EventBridgeConfiguration": {}},
    },
    "CompleteMultipartUpload": {**OBJECT, "UploadId": "", "MultipartUpload": PARTS},
    "AbortMultipartUpload": {**OBJECT, "UploadId": ""},
    "DeleteObjectTagging": OBJECT,
    "DeleteBucketTagging": {"Bucket": BUCKET},
    "DeleteObjects": {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "none"}]}},
    "DeleteObject": {"Bucket": BUCKET, "Key": "none"},
    "DeleteBucket": {"Bucket": BUCKET},
}
# To an operation that writes a new key, or that deletes one, no key is a wrong one: tests below see what became of it.
ANY_KEY = {"PutObject", "CopyObject", "CreateMultipartUpload", "DeleteObject"}


@pytest.fixture(scope="module")
def s3(workshop: Any) -> Any:
    """A client; a bucket with an object and tags, one with versions."""
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))  # BadDigest would be sent again
    client.create_bucket(Bucket=BUCKET)
    client.create_bucket(Bucket=OTHER)
    client.put_bucket_versioning(**REQUESTS["PutBucketVersioning"])
    client.put_object(**REQUESTS["PutObject"])
    client.put_bucket_tagging(**REQUESTS["PutBucketTagging"])
    return client


def method(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def _named(operation: str) -> pytest.MarkDecorator:
    names = {"Bucket", "Key", "UploadId", "ExpectedBucketOwner", "ExpectedSourceBucketOwner"}
    claimed = names & set(members_of("s3", operation)) - ({"Key"} if operation in ANY_KEY else set())
    return probes("s3", operation, *claimed)


@pytest.mark.parametrize("operation", [pytest.param(one, marks=_named(one)) for one in REQUESTS])
def test_what_a_request_names_must_be_there(s3: Any, operation: str) -> None:
    request, call = dict(REQUESTS[operation]), getattr(s3, method(operation))
    members = members_of("s3", operation)
    if "UploadId" in request:
        request["UploadId"] = s3.create_multipart_upload(**OBJECT)["UploadId"]
        assert code(call, **{**request, "UploadId": "none"}) in ("NoSuchUpload", "404")
    for owner in {"ExpectedBucketOwner", "ExpectedSourceBucketOwner"} & set(members):
        assert code(call, **request, **{owner: "999999999999"}) in ("AccessDenied", "403")
    if not operation.startswith(("Complete", "Abort", "Delete", "GetPublic")):
        call(**request, ExpectedBucketOwner=ACCOUNT)
    none = code(call, **{**request, "Bucket": f"{BUCKET}-none"})
    assert none in ("NoSuchBucket", "404") or (none == "NoSuchUpload" and "UploadId" in request)
    if "Key" in members and operation not in ANY_KEY:
        found = code(call, **{**request, "Key": "none"})
        assert found == (
            "NoSuchUpload" if "UploadId" in request else "404" if operation == "HeadObject" else "NoSuchKey"
        )


HEADERS: dict[str, Any] = {
    "CacheControl": "no-cache",
    "ContentDisposition": 'attachment; filename="a.txt"',
    "ContentEncoding": "br",
    "ContentLanguage": "de",
    "ContentType": "text/x-probe",
    "Metadata": {"course": "ds"},
    "WebsiteRedirectLocation": "/other",
    "StorageClass": "STANDARD_IA",
}
EXPIRES = datetime(2030, 1, 1, tzinfo=UTC)
GIVEN = {**HEADERS, "Expires": EXPIRES, "Tagging": "course=ds&team=a"}


def _shown(s3: Any, key: str) -> None:
    found = s3.head_object(Bucket=BUCKET, Key=key)
    assert {name: found.get(name) for name in HEADERS} == HEADERS
    assert found["ExpiresString"] == EXPIRES.strftime("%a, %d %b %Y %H:%M:%S GMT")
    tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    assert tags == [{"Key": "course", "Value": "ds"}, {"Key": "team", "Value": "a"}]


@probes("s3", "PutObject", "Key", "Body", "ContentLength", request=GIVEN)
def test_an_object_is_shown_as_it_was_put(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="put", Body=b"abc", ContentLength=3, **GIVEN)
    _shown(s3, "put")
    assert s3.get_object(Bucket=BUCKET, Key="put")["Body"].read() == b"abc"


@probes("s3", "CreateMultipartUpload", "Key", request=GIVEN)
@probes("s3", "UploadPart", "Body", "PartNumber", "ContentLength")
@probes("s3", "CompleteMultipartUpload", "MultipartUpload.Parts.PartNumber", "MultipartUpload.Parts.ETag")
def test_an_object_of_parts_is_shown_as_it_was_begun(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "parts"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place, **GIVEN)["UploadId"]}
    tag = s3.upload_part(**upload, PartNumber=3, Body=b"abc", ContentLength=3)["ETag"]
    for wrong in ({"PartNumber": 2, "ETag": tag}, {"PartNumber": 3, "ETag": '"0"'}):
        assert code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [wrong]}) == "InvalidPart"
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": tag}]})
    _shown(s3, "parts")
    assert s3.get_object(**place)["Body"].read() == b"abc"


@probes("s3", "CopyObject", "Key", "CopySource", "MetadataDirective", "TaggingDirective", request=GIVEN)
def test_a_copy_has_what_its_source_has_or_what_it_is_given(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="source", Body=b"abc", **GIVEN)
    copy = {"Bucket": BUCKET, "CopySource": f"{BUCKET}/source"}
    s3.copy_object(**copy, Key="same", StorageClass="STANDARD_IA", WebsiteRedirectLocation="/other")
    _shown(s3, "same")
    s3.copy_object(
        Bucket=BUCKET, Key="new", CopySource=SOURCE, MetadataDirective="REPLACE", TaggingDirective="REPLACE", **GIVEN
    )
    _shown(s3, "new")
    assert s3.get_object(Bucket=BUCKET, Key="new")["Body"].read() == b"abcdefgh"
    s3.copy_object(**copy, Key="bare", MetadataDirective="REPLACE", TaggingDirective="REPLACE")
    bare = s3.head_object(Bucket=BUCKET, Key="bare")
    assert (bare["Metadata"], bare["ContentType"]) == ({}, "binary/octet-stream")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="bare")["TagSet"] == []


CREATED = {"CreateBucketConfiguration": {"Tags": TAGS["TagSet"]}}


@probes("s3", "CreateBucket", "Bucket", "ACL", "CreateBucketConfiguration.LocationConstraint", request=CREATED)
@probes("s3", "DeleteBucket", "Bucket")
def test_a_bucket_is_made_with_its_tags_and_is_gone(s3: Any) -> None:
    s3.create_bucket(Bucket="members-made", **CREATED)
    assert s3.get_bucket_tagging(Bucket="members-made")["TagSet"] == TAGS["TagSet"]
    s3.delete_bucket(Bucket="members-made")
    assert code(s3.head_bucket, Bucket="members-made") == "404"
    assert code(s3.create_bucket, Bucket="members-made", ACL="public-read") == "InvalidBucketAclWithObjectOwnership"
    there = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    assert code(s3.create_bucket, Bucket="members-made", **there) == "InvalidLocationConstraint"


@probes("s3", "PutBucketTagging", "Tagging.TagSet.Key", "Tagging.TagSet.Value", "ContentMD5", "ChecksumAlgorithm")
@probes("s3", "PutObjectTagging", "Tagging.TagSet.Key", "Tagging.TagSet.Value", "ContentMD5", "ChecksumAlgorithm")
@probes("s3", "PutBucketVersioning", "VersioningConfiguration.Status", "ContentMD5", "ChecksumAlgorithm")
@probes("s3", "DeleteObjects", "ChecksumAlgorithm")
@probes("s3", "PutBucketNotificationConfiguration", "NotificationConfiguration.EventBridgeConfiguration")
@probes("s3", "DeleteBucketTagging", "Bucket")
@probes("s3", "DeleteObjectTagging", "Key")
def test_settings_are_shown_and_a_body_must_be_the_one_that_was_meant(s3: Any) -> None:
    for put, get, delete, place in (
        (s3.put_bucket_tagging, s3.get_bucket_tagging, s3.delete_bucket_tagging, {"Bucket": OTHER}),
        (s3.put_object_tagging, s3.get_object_tagging, s3.delete_object_tagging, OBJECT),
    ):
        put(**place, Tagging=TAGS, ChecksumAlgorithm="SHA256")
        assert code(put, **place, Tagging={"TagSet": []}, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == "BadDigest"
        assert get(**place)["TagSet"] == TAGS["TagSet"]
        delete(**place)
    assert code(s3.get_bucket_tagging, Bucket=OTHER) == "NoSuchTagSet"
    assert s3.get_object_tagging(**OBJECT)["TagSet"] == []
    versioning = {"Bucket": OTHER, "VersioningConfiguration": {"Status": "Suspended"}}
    s3.put_bucket_versioning(**versioning, ChecksumAlgorithm="CRC32")
    assert s3.get_bucket_versioning(Bucket=OTHER)["Status"] == "Suspended"
    meant = {**REQUESTS["PutBucketVersioning"], "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    assert code(s3.put_bucket_versioning, **meant) == "BadDigest"
    s3.put_bucket_versioning(**REQUESTS["PutBucketVersioning"])
    s3.put_bucket_notification_configuration(Bucket=OTHER, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=OTHER)
    s3.put_bucket_notification_configuration(Bucket=OTHER, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=OTHER)
    sent: list[Any] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.headers))
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "none"}]}, ChecksumAlgorithm="SHA1")
    assert "x-amz-checksum-sha1" in {name.lower() for name in sent[-1]}


REFUSED_IN_S3 = [
    pytest.param(operation, member, id=f"{operation}-{member}")
    for (service, operation), refusals in REFUSED.items()
    for member in refusals
    if service == "s3"
]


@pytest.mark.parametrize(("operation", "member"), REFUSED_IN_S3)
def test_a_refused_member_is_named_with_the_reason(s3: Any, operation: str, member: str) -> None:
    shape = operation_model("s3", operation).input_shape
    kind, refusal = members_of("s3", operation)[member], REFUSED["s3", operation][member]
    words = {"boolean": ["true", "false"]}.get(kind.type_name) or getattr(kind, "enum", None) or ["other"]
    value = next(word for word in words if word not in refusal.taken)
    request = {**REQUESTS.get(operation, {}), **plainest(shape, member.split("."), value)}
    request.update(Bucket=BUCKET, **({"Key": "none"} if "Key" in request else {}))
    with pytest.raises(ClientError, match=r"is not offered by the local AWS|\(501\)") as caught:
        getattr(s3, method(operation))(**request)
    if operation != "HeadObject":  # whose answer is a status
        assert f"{member} of {operation}" in str(caught.value)
        assert refusal.reason in str(caught.value)
