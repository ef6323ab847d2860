"""SQL on files in the lake comes back as a table with typed columns, or as Athena's reason."""

from __future__ import annotations

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


def test_a_query_that_fails_is_returned_by_run_and_told_by_rows(workshop: Any) -> None:
    execution = athena.run(workshop, "SELECT * FROM no_such_table")
    assert execution["Status"]["State"] == "FAILED"
    with pytest.raises(athena.QueryFailed, match=r"FAILED: .*no_such_table"):
        athena.rows(execution)
