"""Parquet files: each file's own schema against the table's columns, and the column chunks that a query reads.

Columns are found by name (in any case) or by position, missing ones are NULL, and a type that Athena does not take for
the declared one is HIVE_BAD_DATA. Source: Athena's "Handle schema updates", Presto's check of Parquet field types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.readers.definition import Field, Format
from localcloud.sql.readers.leaves import failing, quoted
from localcloud.sql.task import File
from localcloud.sql.types import Type, hive
from localcloud.sql.types import duckdb as duckdb_type


@dataclass(frozen=True)
class Node:
    """A node of a file's schema. `held` is DuckDB's type of a leaf, `leaves` the numbers of the column chunks below."""

    name: str
    physical: str
    held: str
    unit: str
    repeated: bool
    annotation: str
    children: tuple[Node, ...] = ()
    leaves: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Group:
    """Files that are read alike. `columns` maps the fields' names to SQL; `files` are numbers in the list given."""

    files: tuple[int, ...]
    columns: dict[str, str]


def groups(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[File], form: Format
) -> tuple[list[Group], int]:
    """How to read the files that lie at `paths`, and the bytes of the column chunks that are read.

    Raises:
        QueryError: HIVE_BAD_DATA, HIVE_CANNOT_OPEN_SPLIT.
    """
    for file in files:
        _check(file)
    found: dict[tuple[Node | None, ...], list[int]] = {}
    chunks: dict[str, set[int]] = {}
    for number, schema in enumerate(_all_schemas(connection, paths, files)):
        nodes = tuple(_find(schema, column, form, files[number]) for column in form.fields)
        found.setdefault(nodes, []).append(number)
        chunks[paths[number]] = {leaf for node in nodes if node for leaf in node.leaves}
    made = []
    for nodes, numbers in found.items():
        uri = files[numbers[0]].uri
        made.append(
            Group(
                tuple(numbers),
                {column.name: _column(node, column, uri) for column, node in zip(form.fields, nodes, strict=True)},
            )
        )
    return made, _scanned(connection, paths, chunks)


def _check(file: File) -> None:
    try:
        with open(file.path, "rb") as stream:
            start = stream.read(4)
            stream.seek(max(file.size - 4, 0))
            end = stream.read(4)
    except FileNotFoundError as error:
        raise QueryError("HIVE_CANNOT_OPEN_SPLIT", f"{file.uri} does not exist any more") from error
    if start == b"PARE":
        raise NotOffered(f"encrypted Parquet files ({file.uri})")
    if start != b"PAR1" or end != b"PAR1" or file.size < 12:
        raise QueryError(
            "HIVE_BAD_DATA",
            f"Not valid Parquet file: {file.uri} expected magic number: PAR1 got: {end.decode('latin-1')!r}",
        )


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def _all_schemas(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[File]
) -> list[tuple[Node, ...]]:
    try:
        return _schemas(connection, paths)
    except duckdb.Error:
        for path, file in zip(paths, files, strict=True):  # which one it is
            try:
                _schemas(connection, [path])
            except duckdb.Error as error:
                message = f"Malformed Parquet file: {file.uri}: its footer cannot be read"
                raise QueryError("HIVE_BAD_DATA", message) from error
        raise


