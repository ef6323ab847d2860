"""From the tables of a query to DuckDB's views over their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from localcloud.sql.model import QueryError, TableUse
from localcloud.sql.readers import files, jsonlines, lazy, leaves, opencsv, parquet, partitions, regex
from localcloud.sql.readers.definition import Format, column_type, part_format
from localcloud.sql.readers.leaves import quoted
from localcloud.sql.readers.streams import Stream
from localcloud.sql.task import File, Part, Task
from localcloud.sql.types import Type
from localcloud.sql.types import duckdb as duckdb_type

PATH = "$path"
_ROWS = 2048


@dataclass
class Scan:
    """What the views read: the bytes, DuckDB's files, and the streams, which keep the errors of their readers."""

    scanned_bytes: int = 0
    paths: list[str] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)

    def error(self) -> QueryError | None:
        return next((stream.error for stream in self.streams if isinstance(stream.error, QueryError)), None)


@dataclass(frozen=True)
class _Source:
    """A relation with the fields as SQL, and for each of its files (by `number`) the file and its partition."""

    relation: str
    columns: dict[str, str]
    number: str
    files: list[tuple[File, Part]]


def make(connection: duckdb.DuckDBPyConnection, task: Task, scan: Scan) -> None:
    """Make the view of every table of the task; `scan` is told what they read.

    Raises:
        QueryError: a definition, a partition or a file that Athena would not read; the scan limit.
    """
    for number, use in enumerate(task.query.tables):
        rows = use.relation.definition.get("rows")
        if rows is not None:
            body = _of_rows(use, rows)
        else:
            parts = partitions.wanted(connection, use, task.parts.get(use.view, ()))
            body = _of_files(connection, use, parts, Path(task.folder), number, scan)
        connection.execute(f"CREATE TEMP VIEW {quoted(use.view)} AS {body}")
    limit = task.limits.scan_bytes
    if limit is not None and scan.scanned_bytes > limit:
        raise QueryError("", "Query cancelled! : Bytes scanned limit was exceeded")


def _of_rows(use: TableUse, rows: list[list[str | None]]) -> str:
    """A relation whose rows the caller gives as texts: a table's partitions, the information schema."""
    columns = [*use.relation.columns, *use.relation.partition_keys]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{use.relation.name}: a row has another number of values than there are columns")
    selected = []
    for position, column in enumerate(columns):
        kind = duckdb_type(column_type(column))
        texts = ", ".join("NULL" if row[position] is None else lazy.literal(str(row[position])) for row in rows)
        selected.append(f"unnest(CAST(CAST([{texts}] AS VARCHAR[]) AS {kind}[])) AS {quoted(column.name)}")
    return f'SELECT *, CAST(NULL AS VARCHAR) AS "{PATH}" FROM (SELECT {", ".join(selected)})'


def _of_files(
    connection: duckdb.DuckDBPyConnection,
    use: TableUse,
    parts: Sequence[Part],
    folder: Path,
    number: int,
    scan: Scan,
) -> str:
    by_format: dict[Format, list[tuple[File, Part]]] = {}
    for part in parts:
        location = _location(use, part)
        data = [(file, part) for file in part.files if files.is_data(file, location)]
        by_format.setdefault(part_format(use.relation, part, use.used), []).extend(data)
    selects = []
    for place, (form, found) in enumerate(by_format.items()):
        if not found:
            continue
        name = f"{number}_{place}"
        if form.kind == "parquet":
            sources = _parquet(connection, form, found, folder / "files" / name, scan)
        else:
            sources = [_text(connection, use, form, found, f"{use.view} lines {place}", scan)]
        selects += [_select(use, source) for source in sources]
    return " UNION ALL ".join(selects) or _select(use, None)


def _location(use: TableUse, part: Part) -> str:
    definition = part.definition or use.relation.definition
    return str((definition.get("StorageDescriptor") or {}).get("Location") or "")


