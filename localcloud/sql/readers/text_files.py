"""Text files of any SerDe as a relation: Python cuts lines into fields, Arrow brings them, DuckDB makes values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa

from localcloud.sql.model import QueryError, TableUse
from localcloud.sql.readers import files, jsonlines, lazy, leaves, opencsv, regex
from localcloud.sql.readers.definition import Format
from localcloud.sql.readers.leaves import quoted
from localcloud.sql.readers.sources import Scan, Source
from localcloud.sql.readers.streams import Stream
from localcloud.sql.task import File, Part
from localcloud.sql.types import Type
from localcloud.sql.types import duckdb as duckdb_type

_ROWS = 2048  # DuckDB's vectors


def source(
    connection: duckdb.DuckDBPyConnection,
    use: TableUse,
    form: Format,
    found: list[tuple[File, Part]],
    name: str,
    scan: Scan,
) -> Source:
    """The files as a stream of rows under `name`, and its fields as SQL.

    Raises:
        QueryError: properties that mean nothing, or nothing that is offered.
    """
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
    return Source(relation, columns, "file", found)


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
