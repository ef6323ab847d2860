"""Runs Athena queries in the session's local AWS, for its tests."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from own_cloud import OwnCloud


class Failed(Exception):
    """A query did not succeed; the message is its StateChangeReason."""


@dataclass
class Athena:
    """A database, a bucket for its data and results, of one test module."""

    cloud: OwnCloud
    database: str
    bucket: str

    def __post_init__(self) -> None:
        self.athena, self.s3, self.glue = (self.cloud.client(name) for name in ("athena", "s3", "glue"))
        self.s3.create_bucket(Bucket=self.bucket)
        self.run(f"CREATE DATABASE {self.database}")

    def put(self, key: str, body: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode())

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def start(self, sql: str, **more: Any) -> str:
        request: dict[str, Any] = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results"},
            **more,
        }
        return str(self.athena.start_query_execution(QueryString=sql, **request)["QueryExecutionId"])

    def execution(self, identity: str) -> dict[str, Any]:
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        return found

    def ended(self, identity: str) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while (execution := self.execution(identity))["Status"]["State"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return execution

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        """Run to the end. Raises Failed."""
        execution = self.ended(self.start(sql, **more))
        if execution["Status"]["State"] != "SUCCEEDED":
            raise Failed(execution["Status"]["StateChangeReason"])
        return execution

    def page(self, identity: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.athena.get_query_results(QueryExecutionId=identity, **more)
        return found

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """What a query answers, as texts, without the header."""
        execution = self.run(sql, **more)
        result = self.page(execution["QueryExecutionId"])["ResultSet"]["Rows"]
        found = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result]
        return found[1:] if execution["ResultConfiguration"]["OutputLocation"].endswith(".csv") else found

    def lines(self, sql: str) -> list[str]:
        """The lines that a statement answers, without the blanks at their ends."""
        return [str(row[0]).rstrip() for row in self.rows(sql)]


def made(cloud: OwnCloud, name: str) -> Athena:
    unique = uuid.uuid4().hex[:6]
    return Athena(cloud, f"{name}_{unique}", f"{name}-{unique}")
