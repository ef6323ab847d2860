"""ALTER TABLE: columns, locations and properties, of a table or of one partition."""

from __future__ import annotations

import time

from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import partitions
from localcloud.services.athena.context import Run
from localcloud.services.athena.lookup import hive_error
from localcloud.services.athena.tables import NOTHING, Lines, check_location, column
from localcloud.services.registry import Params
from localcloud.sql import statements
from localcloud.sql.model import QueryError
from localcloud.sql.statements import Spec


def _table(run: Run, name: statements.TableName) -> Params:
    table = run.lookup.table(name)
    if table.get("TableType") == catalog.VIEW:
        raise QueryError("", f"FAILED: SemanticException [Error 10131]: Cannot alter a view with ALTER TABLE: {name}")
    return table


def _change(run: Run, table: Params, storage: Params, partition: Spec | None) -> None:
    """Put a new storage descriptor in the place of a table's or a partition's."""
    if partition is None:
        catalog.change_table(run.lookup, table, lambda body: body.update(StorageDescriptor=storage))
        return
    values = partitions.values_of(table, partition)
    found = partitions.find(run, table, values)
    if found is None:
        raise QueryError("", f"FAILED: SemanticException [Error 10006]: Partition not found {partition}")
    run.lookup.glue.update_partition(
        DatabaseName=table["DatabaseName"],
        TableName=table["Name"],
        PartitionValueList=values,
        PartitionInput={**catalog.partition_input(found), "StorageDescriptor": storage},
    )


def _storage(run: Run, table: Params, partition: Spec | None) -> Params:
    if partition is None:
        return catalog.storage(table)
    found = partitions.find(run, table, partitions.values_of(table, partition))
    if found is None:
        raise QueryError("", f"FAILED: SemanticException [Error 10006]: Partition not found {partition}")
    return catalog.storage(found)


def change_columns(run: Run, statement: statements.ChangeColumns) -> Lines:
    table = _table(run, statement.table)
    storage = _storage(run, table, statement.partition)
    before: list[Params] = list(storage.get("Columns") or [])
    given = [column(item) for item in statement.columns]
    if statement.action == "REPLACE":
        after = given
    elif statement.action == "ADD":
        after = [*before, *given]
    else:
        after = _changed(before, given[0], statement)
    names = [*(str(item["Name"]) for item in after), *partitions.keys_of(table)]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise hive_error(f"Duplicate column name: {name}")
    _change(run, table, {**storage, "Columns": after}, statement.partition)
    return NOTHING


def _changed(before: list[Params], new: Params, statement: statements.ChangeColumns) -> list[Params]:
    names = [str(item["Name"]) for item in before]
    if statement.old not in names:
        raise hive_error(f"Invalid column reference {statement.old}")
    place = names.index(statement.old)
    if "Comment" not in new and before[place].get("Comment"):
        new = {**new, "Comment": before[place]["Comment"]}
    if statement.after is None:
        return [new if at == place else item for at, item in enumerate(before)]
    rest = [item for at, item in enumerate(before) if at != place]
    if statement.after == "":
        return [new, *rest]
    if statement.after not in names or statement.after == statement.old:
        raise hive_error(f"Invalid column reference {statement.after}")
    behind = [str(item["Name"]) for item in rest].index(statement.after) + 1
    return [*rest[:behind], new, *rest[behind:]]


def set_location(run: Run, statement: statements.SetLocation) -> Lines:
    check_location(statement.location)
    table = _table(run, statement.table)
    storage = _storage(run, table, statement.partition)
    _change(run, table, {**storage, "Location": statement.location}, statement.partition)
    return NOTHING


def set_properties(run: Run, statement: statements.SetProperties) -> Lines:
    def change(body: Params) -> None:
        changed = {"last_modified_by": "hadoop", "last_modified_time": str(int(time.time()))}
        body["Parameters"] = {**(body.get("Parameters") or {}), **statement.properties, **changed}

    catalog.change_table(run.lookup, _table(run, statement.table), change)
    return NOTHING
