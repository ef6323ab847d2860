"""Trino's operators on typed operands: which type they give, and the DuckDB SQL that gives exactly Trino's value.

Source: https://trino.io/docs/current/functions/decimal.html, datetime.html, comparison.html, conditional.html
"""

from __future__ import annotations

from localcloud.sql.call import Typed
from localcloud.sql.coercions import (
    APPROXIMATE,
    INTEGERS,
    as_decimal,
    coerce,
    common,
    field,
    instant,
    is_number,
    is_text,
)
from localcloud.sql.macros import failing, once, quoted
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.types import (
    BOOLEAN,
    DATE,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    JSON,
    UNKNOWN,
    VARCHAR,
    Type,
    decimal,
    duckdb,
)

INVALID = "INVALID_FUNCTION_ARGUMENT"
INTERVALS = (INTERVAL_DAY, INTERVAL_YEAR)


def mismatch(operator: str, left: Type, right: Type, position: str) -> QueryError:
    return QueryError("TYPE_MISMATCH", f"{position}: Cannot apply operator: {left} {operator} {right}")


def arithmetic(operator: str, left: Typed, right: Typed, position: str) -> Typed:
    """`left + right` and so on.

    Raises:
        QueryError: TYPE_MISMATCH for operands that have no such operator.
    """
    if operator == "||":
        return concatenation(left, right, position)
    if left.type == UNKNOWN and right.type == UNKNOWN:
        raise mismatch(operator, left.type, right.type, position)
    if left.type == UNKNOWN and is_number(right.type):
        left = coerce(left, right.type)
    if right.type == UNKNOWN and is_number(left.type):
        right = coerce(right, left.type)
    kind = common(left.type, right.type)
    if kind is None or not is_number(left.type) or not is_number(right.type):
        return _temporal(operator, left, right, position)
    if kind.name == "decimal":
        return _decimal(operator, _to_decimal(left), _to_decimal(right), position)
    sign = "//" if operator == "/" and kind in INTEGERS else operator
    return Typed(f"({coerce(left, kind).sql} {sign} {coerce(right, kind).sql})", kind)


def _to_decimal(value: Typed) -> Typed:
    return coerce(value, as_decimal(value.type))


def _decimal(operator: str, left: Typed, right: Typed, position: str) -> Typed:
    (p1, s1), (p2, s2) = left.type.parameters, right.type.parameters
    scale = max(s1, s2)
    if operator == "*":
        if s1 + s2 > 38:
            message = f"{position}: DECIMAL scale must be in range [0, precision (38)]: {s1 + s2}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        return _of_type(f"{_roomy(left, p2)} * {right.sql}", decimal(min(38, p1 + p2), s1 + s2))
    if operator == "/":
        kind = decimal(min(38, p1 + s2 + max(s2 - s1, 0)), scale)
        shift = scale + s2 - s1
        holder, digits = ("BIGINT", 18) if max(p1 + shift, p2) <= 18 else ("HUGEINT", 38)
        dividend = _unscaled(left, holder) + (f" * CAST('1{'0' * shift}' AS {holder})" if shift else "")
        quotient = f"CAST(op_divide({dividend}, {_unscaled(right, holder)}) AS DECIMAL({digits}, 0))"
        if scale:
            quotient += f" * CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale}, {scale}))"
        return _of_type(quotient, kind)
    whole = max(p1 - s1, p2 - s2)
    both = decimal(min(38, whole + scale), scale)
    if operator == "%":
        kind = decimal(min(p1 - s1, p2 - s2) + scale or 1, scale)
    else:
        kind = both = decimal(min(38, whole + scale + 1), scale)
    return _of_type(f"{_of_type(left.sql, both).sql} {operator} {_of_type(right.sql, both).sql}", kind)


def _unscaled(value: Typed, holder: str) -> str:
    """A decimal without its point, as a whole number of DuckDB's type."""
    precision, scale = value.type.parameters
    if precision + scale + 1 > 38:
        return f"CAST(op_unscaled({value.sql}) AS {holder})"
    return f"CAST({_roomy(value, scale + 1)} * CAST(1{'0' * scale} AS DECIMAL({scale + 1}, 0)) AS {holder})"


