"""Crawlers that read the files and write what they find to the Data Catalog."""

from __future__ import annotations

import gzip
import io
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError
from own_cloud import wait_until


class Lake:
    """A database and a prefix of one test, and crawlers over them."""

    def __init__(self, bucket: str, role: str) -> None:
        self.bucket, self.role = bucket, role
        self.database = f"db_{uuid.uuid4().hex[:8]}"
        self.prefix = f"lake-{self.database}"
        self.glue, self.s3 = boto3.client("glue"), boto3.client("s3")
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def put(self, key: str, content: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def put_parquet(self, key: str, rows: list[dict[str, Any]]) -> None:
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), buffer)
        self.put(key, buffer.getvalue())

    def crawler(self, path: str, **changes: Any) -> str:
        name = changes.pop("Name", f"crawler-{uuid.uuid4().hex[:8]}")
        target = {"Path": path if "://" in path else f"s3://{self.bucket}/{self.prefix}/{path}"}
        exclusions = changes.pop("Exclusions", None)
        if exclusions:
            target["Exclusions"] = exclusions
        request = {"Role": self.role, "DatabaseName": self.database, "Targets": {"S3Targets": [target]}, **changes}
        self.glue.create_crawler(Name=name, **request)
        return str(name)

    def run(self, crawler: str) -> dict[str, Any]:
        """Run a crawler to its end; return its LastCrawl."""
        self.glue.start_crawler(Name=crawler)
        wait_until(lambda: self.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY")
        last: dict[str, Any] = self.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]
        return last

    def crawl(self, path: str, **changes: Any) -> dict[str, Any]:
        return self.run(self.crawler(path, **changes))

    def table(self, name: str) -> dict[str, Any]:
        table: dict[str, Any] = self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        return table

    def columns(self, name: str) -> dict[str, str]:
        return {column["Name"]: column["Type"] for column in self.table(name)["StorageDescriptor"]["Columns"]}

    def tables(self) -> list[str]:
        return [table["Name"] for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]]

    def partitions(self, name: str) -> list[list[str]]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=name)["Partitions"]
        return sorted(partition["Values"] for partition in found)


@pytest.fixture
def lake(workshop: Any) -> Iterator[Lake]:
    lake = Lake(workshop.bucket, workshop.role)
    yield lake
    lake.glue.delete_database(Name=lake.database)


def ok(last: dict[str, Any]) -> None:
    assert last["Status"] == "SUCCEEDED", last.get("ErrorMessage")


def test_csv_becomes_a_table_with_typed_columns(lake: Lake) -> None:
    lake.put("titles/titles.csv", 'title_id,title,year,Mean Stars\ntt1,"Up, again",2009,8.3\ntt2,Cats,2019,2.8\n')
    ok(lake.crawl("titles"))
    assert lake.columns("titles") == {"title_id": "string", "title": "string", "year": "bigint", "mean_stars": "double"}
    table = lake.table("titles")
    assert table["Parameters"]["classification"] == "csv"
    assert table["Parameters"]["skip.header.line.count"] == "1"
    assert table["StorageDescriptor"]["Location"] == f"s3://{lake.bucket}/{lake.prefix}/titles/"


def test_another_delimiter_is_noticed(lake: Lake) -> None:
    lake.put("semicolon/a.csv", "a;b\n1;x\n2;y\n3;z\n")
    ok(lake.crawl("semicolon"))
    assert lake.columns("semicolon") == {"a": "bigint", "b": "string"}
    assert lake.table("semicolon")["Parameters"]["delimiter"] == ";"


