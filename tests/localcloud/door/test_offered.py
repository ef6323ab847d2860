"""Open is what is offered, and nothing beside it; a bucket may have any legal name."""

from __future__ import annotations

from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from own_cloud import REGION, OwnCloud
from s3_requests import error, signed

from localcloud import protocol
from localcloud.door import offered
from localcloud.engine.operations import OFFERED
from localcloud.engine.refused import REFUSED

NAMES = ("health", "iceberg-demo", "iceberg", "endpoints", "v1", "v2", "clusters", "2015-03-31", "graphql", "oauth2")


def send(cloud: OwnCloud, service: str, path: str = "/", body: bytes = b"", **headers: str) -> httpx.Response:
    """A POST that is signed for `service`; header names with _ for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("POST", cloud.endpoint + path, data=body, headers=given)
    own = cloud.credentials
    SigV4Auth(Credentials(own["access_key"], own["secret_key"]), service, REGION).add_auth(request)
    return httpx.post(request.url, content=body, headers=dict(request.headers), trust_env=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_bucket_may_have_any_legal_name(workshop: Any, name: str) -> None:
    s3, bucket = boto3.client("s3"), name if len(name) > 2 else f"{name}-a"
    s3.create_bucket(Bucket=bucket)
    for key in ("health", "v2/email", "a/b"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in ("health", "v2/email", "a/b")]})
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("path", ["/_ministack/reset", "/%5Fministack/health", "/_localstack/health", "/_x", "//a/b"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_engines_own_pages_are_no_buckets(local_aws: OwnCloud, method: str, path: str) -> None:
    assert signed(local_aws, method, path).status_code in (400, 405)


@pytest.mark.parametrize(
    ("service", "headers", "body"),
    [
        ("s3", {"x_amz_target": "DynamoDB_20120810.ListTables"}, b"{}"),
        ("logs", {"x_amz_target": "AWSGlue.GetDatabases"}, b"{}"),
        ("logs", {"x_amz_target": "Logs_20140328.StartQuery"}, b"{}"),
        ("logs", {"x_amz_target": "X.Logs_20140328.DescribeLogGroups"}, b"{}"),
        ("glue", {"x_amz_target": "Logs_20140328.DescribeLogGroups"}, b"{}"),
        ("dynamodb", {"x_amz_target": "DynamoDB_20120810.ListTables"}, b"{}"),
        ("iam", {"content_type": "application/x-www-form-urlencoded"}, b"Action=DescribeInstances&Version=2016-11-15"),
        ("iam", {"content_type": "application/x-www-form-urlencoded"}, b"Action=CreateUser&UserName=a"),
        ("iam", {"content_type": "application/x-www-form-urlencoded"}, b"Action=ListRoles&Action=CreateUser"),
        ("iam", {"x_amz_target": "IAM.CreateUser", "content_type": "application/x-amz-json-1.1"}, b"{}"),
        ("sts", {"content_type": "application/x-www-form-urlencoded"}, b"Action=ListRoles"),
        ("sts", {"content_type": "application/x-www-form-urlencoded"}, b"Action=GetSessionToken"),
    ],
)
def test_a_request_is_for_the_service_that_it_is_signed_for(
    local_aws: OwnCloud, service: str, headers: dict[str, str], body: bytes
) -> None:
    answer = send(local_aws, service, body=body, **headers)
    assert answer.status_code in (400, 404, 501), answer.text
    words = ("not offered", "Unknown", "twice", "no request to S3")
    assert any(word in answer.text for word in words), answer.text


@pytest.mark.parametrize(
    ("service", "call", "members"),
    [
        ("s3", "put_bucket_policy", {"Bucket": "BUCKET", "Policy": "{}"}),
        ("s3", "get_bucket_cors", {"Bucket": "BUCKET"}),
        ("s3", "put_object_acl", {"Bucket": "BUCKET", "Key": "k", "ACL": "private"}),
        ("iam", "create_user", {"UserName": "a"}),
        ("sts", "get_session_token", {}),
        ("logs", "describe_metric_filters", {}),
        ("cloudwatch", "list_dashboards", {}),
        ("events", "create_event_bus", {"Name": "a"}),
        ("budgets", "describe_budget_actions_for_account", {"AccountId": "123456789012"}),
    ],
)
def test_what_is_not_offered_is_named(workshop: Any, service: str, call: str, members: dict[str, str]) -> None:
    given = {name: value.replace("BUCKET", workshop.bucket) for name, value in members.items()}
    with pytest.raises(ClientError, match="not offered by the local AWS") as refused:
        getattr(boto3.client(service), call)(**given)
    code = refused.value.response["Error"]["Code"]
    assert code == ("NotImplemented" if service == "s3" else "UnknownOperationException")
    assert call.replace("_", "") in str(refused.value).lower()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ServerSideEncryption", "aws:kms"),
        ("StorageClass", "DEEP_ARCHIVE"),
        ("ObjectLockLegalHoldStatus", "ON"),
        ("GrantRead", "id=1"),
        ("SSECustomerAlgorithm", "AES256"),
    ],
)
def test_a_member_without_effect_is_refused(workshop: Any, member: str, value: str) -> None:
    with pytest.raises(ClientError, match=f"{member} of PutObject is not offered") as refused:
        boto3.client("s3").put_object(Bucket=workshop.bucket, Key="refused", Body=b"", **{member: value})
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_the_lists_name_what_the_models_have() -> None:
    for service, operations in OFFERED.items():
        assert len(set(operations)) == len(operations)
        assert set(operations) <= set(protocol.service_model(service).operation_names)
    for (service, operation), members in REFUSED.items():
        assert operation in OFFERED[service]
        shape = protocol.operation_model(service, operation).input_shape
        assert shape is not None
        assert {member.partition(".")[0] for member in members} <= set(shape.members)
    assert any("PutObject" in operation for operation, _, _ in offered.refusals())


def test_an_unknown_form_of_a_request_to_s3(local_aws: OwnCloud, workshop: Any) -> None:
    assert error(signed(local_aws, "POST", f"/{workshop.bucket}")) == (405, "MethodNotAllowed")
    assert error(signed(local_aws, "GET", f"/{workshop.bucket}?inventory")) == (501, "NotImplemented")
    assert error(signed(local_aws, "PUT", f"/{workshop.bucket}/k?versionId=1")) == (400, "InvalidArgument")


def test_tables_are_written_between_their_marks_and_nowhere_else() -> None:
    text = f"a\n{offered.BEGIN_IDLE}\nyesterday's\n{offered.END_IDLE}\nb\n"
    written = offered.in_text(text)
    assert (written[:2], written[-3:]) == ("a\n", "\nb\n")
    assert "yesterday's" not in written
    assert "--enable-spark-ui" in written
    assert "ResourceConfig.VolumeKmsKeyId" in written
    assert offered.in_text(written) == written
    assert offered.in_text("no marks") == "no marks"
