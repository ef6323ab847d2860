"""What a statement asks for, apart from its query: one dataclass for each kind, as `parse.parse` reads them.

All names are in lower case. A query inside a statement (`query`, `text`) keeps the place where it stands in the whole:
what is before it is blank, so that an error names the right line and column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from localcloud.sql.model import Column


@dataclass(frozen=True)
class TableName:
    """`database` is None where the statement names none: then it is the one that the query runs in."""

    database: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}" if self.database else self.name


@dataclass(frozen=True)
class ColumnDefinition:
    """A column of a DDL statement; `type` as the catalog writes it, None in a list that has names only."""

    name: str
    type: str
    comment: str | None = None


class Statement:
    """`statement_type` and `substatement_type` are as GetQueryExecution shows them."""

    statement_type: ClassVar[str] = "DDL"
    substatement_type: ClassVar[str | None] = None


Spec = dict[str, str | None]  # a partition: key -> its value as text, None for the default partition


@dataclass(frozen=True)
class Select(Statement):
    """Any query: SELECT, WITH, VALUES, TABLE."""

    statement_type = "DML"
    substatement_type = "SELECT"
    query: str


@dataclass(frozen=True)
class Insert(Statement):
    statement_type = "DML"
    substatement_type = "INSERT"
    table: TableName
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Unload(Statement):
    statement_type = "DML"
    substatement_type = "UNLOAD"
    query: str
    location: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class CreateTableAs(Statement):
    """`properties`: of WITH, in lower case; a text, a number, or a list of texts."""

    substatement_type = "CREATE_TABLE_AS_SELECT"
    table: TableName
    if_not_exists: bool
    properties: dict[str, Any]
    query: str
    with_data: bool = True


@dataclass(frozen=True)
class CreateView(Statement):
    substatement_type = "CREATE_VIEW"
    view: TableName
    replace: bool
    query: str


@dataclass(frozen=True)
class Explain(Statement):
    """`format` is TEXT or JSON, `kind` LOGICAL, DISTRIBUTED, VALIDATE or IO."""

    statement_type = "UTILITY"
    substatement_type = "EXPLAIN"
    text: str
    format: str = "TEXT"
    kind: str = "DISTRIBUTED"


@dataclass(frozen=True)
class Prepare(Statement):
    substatement_type = "PREPARE"
    name: str
    text: str


@dataclass(frozen=True)
class Execute(Statement):
    """`parameters` are expressions as the statement writes them."""

    statement_type = "DML"
    substatement_type = "EXECUTE"
    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Deallocate(Statement):
    substatement_type = "DEALLOCATE"
    name: str


@dataclass(frozen=True)
class CreateDatabase(Statement):
    substatement_type = "CREATE_DATABASE"
    name: str
    if_not_exists: bool
    comment: str | None = None
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AlterDatabase(Statement):
    substatement_type = "ALTER_DATABASE"
    name: str
    properties: dict[str, str]


@dataclass(frozen=True)
class DropDatabase(Statement):
    substatement_type = "DROP_DATABASE"
    name: str
    if_exists: bool
    cascade: bool


@dataclass(frozen=True)
class CreateTable(Statement):
    """`formats` are the input and the output format's classes."""

    substatement_type = "CREATE_TABLE"
    table: TableName
    if_not_exists: bool
    columns: tuple[ColumnDefinition, ...]
    partition_keys: tuple[ColumnDefinition, ...]
    comment: str | None
    serde: str
    serde_properties: dict[str, str]
    formats: tuple[str, str]
    location: str
    properties: dict[str, str]


@dataclass(frozen=True)
class DropTable(Statement):
    substatement_type = "DROP_TABLE"
    table: TableName
    if_exists: bool


@dataclass(frozen=True)
class DropView(Statement):
    substatement_type = "DROP_VIEW"
    view: TableName
    if_exists: bool


@dataclass(frozen=True)
class AddPartitions(Statement):
    substatement_type = "ALTER_TABLE_ADD_PARTITION"
    table: TableName
    if_not_exists: bool
    partitions: tuple[tuple[Spec, str | None], ...]


@dataclass(frozen=True)
class DropPartitions(Statement):
    """Each entry is a list of (key, comparison, value), all of which must hold."""

    substatement_type = "ALTER_TABLE_DROP_PARTITION"
    table: TableName
    if_exists: bool
    partitions: tuple[tuple[tuple[str, str, str], ...], ...]


@dataclass(frozen=True)
class RenamePartition(Statement):
    substatement_type = "ALTER_TABLE_RENAME_PARTITION"
    table: TableName
    old: Spec
    new: Spec


@dataclass(frozen=True)
class ChangeColumns(Statement):
    """ADD COLUMNS, REPLACE COLUMNS, or CHANGE [COLUMN] `old`; of one partition when `partition` is given.

    `after` is the column that a changed one comes behind; "" puts it first, None leaves it in its place.
    """

    substatement_type = "ALTER_TABLE_COLUMNS"
    table: TableName
    action: str
    columns: tuple[ColumnDefinition, ...]
    partition: Spec | None = None
    old: str = ""
    after: str | None = None


@dataclass(frozen=True)
class SetLocation(Statement):
    substatement_type = "ALTER_TABLE_SET_LOCATION"
    table: TableName
    location: str
    partition: Spec | None = None


@dataclass(frozen=True)
class SetProperties(Statement):
    substatement_type = "ALTER_TABLE_SET_TBLPROPERTIES"
    table: TableName
    properties: dict[str, str]


@dataclass(frozen=True)
class RepairTable(Statement):
    substatement_type = "MSCK_REPAIR_TABLE"
    table: TableName


@dataclass(frozen=True)
class Show(Statement):
    """`what`: DATABASES, TABLES, VIEWS, COLUMNS, PARTITIONS, CREATE TABLE, CREATE VIEW, TBLPROPERTIES.

    `of` is a table (COLUMNS and those after it), `database` that of TABLES and VIEWS; `pattern` Hive's: `*` and `|`.
    """

    statement_type = "UTILITY"
    what: str
    of: TableName | None = None
    database: str | None = None
    pattern: str | None = None

    @property
    def substatement(self) -> str:
        return "SHOW_" + self.what.replace(" ", "_")


@dataclass(frozen=True)
class Describe(Statement):
    """`mode` is "", EXTENDED or FORMATTED; `column` a path into a column, such as `("tags", "$elem$")`."""

    statement_type = "UTILITY"
    substatement_type = "DESCRIBE_TABLE"
    table: TableName
    mode: str = ""
    partition: Spec | None = None
    column: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeRows(Statement):
    """DELETE, UPDATE, MERGE, OPTIMIZE, VACUUM: for Iceberg tables only, which Athena says of every other table."""

    statement_type = "DML"
    verb: str
    table: TableName


def of_columns(columns: tuple[ColumnDefinition, ...]) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.type) for column in columns)
