"""What generated SQL relies on in a DuckDB connection, and DuckDB's errors as Trino words them."""

from __future__ import annotations

import re

import duckdb
import duckdb.func

from localcloud.sql import macros, text
from localcloud.sql.functions import macros as function_macros
from localcloud.sql.model import QueryError

ERROR_MARK, ERROR_END = macros.FAILURE_START, macros.FAILURE_END
_SETTINGS = ("SET TimeZone = 'UTC'", "SET default_null_order = 'nulls_last'")


def install(connection: duckdb.DuckDBPyConnection, sql: str | None = None) -> None:
    """Set the session up for generated SQL: settings, macros, Python functions. Nothing is read from disk.

    Args:
        sql: the statements that will run: only what they name is made, which saves the import of NumPy that DuckDB
            does for the first Python function (some 0.1 s). Without it everything is made.
    """
    for setting in _SETTINGS:
        connection.execute(setting)
    wanted = _wanted(sql)
    for name in function_macros.PYTHON:
        if wanted is None or name in wanted:
            _python(connection, name)
    for macro in (*macros.MACROS, *text.MACROS, *function_macros.MACROS):
        if wanted is None or macro.partition("(")[0].strip() in wanted:
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")


def _wanted(sql: str | None) -> set[str] | None:
    """The macros and Python functions that the SQL names, and those that these name."""
    if sql is None:
        return None
    bodies = {
        macro.partition("(")[0].strip(): macro for macro in (*macros.MACROS, *text.MACROS, *function_macros.MACROS)
    }
    known = bodies.keys() | function_macros.PYTHON.keys()
    shown = " ".join(text.MACROS)  # the text of a result is often asked for later
    found, todo = set[str](), set(re.findall(r"\w+", f"{sql} {shown}")) & known
    while todo:
        name = todo.pop()
        found.add(name)
        todo |= (set(re.findall(r"\w+", bodies.get(name, ""))) & known) - found
    return found


def _python(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    from localcloud.sql.functions import python  # imports what a query without such a function does not need

    arguments, result = function_macros.PYTHON[name]
    function = python.failing(getattr(python, name))
    special = duckdb.func.FunctionNullHandling.SPECIAL
    connection.create_function(name, function, [*arguments], result, null_handling=special)


def raises(code: str, message_sql: str) -> str:
    """A DuckDB expression of no type of its own that fails with `code` and the message; TRY may stand around it.

    DuckDB's `error()` is volatile and so not allowed within TRY; a cast of the message to a number is.
    """
    return f"list_extract([NULL], CAST(concat('{ERROR_MARK}{code}: ', {message_sql}, '{ERROR_END}') AS BIGINT))"


_MARKED = re.compile(re.escape(ERROR_MARK) + r"([A-Z_]+): (.*?)" + re.escape(ERROR_END) + r"(?!\])", re.DOTALL)
_NUMBERS = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_OVERFLOW = re.compile(r"Overflow in (addition|subtraction|multiplication) of (INT\d+) \((-?\d+) . (-?\d+)\)")
_UNREAD = re.compile(r'(?:Failed to read|Invalid string encoding found in Parquet) file "(.+?)": (.+)')
_CASTS = {
    **{"INT32": "INT", "INT64": "BIGINT", "INT16": "SMALLINT", "INT8": "TINYINT"},
    "BOOL": "BOOLEAN",
    "FLOAT": "REAL",
}


def query_error(exception: duckdb.Error) -> QueryError:
    """The error that Athena shows for DuckDB's, without anything of this machine in it."""
    message = str(exception)
    marked = _MARKED.search(message)
    if marked:
        return QueryError(marked[1], marked[2])
    if isinstance(exception, duckdb.OutOfMemoryException):
        return QueryError("", "Query exhausted resources at this scale factor", 1)
    unread = _UNREAD.search(message)
    if unread:  # the worker puts the object's address in place of the path
        return QueryError("HIVE_CURSOR_ERROR", f"Failed to read Parquet file: {unread[1]}: {unread[2]}")
    if type(exception) is duckdb.Error:  # of a kind of its own is only what the Parquet reader does not understand
        return QueryError("HIVE_CURSOR_ERROR", f"Failed to read a Parquet file, it is damaged: {message}")
    overflow = _OVERFLOW.search(message)
    if overflow:
        kind = _NUMBERS.get(overflow[2], "bigint")
        sign = {"addition": "+", "subtraction": "-", "multiplication": "*"}[overflow[1]]
        return QueryError(
            "NUMERIC_VALUE_OUT_OF_RANGE", f"{kind} {overflow[1]} overflow: {overflow[3]} {sign} {overflow[4]}"
        )
    if isinstance(exception, duckdb.OutOfRangeException) or "out of range" in message:
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", _sentence(message))
    if "Division by zero" in message:
        return QueryError("DIVISION_BY_ZERO", "Division by zero")
    if "Map keys must be unique" in message:
        return QueryError("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed")
    if "does not align with the map value list" in message:
        return QueryError("INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length")
    if "Map keys can not be NULL" in message:
        return QueryError("INVALID_FUNCTION_ARGUMENT", "map key cannot be null")
    if "More than one row returned by a subquery" in message:
        return QueryError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    if isinstance(exception, duckdb.ConversionException):
        cast = re.search(r"Could not convert string ['\"](.*)['\"] to (\w+)", message, re.DOTALL)
        if cast:
            return QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast '{cast[1]}' to {_CASTS.get(cast[2], cast[2])}")
        return QueryError("INVALID_CAST_ARGUMENT", _sentence(message))
    return QueryError("GENERIC_INTERNAL_ERROR", _sentence(message), 1)


def _sentence(message: str) -> str:
    """The first line without DuckDB's name for the kind of error and without paths."""
    first = message.strip().partition("\n")[0].partition(": ")[2] or message.strip().partition("\n")[0]
    return re.sub(r"(?<![\w.])/[\w.\-+/]+", "a file", first)