def _roomy(value: Typed, digits: int) -> str:
    """A decimal to be multiplied by one of so many digits: DuckDB multiplies two of at most 18 digits within 18."""
    precision, scale = value.type.parameters
    narrow = max(precision, digits) <= 18 < precision + digits
    return f"CAST({value.sql} AS DECIMAL(19, {scale}))" if narrow else value.sql


def _of_type(sql: str, kind: Type) -> Typed:
    return Typed(f"CAST({sql} AS {duckdb(kind)})", kind)


def _temporal(operator: str, left: Typed, right: Typed, position: str) -> Typed:
    """Dates, times and intervals."""
    a, b = left.type, right.type
    if operator == "+" and a in INTERVALS and b not in INTERVALS:
        left, right, a, b = right, left, b, a
    if operator in "+-" and a in INTERVALS and a == b:
        return Typed(f"({left.sql} {operator} {right.sql})", a)
    if operator in "+-" and b in INTERVALS:
        if a == DATE:
            added = right.sql if operator == "+" else f"(-{right.sql})"
            failed = failing(INVALID, "'Cannot add hour, minutes or seconds to a date'", DATE)
            return Typed(f"op_add_to_date({left.sql}, {added}, {failed})", DATE)
        if a.name.startswith("timestamp") or (a.name == "time" and b == INTERVAL_DAY):
            if a.fields and b == INTERVAL_YEAR:
                raise NotOffered(f"{position}: months added in the zone {a.fields[0]}; add them in UTC")
            precise = Type(a.name, (max(3, a.parameters[0]),), fields=a.fields) if b == INTERVAL_DAY else a
            return Typed(f"({left.sql} {operator} {right.sql})", precise)
    left, right = instant(left), instant(right)
    if (
        operator == "-"
        and (kind := common(left.type, right.type))
        and kind.name in ("date", "timestamp", "timestamp with time zone")
    ):
        if kind == DATE and UNKNOWN not in (a, b):
            return Typed(f"to_days(CAST({left.sql} - {right.sql} AS INTEGER))", INTERVAL_DAY)
        return Typed(f"({coerce(left, kind).sql} - {coerce(right, kind).sql})", INTERVAL_DAY)
    if operator == "*" and b in INTERVALS:
        left, right, a, b = right, left, b, a
    if operator in "*/" and a in INTERVALS and is_number(b):
        return _scaled(operator, left, right, position)
    raise mismatch(operator, left.type, right.type, position)


def _scaled(operator: str, interval: Typed, number: Typed, position: str) -> Typed:
    """An interval times or by a number: whole milliseconds, or whole months."""
    if interval.type == INTERVAL_DAY:
        factor = f"CAST({number.sql} AS DOUBLE)"
        if number.type in INTEGERS and operator == "*":
            return Typed(f"to_microseconds(epoch_us({interval.sql}) * {number.sql})", INTERVAL_DAY)
        milliseconds = f"round(epoch_us({interval.sql}) / 1000 {operator} {factor})"
        return Typed(f"to_microseconds(CAST({milliseconds} AS BIGINT) * 1000)", INTERVAL_DAY)
    if number.type in INTEGERS and operator == "*":
        return Typed(f"({interval.sql} * CAST({number.sql} AS INTEGER))", INTERVAL_YEAR)
    raise NotOffered(f"{position}: an interval of months {operator} {number.type}")


def negative(value: Typed, position: str) -> Typed:
    """`-value`."""
    if value.type in INTEGERS:
        return Typed(f"(CAST(0 AS {duckdb(value.type)}) - {value.sql})", value.type)
    if is_number(value.type) or value.type in INTERVALS:
        return Typed(f"(-{value.sql})", value.type)
    raise QueryError("TYPE_MISMATCH", f"{position}: Cannot negate {value.type}")


