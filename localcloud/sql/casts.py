"""CAST and TRY_CAST as Trino has them, in DuckDB SQL.

A cast is tried in DuckDB such that what Trino refuses is NULL; CAST makes that an error with Trino's words, TRY_CAST
leaves it.
Source: https://trino.io/docs/current/functions/conversion.html and Trino's `FromVarchar` and `DateTimes`.
"""

from __future__ import annotations

from functools import partial

from localcloud.sql import json_casts
from localcloud.sql import text as texts
from localcloud.sql.call import Typed
from localcloud.sql.coercions import APPROXIMATE, INTEGERS, as_decimal, becomes, coerce, convert, is_number, is_text
from localcloud.sql.macros import failing, once, quoted
from localcloud.sql.model import QueryError
from localcloud.sql.types import BOOLEAN, DATE, JSON, UNKNOWN, VARBINARY, VARCHAR, Type, duckdb

INVALID, OUT_OF_RANGE = "INVALID_CAST_ARGUMENT", "NUMERIC_VALUE_OUT_OF_RANGE"
_DATE = r"[-+]?\d{4,}-\d{1,2}-\d{1,2}"
_TIME = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?"
# What Java reads as a double, but for its suffixes and hexadecimal form.
_DOUBLE = r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|Infinity)"


def cast(value: Typed, target: Type, safe: bool, position: str) -> Typed:
    """CAST(value AS target), or TRY_CAST when `safe`.

    Raises:
        QueryError: TYPE_MISMATCH when Trino has no such cast.
    """
    if value.type == UNKNOWN:
        return coerce(value, target)
    if value.type == target:
        return Typed(value.sql, target)
    refusal = QueryError("TYPE_MISMATCH", f"{position}: Cannot cast {value.type} to {target}")
    if value.type.items or target.items:
        return _nested(value, target, safe, refusal)
    return Typed(once(value.sql, lambda sql: _scalar(sql, value.type, target, safe, refusal)), target)


def _nested(value: Typed, target: Type, safe: bool, refusal: QueryError) -> Typed:
    """What is inside is cast; TRY_CAST makes the whole NULL when a part of it fails."""
    source = value.type
    if target == JSON:
        return Typed(json_casts.to_json(value, refusal), JSON)
    if source == JSON:
        strict = once(value.sql, lambda sql: json_casts.from_json(sql, target, refusal))
        return Typed(f"TRY({strict})" if safe else strict, target)
    if source.name != target.name or len(source.items) != len(target.items):
        raise refusal
    leaf = partial(_inner, refusal=refusal)
    sql = once(value.sql, lambda inner: convert(inner, source, target, leaf))
    return Typed(f"TRY({sql})" if safe and sql != value.sql else sql, target)


def _inner(sql: str, source: Type, target: Type, refusal: QueryError) -> str:
    if source.items or target.items:
        return _nested(Typed(sql, source), target, False, refusal).sql
    if source == UNKNOWN:
        return f"CAST({sql} AS {duckdb(target)})"
    return _scalar(sql, source, target, False, refusal)


def _scalar(sql: str, source: Type, target: Type, safe: bool, refusal: QueryError) -> str:
    if source == target:
        return sql
    if is_text(target):
        return _to_text(sql, source, target, safe, refusal)
    if target == JSON:
        return json_casts.to_json(Typed(sql, source), refusal)
    if source == JSON:
        strict = json_casts.from_json(sql, target, refusal)
        return f"TRY({strict})" if safe else strict
    if is_text(source):
        tried, message = _from_text(sql, target, refusal)
        return _checked(tried, sql, target, INVALID, message, safe)
    if becomes(source, target):
        return coerce(Typed(sql, source), target).sql
    if target == BOOLEAN and is_number(source):
        return f"({sql} <> 0)"
    if source == BOOLEAN and is_number(target):
        return f"CAST({sql} AS {duckdb(target)})"
    if is_number(source) and is_number(target):
        return _number(sql, source, target, safe)
    return _moment(sql, source, target, refusal)


def _checked(tried: str, sql: str, target: Type, code: str, message: str, safe: bool) -> str:
    """A cast that gives NULL where it fails: TRY_CAST as it is, CAST with an error of this message (SQL)."""
    return f"({tried})" if safe else f"op_cast({tried}, {sql}, {failing(code, message, target)})"


def _says(before: str, sql: str, after: str) -> str:
    return f"({quoted(before)} || {sql} || {quoted(after)})"


def _to_text(sql: str, source: Type, target: Type, safe: bool, refusal: QueryError) -> str:
    if source == VARBINARY:
        raise refusal
    text = sql if is_text(source) or source == JSON else _text(sql, source)
    if source == JSON:
        strict = json_casts.from_json(sql, VARCHAR, refusal)
        text = f"TRY({strict})" if safe else strict
    if not target.parameters:
        return text
    length = target.parameters[0]
    if is_text(source):
        cut = f"left({text}, {length})"
        if source.parameters and source.parameters[0] <= length:
            cut = text
        return f"rpad({text}, {length}, ' ')" if target.name == "char" else cut
    message = _says("Value ", text, f" cannot be represented as {target}")
    fitting = f"CASE WHEN length({text}) <= {length} THEN {text} END"
    fitting = _checked(fitting, sql, target, INVALID, message, safe)
    return f"rpad({fitting}, {length}, ' ')" if target.name == "char" else fitting


