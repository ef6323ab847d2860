"""Operators, literals and conditions: each gives what Trino documents, or Trino's error."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from trino_queries import compiled, rows, value

LITERALS = {
    "7": "integer",
    "-7": "integer",
    "2147483648": "bigint",
    "0.5": "decimal(1,1)",
    "12.340": "decimal(5,3)",
    "1e3": "double",
    ".5E0": "double",
    "'abc'": "varchar(3)",
    "''": "varchar(0)",
    "'it''s'": "varchar(4)",
    "U&'\\00fc'": "varchar(1)",
    "U&'#00fc' UESCAPE '#'": "varchar(1)",
    "X'00 ff'": "varbinary",
    "true": "boolean",
    "null": "unknown",
    "DATE '2023-02-28'": "date",
    "TIMESTAMP '2023-02-28 01:02:03'": "timestamp(3)",
    "TIMESTAMP '2023-02-28 01:02:03.123456'": "timestamp(6)",
    "TIMESTAMP '2023-02-28 01:02:03 UTC'": "timestamp(3) with time zone",
    "TIME '01:02:03'": "time(3)",
    "INTERVAL '3' HOUR": "interval day to second",
    "INTERVAL '3' MONTH": "interval year to month",
    "DECIMAL '10.50'": "decimal(4,2)",
    "BIGINT '9'": "bigint",
    "REAL '1.5'": "real",
    "JSON '{\"k\": [1, 2]}'": "json",
    "ARRAY[1, 2.5]": "array(decimal(11,1))",
    "ARRAY[]": "array(unknown)",
    "ROW(1, 'a')": "row(integer, varchar(1))",
    "(1, NULL)": "row(integer, unknown)",
}


@pytest.mark.parametrize(("literal", "kind"), LITERALS.items())
def test_a_literal_has_its_type(literal: str, kind: str) -> None:
    assert compiled(f"SELECT {literal}").columns[0].type == kind


VALUES = {
    # whole numbers
    "7 / 2": "3",
    "-7 / 2": "-3",
    "7 / -2": "-3",
    "-7 % 3": "-1",
    "7 % -3": "1",
    "2 + 3 * 4 - 1": "13",
    "(2 + 3) * 4": "20",
    "- 5": "-5",
    "-(-5)": "5",
    "2147483647 + BIGINT '1'": "2147483648",
    "-9223372036854775808": "-9223372036854775808",
    "SMALLINT '5' / TINYINT '2'": "2",
    "1 / 0": "DIVISION_BY_ZERO: Division by zero",
    "1 % 0": "DIVISION_BY_ZERO: Division by zero",
    "2147483647 + 1": "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1",
    "TINYINT '100' + TINYINT '100'": "NUMERIC_VALUE_OUT_OF_RANGE: tinyint addition overflow: 100 + 100",
    # decimals
    "1.5 + 2": "3.5",
    "0.10 + 0.2": "0.30",
    "1.25 * 0.5": "0.625",
    "1.0 / 3": "0.3",
    "2 / 3.00": "0.67",
    "-2.0 / 3": "-0.7",
    "1 / 8.000": "0.125",
    "5.5 % 2": "1.5",
    "-5.5 % 2": "-1.5",
    "0.5 / 0.25": "2.00",
    "1.0 / 0": "DIVISION_BY_ZERO: Division by zero",
    "1.0 % 0.0": "DIVISION_BY_ZERO: Division by zero",
    "99999999999999999999.5 + 0.5": "100000000000000000000.0",
    # floating point
    "1e0 / 4": "0.25",
    "1e0 / 0": "Infinity",
    "-1e0 / 0": "-Infinity",
    "0e0 / 0": "NaN",
    "5e0 % 3": "2.0",
    "1e7 + 0": "1.0E7",
    "1.5 * 2e0": "3.0",
    "0.1e0 + 0.2e0": "0.30000000000000004",
    "REAL '1.5' + 1": "2.5",
    # texts, binary values, arrays
    "'a' || 'b' || 'c'": "abc",
    "'a' || NULL": None,
    "X'61' || X'62'": "61 62",
    "ARRAY[1] || ARRAY[2, 3]": "[1, 2, 3]",
    "ARRAY[1] || 2": "[1, 2]",
    "0 || ARRAY[1]": "[0, 1]",
    "ARRAY['a'][1]": "a",
    "ARRAY[ARRAY[1, 2], ARRAY[3]][1][2]": "2",
    "ARRAY[1, 2][3]": "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 3 > 2",
    "ARRAY[1, 2][0]": "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1",
    "ARRAY[1, 2][-1]": "INVALID_FUNCTION_ARGUMENT: Array subscript is negative: -1",
    "ROW(1, 'x')[2]": "x",
    "CAST(ROW(1, 'x') AS ROW(n integer, s varchar)).s": "x",
    # dates, times, intervals
    "DATE '2024-02-29' + INTERVAL '1' YEAR": "2025-02-28",
    "DATE '2024-01-31' + INTERVAL '1' MONTH": "2024-02-29",
    "DATE '2024-03-01' - INTERVAL '1' DAY": "2024-02-29",
    "INTERVAL '2' DAY + DATE '2024-02-28'": "2024-03-01",
    "DATE '2024-01-01' + INTERVAL '24' HOUR": "2024-01-02",
    "DATE '2024-03-01' - DATE '2024-02-28'": "2 00:00:00.000",
    "TIMESTAMP '2024-01-01 00:00:00' - INTERVAL '90' MINUTE": "2023-12-31 22:30:00.000",
    "TIMESTAMP '2024-01-02 12:00:00' - TIMESTAMP '2024-01-01 00:00:00'": "1 12:00:00.000",
    "TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1' MONTH": "2024-02-29 10:00:00.000",
    "TIME '23:30:00' + INTERVAL '1' HOUR": "00:30:00.000",
    "INTERVAL '1' DAY + INTERVAL '3' HOUR": "1 03:00:00.000",
    "INTERVAL '1' DAY - INTERVAL '3' DAY": "-2 00:00:00.000",
    "INTERVAL '3' HOUR * 2": "0 06:00:00.000",
    "2 * INTERVAL '1' DAY": "2 00:00:00.000",
    "INTERVAL '1' DAY / 2": "0 12:00:00.000",
    "-INTERVAL '1' DAY": "-1 00:00:00.000",
    "INTERVAL '1 02:03:04.500' DAY TO SECOND": "1 02:03:04.500",
    "INTERVAL '90' MINUTE": "0 01:30:00.000",
    "INTERVAL '2-3' YEAR TO MONTH": "2-3",
    "INTERVAL '14' MONTH": "1-2",
    "INTERVAL -'5' DAY": "-5 00:00:00.000",
    # comparisons
    "1 = 1.0": "true",
    "1 <> 2": "true",
    "1 != 1": "false",
    "'a' < 'b'": "true",
    "'B' < 'a'": "true",
    "'é' > 'z'": "true",
    "NULL = NULL": None,
    "1 = NULL": None,
    "1 IS DISTINCT FROM NULL": "true",
    "NULL IS NOT DISTINCT FROM NULL": "true",
    "DATE '2024-01-02' > TIMESTAMP '2024-01-01 23:59:59'": "true",
    "0e0 / 0 = 0e0 / 0": "false",
    "0e0 / 0 <> 0e0 / 0": "true",
    "0e0 / 0 > 1": "false",
    "1 < 0e0 / 0": "false",
    "NOT (0e0 / 0 <= 1)": "true",
    "INTERVAL '24' HOUR = INTERVAL '1' DAY": "true",
    "(1, 'a') = (1, 'a')": "true",
    "(1, NULL) = (1, 2)": None,
    "(1, NULL) = (2, 2)": "false",
    "ARRAY[1, 2] = ARRAY[1, 2]": "true",
    "ARRAY[1, NULL] = ARRAY[1, NULL]": None,
    "ARRAY[1, NULL] <> ARRAY[2, NULL]": "true",
    "true > false": "true",
    # conditions
    "NULL AND false": "false",
    "NULL OR true": "true",
    "NULL AND true": None,
    "NOT NULL": None,
    "true OR false AND false": "true",
    "NOT true OR true": "true",
    "5 BETWEEN 1 AND 5": "true",
    "5 NOT BETWEEN 1 AND 4": "true",
    "5 BETWEEN NULL AND 4": "false",
    "5 BETWEEN 6 AND NULL": "false",
    "2 IN (1, 2)": "true",
    "2 IN (1, NULL)": None,
    "2 NOT IN (1, NULL)": None,
    "1.0 IN (1, 2)": "true",
    "(1, 2) IN ((1, 2), (3, 4))": "true",
    "NULL IS NULL": "true",
    "1 IS NOT NULL": "true",
    "'chair' LIKE 'c%r'": "true",
    "'chair' LIKE 'C%'": "false",
    "'chair' LIKE 'ch_ir'": "true",
    "'a\nb' LIKE 'a%b'": "true",
    "'50%' LIKE '50!%' ESCAPE '!'": "true",
    "'50 ' LIKE '50!%' ESCAPE '!'": "false",
    "'a\\b' LIKE 'a\\b'": "true",
    "'chair' NOT LIKE 'x%'": "true",
    "NULL LIKE 'x'": None,
    "'a!b' LIKE 'a!b' ESCAPE '!'": "INVALID_FUNCTION_ARGUMENT: Escape character must be followed by '%', '_' or the "
    "escape character itself",
    # choices
    "CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' ELSE 'c' END": "b",
    "CASE 3 WHEN 1 THEN 'one' WHEN 3 THEN 'three' END": "three",
    "CASE NULL WHEN NULL THEN 'same' ELSE 'other' END": "other",
    "CASE WHEN false THEN 1 END": None,
    "CASE WHEN true THEN 1 ELSE 2.5 END": "1.0",
    "CASE WHEN false THEN 1 / 0 ELSE 5 END": "5",
    "IF(1 > 2, 'yes', 'no')": "no",
    "IF(NULL, 'yes')": None,
    "COALESCE(NULL, 2, 3)": "2",
    "COALESCE(1, 1 / 0)": "1",
    "NULLIF(3, 3)": None,
    "NULLIF(3, 4)": "3",
    "NULLIF('a', NULL)": "a",
    "TRY(1 / 0)": None,
    "TRY(CAST('x' AS integer))": None,
    "COALESCE(TRY(ARRAY[1][2]), -1)": "-1",
    "TRY(2147483647 + 1)": None,
    "TRY(6 / 3)": "2",
    # queries inside
    "(SELECT 5)": "5",
    "(SELECT 5 WHERE false)": None,
    "(VALUES 1, 2)": "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    "EXISTS (SELECT 1 WHERE false)": "false",
    "3 IN (SELECT * FROM (VALUES 1, 3) AS t(a))": "true",
    "3 IN (VALUES 1, NULL)": None,
    "3 > ALL (VALUES 1, 2)": "true",
    "3 > ALL (VALUES 1, NULL)": None,
    "3 = ANY (VALUES 1, 3)": "true",
    "3 <> ALL (VALUES 1, 3)": "false",
    "3 < SOME (VALUES 1, 4)": "true",
}


@pytest.mark.parametrize(("expression", "expected"), VALUES.items())
def test_an_expression_gives_what_trino_gives(expression: str, expected: str | None) -> None:
    assert value(expression) == expected


MISTAKES = {
    "'1' = 1": "TYPE_MISMATCH: line 1:12: Cannot apply operator: varchar(1) = integer",
    "1 + '1'": "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer + varchar(1)",
    "DATE '2024-01-01' > '2023'": "TYPE_MISMATCH: line 1:26: Cannot apply operator: date < varchar(4)",
    "1 || 'a'": "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer || varchar(1)",
    "true + 1": "TYPE_MISMATCH: line 1:13: Cannot apply operator: boolean + integer",
    "-'a'": "TYPE_MISMATCH: line 1:8: Cannot negate varchar(1)",
    "1 AND true": "TYPE_MISMATCH: line 1:8: Logical expression term must evaluate to a boolean (actual: integer)",
    "1 IN ('a')": "TYPE_MISMATCH: line 1:14: IN value and list items must be the same type or coercible to a common "
    "type. Cannot find common type: integer vs varchar(1)",
    "5 LIKE '5'": "TYPE_MISMATCH: line 1:10: Left side of LIKE expression must evaluate to a varchar (actual: integer)",
    "CASE WHEN true THEN 1 ELSE 'a' END": "TYPE_MISMATCH: line 1:35: All CASE results must be the same type or "
    "coercible to a common type. Cannot find common type between: integer vs varchar(1)",
    "IF(1, 2, 3)": "TYPE_MISMATCH: line 1:11: IF condition must evaluate to a boolean: actual type integer",
    "DATE '2024-02-30'": "INVALID_LITERAL: line 1:8: '2024-02-30' is not a valid DATE literal",
    "INTERVAL '1-2' DAY": "INVALID_LITERAL: line 1:8: '1-2' is not a valid INTERVAL literal",
    "DATE '2024-01-01' + INTERVAL '5' HOUR": "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date",
    "no_such_function(1)": "FUNCTION_NOT_FOUND: line 1:8: Function 'no_such_function' not registered",
    "x -> x": "TYPE_MISMATCH: line 1:8: Lambda expression should always be used inside a function",
    "(SELECT 1, 2)": "NOT_SUPPORTED: line 1:9: Multiple columns returned by subquery are not yet supported. Found 2",
    "5[1]": "TYPE_MISMATCH: line 1:9: Cannot use integer for subscript of integer",
    "JSON '1' < JSON '2'": "TYPE_MISMATCH: line 1:17: Cannot apply operator: json < json",
}


@pytest.mark.parametrize(("expression", "message"), MISTAKES.items())
def test_a_mistake_is_trinos_error(expression: str, message: str) -> None:
    assert value(expression) == message


def test_not_a_number_in_a_column_is_neither_less_nor_equal() -> None:
    numbers = "(VALUES 1e0, 0e0 / 0, NULL) AS t(x)"
    assert rows(f"SELECT count(*) FROM {numbers} WHERE x > 0") == [("1",)]
    assert rows(f"SELECT count(*) FROM {numbers} WHERE x = x") == [("1",)]
    assert rows(f"SELECT x FROM {numbers} ORDER BY x") == [("1.0",), ("NaN",), (None,)]


WHOLE = some.integers(-(2**31), 2**31 - 1)


def exact(operator: str, left: int, right: int) -> int:
    """Trino's integers: division truncates, a remainder has the sign of what is divided."""
    if operator == "/":
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    if operator == "%":
        return left - right * exact("/", left, right)
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


