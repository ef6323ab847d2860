"""Formats that carry their schema: Parquet in its footer, Avro in its header."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from localcloud.services.crawling.sample import Sample, Unknown
from localcloud.services.crawling.schema import Array, Columns, Map, Schema, Struct, Type

# DuckDB's type of a Parquet column, and Hive's that holds it: an unsigned integer needs the next wider one.
_HIVE = {
    **{"BOOLEAN": "boolean", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint"},
    **{
        "UTINYINT": "smallint",
        "USMALLINT": "int",
        "UINTEGER": "bigint",
        "UBIGINT": "bigint",
        "HUGEINT": "decimal(38,0)",
    },
    **{"FLOAT": "float", "DOUBLE": "double", "DATE": "date", "BLOB": "binary", "UUID": "binary", "TIME": "bigint"},
    **{"VARCHAR": "string", "JSON": "string", "INTERVAL": "binary"},
}
_AVRO = {
    **{"boolean": "boolean", "int": "int", "long": "bigint", "float": "float", "double": "double"},
    **{"bytes": "binary", "fixed": "binary", "string": "string", "enum": "string", "null": ""},
}
_AVRO_LOGICAL = {"date": "date", "timestamp-millis": "timestamp", "timestamp-micros": "timestamp"}


def parquet(sample: Sample, scratch: Path) -> Schema:
    """The schema in a Parquet file's footer. Only that is fetched: DuckDB gets a sparse file with the footer in it.

    Raises:
        Unknown: there is no footer, or it cannot be read.
    """
    import duckdb  # 25 MB of the server's memory, needed only when a crawler meets Parquet

    if sample.size < 12:
        raise Unknown("it begins as Parquet and is cut short")
    end = sample.start[-8:] if sample.complete else sample.range(sample.size - 8, sample.size - 1)
    length = struct.unpack("<I", end[:4])[0] + 8
    if end[4:] != b"PAR1" or length > sample.size - 4:
        raise Unknown("it begins as Parquet and has no footer: it is cut short")
    footer = sample.start[-length:] if sample.complete else sample.range(sample.size - length, sample.size - 1)
    try:
        with scratch.open("wb") as file:
            file.write(b"PAR1")
            file.seek(sample.size - length)
            file.write(footer)
        with duckdb.connect() as db:
            db.execute("SET threads = 1; SET memory_limit = '512MB'")
            relation = db.read_parquet(str(scratch))
            columns = zip(relation.columns, relation.types, strict=True)
            found = [(name.lower(), hive_type(kind)) for name, kind in columns]
            count = db.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(scratch)]).fetchone()
    except duckdb.Error as error:
        raise Unknown(f"it begins as Parquet, and its footer cannot be read: {_reason(error, scratch)}") from None
    finally:
        scratch.unlink(missing_ok=True)
    rows = int(count[0]) if count else 0
    columns_, notes = _once(found)
    return Schema("parquet", columns_, records=rows, record_bytes=round(sample.size / max(rows, 1)), notes=notes)


def _reason(error: Exception, scratch: Path) -> str:
    return str(error).splitlines()[0].replace(str(scratch), "the file")


def _once(columns: list[tuple[str, Type]]) -> tuple[Columns, tuple[str, ...]]:
    """The first of columns that differ in capitals only; the catalog holds a name once."""
    once = dict(reversed(columns))
    names = [name for name, _ in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    notes = tuple(f"two columns are called {name!r} when capitals do not count: the first is taken" for name in twice)
    return tuple((name, once[name]) for name in dict(columns)), notes


def hive_type(kind: Any) -> Type:
    """DuckDB's type of a Parquet column in the catalog's (Hive's) words, nested types too."""
    if kind.id in ("list", "array"):
        return Array(hive_type(kind.children[0][1]))
    if kind.id == "struct":
        return Struct(tuple((name.lower(), hive_type(child)) for name, child in kind.children))
    if kind.id == "map":
        return Map(*(hive_type(child) for _, child in kind.children))
    text = str(kind)
    if text.startswith("DECIMAL"):
        return text.lower()
    return _HIVE.get(text, "timestamp" if text.startswith("TIMESTAMP") else "string")


def avro(sample: Sample) -> Schema:
    """The schema in the header of an Avro object container file.

    Raises:
        Unknown: the header is damaged.
    """
    try:
        literal = _avro_header(sample.start)
        schema = json.loads(literal)
        kind = _avro_type(schema)
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise Unknown("it begins as Avro, and its header cannot be read") from None
    columns = kind.members if isinstance(kind, Struct) else (("value", kind),)
    return Schema("avro", columns, literal=literal)


def _avro_header(data: bytes) -> str:
    """The value of avro.schema in the map that follows the magic bytes."""
    position = 4

    def number() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)

    def chunk() -> bytes:
        nonlocal position
        size = number()
        position += size
        return data[position - size : position]

    while count := number():
        if count < 0:  # a block that tells its size, too
            number()
        for _ in range(abs(count)):
            name, value = chunk(), chunk()
            if name == b"avro.schema":
                return value.decode()
    raise ValueError("no schema")


def _avro_type(schema: Any) -> Type:
    if isinstance(schema, list):
        kinds = [kind for kind in map(_avro_type, schema) if kind]
        return kinds[0] if len(kinds) == 1 else "string"
    if isinstance(schema, str):
        return _AVRO[schema]
    logical = schema.get("logicalType", "")
    if logical == "decimal":
        return f"decimal({schema['precision']},{schema.get('scale', 0)})"
    if logical in _AVRO_LOGICAL:
        return _AVRO_LOGICAL[logical]
    kind = schema["type"]
    if kind == "record":
        members = {field["name"].lower(): _avro_type(field["type"]) for field in schema["fields"]}
        return Struct(tuple(members.items()))
    if kind == "array":
        return Array(_avro_type(schema["items"]))
    if kind == "map":
        return Map("string", _avro_type(schema["values"]))
    return _avro_type(kind)