def test_json_lines_with_broken_lines_become_a_table(lake: Lake) -> None:
    good = [
        {"review": "fine", "rating": 8, "tags": ["a"], "film": {"year": 2009}},
        {"review": None, "rating": None, "late": "2020-01-01"},
    ]
    lines = [
        json.dumps(good[0]).encode(),
        b'{"review": "cut off',
        b"caf\xe9 not utf-8",
        b"",
        json.dumps(good[1]).encode(),
    ]
    lake.put("reviews/a.jsonl", b"\n".join(lines))
    ok(lake.crawl("reviews"))
    assert lake.columns("reviews") == {
        "review": "string",
        "rating": "bigint",
        "tags": "array<string>",
        "film": "struct<year:bigint>",
        "late": "string",
    }
    assert lake.table("reviews")["Parameters"]["classification"] == "json"


def test_files_may_have_different_columns(lake: Lake) -> None:
    lake.put("wide/a.jsonl", '{"a": 1}\n')
    lake.put("wide/b.jsonl", '{"a": 2, "b": "x"}\n')
    ok(lake.crawl("wide"))
    assert lake.columns("wide") == {"a": "bigint", "b": "string"}


def test_compressed_text_is_read(lake: Lake) -> None:
    lake.put("packed/a.json.gz", gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    ok(lake.crawl("packed"))
    assert lake.columns("packed") == {"a": "bigint"}


def test_partitioned_parquet_becomes_one_table_with_partitions(lake: Lake) -> None:
    for split in ("train", "test"):
        for part in (1, 2):
            rows = [{"review": "fine", "label": 1, "words": 3, "score": 0.5}]
            lake.put_parquet(f"clean/split={split}/part={part}/a.parquet", rows)
    ok(lake.crawl("clean"))
    assert lake.tables() == ["clean"]
    assert lake.columns("clean") == {"review": "string", "label": "bigint", "words": "bigint", "score": "double"}
    assert [key["Name"] for key in lake.table("clean")["PartitionKeys"]] == ["split", "part"]
    assert lake.partitions("clean") == [["test", "1"], ["test", "2"], ["train", "1"], ["train", "2"]]
    assert lake.table("clean")["Parameters"]["classification"] == "parquet"


def test_athena_reads_what_the_crawler_wrote(lake: Lake) -> None:
    for split in ("train", "test"):
        lake.put_parquet(f"clean/split={split}/a.parquet", [{"n": 1}, {"n": 2}])
    ok(lake.crawl("clean"))
    athena = boto3.client("athena")
    execution = athena.start_query_execution(
        QueryString="SELECT sum(n) AS total FROM clean WHERE split = 'train'",
        QueryExecutionContext={"Database": lake.database},
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/{lake.prefix}/athena/"},
    )["QueryExecutionId"]
    status = wait_until(
        lambda: (
            (s := athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"])["State"]
            in ("SUCCEEDED", "FAILED")
            and s
        )
    )
    assert status["State"] == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "3"


def test_each_folder_below_the_target_is_a_table(lake: Lake) -> None:
    lake.put("raw/films/a.csv", "a,b\n1,2\n")
    lake.put("raw/people/a.jsonl", '{"name": "x"}\n')
    lake.put("raw/_temporary/a.csv", "hidden\n1\n")
    ok(lake.crawl("raw", TablePrefix="r_"))
    assert sorted(lake.tables()) == ["r_films", "r_people"]


def test_excluded_files_are_left_out(lake: Lake) -> None:
    lake.put("some/a.csv", "a,b\n1,2\n")
    lake.put("some/notes.json", '{"not": "this"}\n')
    ok(lake.crawl("some", Exclusions=["*.json"]))
    assert lake.columns("some") == {"a": "bigint", "b": "bigint"}


def test_a_second_crawl_updates_the_table_and_adds_partitions(lake: Lake) -> None:
    lake.put_parquet("grow/split=a/a.parquet", [{"n": 1}])
    crawler = lake.crawler("grow")
    ok(lake.run(crawler))
    lake.put_parquet("grow/split=b/a.parquet", [{"n": 1, "more": "x"}])
    ok(lake.run(crawler))
    assert lake.columns("grow") == {"n": "bigint", "more": "string"}
    assert lake.partitions("grow") == [["a"], ["b"]]
    lake.put_parquet("grow/split=c/a.parquet", [{"n": 1, "more": "x"}])
    ok(lake.run(crawler))
    assert lake.partitions("grow") == [["a"], ["b"], ["c"]]


def test_an_empty_folder_makes_no_table(lake: Lake) -> None:
    ok(lake.crawl("nothing-here"))
    assert lake.tables() == []


def test_the_crawl_is_in_the_log(lake: Lake) -> None:
    lake.put("titles/a.csv", "a,b\n1,2\n")
    crawler = lake.crawler("titles")
    last = lake.run(crawler)
    logs = boto3.client("logs").get_log_events(
        logGroupName=last["LogGroup"], logStreamName=last["LogStream"], startFromHead=True
    )
    assert any("Created table titles" in event["message"] for event in logs["events"])


# --- Crawls that cannot succeed --------------------------------------------------------------------------------


def test_mixed_formats_in_one_folder_fail_with_the_reason(lake: Lake) -> None:
    lake.put("mixed/a.csv", "a,b\n1,2\n")
    lake.put_parquet("mixed/b.parquet", [{"n": 1}])
    last = lake.crawl("mixed")
    assert last["Status"] == "FAILED"
    assert "mixed formats csv, parquet" in last["ErrorMessage"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\x01\x02binary", "neither CSV nor JSON nor Parquet"),
        (b"PAR1 but no more", "parquet"),
        (b"{broken", "JSON"),
    ],
)
def test_files_that_are_nothing_known_fail_with_the_reason(lake: Lake, content: bytes, reason: str) -> None:
    lake.put("odd/a.bin", content)
    last = lake.crawl("odd")
    assert last["Status"] == "FAILED"
    assert reason in last["ErrorMessage"]
    assert "runs/" not in last["ErrorMessage"]


def test_an_unknown_bucket_fails_with_the_reason(lake: Lake) -> None:
    last = lake.crawl("s3://no-such-bucket-here/raw")
    assert last["Status"] == "FAILED"
    assert "no-such-bucket-here" in last["ErrorMessage"]


def test_an_unknown_database_fails_with_the_reason(lake: Lake) -> None:
    lake.put("titles/a.csv", "a,b\n1,2\n")
    last = lake.crawl("titles", DatabaseName="no_such_database")
    assert last["Status"] == "FAILED"
    assert "no_such_database" in last["ErrorMessage"]


@pytest.mark.parametrize("name", ["raw/../../engine", "with spaces & ä", "x" * 255])
def test_a_crawlers_name_may_hold_anything(lake: Lake, name: str) -> None:
    lake.put("titles/a.csv", "a,b\n1,2\n")
    unique = (str(time.time_ns()) + name)[:255]
    ok(lake.crawl("titles", Name=unique))


def test_a_crawler_that_runs_cannot_be_started_changed_or_deleted(lake: Lake) -> None:
    for number in range(30):
        lake.put(f"many/folder-{number}/a.csv", "a,b\n1,2\n")
    crawler = lake.crawler("many")
    lake.glue.start_crawler(Name=crawler)
    for operation in (lake.glue.start_crawler, lake.glue.update_crawler, lake.glue.delete_crawler):
        with pytest.raises(lake.glue.exceptions.CrawlerRunningException):
            operation(Name=crawler)
    lake.glue.stop_crawler(Name=crawler)
    wait_until(lambda: lake.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY")
    assert lake.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"
    ok(lake.run(crawler))
    assert len(lake.tables()) == 30


def test_targets_that_are_not_offered_are_refused(lake: Lake) -> None:
    for changes in (
        {"Targets": {"DynamoDBTargets": [{"Path": "t"}]}},
        {"Schedule": "cron(0 12 * * ? *)"},
        {"Classifiers": ["own"]},
    ):
        with pytest.raises(ClientError) as error:
            lake.crawler("any", **changes)
        assert error.value.response["Error"]["Code"] == "InvalidInputException"