@settings(max_examples=60, deadline=None)
@given(left=WHOLE, right=WHOLE | some.integers(-9, 9), operator=some.sampled_from("+-*/%"))
def test_whole_numbers_are_exact_or_an_error(left: int, right: int, operator: str) -> None:
    found = value(f"CAST({left} AS integer) {operator} CAST({right} AS integer)")
    if operator in "/%" and right == 0:
        assert found == "DIVISION_BY_ZERO: Division by zero"
    elif not -(2**31) <= exact(operator, left, right) < 2**31:
        assert found is not None
        assert found.startswith("NUMERIC_VALUE_OUT_OF_RANGE")
    else:
        assert found == str(exact(operator, left, right))


DECIMALS = (
    some.decimals(-99999, 99999, places=3)
    | some.decimals(-99, 99, places=1)
    | some.decimals(-(10**12), 10**12, places=6)
    | some.decimals(-(10**8), 10**8, places=0)
)


@settings(max_examples=120, deadline=None)
@given(left=DECIMALS, right=DECIMALS, operator=some.sampled_from("+-*/"))
def test_decimals_are_exact_and_division_rounds_half_away_from_zero(
    left: Decimal, right: Decimal, operator: str
) -> None:
    found = value(f"DECIMAL '{left}' {operator} DECIMAL '{right}'")
    if operator == "/" and right == 0:
        assert found == "DIVISION_BY_ZERO: Division by zero"
        return
    assert found is not None
    if operator != "/":
        with localcontext(prec=80):
            assert Decimal(found) == {"+": left + right, "-": left - right, "*": left * right}[operator]
        return
    scale = max(-int(left.as_tuple().exponent), -int(right.as_tuple().exponent))
    numerator, denominator = abs(left).as_integer_ratio(), abs(right).as_integer_ratio()
    top, bottom = numerator[0] * denominator[1] * 10**scale, numerator[1] * denominator[0]
    rounded = (2 * top + bottom) // (2 * bottom)
    assert abs(Decimal(found)) == Decimal(rounded).scaleb(-scale)
    assert rounded == 0 or (Decimal(found) < 0) == ((left < 0) != (right < 0))


