"""Athena's account of a query: what it scanned, where its result lies, and a reason without machine paths."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest


def query(workshop: Any, sql: str, output: str) -> dict[str, Any]:
    """Run a query to its end and return its execution."""
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "films"},
        ResultConfiguration={"OutputLocation": workshop.s3(output)},
    )
    while True:
        execution: dict[str, Any] = athena.get_query_execution(**{"QueryExecutionId": started["QueryExecutionId"]})
        if execution["QueryExecution"]["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return dict(execution["QueryExecution"])
        time.sleep(0.1)


@pytest.fixture(scope="module")
def table(workshop: Any) -> bytes:
    """A table of three films in a file of CSV; returns the file."""
    body = b"title,year\nOne,1999\nTwo,2001\nThree,2010\n"
    boto3.client("s3").put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/films/films.csv", Body=body)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "films"})
    serde = {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"'},
    }
    storage = {
        "Columns": [{"Name": "title", "Type": "string"}, {"Name": "year", "Type": "bigint"}],
        "Location": workshop.s3("films/"),
        "SerdeInfo": serde,
    }
    parameters = {"classification": "csv", "skip.header.line.count": "1"}
    definition = {"Name": "films", "StorageDescriptor": storage, "Parameters": parameters}
    glue.create_table(DatabaseName="films", TableInput=definition)
    return body


@pytest.mark.parametrize("output", ["results", "results/"])
def test_the_result_is_the_object_that_the_execution_names(workshop: Any, table: bytes, output: str) -> None:
    execution = query(workshop, "SELECT title FROM films WHERE year > 2000 ORDER BY year", output)
    assert execution["Status"]["State"] == "SUCCEEDED"
    address = execution["ResultConfiguration"]["OutputLocation"]
    assert address == workshop.s3(f"results/{execution['QueryExecutionId']}.csv")
    key = address.removeprefix(f"s3://{workshop.bucket}/")
    found = boto3.client("s3").get_object(Bucket=workshop.bucket, Key=key)["Body"].read()
    assert found.split() == [b"title", b"Two", b"Three"]


def test_the_bytes_scanned_are_those_of_the_tables_files(workshop: Any, table: bytes) -> None:
    execution = query(workshop, "SELECT count(*) FROM films", "results/")
    assert execution["Statistics"]["DataScannedInBytes"] == len(table)


def test_a_failure_names_no_folder_of_this_machine(workshop: Any, table: bytes) -> None:
    execution = query(workshop, "SELECT nothing_like_it FROM films", "results/")
    assert execution["Status"]["State"] == "FAILED"
    assert "nothing_like_it" in execution["Status"]["StateChangeReason"]
    assert "ministack-athena" not in execution["Status"]["StateChangeReason"]