def _text(sql: str, source: Type) -> str:
    return texts.cast_to_varchar(sql, source)


def _from_text(sql: str, target: Type, refusal: QueryError) -> tuple[str, str]:
    """A cast of text, tried, and what Trino says when it fails (SQL)."""
    name = {"integer": "INT"}.get(target.name, target.name.upper())
    message = _says("Cannot cast '", sql, f"' to {name}")
    if target in INTEGERS:
        return _when(sql, r"[+-]?\d+", target), message
    if target in APPROXIMATE:
        return _when(f"trim({sql})", _DOUBLE, target), message
    if target.name == "decimal":
        precision, scale = target.parameters
        message = _says("Cannot cast VARCHAR '", sql, f"' to DECIMAL({precision}, {scale}). Value is not a number.")
        return _when(sql, r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", target), message
    if target == BOOLEAN:
        yes, no = "lower({0}) IN ('t', 'true', '1')", "lower({0}) IN ('f', 'false', '0')"
        return f"CASE WHEN {yes.format(sql)} THEN TRUE WHEN {no.format(sql)} THEN FALSE END", message
    if target == VARBINARY:
        return f"encode({sql})", message
    if target.name == "uuid":
        return _when(sql, r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", target), _says(
            "Cannot cast value to UUID: ", sql, ""
        )
    message = _says(f"Value cannot be cast to {target.name}: ", sql, "")
    stripped = f"trim({sql})"
    if target == DATE:
        return _when(stripped, _DATE, target), message
    if target.name == "time":
        return _rounded(_when(stripped, _TIME, target), target, 6), message
    if target.name == "timestamp":
        return _rounded(_when(stripped, f"{_DATE}( {_TIME})?", target), target, 6), message
    if target.name == "timestamp with time zone":
        # A zone other than UTC would be lost: DuckDB keeps the instant alone.
        local = f"regexp_replace({stripped}, '\\s*(UTC|Z|[+-]00:00)$', '')"
        return _rounded(_when(local, f"{_DATE}( {_TIME})?", target), target, 6), message
    raise refusal


def _when(sql: str, pattern: str, target: Type) -> str:
    return f"CASE WHEN regexp_full_match({sql}, {quoted(pattern)}) THEN TRY_CAST({sql} AS {duckdb(target)}) END"


def _number(sql: str, source: Type, target: Type, safe: bool) -> str:
    """A number to a narrower type: rounded half away from zero, out of range an error."""
    kind = duckdb(target)
    plain = f"CAST({sql} AS VARCHAR)"
    text = _text(sql, source)
    if target in INTEGERS:
        rounded = f"round({sql})" if source in APPROXIMATE else sql
        code, message = OUT_OF_RANGE, _says(f"Out of range for {target}: ", text, "")
        if source.name == "decimal":
            code, message = INVALID, _says("Cannot cast '", text, f"' to {target.name.upper()}")
        if source in APPROXIMATE and target.name == "bigint":
            code, message = INVALID, _says("Unable to cast ", text, " to bigint")
        return _checked(f"TRY_CAST({rounded} AS {kind})", sql, target, code, message, safe)
    if target.name == "decimal":
        precision, scale = target.parameters
        described = f"DECIMAL({', '.join(map(str, source.parameters))})" if source.parameters else source.name.upper()
        message = _says(f"Cannot cast {described} '", text, f"' to DECIMAL({precision}, {scale})")
        exact = plain if source in APPROXIMATE else coerce(Typed(sql, source), as_decimal(source)).sql
        return _checked(f"TRY_CAST({exact} AS {kind})", sql, target, INVALID, message, safe)
    return f"CAST({sql} AS {kind})"  # double to real


def _moment(sql: str, source: Type, target: Type, refusal: QueryError) -> str:
    """Dates and times among each other; a session is in UTC."""
    if source.name == target.name and source.parameters != target.parameters:
        return _rounded(sql, target, source.parameters[0])
    stamps = ("timestamp", "timestamp with time zone")
    if source.name in stamps and target.name in ("date", "time", *stamps):
        plain = sql if source.name == "timestamp" else f"CAST({sql} AS TIMESTAMP)"
        if source.fields:
            plain = f"timezone({quoted(source.fields[0])}, {sql})"
            if target.name == "timestamp with time zone":
                raise refusal
        if target == DATE:
            return f"CAST({plain} AS DATE)"
        return _rounded(f"CAST({plain} AS {duckdb(target)})", target, source.parameters[0])
    raise refusal


def _rounded(sql: str, target: Type, precision: int) -> str:
    """A time of `precision` digits of a second rounded to those of `target`."""
    digits = target.parameters[0]
    if digits >= precision:
        return sql
    unit = 10 ** (6 - digits)
    stamp = f"CAST(DATE '1970-01-01' + {sql} AS TIMESTAMP)" if target.name == "time" else sql
    rounded = f"make_timestamp(CAST(round(epoch_us({stamp}) / {unit}) AS BIGINT) * {unit})"
    return rounded if target.name == "timestamp" else f"CAST({rounded} AS {duckdb(target)})"
