"""A query's rows as data files: what CREATE TABLE AS, INSERT INTO and UNLOAD leave in a table's folders."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb

from localcloud.sql import json_text
from localcloud.sql.model import NotOffered, OutputColumn, QueryError
from localcloud.sql.readers.lazy import literal
from localcloud.sql.readers.leaves import quoted
from localcloud.sql.task import Output
from localcloud.sql.types import Type, hive, parse

MAX_PARTITIONS = 100
_DEFAULT = "__HIVE_DEFAULT_PARTITION__"
# Hive's FileUtils.escapePathName: control characters and these.
_ESCAPED = re.compile(r"""[\x01-\x1f\x7f"#%'*/:=?\\{\[\]^]""")
_PARQUET = {"": "snappy", "snappy": "snappy", "gzip": "gzip", "zstd": "zstd", "lz4": "lz4_raw", "none": "uncompressed"}
_TEXT = {"": "gzip", "gzip": "gzip", "zstd": "zstd", "none": "none"}
_SUFFIX = {"gzip": ".gz", "zstd": ".zst", "none": ""}

Written = tuple[tuple[str, tuple[str | None, ...]], ...]


def check(output: Output, columns: Sequence[OutputColumn]) -> None:
    """Refuse what cannot be written, before the query runs.

    Raises:
        NotOffered: a format or a compression that is not offered.
        QueryError: partition columns that are not the last ones, a type that no file holds.
    """
    if output.kind not in ("parquet", "json", "textfile"):
        raise NotOffered(f"writing {output.kind.upper()} files. Write PARQUET, JSON or TEXTFILE.")
    unknown = output.options.keys() - {"compression", "delimiter"}
    if unknown:
        raise NotOffered(f"the option {sorted(unknown)[0]} of {output.kind.upper()} files")
    _compression(output)
    names = tuple(column.name.lower() for column in columns)
    if output.partitioned_by and names[-len(output.partitioned_by) :] != output.partitioned_by:
        wanted = ", ".join(output.partitioned_by)
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: ["
            + wanted
            + "]",
        )
    if len(names) == len(output.partitioned_by):
        raise QueryError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    for column in columns:
        try:
            kind = parse(column.type)
            hive(kind)
        except ValueError as error:
            raise QueryError("NOT_SUPPORTED", str(error)) from error
        if column.name.lower() in output.partitioned_by and (kind.items or kind.name == "varbinary"):
            raise QueryError("NOT_SUPPORTED", f"Unsupported type [{kind}] for partition: {column.name.lower()}")
        if output.kind == "textfile" and kind.items:
            raise NotOffered(f"columns of type {kind} in TEXTFILE files. Write PARQUET or JSON.")


def _compression(output: Output) -> str:
    known = _PARQUET if output.kind == "parquet" else _TEXT
    asked = output.options.get("compression", "").lower()
    if asked not in known:
        raise NotOffered(f"{asked.upper()} compression of {output.kind.upper()} files")
    return known[asked]


def write(
    connection: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[OutputColumn], output: Output
) -> tuple[int, Written]:
    """Write the rows of `sql` into new files below `output.path`; return the number of rows, and the files.

    An empty result writes none.

    Raises:
        QueryError: more than 100 partitions, a partition value that Hive cannot name.
    """
    names = [column.name for column in columns]
    listed = ", ".join(quoted(name) for name in names)
    if len({name.lower() for name in names}) < len(names):
        raise QueryError("DUPLICATE_COLUMN_NAME", "Column name specified more than once")
    keys = list(output.partitioned_by)
    relation = f"({sql}) AS result({listed})"
    if keys:
        connection.execute(f"CREATE TEMP TABLE written AS SELECT * FROM {relation}")
        relation = "written"
    data = names[: len(names) - len(keys)]
    kinds = {column.name: parse(column.type) for column in columns}
    selected = ", ".join(_stored(name, kinds[name], output) for name in data)
    if output.kind == "json":
        selected = _json_line(data, kinds)
    files: list[tuple[str, tuple[str | None, ...]]] = []
    rows = 0
    try:
        for values, condition in _partitions(connection, keys, kinds):
            relative = _new_name(keys, values, output)
            target = os.path.join(output.path, relative)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            files.append((relative, values))
            copy = f"COPY (SELECT {selected} FROM {relation}{condition}) TO {literal(target)} ({_options(output)})"
            (count,) = connection.execute(copy).fetchone() or (0,)
            rows += int(count)
    except BaseException:
        _remove(output, files)
        raise
    if not rows:
        _remove(output, files)
        files = []
    return rows, tuple(files)


def _remove(output: Output, files: list[tuple[str, tuple[str | None, ...]]]) -> None:
    for relative, _ in files:
        Path(output.path, relative).unlink(missing_ok=True)


