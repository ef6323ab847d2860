"""Ask the lake in SQL: run a query with Amazon Athena, wait for it, get a table. Public AWS API only."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.aws import provision
from helpers.aws.client import client, is_missing, wait_until
from helpers.workshop import Workshop

Json = dict[str, Any]
# Athena's type -> pandas' type; any other is text. https://docs.aws.amazon.com/athena/latest/ug/data-types.html
_TYPES = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "Int64"),
    **dict.fromkeys(("float", "real", "double", "decimal"), "float64"),
}


class QueryFailed(RuntimeError):
    """A query ended without a result; the message is Athena's reason."""


def run(ws: Workshop, sql: str) -> Json:
    """Run a query on this learner's database, wait for its end, and return it (`QueryExecution`), failed or not.

    It runs in the learner's workgroup, which the first query makes where nobody has.

    Raises:
        TimeoutError: it still runs after ten minutes; it goes on running.
    """
    athena = client("athena")
    wanted = {
        "QueryString": sql,
        "QueryExecutionContext": {"Database": ws.database},
        "ResultConfiguration": {"OutputLocation": ws.s3("athena/")},
        "WorkGroup": ws.workgroup,
    }
    try:
        started = athena.start_query_execution(**wanted)
    except athena.exceptions.InvalidRequestException as error:
        if not is_missing(error):
            raise
        provision.workgroup(athena, ws.workgroup, ws.s3("athena/"))
        started = athena.start_query_execution(**wanted)

    def ended() -> Json | None:
        execution: Json = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        return None if execution["Status"]["State"] in ("QUEUED", "RUNNING") else execution

    return wait_until(ended, "end of the query", every=0.2)


def rows(execution: Json) -> pd.DataFrame:
    """The result of a query that has ended: numbers as numbers, a missing value as missing.

    Raises:
        QueryFailed: it did not succeed.
    """
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        raise QueryFailed(f"{status['State']}: {status.get('StateChangeReason') or 'no reason given'}")
    pages = client("athena").get_paginator("get_query_results")
    result = pages.paginate(QueryExecutionId=execution["QueryExecutionId"]).build_full_result()["ResultSet"]
    columns = result["ResultSetMetadata"]["ColumnInfo"]
    found = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
    if execution.get("StatementType") == "DML":
        found = found[1:]  # Athena repeats the column names as the first row
    table = pd.DataFrame(found, columns=[column["Name"] for column in columns], dtype="object")
    return table.astype({column["Name"]: _TYPES.get(column["Type"], "str") for column in columns})


def ask(ws: Workshop, sql: str) -> pd.DataFrame:
    """`rows(run(ws, sql))`: a question and its answer. Raises QueryFailed and TimeoutError."""
    return rows(run(ws, sql))