def concatenation(left: Typed, right: Typed, position: str) -> Typed:
    """`||` of texts, of binary values, of arrays, of an array and an element."""
    a, b = left.type, right.type
    if UNKNOWN in (a, b) and (a == b or "array" in (a.name, b.name)):
        raise NotOffered(f"{position}: {a} || {b}; CAST the NULL to the type that it stands for")
    if (is_text(a) or a == UNKNOWN) and (is_text(b) or b == UNKNOWN):
        kind = Type("char", (a.parameters[0] + b.parameters[0],)) if a.name == b.name == "char" else VARCHAR
        texts = [f"CAST({part.sql} AS VARCHAR)" if part.type == UNKNOWN else part.sql for part in (left, right)]
        return Typed(f"({texts[0]} || {texts[1]})", kind)
    if {a.name, b.name} <= {"varbinary", "unknown"}:
        return Typed(f"(CAST({left.sql} AS BLOB) || CAST({right.sql} AS BLOB))", a if b == UNKNOWN else b)
    if a.name == b.name == "array" and (kind_or_none := common(a, b)):
        return _joined(coerce(left, kind_or_none), coerce(right, kind_or_none), kind_or_none)
    if a.name == "array" and (item := common(a.items[0], b)):
        kind = Type("array", items=(item,))
        return _joined(coerce(left, kind), Typed(f"[{coerce(right, item).sql}]", kind), kind)
    if b.name == "array" and (item := common(a, b.items[0])):
        kind = Type("array", items=(item,))
        return _joined(Typed(f"[{coerce(left, item).sql}]", kind), coerce(right, kind), kind)
    raise mismatch("||", a, b, position)


def _joined(left: Typed, right: Typed, kind: Type) -> Typed:
    """DuckDB's list_concat takes a NULL for an empty list; in Trino it makes the whole NULL."""
    both = (
        f"CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE list_concat({left.sql}, {right.sql}) END"
    )
    return Typed(f"({both})", kind)


# Trino has no operators > and >=: it asks for < and <= , and its errors say so.
_ASKED = {"<>": "=", ">": "<", ">=": "<="}


def comparison(operator: str, left: Typed, right: Typed, position: str) -> Typed:
    """`left = right` and so on, and IS DISTINCT FROM.

    Raises:
        QueryError: TYPE_MISMATCH for types that have no common one or no such order.
    """
    left, right = instant(left), instant(right)
    kind = common(left.type, right.type)
    if kind is None:
        raise mismatch(_ASKED.get(operator, operator), left.type, right.type, position)
    if operator not in ("=", "<>", "IS DISTINCT FROM") and kind.name in ("map", "json"):
        raise mismatch(_ASKED.get(operator, operator), left.type, right.type, position)
    left, right = coerce(left, kind), coerce(right, kind)
    if operator == "IS DISTINCT FROM":
        if kind == JSON:
            raise NotOffered(f"{position}: comparing values of type json; cast them first")
        return Typed(f"({left.sql} IS DISTINCT FROM {right.sql})", BOOLEAN)
    if kind in APPROXIMATE:
        return Typed(_with_nan(operator, left, right), BOOLEAN)
    if kind.items or kind == JSON:
        return Typed(_nested(operator, left, right, kind, position), BOOLEAN)
    return Typed(f"({left.sql} {operator} {right.sql})", BOOLEAN)


def _with_nan(operator: str, left: Typed, right: Typed) -> str:
    """A literal is never NaN: then a plain comparison does, which DuckDB can look up in a file's statistics."""
    a, b = left.sql, right.sql
    if operator in ("=", "<>"):
        equal = f"({a} = {b})" if left.literal is not None or right.literal is not None else f"(op_eq({a}, {b}))"
        return equal if operator == "=" else f"(NOT {equal})"
    if operator in (">", ">="):
        operator, a, b, left, right = operator.replace(">", "<"), b, a, right, left
    if right.literal is not None:
        return f"({a} {operator} {b})"
    return f"({'op_lt' if operator == '<' else 'op_le'}({a}, {b}))"


