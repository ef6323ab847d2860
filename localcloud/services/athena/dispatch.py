"""Each kind of statement, and who executes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.services.athena import (
    alterations,
    listings,
    partitions,
    prepared,
    queries,
    results,
    tables,
    views,
    writes,
)
from localcloud.services.athena.context import Run
from localcloud.services.registry import Params
from localcloud.sql import compile, statements
from localcloud.sql.model import QueryError
from localcloud.sql.parse import parse
from localcloud.sql.statements import Statement

_QUERIES = (statements.Select, statements.Insert, statements.Unload, statements.CreateTableAs, statements.CreateView)


def check_syntax(statement: Statement) -> None:
    """Raise QueryError when the query inside a statement cannot be read."""
    if isinstance(statement, _QUERIES):
        compile.parse(statement.query)
    elif isinstance(statement, statements.Explain):
        check_syntax(parse(statement.text))


def execute(run: Run) -> Params:
    """Do what a statement says. Returns what GetQueryResults needs: `Kind`, `Size`, `Columns`, `UpdateCount`.

    Raises:
        QueryError: why not; then nothing is left of what it has begun.
    """
    kind = type(run.statement)
    if run.parameters and kind not in (*_QUERIES, statements.Explain):
        raise QueryError(
            "INVALID_PARAMETER_USAGE", f"Incorrect number of parameters: expected 0 but found {len(run.parameters)}"
        )
    if kind in _WITH_ROWS:
        found: Params = _WITH_ROWS[kind](run, run.statement)
        return found
    lines, columns = _LINES[kind](run, run.statement)
    path = run.folder / "result.txt"
    results.write_lines(path, lines)
    size = queries.upload(run, path)
    return {"Kind": "txt", "Size": size, "Columns": [results.text_column(name) for name in columns], "UpdateCount": 0}


def _prepare(run: Run, statement: statements.Prepare) -> tuple[list[str], list[str]]:
    _as_query_error(prepared.check_text, statement.text)
    _as_query_error(prepared.save, run.cloud, run.group, statement.name, statement.text)
    return [], []


def _deallocate(run: Run, statement: statements.Deallocate) -> tuple[list[str], list[str]]:
    _as_query_error(prepared.remove, run.cloud, run.group, statement.name)
    return [], []


def _as_query_error(function: Callable[..., Any], *arguments: Any) -> None:
    from localcloud.protocol import ServiceError

    try:
        function(*arguments)
    except ServiceError as error:
        raise QueryError("", str(error)) from None


def _change_rows(run: Run, statement: statements.ChangeRows) -> tuple[list[str], list[str]]:
    table = run.lookup.find(run.lookup.database_of(statement.table), statement.table.name)
    if table is None:
        name = f"awsdatacatalog.{run.lookup.database_of(statement.table)}.{statement.table.name}"
        raise QueryError("TABLE_NOT_FOUND", f"line 1:1: Table '{name}' does not exist")
    if statement.verb in ("OPTIMIZE", "VACUUM"):
        raise QueryError("NOT_SUPPORTED", f"{statement.verb} is only supported for Iceberg tables")
    raise QueryError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables")


_WITH_ROWS: dict[type[Statement], Callable[[Run, Any], Params]] = {
    statements.Select: queries.select,
    statements.Insert: writes.insert,
    statements.Unload: writes.unload,
    statements.CreateTableAs: writes.create_table_as,
}
# These answer lines of text and the names of their columns.
_LINES: dict[type[Statement], Callable[[Run, Any], tuple[list[str], list[str]]]] = {
    statements.Explain: queries.explain,
    statements.CreateView: views.create,
    statements.DropView: views.drop,
    statements.Prepare: _prepare,
    statements.Deallocate: _deallocate,
    statements.ChangeRows: _change_rows,
    statements.CreateDatabase: tables.create_database,
    statements.AlterDatabase: tables.alter_database,
    statements.DropDatabase: tables.drop_database,
    statements.CreateTable: tables.create_table,
    statements.DropTable: tables.drop_table,
    statements.AddPartitions: partitions.add,
    statements.DropPartitions: partitions.drop,
    statements.RenamePartition: partitions.rename,
    statements.RepairTable: partitions.repair,
    statements.ChangeColumns: alterations.change_columns,
    statements.SetLocation: alterations.set_location,
    statements.SetProperties: alterations.set_properties,
    statements.Show: listings.show,
    statements.Describe: listings.describe,
}
