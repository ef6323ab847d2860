"""S3, the Data Catalog, IAM, STS, CloudWatch Logs and Athena, as the lessons use them."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from own_cloud import wait_until


@pytest.fixture
def bucket(workshop: Any) -> Iterator[str]:
    """A bucket of one test."""
    s3, name = boto3.client("s3"), f"test-{time.time_ns()}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


# --- S3 --------------------------------------------------------------------------------------------------------


def test_the_courses_bucket_and_role_are_there_from_the_start(workshop: Any) -> None:
    boto3.client("s3").head_bucket(Bucket=workshop.bucket)
    role = boto3.client("iam").get_role(RoleName=workshop.role.rpartition("/")[2])["Role"]
    assert role["Arn"] == workshop.role


@pytest.mark.parametrize(
    "key", ["a/b.txt", "with space & plus+.txt", "ä/日本.txt", "a//b", "../up", "folder/", "x.tmp", "y.meta.json"]
)
def test_an_object_comes_back_as_it_went_in(bucket: str, key: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=b"content", Metadata={"lesson": "02"}, ContentType="text/plain")
    answer = s3.get_object(Bucket=bucket, Key=key)
    assert answer["Body"].read() == b"content"
    assert (answer["Metadata"], answer["ContentType"]) == ({"lesson": "02"}, "text/plain")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_a_large_object_goes_up_in_parts_and_comes_down_whole(bucket: str) -> None:
    s3, data = boto3.client("s3"), bytes(range(256)) * (20 * 2**20 // 256)
    s3.upload_fileobj(io.BytesIO(data), bucket, "large.bin")
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large.bin", back)
    assert hashlib.md5(back.getvalue()).digest() == hashlib.md5(data).digest()


def test_a_range_of_an_object_can_be_read(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")["Body"].read() == b"234"


def test_keys_are_listed_in_order_by_prefix_and_in_pages(bucket: str) -> None:
    s3 = boto3.client("s3")
    for number in (3, 1, 2):
        s3.put_object(Bucket=bucket, Key=f"split=train/part-{number}", Body=b"x")
    s3.put_object(Bucket=bucket, Key="split=test/part-1", Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="split=train/", PaginationConfig={"PageSize": 2}
    )
    assert [item["Key"] for page in pages for item in page["Contents"]] == [f"split=train/part-{n}" for n in (1, 2, 3)]
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    assert [folder["Prefix"] for folder in folders] == ["split=test/", "split=train/"]


def test_objects_are_copied_and_deleted_together(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"1"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_bucket_with_objects_cannot_be_deleted(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)


# --- IAM, STS --------------------------------------------------------------------------------------------------


def test_sts_says_who_i_am(workshop: Any) -> None:
    assert boto3.client("sts").get_caller_identity()["Account"] == workshop.account


def test_the_role_trusts_the_services_that_act_for_it(workshop: Any) -> None:
    role = boto3.client("iam").get_role(RoleName=workshop.role.rpartition("/")[2])["Role"]
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    trusted = {service for one in statements for service in one["Principal"]["Service"]}
    assert trusted == {"sagemaker.amazonaws.com", "glue.amazonaws.com", "events.amazonaws.com"}


def test_the_role_may_do_what_the_sdk_asks_about(workshop: Any) -> None:
    actions = ["sagemaker:CreateTrainingJob", "s3:GetObject", "s3:PutObject", "logs:CreateLogStream", "iam:PassRole"]
    answer = boto3.client("iam").simulate_principal_policy(PolicySourceArn=workshop.role, ActionNames=actions)
    assert {result["EvalDecision"] for result in answer["EvaluationResults"]} == {"allowed"}


# --- Logs ------------------------------------------------------------------------------------------------------


def test_log_events_are_stored_in_order_and_found_by_a_filter(workshop: Any) -> None:
    logs, group, now = boto3.client("logs"), f"/tests/{time.time_ns()}", int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    events = [{"timestamp": now + n, "message": f"line {n}"} for n in range(5)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    got = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in got] == [f"line {n}" for n in range(5)]
    found = logs.filter_log_events(logGroupName=group, filterPattern='"line 3"')["events"]
    assert [event["message"] for event in found] == ["line 3"]
    logs.delete_log_group(logGroupName=group)


# --- The Data Catalog and Athena -------------------------------------------------------------------------------


@pytest.fixture
def table(bucket: str) -> Iterator[tuple[str, str]]:
    """A database with one external CSV table over three rows."""
    glue, database = boto3.client("glue"), f"db_{time.time_ns()}"
    boto3.client("s3").put_object(Bucket=bucket, Key="stars/a.csv", Body=b"title,stars\nUp,9\nCats,2\nAlien,10\n")
    glue.create_database(DatabaseInput={"Name": database})
    storage = {
        "Columns": [{"Name": "title", "Type": "string"}, {"Name": "stars", "Type": "int"}],
        "Location": f"s3://{bucket}/stars/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
    }
    parameters = {"classification": "csv", "skip.header.line.count": "1"}
    glue.create_table(
        DatabaseName=database,
        TableInput={"Name": "stars", "StorageDescriptor": storage, "Parameters": parameters},
    )
    yield database, bucket
    glue.delete_database(Name=database)


def test_a_table_of_the_catalog_is_described_as_created(table: tuple[str, str]) -> None:
    database, bucket = table
    found = boto3.client("glue").get_table(DatabaseName=database, Name="stars")["Table"]
    assert [column["Name"] for column in found["StorageDescriptor"]["Columns"]] == ["title", "stars"]
    assert found["StorageDescriptor"]["Location"] == f"s3://{bucket}/stars/"


def athena_rows(query: str, database: str, bucket: str) -> list[list[str]]:
    athena = boto3.client("athena")
    execution = athena.start_query_execution(
        QueryString=query,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/athena/"},
    )["QueryExecutionId"]

    def state() -> dict[str, Any]:
        status: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
        return status

    wait_until(lambda: state()["State"] in ("SUCCEEDED", "FAILED"))
    assert state()["State"] == "SUCCEEDED", state().get("StateChangeReason")
    rows = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]


def test_athena_runs_real_sql_on_the_files(table: tuple[str, str]) -> None:
    rows = athena_rows("SELECT title FROM stars WHERE CAST(stars AS INT) > 5 ORDER BY title", *table)
    assert rows == [["title"], ["Alien"], ["Up"]]


def test_athena_sees_a_file_that_was_added_later(table: tuple[str, str]) -> None:
    database, bucket = table
    boto3.client("s3").put_object(Bucket=bucket, Key="stars/b.csv", Body=b"title,stars\nHeat,8\n")
    assert athena_rows("SELECT count(*) AS n FROM stars", database, bucket)[1] == ["4"]


def test_wrong_sql_fails_with_its_reason(table: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match=r"(?i)no_such_column"):
        athena_rows("SELECT no_such_column FROM stars", *table)


# --- Answers under load ----------------------------------------------------------------------------------------


def test_a_hundred_small_writes_at_once_are_all_stored(bucket: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    s3 = boto3.client("s3")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: s3.put_object(Bucket=bucket, Key=f"{n}", Body=str(n).encode()), range(100)))
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == 100


def test_a_request_that_breaks_off_writes_nothing(bucket: str) -> None:
    from botocore.config import Config

    s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    address = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "half"})

    def half() -> Iterator[bytes]:
        yield b"x" * 1000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        httpx.put(address, content=half(), headers={"content-length": "2000"}, trust_env=False)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
