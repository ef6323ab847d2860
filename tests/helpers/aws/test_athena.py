"""SQL on files in the lake comes back as a table with typed columns, or as Athena's reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pandas as pd
import pytest

from helpers.aws import athena, provision

TABLE = "numbers"


@pytest.fixture
def numbers(workshop: Any) -> None:
    body = "\n".join(f"name {number},{number}" for number in range(2500))
    boto3.client("s3").put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/{TABLE}/a.csv", Body=body)
    provision.database(workshop.database)
    location = workshop.s3(f"{TABLE}/")
    athena.ask(
        workshop,
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE} (name string, number int) "
        f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{location}'",
    )


@pytest.mark.usefixtures("numbers")
def test_columns_are_typed_and_missing_values_are_missing(workshop: Any) -> None:
    sql = f"SELECT max(name) AS name, count(*) AS n, avg(number) AS mean, max(nullif(1, 1)) AS none FROM {TABLE}"
    table = athena.ask(workshop, sql)
    assert table["name"][0] == "name 999"
    assert table["n"][0] + 1 == 2501
    assert table["mean"][0] == pytest.approx(1249.5)
    assert pd.isna(table["none"][0])


@pytest.mark.usefixtures("numbers")
def test_a_result_of_several_pages_is_complete(workshop: Any) -> None:
    table = athena.ask(workshop, f"SELECT number FROM {TABLE} ORDER BY number")
    assert table["number"].tolist() == list(range(2500))


@pytest.mark.usefixtures("numbers")
def test_no_row_found_is_a_table_with_columns(workshop: Any) -> None:
    table = athena.ask(workshop, f"SELECT name, number FROM {TABLE} WHERE number < 0")
    assert list(table.columns) == ["name", "number"]
    assert table.empty


def test_a_query_says_which_lesson_it_is_of_once(workshop: Any) -> None:
    in_lesson = replace(workshop, lesson="02")
    for sql in ("SELECT 1;", "with x as (SELECT 1) SELECT * FROM x"):
        assert athena.run(in_lesson, sql)["Query"] == f"{sql.rstrip(';')}\n-- lesson 02"
    assert athena.run(in_lesson, "-- lesson 03\nSELECT 1")["Query"] == "-- lesson 03\nSELECT 1"
    assert athena.run(in_lesson, "SHOW TABLES")["Query"] == "SHOW TABLES"


def test_a_query_that_fails_is_returned_by_run_and_told_by_rows(workshop: Any) -> None:
    execution = athena.run(workshop, "SELECT * FROM no_such_table")
    assert execution["Status"]["State"] == "FAILED"
    with pytest.raises(athena.QueryFailed, match=r"FAILED: .*no_such_table"):
        athena.rows(execution)
