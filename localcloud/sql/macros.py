"""DuckDB macros that compiled operators and casts use, and how compiled SQL fails with an error of Trino's.

A failure is a cast of its own message to a number: unlike DuckDB's `error()`, TRY may stand around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.sql.model import NotOffered
from localcloud.sql.types import Type, duckdb

FAILURE_START, FAILURE_END = "[[", "]]"

MACROS = (
    # A failure, as a number. Where another type is wanted, see `failing`. A condition of a CASE that is constant is
    # evaluated by DuckDB when it plans, where TRY does not yet stand around it.
    "op_raise(code, message) AS "
    f"CAST('{FAILURE_START}' || code || ': ' || coalesce(message, 'NULL') || '{FAILURE_END}' AS INTEGER)",
    # False, or a failure when `bad` is true: for the condition of a CASE whose operands are columns.
    "op_failing(bad, code, message) AS CASE WHEN bad THEN op_raise(code, message) IS NULL ELSE FALSE END",
    # A decimal without its point, and back.
    "op_unscaled(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    # Whole numbers divided and rounded half away from zero.
    "op_divide(a, b) AS a // b + CASE WHEN abs(b) - abs(a % b) <= abs(a % b) THEN sign(a) * sign(b) ELSE 0 END",
    # Numbers that may be NaN: it equals nothing and is neither less nor greater; DuckDB orders it last.
    "op_eq(a, b) AS a = b AND NOT isnan(a)",
    "op_lt(a, b) AS a < b AND NOT isnan(b)",
    "op_le(a, b) AS a <= b AND NOT isnan(b)",
    # An array is equal when all is; without a difference, a NULL inside leaves it open.
    "op_array_eq(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) <> len(b) THEN FALSE"
    " WHEN len(list_filter(list_zip(a, b), lambda p: p[1] <> p[2])) > 0 THEN FALSE"
    " WHEN len(list_filter(list_zip(a, b), lambda p: p[1] IS NULL OR p[2] IS NULL)) > 0 THEN NULL ELSE TRUE END",
    "op_element(a, i) AS a[CASE WHEN a IS NULL OR i IS NULL THEN NULL"
    " WHEN i = 0 THEN op_raise('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')"
    " WHEN i < 0 THEN op_raise('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative: ' || i)"
    " WHEN i > len(a) THEN op_raise('INVALID_FUNCTION_ARGUMENT',"
    " 'Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a)) ELSE i END]",
    "op_map_value(m, k, failed) AS CASE WHEN map_contains(m, k) THEN m[k] WHEN m IS NULL OR k IS NULL THEN NULL"
    " ELSE failed END",
    "op_add_to_date(d, i, failed) AS CASE WHEN epoch_us(i) % 86400000000 <> 0 THEN failed ELSE CAST(d + i AS DATE) END",
    # A cast that was tried: x is what was cast.
    "op_cast(tried, x, failed) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(tried, failed) END",
)


def quoted(text: str) -> str:
    """A string of SQL. None has the characters by which the compiler marks places in its own SQL.

    Raises:
        NotOffered: a text with the character U+0000.
    """
    if "\x00" in text:
        raise NotOffered("a text with the character U+0000")
    if "\x02" in text:
        return f"({' || chr(2) || '.join(map(quoted, text.split(chr(2))))})"
    return "'" + text.replace("'", "''") + "'"


def failing(code: str, message: str, kind: Type) -> str:
    """An expression of a type that fails; `message` is SQL.

    It is no NULL to the eye: where DuckDB can tell that a value is always NULL, it does not compute it, and fails not.
    """
    return f"CAST(CAST(op_raise('{code}', {message}) AS VARCHAR) AS {duckdb(kind)})"


def once(sql: str, make: Callable[[str], str]) -> str:
    """An expression that mentions another more than once: one that is no mere column is computed only once."""
    if len(sql) < 60 or len(re.findall(r"\bv\b", make("v"))) == 1:
        return make(sql)
    return f"list_extract(list_transform([{sql}], lambda v: {make('v')}), 1)"


def identifier(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def statements() -> list[str]:
    """What `settings.install` executes."""
    return [f"CREATE OR REPLACE TEMP MACRO {macro}" for macro in MACROS]
