"""Values as Athena shows them, and the columns of a result as GetQueryResults describes them."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as some

from localcloud.sql import settings, text, types
from localcloud.sql.model import QueryError

SHOWN = {
    ("true", "boolean"): "true",
    ("-7", "tinyint"): "-7",
    ("1", "double"): "1.0",
    ("0.1", "real"): "0.1",
    ("1e10", "double"): "1.0E10",
    ("1e-5", "double"): "1.0E-5",
    ("0.00012", "double"): "1.2E-4",
    ("12345678.9", "double"): "1.23456789E7",
    ("-1e7", "double"): "-1.0E7",
    ("9999999.5", "double"): "9999999.5",
    ("'nan'", "double"): "NaN",
    ("'-inf'", "double"): "-Infinity",
    ("1.5", "decimal(5,2)"): "1.50",
    ("'2023-02-03'", "date"): "2023-02-03",
    ("'2023-02-03 04:05:06.789'", "timestamp(3)"): "2023-02-03 04:05:06.789",
    ("'2023-02-03 04:05:06.789123'", "timestamp(6)"): "2023-02-03 04:05:06.789123",
    ("'2023-02-03 04:05:06'", "timestamp(0)"): "2023-02-03 04:05:06",
    ("'2023-02-03 04:05:06+00'", "timestamp(3) with time zone"): "2023-02-03 04:05:06.000 UTC",
    ("'04:05:06'", "time(3)"): "04:05:06.000",
    ("'1 day 2 hours 3 minutes 4 seconds'", "interval day to second"): "1 02:03:04.000",
    ("'14 months'", "interval year to month"): "1-2",
    ("'-14 months'", "interval year to month"): "-1-2",
    (r"'Hel\x00'", "varbinary"): "48 65 6c 00",
    ("[1, NULL, 3]", "array(integer)"): "[1, null, 3]",
    ("[]", "array(double)"): "[]",
    ("MAP {'a': 1.5, 'b': NULL}", "map(varchar, double)"): "{a=1.5, b=null}",
    ("{'a': 1, 'b': ['x']}", "row(a integer, b array(varchar))"): "{a=1, b=[x]}",
    ("{'field0': 1, 'field1': NULL}", "row(integer, varchar)"): "{field0=1, field1=null}",
    ("[{'k': 1e10}, NULL]", "array(row(k double))"): "[{k=1.0E10}, null]",
    ("'ab'", "char(4)"): "ab  ",
}


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    settings.install(connection, "")
    return connection


CONNECTION = _connection()


def shown(sql: str, kind: types.Type) -> Any:
    made = text.render(f"CAST({sql} AS {types.duckdb(kind)})", kind)
    ((value,),) = CONNECTION.execute(f"SELECT {made}").fetchall()
    return value


@pytest.mark.parametrize(("given", "expected"), SHOWN.items())
def test_a_value_is_shown_as_athena_shows_it(given: tuple[str, str], expected: str) -> None:
    sql, kind = given
    assert shown(sql, types.parse(kind)) == expected


@pytest.mark.parametrize("kind", sorted({kind for _, kind in SHOWN}))
def test_null_stays_null(kind: str) -> None:
    assert shown("NULL", types.parse(kind)) is None


@examples(max_examples=200, deadline=None)
@given(some.floats(allow_nan=False, allow_infinity=False))
def test_a_double_s_text_is_its_shortest_and_reads_back(number: float) -> None:
    found = shown(repr(number), types.DOUBLE)
    assert float(found) == number
    assert ("E" in found) == (number != 0 and not 1e-3 <= abs(number) < 1e7)


COLUMNS = {
    "varchar": ("varchar", 2147483647, 0, True),
    "varchar(5)": ("varchar", 5, 0, True),
    "bigint": ("bigint", 19, 0, False),
    "integer": ("integer", 10, 0, False),
    "double": ("double", 17, 0, False),
    "real": ("float", 17, 0, False),
    "decimal(10,2)": ("decimal", 10, 2, False),
    "date": ("date", 0, 0, False),
    "timestamp(3)": ("timestamp", 3, 0, False),
    "boolean": ("boolean", 0, 0, False),
    "array(integer)": ("array", 0, 0, False),
    "row(a integer)": ("row", 0, 0, False),
}


@pytest.mark.parametrize(("kind", "expected"), COLUMNS.items())
def test_a_column_is_described(kind: str, expected: tuple[str, int, int, bool]) -> None:
    info = text.column_info("n", types.parse(kind))
    assert (info["Type"], info["Precision"], info["Scale"], info["CaseSensitive"]) == expected
    assert (info["CatalogName"], info["Name"], info["Label"], info["Nullable"]) == ("hive", "n", "n", "UNKNOWN")


FAILURES = {
    "SELECT CAST('x' AS INTEGER)": "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT",
    "SELECT 2147483647::INTEGER + 1::INTEGER": "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1",
    "SELECT (SELECT * FROM (VALUES (1), (2)))": "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    "SELECT " + settings.raises("SOME_CODE", "'a [b]' || 'c'"): "SOME_CODE: a [b]c",
    "SELECT * FROM read_csv('/no/such/place.csv')": "GENERIC_INTERNAL_ERROR",
}


@pytest.mark.parametrize(("sql", "expected"), FAILURES.items())
def test_an_error_of_duckdb_is_worded_as_athena_s(sql: str, expected: str) -> None:
    with pytest.raises(duckdb.Error) as failed:
        CONNECTION.execute(sql).fetchall()
    error = settings.query_error(failed.value)
    assert isinstance(error, QueryError)
    assert str(error).startswith(expected)
    assert "/no/such" not in str(error)
