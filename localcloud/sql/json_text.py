"""A value as JSON text: what CAST AS json makes, and what data files in JSON hold."""

from __future__ import annotations

import json
from collections.abc import Callable

from localcloud.sql.coercions import field, is_text
from localcloud.sql.macros import quoted
from localcloud.sql.text import cast_to_varchar
from localcloud.sql.types import BOOLEAN, DOUBLE, REAL, UNKNOWN, Type


def written(sql: str, kind: Type, other: Callable[[str, Type], str], depth: int = 0) -> str:
    """A DuckDB expression: the JSON text of a value inside another, where NULL is `null`.

    Args:
        other: writes the types that JSON has no form of its own for.
    """
    item = f"j{depth}"
    if kind == UNKNOWN:
        return "'null'"
    if kind.name == "array":
        inner = written(item, kind.items[0], other, depth + 1)
        text = f"'[' || array_to_string(list_transform({sql}, lambda {item}: {inner}), ',') || ']'"
    elif kind.name == "map":
        inner = written(f"{item}.value", kind.items[1], other, depth + 1)
        pair = f"{_key(f'{item}.key', kind.items[0], other)} || ':' || {inner}"
        entries = f"list_sort(map_entries({sql}))"
        text = f"'{{' || array_to_string(list_transform({entries}, lambda {item}: {pair}), ',') || '}}'"
    elif kind.name == "row":
        parts = [
            f"{name(key)} || {written(field(sql, kind, n), inner, other, depth + 1)}"
            for n, (key, inner) in enumerate(zip(kind.fields, kind.items, strict=True))
        ]
        text = "'{' || " + " || ',' || ".join(parts) + " || '}'"
    elif kind == BOOLEAN or kind.name in ("tinyint", "smallint", "integer", "bigint", "decimal"):
        text = f"CAST({sql} AS VARCHAR)"
    elif is_text(kind):
        text = f"CAST(to_json({sql}) AS VARCHAR)"
    elif kind in (DOUBLE, REAL):  # a file's NaN is a text: JSON has no such number
        number = cast_to_varchar(sql, kind)
        text = f"CASE WHEN isfinite({sql}) THEN {number} ELSE '\"' || {number} || '\"' END"
    else:
        text = other(sql, kind)
    return f"coalesce({text}, 'null')"


def _key(sql: str, kind: Type, other: Callable[[str, Type], str]) -> str:
    text = written(sql, kind, other)
    return text if is_text(kind) else f"'\"' || trim({text}, '\"') || '\"'"


def name(key: str) -> str:
    """The name of a field before its value, as a DuckDB literal."""
    return quoted(json.dumps(key, ensure_ascii=False) + ":")