LEAVES = some.sampled_from(
    ["a", "b", "c", "true", "false", "CAST(NULL AS boolean)", "n > 0", "n = m", "m IS NULL", "n IN (1, m)"]
)
TREES: Any = some.recursive(
    LEAVES,
    lambda inner: some.one_of(
        some.tuples(some.just("NOT"), inner),
        some.tuples(some.sampled_from(["AND", "OR"]), inner, inner),
    ),
    max_leaves=8,
)


def written(node: Any) -> str:
    if isinstance(node, str):
        return node
    if node[0] == "NOT":
        return f"NOT ({written(node[1])})"
    return f"({written(node[1])}) {node[0]} ({written(node[2])})"


def truth(node: Any, row: dict[str, Any]) -> bool | None:
    """Three-valued logic."""
    if isinstance(node, str):
        n, m = row["n"], row["m"]
        known = {"true": True, "false": False, "CAST(NULL AS boolean)": None, "m IS NULL": m is None}
        known |= {"n > 0": None if n is None else n > 0, "n = m": None if None in (n, m) else n == m}
        known |= {"n IN (1, m)": None if n is None else True if n in (1, m) else None if m is None else False}
        return row[node] if node in row else known[node]
    if node[0] == "NOT":
        inner = truth(node[1], row)
        return None if inner is None else not inner
    pair = (truth(node[1], row), truth(node[2], row))
    decisive = node[0] == "OR"
    return decisive if decisive in pair else None if None in pair else not decisive


BOOLEANS = some.sampled_from([True, False, None])
NUMBERS = some.sampled_from([0, 1, 2, None])
TABLE = some.lists(some.tuples(BOOLEANS, BOOLEANS, BOOLEANS, NUMBERS, NUMBERS), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(node=TREES, table=TABLE)
def test_where_keeps_the_rows_for_which_it_is_true(node: Any, table: list[tuple[Any, ...]]) -> None:
    lines = [
        f"({place}, " + ", ".join("NULL" if cell is None else str(cell).lower() for cell in line) + ")"
        for place, line in enumerate(table)
    ]
    kinds = (
        "CAST(a AS boolean) a, CAST(b AS boolean) b, CAST(c AS boolean) c, CAST(n AS integer) n, CAST(m AS integer) m"
    )
    source = f"(SELECT i, {kinds} FROM (VALUES {', '.join(lines)}) AS t(i, a, b, c, n, m)) AS t"
    found = rows(f"SELECT i FROM {source} WHERE {written(node)} ORDER BY i")
    wanted = [place for place, line in enumerate(table) if truth(node, dict(zip("abcnm", line, strict=True)))]
    assert found == [(str(place),) for place in wanted]