def _schemas(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[tuple[Node, ...]]:
    """The top-level nodes of each file, in the order of `paths`."""
    if not paths:
        return []
    query = (
        "SELECT file_name, name, type, num_children, repetition_type, converted_type, logical_type, duckdb_type "
        f"FROM parquet_schema({_list(paths)})"
    )
    rows: dict[str, list[tuple[str, ...]]] = {path: [] for path in paths}
    for path, *row in connection.execute(query).fetchall():
        rows[path].append(tuple(row))
    return [_tree(rows[path]) for path in paths]


def _tree(rows: list[tuple[str, ...]]) -> tuple[Node, ...]:
    position, leaf = 0, 0

    def node() -> Node:
        nonlocal position, leaf
        name, physical, count, repetition, converted, logical, held = rows[position]
        position += 1
        children = tuple(node() for _ in range(int(count or 0)))
        numbers = tuple(number for child in children for number in child.leaves)
        if count is None:
            numbers, leaf = (leaf,), leaf + 1
        both = f"{converted or ''} {logical or ''}"
        unit = next((u for u in ("MILLIS", "MICROS", "NANOS") if f"_{u}" in both or f"{u}={u[:5].title()}" in both), "")
        if not unit and "unit=" in both:
            unit = _unit(str(logical))
        return Node(
            name, physical or "group", held or "", unit, repetition == "REPEATED", converted or "", children, numbers
        )

    return node().children


def _unit(logical: str) -> str:
    """The unit that is set in the footer's union: `TimeUnit(MILLIS=<null>, MICROS=MicroSeconds(), …)`."""
    inside = logical.partition("unit=")[2]
    for unit in ("MILLIS", "MICROS", "NANOS"):
        if f"{unit}=" in inside and not inside.partition(f"{unit}=")[2].startswith("<null>"):
            return unit
    return ""


def _find(schema: tuple[Node, ...], column: Field, form: Format, file: File) -> Node | None:
    if form.flag("parquet.column.index.access"):
        return schema[column.position] if column.position < len(schema) else None
    found = [node for node in schema if node.name.lower() == column.name]
    if len(found) > 1:
        raise QueryError("HIVE_BAD_DATA", f"{file.uri} has several columns named '{column.name}' in different case")
    return found[0] if found else None


def _scanned(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], chunks: dict[str, set[int]]) -> int:
    wanted = [path for path in paths if chunks.get(path)]
    if not wanted:
        return 0
    query = (
        "SELECT file_name, column_id, CAST(sum(total_compressed_size) AS BIGINT) "
        f"FROM parquet_metadata({_list(wanted)}) GROUP BY ALL"
    )
    rows = connection.execute(query).fetchall()
    return sum(size for path, leaf, size in rows if leaf in chunks[path])


class _Mismatch(Exception):
    """The physical type that does not fit."""

    def __init__(self, node: Node) -> None:
        super().__init__({"BYTE_ARRAY": "BINARY"}.get(node.physical, node.physical))


def _column(node: Node | None, column: Field, uri: str) -> str:
    if node is None:
        return f"CAST(NULL AS {duckdb_type(column.type)})"
    try:
        return f"CAST({_convert(quoted(node.name), node, column.type)} AS {duckdb_type(column.type)})"
    except _Mismatch as physical:
        raise QueryError(
            "HIVE_BAD_DATA",
            f"Field {column.name}'s type {physical} in parquet file {uri} is incompatible with type "
            f"{hive(column.type)} defined in table schema",
        ) from None


def _convert(sql: str, node: Node, kind: Type, depth: int = 0) -> str:
    """The node's value as the type; the same text when nothing is to be done."""
    if node.repeated and kind.name == "array":  # a repeated field is a list without a group of its own
        return _listed(sql, node, kind.items[0], depth)
    if kind.name == "array":
        if len(node.children) != 1 or not node.children[0].repeated:
            raise _Mismatch(node)
        inner = node.children[0]
        single = len(inner.children) == 1 and inner.name not in ("array", f"{node.name}_tuple")
        return _listed(sql, inner.children[0] if single else inner, kind.items[0], depth)
    if kind.name == "map":
        return _mapped(sql, node, kind, depth)
    if kind.name == "row":
        if not node.children or node.annotation in ("LIST", "MAP", "MAP_KEY_VALUE"):
            raise _Mismatch(node)
        return _packed(sql, node, kind, depth)
    if node.children:
        raise _Mismatch(node)
    return _leaf(sql, node, kind)


def _listed(sql: str, element: Node, kind: Type, depth: int) -> str:
    inside = f"e{depth}"
    item = _convert(inside, Node(**{**element.__dict__, "repeated": False}), kind, depth + 1)
    return sql if item == inside else f"list_transform({sql}, lambda {inside}: {item})"


def _mapped(sql: str, node: Node, kind: Type, depth: int) -> str:
    if len(node.children) != 1 or len(node.children[0].children) != 2:
        raise _Mismatch(node)
    inside = f"e{depth}"
    parts = zip(("key", "value"), node.children[0].children, kind.items, strict=True)
    key, item = (_convert(f"{inside}.{name}", child, of, depth + 1) for name, child, of in parts)
    if (key, item) == (f"{inside}.key", f"{inside}.value"):
        return sql
    entries = f"list_transform(map_entries({sql}), lambda {inside}: {{'k': {key}, 'v': {item}}})"
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE map_from_entries({entries}) END"


