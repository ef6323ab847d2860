"""What the tests of crawlers share: a database and a prefix of one test, and crawlers over them."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet
from own_cloud import wait_until

from localcloud.services.crawling.schema import Schema, hive


class Lake:
    """A database and a prefix of one test, and crawlers over them."""

    def __init__(self, bucket: str, role: str) -> None:
        self.bucket, self.role = bucket, role
        self.database = f"db_{uuid.uuid4().hex[:8]}"
        self.prefix = f"lake-{self.database}"
        self.glue, self.s3 = boto3.client("glue"), boto3.client("s3")
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def address(self, path: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}/{path}"

    def put(self, key: str, content: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)

    def put_parquet(self, key: str, rows: list[dict[str, Any]]) -> None:
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), buffer)
        self.put(key, buffer.getvalue())

    def clear(self) -> None:
        """Delete all objects and tables."""
        boto3.resource("s3").Bucket(self.bucket).objects.filter(Prefix=f"{self.prefix}/").delete()
        for name in self.tables():
            self.glue.delete_table(DatabaseName=self.database, Name=name)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")

    def put_csv(self, key: str, *rows: str) -> None:
        self.put(key, "".join(f"{row}\n" for row in rows))

    def crawler(self, path: str, **changes: Any) -> str:
        name = changes.pop("Name", f"crawler-{uuid.uuid4().hex[:8]}")
        target = {"Path": path if "://" in path else self.address(path), **changes.pop("Target", {})}
        if isinstance(changes.get("Configuration"), dict):
            changes["Configuration"] = json.dumps({"Version": 1.0, **changes["Configuration"]})
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
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
        return sorted(table["Name"] for page in pages for table in page["TableList"])

    def keys(self, name: str) -> list[str]:
        return [key["Name"] for key in self.table(name)["PartitionKeys"]]

    def log(self, crawler: str) -> list[str]:
        """The lines of all crawls of a crawler, without the crawl's id."""
        events = (
            boto3.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName="/aws-glue/crawlers", logStreamNames=[crawler])
        )
        return [event["message"].partition("] ")[2] for page in events for event in page["events"]]

    def partitions(self, name: str) -> list[list[str]]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=name)["Partitions"]
        return sorted(partition["Values"] for partition in found)


def ok(last: dict[str, Any]) -> None:
    assert last["Status"] == "SUCCEEDED", last.get("ErrorMessage")


def zipped(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.csv", content)
    return buffer.getvalue()


def named(schema: Schema) -> dict[str, str]:
    return {name: hive(kind) for name, kind in schema.columns}