def _new_name(keys: list[str], values: tuple[str | None, ...], output: Output) -> str:
    folders = (f"{_path(key)}={_path(_DEFAULT if v is None else v)}" for key, v in zip(keys, values, strict=True))
    return "/".join([*folders, f"{datetime.now():%Y%m%d_%H%M%S}_00000_{uuid4().hex[:5]}_{uuid4()}{_suffix(output)}"])


def _partitions(
    connection: duckdb.DuckDBPyConnection, keys: list[str], kinds: dict[str, Type]
) -> list[tuple[tuple[str | None, ...], str]]:
    """Each partition's values as text, and the condition that selects its rows."""
    if not keys:
        return [((), "")]
    columns = ", ".join(f"{_key_text(key, kinds[key])} AS k{n}" for n, key in enumerate(keys))
    distinct = f"SELECT row_number() OVER () AS n, * FROM (SELECT DISTINCT {columns} FROM written)"
    connection.execute(f"CREATE TEMP TABLE partitions AS {distinct}")
    found = connection.execute("SELECT * FROM partitions ORDER BY n").fetchall()
    if len(found) > MAX_PARTITIONS:
        raise QueryError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets",
        )
    matches = " AND ".join(f"k{n} IS NOT DISTINCT FROM {_key_text(key, kinds[key])}" for n, key in enumerate(keys))
    for text in (text for _, *values in found for text in values if text is not None):
        if not (text.isascii() and text.isprintable()):
            message = "Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). Invalid value: "
            raise QueryError("HIVE_INVALID_PARTITION_VALUE", message + text.encode().hex(" ").upper())
    return [
        (tuple(values), f" WHERE EXISTS (SELECT 1 FROM partitions WHERE n = {number} AND {matches})")
        for number, *values in found
    ]


def _key_text(key: str, kind: Type) -> str:
    """A partition value as Hive writes it in a path; an empty text is in the partition of NULL."""
    if kind.name == "timestamp":
        return _moment(quoted(key))
    return f"nullif(CAST({quoted(key)} AS VARCHAR), '')"


def _moment(column: str) -> str:
    """A timestamp as Hive writes it: without a fraction when there is none."""
    return f"regexp_replace(strftime({column}, '%Y-%m-%d %H:%M:%S.%g'), '[.]?0+$', '')"


def _path(text: str) -> str:
    """As Hive escapes a name in a path."""
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _suffix(output: Output) -> str:
    return "" if output.kind == "parquet" else _SUFFIX[_compression(output)]


def _stored(name: str, kind: Type, output: Output) -> str:
    """A column as the file holds it; texts of data files are Hive's own, not those of results."""
    column = quoted(name)
    if output.kind == "parquet":
        return column
    if kind.name == "timestamp":
        column = _moment(column)
    elif kind.name == "varbinary":
        column = f"to_base64({column})"
    else:
        column = f"CAST({column} AS VARCHAR)"
        if kind.name in ("double", "real"):
            column = f"replace(replace({column}, 'inf', 'Infinity'), 'nan', 'NaN')"
    return f"{column} AS {quoted(name)}"


def _json_line(names: Sequence[str], kinds: dict[str, Type]) -> str:
    """A row as one JSON object. DuckDB's own would read each decimal as a double, and write NaN as JSON cannot."""

    def other(sql: str, kind: Type) -> str:
        inside = {"timestamp": _moment(sql), "varbinary": f"to_base64({sql})"}
        return f"'\"' || {inside.get(kind.name, f'CAST({sql} AS VARCHAR)')} || '\"'"

    fields = (
        f"{json_text.name(name)} || {json_text.written(quoted(name), _named(kinds[name]), other)}" for name in names
    )
    return "'{' || " + " || ',' || ".join(fields) + " || '}'"


def _named(kind: Type) -> Type:
    """The type with a name for each field of its rows: the one that the catalog will have."""
    names = tuple(name or f"field{n}" for n, name in enumerate(kind.fields))
    return replace(kind, items=tuple(map(_named, kind.items)), fields=names)


def _options(output: Output) -> str:
    compression = _compression(output)
    if output.kind == "parquet":
        return f"FORMAT parquet, COMPRESSION {compression}, USE_TMP_FILE false"
    delimiter = output.options.get("delimiter", "\1")
    if len(delimiter) != 1 or not delimiter.isascii():
        raise QueryError("INVALID_TABLE_PROPERTY", f"field_delimiter must be a single character: {delimiter!r}")
    separators = f"DELIMITER {literal(delimiter)}, QUOTE '', ESCAPE '', NULLSTR '\\N'"
    return f"FORMAT csv, HEADER false, {separators}, COMPRESSION {compression}, USE_TMP_FILE false"