def _parquet(
    connection: duckdb.DuckDBPyConnection, form: Format, found: list[tuple[File, Part]], folder: Path, scan: Scan
) -> list[_Source]:
    """DuckDB reads links with plain names: an object's name may hold what it takes for a pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    links = [str(folder / f"{n}.parquet") for n in range(len(found))]
    for link, (file, _) in zip(links, found, strict=True):
        os.symlink(file.path, link)
        scan.paths.append(os.path.realpath(file.path))
    made, size = parquet.groups(connection, links, [file for file, _ in found], form)
    scan.scanned_bytes += size
    sources = []
    for group in made:
        listed = ", ".join(f"'{links[n]}'" for n in group.files)
        relation = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = false)"
        sources.append(_Source(relation, group.columns, "CAST(file_index AS BIGINT)", [found[n] for n in group.files]))
    return sources


def _text(
    connection: duckdb.DuckDBPyConnection,
    use: TableUse,
    form: Format,
    found: list[tuple[File, Part]],
    name: str,
    scan: Scan,
) -> _Source:
    header, footer = form.count("skip.header.line.count"), form.count("skip.footer.line.count")
    encoding = files.text_encoding(form.get("serialization.encoding"))
    rows: Callable[[list[str]], list[pa.Array]]
    if form.kind == "lazy":
        marks = lazy.delimiters(form)
        protect = lazy.protector(marks.escape) if marks.escape else list
        names, types = ["line"], [pa.string()]
        rows = lambda lines: [pa.array(protect(lines), pa.string())]  # noqa: E731
        split = f"string_split(line, {lazy.literal(marks.separators[0])})"
        relation = f"(SELECT {split} AS f, file FROM {quoted(name)})"
        columns = lazy.columns(form, marks, len(use.relation.columns))
    else:
        parse, rules = _parser(form)
        names = [f"c{n}" for n in range(len(form.fields))]
        types = [_arrow(each.stored) if form.kind != "csv" else pa.string() for each in form.fields]
        rows = lambda lines: _arrays([parse(line) for line in lines], types)  # noqa: E731
        relation = quoted(name)
        columns = {
            each.name: f"CAST({_value(f'c{n}', each.stored, rules, each.position, form)} AS {duckdb_type(each.type)})"
            for n, each in enumerate(form.fields)
        }
    schema = pa.schema([*zip(names, types, strict=True), ("file", pa.int32())])

    def batches() -> Iterator[pa.RecordBatch]:
        for number, (file, _) in enumerate(found):
            for lines in files.lines(file, header, footer, encoding):
                for start in range(0, len(lines), _ROWS):
                    some = lines[start : start + _ROWS]
                    arrays = rows(some)
                    arrays.append(pa.repeat(pa.scalar(number, pa.int32()), len(some)))
                    yield pa.record_batch(arrays, schema=schema)

    stream = Stream(schema, batches)
    scan.streams.append(stream)
    scan.scanned_bytes += sum(file.size for file, _ in found)
    connection.register(name, stream)
    return _Source(relation, columns, "file", found)


def _parser(form: Format) -> tuple[Callable[[str], list[Any]], leaves.Rules]:
    if form.kind == "csv":
        width = max((each.position for each in form.fields), default=-1) + 1
        whole, positions = opencsv.parser(form, width), [each.position for each in form.fields]
        return (lambda line: [row[n] for row in (whole(line),) for n in positions]), leaves.CSV
    if form.kind == "regex":
        return regex.parser(form), leaves.REGEX
    return jsonlines.parser(form), leaves.OPENX if form.kind == "openx" else leaves.HIVE_JSON


def _value(text: str, kind: Type, rules: leaves.Rules, position: int, form: Format) -> str:
    if form.flag("use.null.for.invalid.data"):
        rules = leaves.forgiving(rules)
    if kind.items and form.kind in ("csv", "regex"):
        raise QueryError("HIVE_INVALID_METADATA", f"The SerDe reads no columns of type {kind}, only simple ones")
    return leaves.nested(text, kind, rules, position)


def _arrays(rows: list[list[Any]], types: list[pa.DataType]) -> list[pa.Array]:
    columns = zip(*rows, strict=True) if types else []
    return [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]


def _arrow(kind: Type) -> pa.DataType:
    """The nesting of a type, with texts at its leaves."""
    if kind.name == "array":
        return pa.list_(_arrow(kind.items[0]))
    if kind.name == "map":
        return pa.list_(pa.struct([("k", _arrow(kind.items[0])), ("v", _arrow(kind.items[1]))]))
    if kind.name == "row":
        return pa.struct([(f"f{n}", _arrow(item)) for n, item in enumerate(kind.items)])
    return pa.string()


def _select(use: TableUse, source: _Source | None) -> str:
    """The view's columns in order: fields, partition keys, the path. What the query does not use cannot be read."""
    selected = []
    for column in use.relation.columns:
        kind = duckdb_type(column_type(column))
        if column.name in use.used:
            sql = source.columns[column.name] if source else f"CAST(NULL AS {kind})"
        else:
            sql = _unused(column.name, kind)
        selected.append(f"{sql} AS {quoted(column.name)}")
    for position, key in enumerate(use.relation.partition_keys):
        if key.name not in use.used:
            sql = _unused(key.name, duckdb_type(column_type(key)))
        else:
            texts = [part.values[position] for _, part in source.files] if source else [None]
            sql = f"{partitions.values(key, texts)}[{source.number + ' + 1' if source else 1}]"
        selected.append(f"{sql} AS {quoted(key.name)}")
    if source:
        uris = ", ".join(lazy.literal(file.uri) for file, _ in source.files)
        selected.append(f'CAST([{uris}] AS VARCHAR[])[{source.number} + 1] AS "{PATH}"')
    else:
        selected.append(f'CAST(NULL AS VARCHAR) AS "{PATH}"')
    return f"SELECT {', '.join(selected)}" + (f" FROM {source.relation}" if source else " WHERE false")


def _unused(name: str, kind: str) -> str:
    """Fails when it is read after all, rather than to answer NULL for a value that is there."""
    return f"CAST(error('column {name.replace(chr(39), '')} is read but not declared as used' || random()) AS {kind})"
