"""A table of files on this disk, read by one query in this process, as the worker reads it."""

from __future__ import annotations

import dataclasses
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from localcloud.sql import worker
from localcloud.sql.model import Column, OutputColumn, Query, QueryError, Relation, TableUse
from localcloud.sql.readers import definition
from localcloud.sql.task import Done, File, Limits, Output, Part, Task

LAZY, CSV, OPENX, REGEX, PARQUET = (
    definition.LAZY_SIMPLE,
    definition.OPEN_CSV,
    definition.OPENX_JSON,
    definition.REGEX[0],
    definition.PARQUET,
)
HIVE_JSON = definition.HIVE_JSON[0]
BUCKET = "s3://shop/orders/"


class Table:
    """A table in a folder. `files` are its objects by key below the location; a partition is a folder `key=value`."""

    def __init__(
        self,
        serde: str,
        columns: Mapping[str, str],
        files: Mapping[str, bytes],
        serde_parameters: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        partitions: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        listed = []
        for number, (key, body) in enumerate(files.items()):
            path = self.folder / "objects" / str(number)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)
            listed.append((key, File(str(path), BUCKET + key, len(body))))
        storage = {
            "Location": BUCKET,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": dict(serde_parameters or {})},
        }
        table = {"StorageDescriptor": storage, "Parameters": dict(parameters or {})}
        fields, key_columns = (
            tuple(Column(name, kind) for name, kind in (given or {}).items()) for given in (columns, keys)
        )
        self.relation = Relation("shop", "orders", fields, key_columns, None, table)
        groups: dict[tuple[str | None, ...], list[File]] = {}
        for key, file in listed:
            folders = key.split("/")[:-1] if keys else []
            values = tuple(folder.partition("=")[2] for folder in folders)
            groups.setdefault(values, []).append(file)
        given = partitions or {}
        self.parts = tuple(
            Part(values, tuple(group), given.get("/".join(map(str, values)), {})) for values, group in groups.items()
        ) or ((Part((), ()),) if not keys else ())

    def task(
        self,
        sql: str | None = None,
        used: Sequence[str] | None = None,
        columns: Sequence[OutputColumn] | None = None,
        partition_filter: str | None = None,
        output: Output | None = None,
        **limits: Any,
    ) -> Task:
        names = [column.name for column in (*self.relation.columns, *self.relation.partition_keys)]
        use = TableUse(self.relation, "t 0", frozenset(names if used is None else used), partition_filter)
        shown = names if used is None else list(used)
        sql = sql or "SELECT " + ", ".join(f'"{name}"' for name in shown) + ' FROM "t 0"'
        columns = columns or [OutputColumn(name, "varchar") for name in shown]
        work = Path(tempfile.mkdtemp(dir=self.folder))
        return Task(
            Query(sql, (use,), tuple(columns)),
            {"t 0": self.parts},
            output or Output("result", str(work / "result.csv")),
            str(work),
            dataclasses.replace(Limits(), **limits),
        )

    def run(self, sql: str | None = None, **arguments: Any) -> Done:
        return worker.execute(self.task(sql, **arguments))

    def rows(self, sql: str | None = None, **arguments: Any) -> list[tuple[str | None, ...]]:
        """The rows as texts, None for NULL. Raises QueryError."""
        task = self.task(sql, **arguments)
        done = worker.execute(task)
        if done.error:
            raise QueryError(*done.error)
        return result(Path(task.output.path))


def result(path: Path) -> list[tuple[str | None, ...]]:
    """The rows of a result file without its header."""
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    rows: list[tuple[str | None, ...]] = []
    fields: list[str | None] = []
    for found in re.finditer(r'(?:"((?:[^"]|"")*)")?([,\n])', text):
        fields.append(None if found[1] is None else found[1].replace('""', '"'))
        if found[2] == "\n":
            rows.append(tuple(fields))
            fields = []
    return rows[1:]


def parquet_file(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A Parquet file of these columns; options are pyarrow's."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()