def _nested(operator: str, left: Typed, right: Typed, kind: Type, position: str) -> str:
    """Equality of rows and arrays: a NULL inside leaves it open, where DuckDB takes two NULLs for equal."""
    if operator not in ("=", "<>") or kind.name not in ("row", "array"):
        raise NotOffered(f"{position}: {operator} on values of type {kind}")
    if kind.name == "row":
        parts = [
            comparison("=", Typed(field(left.sql, kind, n), item), Typed(field(right.sql, kind, n), item), position).sql
            for n, item in enumerate(kind.items)
        ]
        whole = f"({' AND '.join(parts)})"
        equal = f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE {whole} END)"
    elif kind.items[0].items or kind.items[0] in (*APPROXIMATE, JSON):
        raise NotOffered(f"{position}: {operator} on values of type {kind}")
    else:
        equal = f"(op_array_eq({left.sql}, {right.sql}))"
    return equal if operator == "=" else f"(NOT {equal})"


def like(operand: Typed, pattern: Typed, escape: Typed | None, position: str) -> Typed:
    """LIKE: without ESCAPE, no character escapes.

    Raises:
        QueryError: TYPE_MISMATCH for what is no text; INVALID_FUNCTION_ARGUMENT for a wrong escape.
    """
    for side, value in (("Left side of LIKE expression", operand), ("Pattern for LIKE expression", pattern)):
        if not is_text(value.type) and value.type != UNKNOWN:
            message = f"{position}: {side} must evaluate to a varchar (actual: {value.type})"
            raise QueryError("TYPE_MISMATCH", message)
    text, wanted = (
        f"CAST({value.sql} AS VARCHAR)" if value.type == UNKNOWN else value.sql for value in (operand, pattern)
    )
    if escape is None:
        return Typed(f"({text} LIKE {wanted})", BOOLEAN)
    if not isinstance(escape.literal, str) or not isinstance(pattern.literal, str):
        raise NotOffered(f"{position}: LIKE with ESCAPE where the pattern or the escape is no literal")
    _check_escapes(pattern.literal, escape.literal)
    return Typed(f"({text} LIKE {wanted} ESCAPE {quoted(escape.literal)})", BOOLEAN)


def _check_escapes(pattern: str, escape: str) -> None:
    if len(escape) != 1:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character")
    rest = pattern
    while escape in rest:
        rest = rest[rest.index(escape) + 1 :]
        if not rest or rest[0] not in f"%_{escape}":
            message = "Escape character must be followed by '%', '_' or the escape character itself"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        rest = rest[1:]


def subscript(base: Typed, index: Typed, position: str) -> Typed:
    """`array[i]` from 1, `map[key]`, `row[i]`; what is not there is an error."""
    kind = base.type
    if kind.name == "array" and index.type in INTEGERS:
        if "SELECT" in index.sql:  # no lambda may have a subquery in it
            return Typed(f"op_element({base.sql}, {index.sql})", kind.items[0])
        return Typed(once(base.sql, lambda sql: f"op_element({sql}, {index.sql})"), kind.items[0])
    if kind.name == "map" and common(index.type, kind.items[0]) == kind.items[0]:
        key = coerce(index, kind.items[0]).sql
        failed = failing(INVALID, f"'Key not present in map: ' || CAST({key} AS VARCHAR)", kind.items[1])
        return Typed(f"op_map_value({base.sql}, {key}, {failed})", kind.items[1])
    if kind.name == "row":
        if not isinstance(index.literal, int):
            raise QueryError("TYPE_MISMATCH", f"{position}: Subscript expression on ROW requires a constant index")
        if not 1 <= index.literal <= len(kind.items):
            message = f"{position}: Invalid subscript index: {index.literal}. ROW indices start at 1"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        return Typed(field(base.sql, kind, index.literal - 1), kind.items[index.literal - 1])
    raise QueryError("TYPE_MISMATCH", f"{position}: Cannot use {index.type} for subscript of {kind}")
