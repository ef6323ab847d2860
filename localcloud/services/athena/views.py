"""CREATE VIEW and DROP VIEW: a view is kept in the catalog in the form in which Athena keeps it.

Source: https://docs.aws.amazon.com/athena/latest/ug/create-view.html
"""

from __future__ import annotations

from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import queries
from localcloud.services.athena.context import Run
from localcloud.services.registry import Params
from localcloud.sql import statements, types
from localcloud.sql.model import QueryError


def create(run: Run, statement: statements.CreateView) -> tuple[list[str], list[str]]:
    database, name = run.lookup.database_of(statement.view), statement.view.name
    whole = f"awsdatacatalog.{database}.{name}"
    if not run.lookup.has_database(database):
        raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    before = run.lookup.find(database, name)
    if before is not None and before.get("TableType") != catalog.VIEW:
        raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: Table already exists: '{whole}'")
    if before is not None and not statement.replace:
        raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: View already exists: '{whole}'")
    query = queries.plan(run, statement.query)
    names = [column.name.lower() for column in query.columns]
    for place, column in enumerate(names):
        if column == f"_col{place}":
            raise QueryError(
                "COLUMN_NAME_NOT_SPECIFIED", f"line 1:1: Column name not specified at position {place + 1}"
            )
        if column in names[:place]:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{column}' specified more than once")
    declared = [{"name": name, "type": column.type} for name, column in zip(names, query.columns, strict=True)]
    columns = [{"Name": item["name"], "Type": _hive(item["type"])} for item in declared]
    sql = statement.query.strip().rstrip(";").rstrip()
    body: Params = {
        "Name": name,
        "TableType": catalog.VIEW,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {"Columns": columns, "Location": "", "SerdeInfo": {"SerializationLibrary": "-"}},
        "PartitionKeys": [],
        "ViewOriginalText": catalog.view_text(sql, run.lookup.database, declared),
        "ViewExpandedText": "/* Presto View */",
    }
    if before is None:
        run.lookup.glue.create_table(DatabaseName=database, TableInput=body)
    else:
        run.lookup.glue.update_table(DatabaseName=database, TableInput=body)
    return [], []


def _hive(kind: str) -> str:
    """A type for the catalog's list; the view itself keeps the exact one."""
    try:
        return types.hive(types.parse(kind))
    except ValueError:
        return "string"


def drop(run: Run, statement: statements.DropView) -> tuple[list[str], list[str]]:
    database, name = run.lookup.database_of(statement.view), statement.view.name
    found = run.lookup.find(database, name)
    whole = f"awsdatacatalog.{database}.{name}"
    if found is None:
        if statement.if_exists:
            return [], []
        raise QueryError("TABLE_NOT_FOUND", f"line 1:1: View '{whole}' does not exist")
    if found.get("TableType") != catalog.VIEW:
        raise QueryError(
            "TABLE_NOT_FOUND", f"line 1:1: View '{whole}' does not exist, but a table with that name exists."
        )
    run.lookup.glue.delete_table(DatabaseName=database, Name=name)
    return [], []
