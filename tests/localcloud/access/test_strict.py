"""Strict mode, as a client of a role sees it: what its policies do not allow is denied, in each service's words."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from strict_cloud import StrictCloud, allow

from localcloud.store.state import ACCOUNT, BUCKET

ME = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/test"
OWN = f"arn:aws:s3:::{BUCKET}/own/*"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StrictCloud]:
    cloud = StrictCloud()
    lists = allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", StringLike={"s3:prefix": "own/*"})
    logs = allow("logs:DescribeLogGroups")
    cloud.role("reader", allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], OWN), lists, logs)
    cloud.client("s3").put_object(Bucket=BUCKET, Key="theirs/a", Body=b"1")
    yield cloud
    cloud.remove()


def denied(call: Any, **members: Any) -> tuple[str, str]:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_who_calls_is_the_roles_session(cloud: StrictCloud) -> None:
    assert cloud.acting_as("reader", "sts").get_caller_identity()["Arn"] == ME


def test_the_installations_own_credentials_are_asked_for_nothing(cloud: StrictCloud) -> None:
    assert cloud.client("sagemaker").list_models()["Models"] == []


def test_json_services_say_who_what_and_on_which_resource(cloud: StrictCloud) -> None:
    code, told = denied(cloud.acting_as("reader", "sagemaker").delete_model, ModelName="m")
    assert code == "AccessDeniedException"
    assert told == (
        f"User: {ME} is not authorized to perform: sagemaker:DeleteModel on resource: "
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m because no identity-based policy allows the "
        "sagemaker:DeleteModel action"
    )


def test_so_do_the_query_protocol_cbor_and_an_endpoint(cloud: StrictCloud) -> None:
    code, told = denied(cloud.acting_as("reader", "iam").get_role, RoleName="reader")
    assert code == "AccessDenied"
    assert "iam:GetRole on resource: role reader because" in told
    code, told = denied(cloud.acting_as("reader", "cloudwatch").list_metrics)
    assert code in ("AccessDenied", "AccessDeniedException")
    assert "cloudwatch:ListMetrics on resource: * because" in told
    code, told = denied(cloud.acting_as("reader", "sagemaker-runtime").invoke_endpoint, EndpointName="e", Body=b"")
    assert code == "AccessDeniedException"
    assert "sagemaker:InvokeEndpoint" in told


def test_s3_quotes_the_resource(cloud: StrictCloud) -> None:
    code, told = denied(cloud.acting_as("reader", "s3").get_object, Bucket=BUCKET, Key="theirs/a")
    assert code == "AccessDenied"
    assert f's3:GetObject on resource: "arn:aws:s3:::{BUCKET}/theirs/a" because' in told


def test_a_list_is_allowed_by_its_prefix(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    s3.put_object(Bucket=BUCKET, Key="own/listed", Body=b"1")
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="own/")["KeyCount"] >= 1
    assert denied(s3.list_objects_v2, Bucket=BUCKET, Prefix="theirs/")[0] == "AccessDenied"
    assert denied(s3.list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"


def test_head_needs_what_get_needs_and_a_part_what_put_needs(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    s3.put_object(Bucket=BUCKET, Key="own/head", Body=b"1")
    assert s3.head_object(Bucket=BUCKET, Key="own/head")["ContentLength"] == 1
    assert denied(s3.head_object, Bucket=BUCKET, Key="theirs/a")[0] == "403"
    assert denied(s3.create_multipart_upload, Bucket=BUCKET, Key="theirs/new")[0] == "AccessDenied"
    assert s3.create_multipart_upload(Bucket=BUCKET, Key="own/new")["UploadId"]


def test_a_copy_reads_its_source(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    code, told = denied(s3.copy_object, Bucket=BUCKET, Key="own/copy", CopySource=f"{BUCKET}/theirs/a")
    assert code == "AccessDenied"
    assert "s3:GetObject" in told


def test_who_may_not_list_is_not_told_that_an_object_is_missing(cloud: StrictCloud) -> None:
    cloud.role("getter", allow("s3:GetObject", OWN))
    missing = {"Bucket": BUCKET, "Key": "own/missing"}
    assert denied(cloud.acting_as("getter", "s3").get_object, **missing)[0] == "AccessDenied"
    assert denied(cloud.acting_as("reader", "s3").get_object, **missing)[0] == "NoSuchKey"
    assert denied(cloud.client("s3").get_object, **missing)[0] == "NoSuchKey"


def test_of_many_keys_those_that_are_denied_stay_and_are_named(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    s3.put_object(Bucket=BUCKET, Key="own/gone", Body=b"1")
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "own/gone"}, {"Key": "theirs/a"}]})
    assert [one["Key"] for one in answer["Deleted"]] == ["own/gone"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("theirs/a", "AccessDenied")]
    only = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "theirs/a"}]})
    assert [one["Key"] for one in only["Errors"]] == ["theirs/a"]
    assert cloud.client("s3").head_object(Bucket=BUCKET, Key="theirs/a")["ContentLength"] == 1


def test_a_presigned_address_has_the_rights_of_who_made_it(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    s3.put_object(Bucket=BUCKET, Key="own/shared", Body=b"shared")
    good = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "own/shared"})
    assert urllib.request.urlopen(good).read() == b"shared"
    bad = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "theirs/a"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(bad)


def test_a_token_that_is_false_or_has_expired_opens_nothing(cloud: StrictCloud) -> None:
    assert denied(cloud.acting_as("reader", "s3", expires=int(time.time()) - 1).list_buckets)[0] == "ExpiredToken"
    client = cloud.acting_as("reader", "sagemaker")
    client._request_signer._credentials.token += "0"
    assert denied(client.list_models)[0] == "UnrecognizedClientException"


def test_a_role_is_passed_only_where_that_is_allowed_and_it_trusts_the_service(cloud: StrictCloud) -> None:
    mine, other = cloud.role("mine"), cloud.role("glues", trusts="glue.amazonaws.com")
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    cloud.role("builder", allow("sagemaker:*"), allow("iam:PassRole", [mine, other, f"{mine}-none"], **to_sagemaker))
    create = cloud.acting_as("builder", "sagemaker").create_model_package_group
    assert create(ModelPackageGroupName="g")
    model = {"ModelName": "m", "PrimaryContainer": {"Image": "none"}}
    client = cloud.acting_as("builder", "sagemaker")
    code, told = denied(client.create_model, ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/reader", **model)
    assert (code, "iam:PassRole" in told) == ("AccessDeniedException", True)
    for role in (other, f"{mine}-none"):
        code, told = denied(client.create_model, ExecutionRoleArn=role, **model)
        assert (code, "Could not assume role" in told) == ("ValidationException", True)
    assert "Requested image none" in denied(client.create_model, ExecutionRoleArn=mine, **model)[1]


def test_an_explicit_deny_says_so(cloud: StrictCloud) -> None:
    forbids = {"Effect": "Deny", "Action": "sagemaker:List*", "Resource": "*"}
    cloud.role("forbidden", allow("sagemaker:*"), forbids)
    told = denied(cloud.acting_as("forbidden", "sagemaker").list_models)[1]
    assert told.endswith("with an explicit deny in an identity-based policy")


def test_a_query_reads_and_writes_with_the_rights_of_who_asked(cloud: StrictCloud) -> None:
    lake = f"s3://{BUCKET}/lake/"
    cloud.client("s3").put_object(Bucket=BUCKET, Key="lake/a.csv", Body=b"1\n2\n")
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}
    storage = {"Columns": [{"Name": "n", "Type": "int"}], "Location": lake, "SerdeInfo": serde}
    storage |= {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat"}
    glue.create_table(DatabaseName="lake", TableInput={"Name": "numbers", "StorageDescriptor": storage})
    catalog = allow(["athena:*", "glue:Get*"])
    results = allow(
        ["s3:GetBucketLocation", "s3:ListBucket", "s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{BUCKET}*"
    )
    hidden = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/lake/*"}
    cloud.role("analyst", catalog, results)
    cloud.role("blind", catalog, results, hidden)
    assert query(cloud, "analyst", "select sum(n) from lake.numbers")[0] == "SUCCEEDED"
    state, reason = query(cloud, "blind", "select sum(n) from lake.numbers")
    assert (state, "s3:GetObject" in reason) == ("FAILED", True)


def query(cloud: StrictCloud, role: str, text: str) -> tuple[str, str]:
    athena = cloud.acting_as(role, "athena")
    where = {"OutputLocation": f"s3://{BUCKET}/results/"}
    identity = athena.start_query_execution(QueryString=text, ResultConfiguration=where)["QueryExecutionId"]
    for _ in range(300):
        status = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]["Status"]
        if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return status["State"], status.get("StateChangeReason", "")
        time.sleep(0.1)
    raise AssertionError("the query does not end")


def test_each_call_is_written_down_once_with_what_it_needs(cloud: StrictCloud) -> None:
    s3 = cloud.acting_as("reader", "s3")
    for _ in range(2):
        s3.put_object(Bucket=BUCKET, Key="own/noted", Body=b"1")
    denied(s3.delete_object, Bucket=BUCKET, Key="theirs/noted")
    noted = [call for call in cloud.calls() if "noted" in str(call["needs"])]
    where = f"arn:aws:s3:::{BUCKET}"
    assert noted == [
        {
            "role": "reader",
            "session": "test",
            "service": "s3",
            "operation": "PutObject",
            "needs": [["s3:PutObject", f"{where}/own/noted", {}]],
        },
        {
            "role": "reader",
            "session": "test",
            "service": "s3",
            "operation": "DeleteObject",
            "needs": [["s3:DeleteObject", f"{where}/theirs/noted", {}]],
            "denied": "s3:DeleteObject",
        },
    ]
