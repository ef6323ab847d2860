"""Casts from and to JSON. A value of type json is held as its compact text."""

from __future__ import annotations

from localcloud.sql import json_text
from localcloud.sql import text as texts
from localcloud.sql.call import Typed
from localcloud.sql.coercions import INTEGERS, is_text, struct
from localcloud.sql.macros import failing, quoted
from localcloud.sql.model import QueryError
from localcloud.sql.types import BIGINT, BOOLEAN, DATE, DOUBLE, JSON, REAL, Type, duckdb


def to_json(value: Typed, refusal: QueryError) -> str:
    """CAST(value AS json)."""

    def other(sql: str, kind: Type) -> str:
        if kind == JSON:
            return sql
        if kind == DATE or kind.name.startswith("timestamp"):
            return f"'\"' || {texts.cast_to_varchar(sql, kind)} || '\"'"
        raise refusal

    if not _has_text_keys(value.type):
        raise refusal
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE {json_text.written(value.sql, value.type, other)} END)"


def _has_text_keys(kind: Type) -> bool:
    """Whether each map in the type has keys that are texts."""
    return (kind.name != "map" or is_text(kind.items[0])) and all(map(_has_text_keys, kind.items))


def from_json(sql: str, target: Type, refusal: QueryError) -> str:
    """CAST(json AS target): strict, fails where the value is of another kind; JSON's null is NULL."""
    return f"(CASE WHEN {sql} IS NULL OR {sql} = 'null' THEN NULL ELSE {_value(sql, target, refusal, 0)} END)"


def _value(sql: str, target: Type, refusal: QueryError, depth: int) -> str:
    item = f"v{depth}"
    kind = f"json_type({sql})"
    if target == JSON:
        return sql
    if target.name == "array":
        inner = _inside(item, target.items[0], refusal, depth)
        items = f"CAST(json_extract({sql}, '$[*]') AS VARCHAR[])"
        return _only(kind, ("ARRAY",), f"list_transform({items}, lambda {item}: {inner})", sql, target)
    if target.name == "map" and is_text(target.items[0]):
        inner = _inside(
            f"CAST(json_extract({sql}, '$.\"' || {item} || '\"') AS VARCHAR)", target.items[1], refusal, depth
        )
        keys = f"json_keys({sql})"
        values = f"list_transform({keys}, lambda {item}: {inner})"
        return _only(kind, ("OBJECT",), f"map({keys}, {values})", sql, target)
    if target.name == "row":

        def part(n: int) -> str:
            name, inner = target.fields[n], target.items[n]
            path = quoted(f'$."{name}"') if name else quoted(f"$[{n}]")
            at = f"CASE WHEN {kind} = 'ARRAY' THEN json_extract({sql}, '$[{n}]') ELSE json_extract({sql}, {path}) END"
            return _inside(f"CAST({at} AS VARCHAR)", inner, refusal, depth)

        whole = struct([part(n) for n in range(len(target.items))], target)
        return _only(kind, ("OBJECT", "ARRAY"), whole, sql, target)
    return _plain(sql, kind, target, refusal)


def _inside(sql: str, target: Type, refusal: QueryError, depth: int) -> str:
    return f"(CASE WHEN {sql} IS NULL OR {sql} = 'null' THEN NULL ELSE {_value(sql, target, refusal, depth + 1)} END)"


def _plain(sql: str, kind: str, target: Type, refusal: QueryError) -> str:
    scalars = ("VARCHAR", "BOOLEAN", "BIGINT", "UBIGINT", "DOUBLE", "HUGEINT")
    text = f"json_extract_string({sql}, '$')"
    if is_text(target):
        whole = f"left({text}, {target.parameters[0]})" if target.parameters else text
        return _only(kind, scalars, whole, sql, target)
    if target == BOOLEAN:
        value = (
            f"CASE lower({text}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE TRY_CAST({text} AS DOUBLE) <> 0 END"
        )
    elif target in INTEGERS or target == BIGINT:
        number = f"CASE {text} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
        rounded = f"round(TRY_CAST({number} AS DOUBLE))"
        whole = f"CASE WHEN regexp_full_match({number}, '-?\\d+') THEN {number} END"
        fraction = f"CASE WHEN {kind} = 'DOUBLE' THEN {rounded} END"
        value = f"coalesce(TRY_CAST({whole} AS {duckdb(target)}), TRY_CAST({fraction} AS {duckdb(target)}))"
    elif target in (DOUBLE, REAL) or target.name == "decimal":
        number = f"CASE {text} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
        value = f"TRY_CAST({number} AS {duckdb(target)})"
    elif target == DATE:
        value = f"TRY_CAST({text} AS DATE)"
    else:
        raise refusal
    return _only(kind, scalars, value, sql, target)


def _only(kind: str, kinds: tuple[str, ...], value: str, sql: str, target: Type) -> str:
    """The value, when the JSON value is of one of these kinds and it is not NULL; else an error."""
    wanted = ", ".join(quoted(name) for name in kinds)
    tried = f"CASE WHEN {kind} IN ({wanted}) THEN {value} END"
    message = f"('Cannot cast to {target}. ' || {sql})"
    return f"op_cast({tried}, {sql}, {failing('INVALID_CAST_ARGUMENT', message, target)})"
