"""What the parts of Athena hand to each other: tables as the catalog defines them, compiled queries, errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class QueryError(Exception):
    """A query fails; as text it is Athena's StateChangeReason, for example `COLUMN_NOT_FOUND: line 1:8: Column …`.

    Args:
        code: Trino's or Hive's name of the error, such as `TYPE_MISMATCH`; empty when Athena shows none.
        message: what is wrong, as Athena words it as far as that is known.
        category: 1 system, 2 user, 3 other, as `AthenaError.ErrorCategory` has it.
    """

    def __init__(self, code: str, message: str, category: int = 2) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.category = category


class NotOffered(QueryError):
    """Athena can do this and the local AWS cannot: refused by name, with what to do instead."""

    def __init__(self, message: str) -> None:
        super().__init__("NOT_SUPPORTED", f"The local AWS does not offer this: {message}")


@dataclass(frozen=True)
class Column:
    """A column with its type as the catalog writes it: `int`, `string`, `array<struct<a:int>>`, `decimal(10,2)`."""

    name: str
    type: str


@dataclass(frozen=True)
class Relation:
    """A table or a view of the catalog, as the compiler needs it. All names are in lower case.

    `definition` is the catalog's table as GetTable answers it, `view` the view's SQL (then it has no files).
    """

    database: str
    name: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...] = ()
    view: str | None = None
    definition: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)


# (database, name) -> the relation. Raises QueryError: TABLE_NOT_FOUND, SCHEMA_NOT_FOUND, CATALOG_NOT_FOUND.
Resolve = Callable[[str, str], Relation]


@dataclass(frozen=True)
class OutputColumn:
    """A column of a result with its Trino type: `bigint`, `varchar(1)`, `decimal(2,1)`, `array(row(a integer))`.

    `name` is `_col0` and so on where the query gives none.
    """

    name: str
    type: str


@dataclass(frozen=True)
class TableUse:
    """A table that a query reads: what of it, so that the reader opens no more, and the bytes scanned are true.

    In `Query.sql` it stands as the relation `view`, an identifier that no user can write; the reader makes a view of
    that name with the columns, then the partition keys, then `"$path"` (text), in DuckDB's types.

    Attributes:
        used: the names of the columns and keys that the query looks at.
        partition_filter: a DuckDB condition over the partition keys alone that every wanted partition fulfils; None
            when the query does not narrow them.
    """

    relation: Relation
    view: str
    used: frozenset[str]
    partition_filter: str | None = None


@dataclass(frozen=True)
class Query:
    """A compiled query: DuckDB SQL, the tables that it reads, the columns that it answers."""

    sql: str
    tables: tuple[TableUse, ...]
    columns: tuple[OutputColumn, ...]
