"""`information_schema`: tables that the catalog answers itself."""

from __future__ import annotations

from localcloud.services.athena import lookup as catalog
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql import types
from localcloud.sql.model import Column, QueryError, Relation

NAME = "information_schema"
_CATALOG = "awsdatacatalog"
_TABLES = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        *("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default"),
        *("is_nullable", "data_type", "comment", "extra_info"),
    ),
}


def relation(lookup: Lookup, name: str) -> Relation:
    """A table of information_schema with its rows. Raises QueryError: there is none of that name."""
    if name not in _TABLES:
        raise QueryError("TABLE_NOT_FOUND", f"Table '{_CATALOG}.{NAME}.{name}' does not exist")
    rows: list[list[str | None]] = []
    for database in lookup.databases():
        schema = str(database["Name"])
        if name == "schemata":
            rows.append([_CATALOG, schema])
            continue
        for table in lookup.tables(schema):
            rows += _rows(name, schema, table)
    if name == "schemata":
        rows.append([_CATALOG, NAME])
    columns = tuple(Column(column, "bigint" if column == "ordinal_position" else "string") for column in _TABLES[name])
    return Relation(NAME, name, columns, definition={"rows": rows})


def _rows(name: str, schema: str, table: Params) -> list[list[str | None]]:
    place = [_CATALOG, schema, str(table["Name"])]
    is_view = table.get("TableType") == catalog.VIEW
    if name == "tables":
        return [[*place, "VIEW" if is_view else "BASE TABLE"]]
    if name == "views":
        text = str(table.get("ViewOriginalText", ""))
        ours = is_view and text.startswith("/* Presto View: ")
        return [[*place, (catalog.view_of(table) or {}).get("originalSql") if ours else text]] if is_view else []
    storage = table.get("StorageDescriptor") or {}
    keys = table.get("PartitionKeys") or []
    rows: list[list[str | None]] = []
    for number, column in enumerate([*(storage.get("Columns") or []), *keys], start=1):
        extra = "partition key" if column in keys else None
        kind = _trino(str(column.get("Type", "")))
        rows.append([*place, column["Name"].lower(), str(number), None, "YES", kind, column.get("Comment"), extra])
    return rows


def _trino(kind: str) -> str:
    """The type as Trino writes it; as it stands when it is none that we know."""
    try:
        return str(types.parse(kind))
    except ValueError:
        return kind
