"""CAST, TRY_CAST and the conversions that need no cast."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from trino_queries import compiled, failure, value

CASTS = {
    # texts to numbers: only what Java reads
    ("'42'", "integer"): "42",
    ("'-42'", "bigint"): "-42",
    ("'+7'", "smallint"): "7",
    ("' 42'", "integer"): "INVALID_CAST_ARGUMENT: Cannot cast ' 42' to INT",
    ("'4.2'", "integer"): "INVALID_CAST_ARGUMENT: Cannot cast '4.2' to INT",
    ("''", "integer"): "INVALID_CAST_ARGUMENT: Cannot cast '' to INT",
    ("'300'", "tinyint"): "INVALID_CAST_ARGUMENT: Cannot cast '300' to TINYINT",
    ("'99999999999999999999'", "bigint"): "INVALID_CAST_ARGUMENT: Cannot cast '99999999999999999999' to BIGINT",
    ("'1e3'", "double"): "1000.0",
    ("' 2.5 '", "double"): "2.5",
    ("'NaN'", "double"): "NaN",
    ("'-Infinity'", "double"): "-Infinity",
    ("'inf'", "double"): "INVALID_CAST_ARGUMENT: Cannot cast 'inf' to DOUBLE",
    ("'1_000'", "double"): "INVALID_CAST_ARGUMENT: Cannot cast '1_000' to DOUBLE",
    ("'2.345'", "decimal(5,2)"): "2.35",
    ("'-2.345'", "decimal(5,2)"): "-2.35",
    (
        "'abc'",
        "decimal(5,2)",
    ): "INVALID_CAST_ARGUMENT: Cannot cast VARCHAR 'abc' to DECIMAL(5, 2). Value is not a number.",
    # texts to booleans, times, binary values
    ("'TRUE'", "boolean"): "true",
    ("'t'", "boolean"): "true",
    ("'0'", "boolean"): "false",
    ("'yes'", "boolean"): "INVALID_CAST_ARGUMENT: Cannot cast 'yes' to BOOLEAN",
    ("'2024-02-29'", "date"): "2024-02-29",
    ("' 2024-02-29 '", "date"): "2024-02-29",
    ("'2024-2-9'", "date"): "2024-02-09",
    ("'2023-02-29'", "date"): "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 2023-02-29",
    ("'2024-02-29 10:00:00'", "date"): "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 2024-02-29 10:00:00",
    ("'20240229'", "date"): "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 20240229",
    ("'2024-02-29 10:11:12.345'", "timestamp"): "2024-02-29 10:11:12.345",
    ("'2024-02-29 10:11:12.3456'", "timestamp"): "2024-02-29 10:11:12.346",
    ("'2024-02-29 10:11'", "timestamp"): "2024-02-29 10:11:00.000",
    ("'2024-02-29'", "timestamp"): "2024-02-29 00:00:00.000",
    (
        "'2024-02-29T10:11:12'",
        "timestamp",
    ): "INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: 2024-02-29T10:11:12",
    ("'2024-02-29 10:11:12.3456'", "timestamp(6)"): "2024-02-29 10:11:12.345600",
    ("'2024-02-29 10:11:12 UTC'", "timestamp with time zone"): "2024-02-29 10:11:12.000 UTC",
    ("'10:11:12'", "time"): "10:11:12.000",
    ("'hi'", "varbinary"): "68 69",
    ("'12345678-90ab-cdef-1234-567890abcdef'", "uuid"): "12345678-90ab-cdef-1234-567890abcdef",
    # numbers among each other: half away from zero
    ("2.5e0", "integer"): "3",
    ("-2.5e0", "integer"): "-3",
    ("0.5e0", "bigint"): "1",
    ("2.5", "integer"): "3",
    ("-2.5", "bigint"): "-3",
    ("2.4", "smallint"): "2",
    ("300", "tinyint"): "NUMERIC_VALUE_OUT_OF_RANGE: Out of range for tinyint: 300",
    ("3000000000", "integer"): "NUMERIC_VALUE_OUT_OF_RANGE: Out of range for integer: 3000000000",
    ("0e0 / 0", "bigint"): "INVALID_CAST_ARGUMENT: Unable to cast NaN to bigint",
    ("1.005e0", "decimal(3,2)"): "1.01",
    ("123.456", "decimal(4,1)"): "123.5",
    ("123.456", "decimal(3,1)"): "INVALID_CAST_ARGUMENT: Cannot cast DECIMAL(6, 3) '123.456' to DECIMAL(3, 1)",
    ("1000", "decimal(3,0)"): "INVALID_CAST_ARGUMENT: Cannot cast INTEGER '1000' to DECIMAL(3, 0)",
    ("1", "decimal(3,2)"): "1.00",
    ("1", "double"): "1.0",
    ("0.1", "double"): "0.1",
    ("12345678901234567890.12", "double"): "1.2345678901234567E19",
    ("1e10", "real"): "1.0E10",
    ("1", "boolean"): "true",
    ("0.0", "boolean"): "false",
    ("true", "integer"): "1",
    ("false", "decimal(2,1)"): "0.0",
    # to text
    ("12", "varchar"): "12",
    ("1.50", "varchar"): "1.50",
    ("1e0", "varchar"): "1.0",
    ("1e7", "varchar"): "1.0E7",
    ("1.25e-5", "varchar"): "1.25E-5",
    ("true", "varchar"): "true",
    ("DATE '2024-02-29'", "varchar"): "2024-02-29",
    ("TIMESTAMP '2024-02-29 01:02:03'", "varchar"): "2024-02-29 01:02:03.000",
    ("'abcdef'", "varchar(3)"): "abc",
    ("'ab'", "varchar(3)"): "ab",
    ("12345", "varchar(3)"): "INVALID_CAST_ARGUMENT: Value 12345 cannot be represented as varchar(3)",
    ("'ab'", "char(4)"): "ab  ",
    ("'abcdef'", "char(4)"): "abcd",
    # times among each other
    ("TIMESTAMP '2024-02-29 23:59:59'", "date"): "2024-02-29",
    ("DATE '2024-02-29'", "timestamp"): "2024-02-29 00:00:00.000",
    ("TIMESTAMP '2024-02-29 10:11:12.345'", "time"): "10:11:12.345",
    ("TIMESTAMP '2024-02-29 10:11:12.5'", "timestamp(0)"): "2024-02-29 10:11:13",
    ("DATE '2024-02-29'", "timestamp with time zone"): "2024-02-29 00:00:00.000 UTC",
    ("TIMESTAMP '2024-02-29 10:11:12 UTC'", "timestamp"): "2024-02-29 10:11:12.000",
    # nested values
    ("ARRAY['1', NULL]", "array(integer)"): "[1, null]",
    ("ARRAY[1.5, 2.5]", "array(integer)"): "[2, 3]",
    ("ROW(1, '2')", "row(a varchar, b integer)"): "{a=1, b=2}",
    ("ARRAY[ROW(1, 'x')]", "array(row(n bigint, s varchar))"): "[{n=1, s=x}]",
    # JSON
    ("JSON '5'", "integer"): "5",
    ("JSON '\"abc\"'", "varchar"): "abc",
    ("JSON 'null'", "varchar"): None,
    ("JSON 'true'", "boolean"): "true",
    ("JSON '1.5'", "double"): "1.5",
    ("JSON '[1, null, 3]'", "array(integer)"): "[1, null, 3]",
    ('JSON \'{"a": 1, "b": 2}\'', "map(varchar, integer)"): "{a=1, b=2}",
    ('JSON \'{"n": 1, "s": "x"}\'', "row(n integer, s varchar)"): "{n=1, s=x}",
    ("JSON '[1, \"x\"]'", "row(n integer, s varchar)"): "{n=1, s=x}",
    ("'abc'", "json"): '"abc"',
    ("12", "json"): "12",
    ("true", "json"): "true",
    ("1.5e0", "json"): "1.5",
    ("ARRAY[1, NULL]", "json"): "[1,null]",
    ("CAST(ROW(1, 'x') AS row(n integer, s varchar))", "json"): '{"n":1,"s":"x"}',
    ("CAST(NULL AS integer)", "json"): None,
}


@pytest.mark.parametrize(("operand", "kind", "expected"), [(*key, expected) for key, expected in CASTS.items()])
def test_a_cast_gives_what_trino_gives(operand: str, kind: str, expected: str | None) -> None:
    assert value(f"CAST({operand} AS {kind})") == expected
    attempted = None if expected and expected.split(":")[0].isupper() and "_" in expected.split(":")[0] else expected
    assert value(f"TRY_CAST({operand} AS {kind})") == attempted
    assert value(f"TRY(CAST({operand} AS {kind}))") == attempted


@pytest.mark.parametrize(
    ("operand", "kind", "message"),
    [
        ("1", "date", "TYPE_MISMATCH: line 1:8: Cannot cast integer to date"),
        ("DATE '2024-01-01'", "integer", "TYPE_MISMATCH: line 1:8: Cannot cast date to integer"),
        ("ARRAY[1]", "integer", "TYPE_MISMATCH: line 1:8: Cannot cast array(integer) to integer"),
        ("ROW(1, 2)", "row(a integer)", "TYPE_MISMATCH: line 1:8: Cannot cast row(integer, integer) to row(a integer)"),
        ("X'61'", "varchar", "TYPE_MISMATCH: line 1:8: Cannot cast varbinary to varchar"),
        ("1", "string", "TYPE_NOT_FOUND: line 1:18: Unknown type: string"),
        ("1", "decimal(39,0)", "INVALID_FUNCTION_ARGUMENT: line 1:18: DECIMAL precision must be in range [1, 38]: 39"),
    ],
)
def test_a_cast_that_trino_lacks_is_refused(operand: str, kind: str, message: str) -> None:
    assert value(f"CAST({operand} AS {kind})") == message


@pytest.mark.parametrize(
    ("kinds", "together"),
    [
        (("tinyint", "bigint"), "bigint"),
        (("integer", "decimal(5,2)"), "decimal(12,2)"),
        (("bigint", "real"), "real"),
        (("decimal(5,2)", "double"), "double"),
        (("decimal(10,0)", "decimal(5,4)"), "decimal(14,4)"),
        (("varchar(3)", "varchar(5)"), "varchar(5)"),
        (("varchar(3)", "varchar"), "varchar"),
        (("char(3)", "varchar(5)"), "char(5)"),
        (("date", "timestamp"), "timestamp(3)"),
        (("timestamp(6)", "timestamp"), "timestamp(6)"),
        (("date", "timestamp with time zone"), "timestamp(3) with time zone"),
        (("array(integer)", "array(bigint)"), "array(bigint)"),
        (("row(a integer)", "row(a bigint)"), "row(a bigint)"),
        (("row(a integer)", "row(b bigint)"), "row(bigint)"),
        (("varchar", "integer"), None),
        (("boolean", "integer"), None),
        (("date", "varchar"), None),
    ],
)
def test_two_types_meet_as_in_trino(kinds: tuple[str, str], together: str | None) -> None:
    for first, second in (kinds, kinds[::-1]):
        sql = f"COALESCE(CAST(NULL AS {first}), CAST(NULL AS {second}))"
        if together is None:
            assert str(value(sql)).startswith("TYPE_MISMATCH: ")
        else:
            assert compiled(f"SELECT {sql}").columns[0].type == together
            assert value(sql) is None


@pytest.mark.parametrize(
    "kind",
    """boolean tinyint smallint integer bigint real double decimal(5,2) date time timestamp uuid array(integer)
    map(varchar,integer) row(a,integer)""".split(),  # noqa: SIM905 (words are easier to read as text)
)
def test_a_failing_cast_fails_whatever_is_known_of_the_values(kind: str) -> None:
    """Constants, a column with one value, a column among others, a value that is not looked at further."""
    kind = kind.replace("row(a,", "row(a ")
    bad = "JSON '\"?\"'" if "(" in kind and "decimal" not in kind else "'?'"
    for sql in (
        f"SELECT CAST({bad} AS {kind})",
        f"SELECT CAST(x AS {kind}) FROM (VALUES {bad}) AS t(x)",
        f"SELECT CAST(x AS {kind}) FROM (VALUES {bad}, NULL) AS t(x)",
        f"SELECT CAST(x AS {kind}) IS NULL FROM (SELECT * FROM (VALUES {bad}) AS t(x)) AS t",
        f"SELECT COALESCE(CAST(x AS {kind}), NULL) FROM (VALUES {bad}, {bad}) AS t(x)",
        f"SELECT count(*) FROM (VALUES {bad}, {bad}) AS t(x) WHERE CAST(x AS {kind}) IS NOT NULL",
    ):
        assert failure(sql).startswith("INVALID_CAST_ARGUMENT: "), sql


TOKYO = "TIMESTAMP '2024-02-29 08:00:00 Asia/Tokyo'"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"CAST({TOKYO} AS varchar)", "2024-02-29 08:00:00.000 Asia/Tokyo"),
        (f"CAST({TOKYO} AS timestamp)", "2024-02-29 08:00:00.000"),
        (f"CAST({TOKYO} AS date)", "2024-02-29"),
        (f"{TOKYO} = TIMESTAMP '2024-02-28 23:00:00 UTC'", "true"),
        (f"{TOKYO} < TIMESTAMP '2024-02-29 00:00:00'", "true"),
        (f"{TOKYO} - TIMESTAMP '2024-02-28 22:00:00 UTC'", "0 01:00:00.000"),
        (f"CAST({TOKYO} + INTERVAL '1' HOUR AS varchar)", "2024-02-29 09:00:00.000 Asia/Tokyo"),
    ],
)
def test_a_time_zone_is_kept(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize("expression", [TOKYO, f"ARRAY[{TOKYO}]", f"{TOKYO} + INTERVAL '1' MONTH"])
def test_a_result_in_another_zone_than_utc_is_refused(expression: str) -> None:
    assert str(value(expression)).startswith("NOT_SUPPORTED: The local AWS does not offer this: ")


@settings(max_examples=50, deadline=None)
@given(number=some.integers(-(2**31), 2**31 - 1))
def test_a_whole_number_survives_text_decimal_and_json(number: int) -> None:
    way = f"CAST(CAST(CAST(CAST({number} AS varchar) AS decimal(12,2)) AS json) AS double)"
    assert value(f"CAST({way} AS integer)") == str(number)


@settings(max_examples=50, deadline=None)
@given(text=some.text(some.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12))
def test_a_text_survives_json(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert value(f"CAST(CAST({quoted} AS json) AS varchar)") == text
    assert value(f"CAST(ARRAY[{quoted}] AS json)") is not None
    assert value(f"CAST(CAST(ARRAY[{quoted}] AS json) AS array(varchar)) = ARRAY[{quoted}]") == "true"
