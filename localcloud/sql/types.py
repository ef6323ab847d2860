"""Trino's types: as text, from Hive's spelling in the catalog, and as DuckDB holds them.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html, https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    """A Trino type. `parameters` are a length, or precision and scale; `items` types inside; `fields` a row's names.

    A `varchar` without a parameter is unbounded. A row's field without a name is "". `unknown` is the type of NULL.
    """

    name: str
    parameters: tuple[int, ...] = ()
    items: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            inside = ", ".join(f"{field} {item}".strip() for field, item in zip(self.fields, self.items, strict=True))
            return f"row({inside})"
        if self.name.startswith(("timestamp", "time")) and self.parameters:
            kind, _, zone = self.name.partition(" ")
            return f"{kind}({self.parameters[0]})" + (f" {zone}" if zone else "")
        if self.items:
            return f"{self.name}({', '.join(map(str, self.items))})"
        if self.parameters:
            return f"{self.name}({','.join(map(str, self.parameters))})"
        return self.name


BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT = map(Type, ("boolean", "tinyint", "smallint", "integer", "bigint"))
REAL, DOUBLE, VARCHAR, VARBINARY, DATE, JSON = map(Type, ("real", "double", "varchar", "varbinary", "date", "json"))
UNKNOWN = Type("unknown")
TIME, TIMESTAMP = Type("time", (3,)), Type("timestamp", (3,))
TIMESTAMP_TZ = Type("timestamp with time zone", (3,))
INTERVAL_DAY, INTERVAL_YEAR = Type("interval day to second"), Type("interval year to month")


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def array(item: Type) -> Type:
    return Type("array", items=(item,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", items=(key, value))


def row(*fields: tuple[str, Type]) -> Type:
    return Type("row", items=tuple(kind for _, kind in fields), fields=tuple(name for name, _ in fields))


_SIMPLE = {
    **{"boolean": BOOLEAN, "tinyint": TINYINT, "smallint": SMALLINT, "int": INTEGER, "integer": INTEGER},
    **{"bigint": BIGINT, "real": REAL, "float": REAL, "double": DOUBLE, "double precision": DOUBLE},
    **{"string": VARCHAR, "varchar": VARCHAR, "binary": VARBINARY, "varbinary": VARBINARY, "date": DATE},
    **{
        "json": JSON,
        "uuid": Type("uuid"),
        "ipaddress": Type("ipaddress"),
        "unknown": UNKNOWN,
        "char": Type("char", (1,)),
    },
    **{"time": TIME, "timestamp": TIMESTAMP, "time with time zone": Type("time with time zone", (3,))},
    **{"timestamp with time zone": TIMESTAMP_TZ, "decimal": decimal(38, 0), "numeric": decimal(38, 0)},
    **{"interval day to second": INTERVAL_DAY, "interval year to month": INTERVAL_YEAR},
}
_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[^\s<>(),:"]+|[<>(),:])')


def parse(text: str) -> Type:
    """Read a type in Trino's spelling (`array(row(a bigint))`) or Hive's (`array<struct<a:bigint>>`).

    Raises:
        ValueError: no such type.
    """
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text) and '"' not in text:
        raise ValueError(f"Unknown type: {text}")
    kind, rest = _parse(tokens)
    if rest:
        raise ValueError(f"Unknown type: {text}")
    return kind


def _parse(tokens: list[str]) -> tuple[Type, list[str]]:
    words: list[str] = []
    while tokens and tokens[0] not in "<>(),:":
        words.append(tokens[0].lower())
        tokens = tokens[1:]
    name, inside = " ".join(words), list[list[str]]()
    if tokens and tokens[0] in "<(":
        inside, tokens = _bracket(tokens)
        while tokens and tokens[0] not in "<>(),:":  # timestamp(3) with time zone
            name += f" {tokens[0].lower()}"
            tokens = tokens[1:]
    if not inside:
        if name not in _SIMPLE:
            raise ValueError(f"Unknown type: {name}")
        return _SIMPLE[name], tokens
    if name in ("array", "map"):
        items = tuple(_whole(part) for part in inside)
        if len(items) != (1 if name == "array" else 2):
            raise ValueError(f"Unknown type: {name} of {len(items)}")
        return Type(name, items=items), tokens
    if name in ("row", "struct"):
        return row(*(_field(part, hive=name == "struct") for part in inside)), tokens
    if name not in _SIMPLE and name not in ("decimal", "char"):
        raise ValueError(f"Unknown type: {name}")
    parameters = tuple(int("".join(part)) for part in inside)
    if name in ("decimal", "numeric"):
        return decimal(parameters[0], parameters[1] if len(parameters) > 1 else 0), tokens
    return Type(name, parameters), tokens


def _bracket(tokens: list[str]) -> tuple[list[list[str]], list[str]]:
    """Split what stands in brackets by its own commas; return the parts and what follows the bracket."""
    parts: list[list[str]] = [[]]
    depth = 0
    for position, token in enumerate(tokens):
        if token in "<(":
            depth += 1
            if depth == 1:
                continue
        elif token in ">)":
            depth -= 1
            if depth == 0:
                return parts, tokens[position + 1 :]
        elif token == "," and depth == 1:
            parts.append([])
            continue
        parts[-1].append(token)
    raise ValueError("Unknown type: a bracket is not closed")


def _whole(tokens: list[str]) -> Type:
    kind, rest = _parse(tokens)
    if rest:
        raise ValueError(f"Unknown type: {' '.join(tokens)}")
    return kind


def _field(tokens: list[str], hive: bool) -> tuple[str, Type]:
    if hive:
        if len(tokens) < 3 or tokens[1] != ":":
            raise ValueError(f"Unknown type: struct field {' '.join(tokens)}")
        return tokens[0].strip('"').lower(), _whole(tokens[2:])
    try:
        return "", _whole(tokens)
    except ValueError:
        return tokens[0].strip('"').lower(), _whole(tokens[1:])


_DUCKDB = {
    **{"varbinary": "BLOB", "real": "FLOAT", "unknown": "INTEGER", "ipaddress": "VARCHAR", "char": "VARCHAR"},
    **{"json": "VARCHAR", "timestamp with time zone": "TIMESTAMPTZ", "time with time zone": "TIMETZ"},
    **{"interval day to second": "INTERVAL", "interval year to month": "INTERVAL"},
}


def duckdb(kind: Type) -> str:
    """DuckDB's type that holds it; JSON is held as its text, an unnamed field of a row as `field0`, `field1`, …"""
    if kind.name == "array":
        return duckdb(kind.items[0]) + "[]"
    if kind.name == "map":
        return f"MAP({duckdb(kind.items[0])}, {duckdb(kind.items[1])})"
    if kind.name == "row":
        named = (
            '"' + (field or f"field{position}").replace('"', '""') + f'" {duckdb(item)}'
            for position, (field, item) in enumerate(zip(kind.fields, kind.items, strict=True))
        )
        return f"STRUCT({', '.join(named)})"
    if kind.name == "decimal":
        return f"DECIMAL({kind.parameters[0]}, {kind.parameters[1]})"
    return _DUCKDB.get(kind.name, kind.name.upper())


def hive(kind: Type) -> str:
    """As the catalog writes it.

    Raises:
        ValueError: a type that no table can hold, such as `time` or `interval day to second`.
    """
    if kind.name == "array":
        return f"array<{hive(kind.items[0])}>"
    if kind.name == "map":
        return f"map<{hive(kind.items[0])},{hive(kind.items[1])}>"
    if kind.name == "row":
        fields = zip(kind.fields, kind.items, strict=True)
        return (
            "struct<" + ",".join(f"{name or f'field{n}'}:{hive(item)}" for n, (name, item) in enumerate(fields)) + ">"
        )
    if kind.name == "varchar":
        return f"varchar({kind.parameters[0]})" if kind.parameters else "string"
    if kind.name == "timestamp":
        return "timestamp"
    simple = {"integer": "int", "real": "float", "varbinary": "binary"}
    if kind.name in ("boolean", "tinyint", "smallint", "bigint", "double", "date", "decimal", "char", *simple):
        return simple.get(kind.name) or str(kind)
    raise ValueError(f"Unsupported Hive type: {kind}")
