"""From the tables of a query to DuckDB's views over their files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from localcloud.sql.model import QueryError, TableUse
from localcloud.sql.readers import files, lazy, parquet, partitions
from localcloud.sql.readers.definition import Format, column_type, part_format
from localcloud.sql.readers.leaves import quoted
from localcloud.sql.readers.sources import Scan, Source
from localcloud.sql.task import File, Part, Task
from localcloud.sql.types import duckdb as duckdb_type

PATH = "$path"


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
        if data:
            by_format.setdefault(part_format(use.relation, part, use.used), []).extend(data)
    selects = []
    for place, (form, found) in enumerate(by_format.items()):
        name = f"{number}_{place}"
        if form.kind == "parquet":
            sources = _parquet(connection, form, found, folder / "files" / name, scan)
        else:
            from localcloud.sql.readers import text_files  # imports pyarrow, which Parquet does without

            sources = [text_files.source(connection, use, form, found, f"{use.view} lines {place}", scan)]
        selects += [_select(use, source) for source in sources]
    return " UNION ALL ".join(selects) or _select(use, None)


def _location(use: TableUse, part: Part) -> str:
    definition = part.definition or use.relation.definition
    return str((definition.get("StorageDescriptor") or {}).get("Location") or "")


def _parquet(
    connection: duckdb.DuckDBPyConnection, form: Format, found: list[tuple[File, Part]], folder: Path, scan: Scan
) -> list[Source]:
    """DuckDB reads a link for each file: two partitions may share one, and a name may look like a pattern to it."""
    folder.mkdir(parents=True, exist_ok=True)
    links = [str(folder / f"{n}.parquet") for n in range(len(found))]
    for link, (file, _) in zip(links, found, strict=True):
        os.symlink(file.path, link)
        scan.uris[link] = file.uri
        scan.paths.append(os.path.realpath(file.path))
    made, size = parquet.groups(connection, links, [file for file, _ in found], form)
    scan.scanned_bytes += size
    sources = []
    for group in made:
        listed = ", ".join(lazy.literal(links[n]) for n in group.files)
        relation = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = false)"
        sources.append(Source(relation, group.columns, "CAST(file_index AS BIGINT)", [found[n] for n in group.files]))
    return sources


def _select(use: TableUse, source: Source | None) -> str:
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
