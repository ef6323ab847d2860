"""What one query's process gets and answers: JSON on its standard input, one line of JSON on its standard output."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from localcloud.sql.model import Column, OutputColumn, Query, Relation, TableUse


@dataclass(frozen=True)
class File:
    """An object of S3 as the file that holds it. `path` is absolute, `uri` is what `"$path"` answers."""

    path: str
    uri: str
    size: int


@dataclass(frozen=True)
class Part:
    """The files of one partition (of the table itself when it has no keys), all that lies below its location.

    `values` are the partition keys' values as text in the keys' order; None for the default (NULL) partition.
    `definition` is the partition as GetPartition answers it, when it is registered: its columns and SerDe count.
    """

    values: tuple[str | None, ...]
    files: tuple[File, ...]
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """Where the rows go.

    Attributes:
        kind: "result" for a result file in Athena's text form; else the format of data files: "parquet", "json",
            "textfile", "orc", "avro" (those that cannot be written are refused by name when the task is made or run).
        path: the result file; for data a folder, in which the worker makes `KEY=VALUE/…/NAME` files.
        options: of data files: `compression`, `delimiter`.
        partitioned_by: the last columns of the query, in lower case.
    """

    kind: str
    path: str
    options: dict[str, str] = field(default_factory=dict)
    partitioned_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    memory_bytes: int = 2 * 2**30
    seconds: float = 30 * 60
    scan_bytes: int | None = None


@dataclass(frozen=True)
class Task:
    """One query. `parts` are by `TableUse.view`; `folder` is a folder of its own for DuckDB's temporary files."""

    query: Query
    parts: dict[str, tuple[Part, ...]]
    output: Output
    folder: str
    limits: Limits = Limits()

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=sorted)

    @classmethod
    def from_json(cls, text: str) -> Task:
        data = json.loads(text)
        query = data["query"]
        tables = tuple(
            TableUse(_relation(use["relation"]), use["view"], frozenset(use["used"]), use["partition_filter"])
            for use in query["tables"]
        )
        columns = tuple(OutputColumn(**column) for column in query["columns"])
        parts = {
            view: tuple(
                Part(tuple(part["values"]), tuple(File(**file) for file in part["files"]), part["definition"])
                for part in listed
            )
            for view, listed in data["parts"].items()
        }
        output = {**data["output"], "partitioned_by": tuple(data["output"]["partitioned_by"])}
        limits = Limits(**data["limits"])
        return cls(Query(query["sql"], tables, columns), parts, Output(**output), data["folder"], limits)


def _relation(data: dict[str, Any]) -> Relation:
    columns, keys = (tuple(Column(**column) for column in data[name]) for name in ("columns", "partition_keys"))
    return Relation(data["database"], data["name"], columns, keys, data["view"], data["definition"])


@dataclass(frozen=True)
class Done:
    """A query's end. `error` is (code, message, category) of a QueryError; then the rest counts what was done so far.

    `files` are the data files written, relative to `Output.path`, with their partition values.
    """

    error: tuple[str, str, int] | None = None
    rows: int = 0
    scanned_bytes: int = 0
    milliseconds: int = 0
    files: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
