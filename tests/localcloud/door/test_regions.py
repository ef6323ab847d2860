"""There is one region: S3's clients of another are sent here, as on AWS; other services refuse what is for another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from own_cloud import OwnCloud

ELSEWHERE = "ap-southeast-2"


def client_elsewhere(cloud: OwnCloud, service: str) -> Any:
    own = cloud.credentials
    session = boto3.Session(own["access_key"], own["secret_key"], region_name=ELSEWHERE)
    version = "s3v4" if service == "s3" else "v4"
    return session.client(service, endpoint_url=cloud.endpoint, config=Config(signature_version=version))


@pytest.fixture(scope="module")
def ferry(local_aws: OwnCloud) -> Iterator[str]:
    """A bucket with one object, `timetable`."""
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="ferry-lines")
    s3.put_object(Bucket="ferry-lines", Key="timetable", Body=b"07:40")
    yield "ferry-lines"
    s3.delete_object(Bucket="ferry-lines", Key="timetable")
    s3.delete_bucket(Bucket="ferry-lines")


@pytest.mark.parametrize(
    ("service", "call"),
    [("glue", "get_databases"), ("athena", "list_work_groups"), ("sagemaker", "list_models"), ("events", "list_rules")],
)
def test_another_regions_request_is_refused(local_aws: OwnCloud, service: str, call: str) -> None:
    with pytest.raises(ClientError, match="us-east-1, not 'ap-southeast-2'") as error:
        getattr(client_elsewhere(local_aws, service), call)()
    assert error.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("service", "call", "member"),
    [("iam", "list_roles", "Roles"), ("sts", "get_caller_identity", "Account"), ("s3", "list_buckets", "Buckets")],
)
def test_what_has_no_region_answers_in_each(local_aws: OwnCloud, service: str, call: str, member: str) -> None:
    assert getattr(client_elsewhere(local_aws, service), call)()[member]


def test_boto3_finds_a_buckets_region(local_aws: OwnCloud, ferry: str) -> None:
    """Each call with a client that has learnt nothing yet; HEAD has no body that could name the region."""
    got = client_elsewhere(local_aws, "s3").get_object(Bucket=ferry, Key="timetable")
    assert got["Body"].read() == b"07:40"
    assert client_elsewhere(local_aws, "s3").head_object(Bucket=ferry, Key="timetable")["ContentLength"] == 5
    assert client_elsewhere(local_aws, "s3").head_bucket(Bucket=ferry)["BucketRegion"] == "us-east-1"


def test_an_address_signed_for_another_region_is_refused(local_aws: OwnCloud, ferry: str) -> None:
    place = {"Bucket": ferry, "Key": "timetable"}
    found = httpx.get(client_elsewhere(local_aws, "s3").generate_presigned_url("get_object", place), trust_env=False)
    assert (found.status_code, found.headers["x-amz-bucket-region"]) == (400, "us-east-1")
    assert "the region 'ap-southeast-2' is wrong; expecting 'us-east-1'" in found.text
    form = client_elsewhere(local_aws, "s3").generate_presigned_post(ferry, "fares")
    sent = httpx.post(form["url"], data=form["fields"], files={"file": b"4.20"}, trust_env=False)
    assert sent.status_code == 400
    assert [item["Key"] for item in local_aws.client("s3").list_objects_v2(Bucket=ferry)["Contents"]] == ["timetable"]
