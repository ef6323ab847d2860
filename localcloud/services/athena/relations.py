"""Names in a query: the tables, views and lists that they stand for, as the compiler needs them."""

from __future__ import annotations

from localcloud.services.athena import information_schema
from localcloud.services.athena import lookup as catalog
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql.model import Column, NotOffered, QueryError, Relation

PARTITIONS = "$partitions"


def resolve(lookup: Lookup, database: str, name: str) -> Relation:
    """A table or view, `information_schema`'s and `"table$partitions"` included.

    Raises:
        QueryError: TABLE_NOT_FOUND or SCHEMA_NOT_FOUND.
    """
    if database == information_schema.NAME:
        return information_schema.relation(lookup, name)
    wanted = name.removesuffix(PARTITIONS)
    table = lookup.find(database, wanted)
    if table is None or (wanted != name and not table.get("PartitionKeys")):
        if not lookup.has_database(database):
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
        raise QueryError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
    if wanted != name:
        values = [[catalog.real(value) for value in item["Values"]] for item in lookup.partitions(table)]
        return Relation(database, name, catalog.columns(table["PartitionKeys"]), definition={"rows": values})
    return relation(table)


def relation(table: Params) -> Relation:
    """The catalog's table or view as the compiler needs it. Raises NotOffered for Iceberg and the like."""
    kind = str((table.get("Parameters") or {}).get("table_type", "")).upper()
    if kind in ("ICEBERG", "DELTA", "HUDI"):
        raise NotOffered(f"tables of the format {kind}.")
    declared = catalog.columns((table.get("StorageDescriptor") or {}).get("Columns") or [])
    keys = catalog.columns(table.get("PartitionKeys") or [])
    view = catalog.view_of(table)
    if view is not None:
        declared = tuple(Column(item["name"], item["type"]) for item in view["columns"])
        return Relation(view.get("schema") or table["DatabaseName"], table["Name"], declared, (), view["originalSql"])
    return Relation(table["DatabaseName"], table["Name"], declared, keys, None, catalog.plain(table))
