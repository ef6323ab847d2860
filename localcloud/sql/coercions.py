"""Which type becomes which without a cast, as Trino's TypeCoercion has it.

Source: https://trino.io/docs/current/functions/conversion.html and Trino's class `TypeCoercion`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from localcloud.sql.call import Typed
from localcloud.sql.macros import identifier, quoted
from localcloud.sql.types import (
    BIGINT,
    DOUBLE,
    INTEGER,
    REAL,
    SMALLINT,
    TINYINT,
    UNKNOWN,
    VARCHAR,
    Type,
    decimal,
    duckdb,
)

INTEGERS = (TINYINT, SMALLINT, INTEGER, BIGINT)
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
APPROXIMATE = (REAL, DOUBLE)
_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")
_MOMENTS = ("date", "timestamp", "timestamp with time zone")
_TIMES = ("time", "time with time zone")


def is_number(kind: Type) -> bool:
    return kind.name in _NUMBERS


def is_distinct(kind: Type) -> bool:
    """Whether DuckDB tells values apart as Trino does: maps differ in their order there, JSON in its spelling."""
    return kind.name not in ("map", "json") and all(map(is_distinct, kind.items))


def is_text(kind: Type) -> bool:
    return kind.name in ("varchar", "char")


def instant(value: Typed) -> Typed:
    """A time with a zone as the moment alone, which is what comparing and subtracting look at."""
    if value.type.name != "timestamp with time zone":
        return value
    return Typed(value.sql, Type(value.type.name, value.type.parameters), value.literal)


def as_decimal(kind: Type) -> Type:
    """The decimal that holds every value of an integer type; a decimal is itself."""
    return kind if kind.name == "decimal" else decimal(DIGITS[kind.name], 0)


def common(left: Type, right: Type) -> Type | None:
    """The type that both become; None when there is none."""
    if left == right or right == UNKNOWN:
        return left
    if left == UNKNOWN:
        return right
    names = {left.name, right.name}
    if names <= set(_NUMBERS):
        return _common_number(left, right)
    if names <= {"varchar", "char"}:
        return _common_text(left, right)
    for family in (_MOMENTS, _TIMES):
        if names <= set(family):
            name = max(left.name, right.name, key=family.index)
            zones = {side.fields for side in (left, right) if side.name == name}
            # A zone belongs to the type here; Trino keeps it with the value, where two may meet in one column.
            return (
                Type(name, (max((*left.parameters, *right.parameters)),), fields=zones.pop())
                if len(zones) == 1
                else None
            )
    if left.name == right.name and len(left.items) == len(right.items) > 0:
        return _common_nested(left, right)
    return None


def _common_number(left: Type, right: Type) -> Type:
    if left in INTEGERS and right in INTEGERS:
        return max(left, right, key=INTEGERS.index)
    if DOUBLE in (left, right) or REAL in (left, right):
        return DOUBLE if DOUBLE in (left, right) else REAL
    (p1, s1), (p2, s2) = as_decimal(left).parameters, as_decimal(right).parameters
    scale = max(s1, s2)
    return decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)


def _common_text(left: Type, right: Type) -> Type:
    if not left.parameters or not right.parameters:
        return VARCHAR
    name = "char" if "char" in (left.name, right.name) else "varchar"
    return Type(name, (max(left.parameters[0], right.parameters[0]),))


def _common_nested(left: Type, right: Type) -> Type | None:
    items = [common(a, b) for a, b in zip(left.items, right.items, strict=True)]
    known = tuple(item for item in items if item is not None)
    if len(known) < len(items):
        return None
    fields = tuple(a if a == b else "" for a, b in zip(left.fields, right.fields, strict=True))
    return Type(left.name, items=known, fields=fields)


def common_of(kinds: Sequence[Type]) -> Type | None:
    """The type that all become; None when there is none."""
    found: Type | None = kinds[0]
    for kind in kinds[1:]:
        found = None if found is None else common(found, kind)
    return found


def becomes(source: Type, target: Type) -> bool:
    """Whether a value of `source` may stand where `target` is wanted. The names of a row's fields do not count."""
    if source in (target, UNKNOWN):
        return True
    if source.name == target.name == "row" and len(source.items) == len(target.items):
        return all(becomes(a, b) for a, b in zip(source.items, target.items, strict=True))
    if source.name == target.name == "char":
        return source.parameters[0] <= target.parameters[0]
    return common(source, target) == target


def convert(sql: str, source: Type, target: Type, leaf: Callable[[str, Type, Type], str], depth: int = 0) -> str:
    """DuckDB SQL of an array, a map or a row whose parts are each converted by `leaf`; of anything else, `leaf`."""
    if source == target:
        return sql

    def part(inner: str, position: int) -> str:
        return convert(inner, source.items[position], target.items[position], leaf, depth + 1)

    if source.name == target.name == "array":
        return f"list_transform({sql}, lambda e{depth}: {part(f'e{depth}', 0)})"
    if source.name == target.name == "map":
        keys = f"list_transform(map_keys({sql}), lambda e{depth}: {part(f'e{depth}', 0)})"
        values = f"list_transform(map_values({sql}), lambda e{depth}: {part(f'e{depth}', 1)})"
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE map({keys}, {values}) END"
    if source.name == target.name == "row":
        parts = [part(field(sql, source, position), position) for position in range(len(source.items))]
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE {struct(parts, target)} END"
    return leaf(sql, source, target)


def field(sql: str, kind: Type, position: int) -> str:
    """A row's field in DuckDB."""
    return f"struct_extract({sql}, {quoted(kind.fields[position] or f'field{position}')})"


def struct(parts: Sequence[str], kind: Type) -> str:
    """A row in DuckDB, of the SQL of its fields."""
    names = (identifier(name or f"field{position}") for position, name in enumerate(kind.fields))
    return f"struct_pack({', '.join(f'{name} := {part}' for name, part in zip(names, parts, strict=True))})"


def coerce(value: Typed, target: Type) -> Typed:
    """The value as `target`, which it becomes without a cast (`becomes`)."""
    if value.type == target:
        return value
    if value.type == UNKNOWN:
        return Typed(f"CAST({value.sql} AS {duckdb(target)})", target)
    return Typed(convert(value.sql, value.type, target, _leaf), target, value.literal)


def _leaf(sql: str, source: Type, target: Type) -> str:
    if target.name == "char":
        length = target.parameters[0]
        return f"rpad({sql}, {length}, ' ')"
    if is_text(target) or duckdb(source) == duckdb(target):
        return sql
    return f"CAST({sql} AS {duckdb(target)})"