def _packed(sql: str, node: Node, kind: Type, depth: int) -> str:
    """Fields by name, in any case."""
    named = {child.name.lower(): child for child in node.children}
    fields, same = [], [child.name for child in node.children] == list(kind.fields)
    for name, item in zip(kind.fields, kind.items, strict=True):
        child = named.get(name)
        inside = f"({sql}).{quoted(child.name)}" if child else ""
        value = _convert(inside, child, item, depth) if child else f"CAST(NULL AS {duckdb_type(item)})"
        same = same and value == inside
        fields.append(f"{quoted(name)} := {value}")
    if same:
        return sql
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({', '.join(fields)}) END"


_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_BITS = {"tinyint": ("TINYINT",), "smallint": ("TINYINT", "SMALLINT", "UTINYINT")}
_BITS["integer"] = (*_BITS["smallint"], "INTEGER", "USMALLINT")
_BITS["bigint"] = (*_BITS["integer"], "BIGINT", "UINTEGER")


def _leaf(sql: str, node: Node, kind: Type) -> str:
    held, physical = node.held, node.physical
    whole_decimal = held.startswith("DECIMAL") and held.endswith(",0)")
    match kind.name:
        case "boolean" if physical == "BOOLEAN":
            return sql
        case "tinyint" | "smallint" | "integer" if physical == "INT32" and (held in _INTEGERS or whole_decimal):
            return _narrowed(sql, held, kind)
        case "bigint" if physical in ("INT32", "INT64") and (held in _INTEGERS or whole_decimal):
            return _narrowed(sql, held, kind)
        case "bigint" if physical == "INT64" and held.startswith("TIMESTAMP") and node.unit:
            number = {"MILLIS": "epoch_ms", "MICROS": "epoch_us", "NANOS": "epoch_ns"}[node.unit]
            return f"{number}({sql})"
        case "real" if physical == "FLOAT":
            return _hidden(sql, "FLOAT")
        case "double" if physical in ("FLOAT", "DOUBLE"):
            return _hidden(sql if physical == "DOUBLE" else f"CAST({sql} AS DOUBLE)", "DOUBLE")
        case "decimal" if held.startswith("DECIMAL"):
            return _narrowed(sql, held, kind)
        case "varchar" | "char" if physical == "BYTE_ARRAY" and not held.startswith("DECIMAL"):
            return _varchar(sql if held in ("VARCHAR", "JSON") else _decoded(sql), kind)
        case "varbinary" if physical in ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY") and held in ("BLOB", "VARCHAR"):
            return sql if held == "BLOB" else f"encode({sql})"
        case "date" if held == "DATE":
            return sql
        case "date" if physical == "INT32" and held == "INTEGER":
            return f"(DATE '1970-01-01' + {sql})"
        case "timestamp" if held.startswith("TIMESTAMP"):
            plain = sql if held == "TIMESTAMP" else f"CAST({sql} AS TIMESTAMP)"
            rounded = f"date_trunc('millisecond', {plain} + to_microseconds(500))"
            return plain if node.unit == "MILLIS" else rounded
    raise _Mismatch(node)


def _hidden(sql: str, target: str) -> str:
    """A number whose file's minimum and maximum DuckDB does not see: NaN is in neither, and it goes by them alone."""
    return f"CASE WHEN isnan({sql}) THEN CAST('NaN' AS {target}) ELSE {sql} END"


def _narrowed(sql: str, held: str, kind: Type) -> str:
    target = duckdb_type(kind)
    if held.replace(" ", "") == target.replace(" ", ""):
        return sql
    if held in _BITS.get(kind.name, ()):
        return f"CAST({sql} AS {target})"
    failure = failing("HIVE_BAD_DATA", f"'Value ' || {sql} || ' in parquet file is out of the range of {kind}'", target)
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY_CAST({sql} AS {target}), {failure}) END"


def _decoded(sql: str) -> str:
    failure = failing("HIVE_BAD_DATA", "'A text in parquet file is not valid UTF-8'", "VARCHAR")
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY(decode({sql})), {failure}) END"


def _varchar(sql: str, kind: Type) -> str:
    cut = f"substr({sql}, 1, {kind.parameters[0]})" if kind.parameters else sql
    return f"rtrim({cut}, ' ')" if kind.name == "char" else cut
