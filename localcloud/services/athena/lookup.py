"""The catalog as statements see it: tables and partitions of Glue, and Athena's words when something is not there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.services.registry import Params
from localcloud.sql.model import Column, NotOffered, QueryError
from localcloud.sql.statements import TableName

VIEW = "VIRTUAL_VIEW"
_VIEW_BEGIN, _VIEW_END = "/* Presto View: ", " */"
_BATCH = 100


def hive_error(message: str) -> QueryError:
    """The failure of a DDL task."""
    return QueryError(
        "", f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {message}"
    )


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


class Lookup:
    """What a query that runs in `database` finds in the catalog."""

    def __init__(self, cloud: Cloud, database: str) -> None:
        self.database = database
        self.glue = cloud.client("glue")

    def database_of(self, table: TableName) -> str:
        return table.database or self.database

    def databases(self) -> list[Params]:
        pages = self.glue.get_paginator("get_databases").paginate()
        return sorted((item for page in pages for item in page["DatabaseList"]), key=lambda item: str(item["Name"]))

    def has_database(self, name: str) -> bool:
        try:
            self.glue.get_database(Name=name)
        except ClientError as error:
            if code_of(error) == "EntityNotFoundException":
                return False
            raise
        return True

    def tables(self, database: str) -> list[Params]:
        """All tables and views. Raises QueryError when there is no such database."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            found = [item for page in pages for item in page["TableList"]]
        except ClientError as error:
            if code_of(error) == "EntityNotFoundException":
                raise QueryError(
                    "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}"
                ) from None
            raise
        return sorted(found, key=lambda item: str(item["Name"]))

    def find(self, database: str, name: str) -> Params | None:
        """A table as GetTable answers it, or None."""
        try:
            table: Params = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as error:
            if code_of(error) == "EntityNotFoundException":
                return None
            raise
        return table

    def table(self, name: TableName) -> Params:
        """A table or view. Raises QueryError in Hive's words when there is none."""
        found = self.find(self.database_of(name), name.name)
        if found is None:
            raise QueryError("", f"FAILED: SemanticException [Error 10001]: Table not found {name}")
        return found

    def partitions(self, table: Params) -> list[Params]:
        """All registered partitions of a table."""
        if not table.get("PartitionKeys"):
            return []
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table["DatabaseName"], TableName=table["Name"]
        )
        return [item for page in pages for item in page["Partitions"]]

    def add_partitions(self, table: Params, found: list[tuple[list[str], str]], *, may_exist: bool) -> None:
        """Register partitions: their values and locations; else as the table."""
        inputs = [{"Values": values, "StorageDescriptor": {**storage(table), "Location": at}} for values, at in found]
        for start in range(0, len(inputs), _BATCH):
            answer = self.glue.batch_create_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionInputList=inputs[start : start + _BATCH],
            )
            for problem in answer.get("Errors", []):
                detail = problem["ErrorDetail"]
                if detail["ErrorCode"] != "AlreadyExistsException":
                    raise hive_error(f"MetaException(message:{detail.get('ErrorMessage', detail['ErrorCode'])})")
                if not may_exist:
                    named = partition_name(table, problem["PartitionValues"])
                    raise hive_error(f"AlreadyExistsException(message:Partition already exists: {named})")


def real(value: str) -> str | None:
    """A partition's value; None for the partition of rows that have none."""
    return None if value == "__HIVE_DEFAULT_PARTITION__" else value


def columns(items: list[Params]) -> tuple[Column, ...]:
    return tuple(Column(str(item["Name"]).lower(), str(item.get("Type", "string"))) for item in items)


def view_of(table: Params) -> dict[str, Any] | None:
    """What Athena keeps of a view: its SQL, its database and its columns; None for a table.

    Raises:
        NotOffered: a view that another engine has made.
    """
    if table.get("TableType") != VIEW:
        return None
    text = str(table.get("ViewOriginalText", ""))
    if not text.startswith(_VIEW_BEGIN):
        raise NotOffered(f"the view {table['Name']}, which is not one of Athena's.")
    found: dict[str, Any] = json.loads(base64.b64decode(text.removeprefix(_VIEW_BEGIN).removesuffix(_VIEW_END)))
    return found


def view_text(sql: str, database: str, declared: list[dict[str, str]]) -> str:
    body = {"originalSql": sql, "catalog": "awsdatacatalog", "schema": database, "columns": declared}
    return _VIEW_BEGIN + base64.b64encode(json.dumps(body).encode()).decode() + _VIEW_END


def plain(value: Any) -> Any:
    """An answer of Glue as JSON: times as seconds."""
    found: Any = json.loads(json.dumps(value, default=lambda moment: moment.timestamp()))
    return found


def storage(table: Params) -> Params:
    found: Params = dict(table.get("StorageDescriptor") or {})
    return found


def partition_name(table: Params, values: list[str]) -> str:
    keys = [str(key["Name"]) for key in table.get("PartitionKeys") or []]
    return "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))


# What GetTable answers and UpdateTable does not take.
_ANSWERED = {
    *("DatabaseName", "CreateTime", "UpdateTime", "CreatedBy", "IsRegisteredWithLakeFormation", "CatalogId"),
    *("VersionId", "FederatedTable", "IsMultiDialectView", "IsMaterializedView", "Status"),
}


def table_input(table: Params) -> Params:
    return {name: value for name, value in table.items() if name not in _ANSWERED}


def partition_input(partition: Params) -> Params:
    taken = ("Values", "LastAccessTime", "StorageDescriptor", "Parameters", "LastAnalyzedTime")
    return {name: partition[name] for name in taken if name in partition}


def change_table(lookup: Lookup, table: Params, change: Callable[[Params], None]) -> None:
    """Update a table by `change(table input)`."""
    body = table_input(table)
    change(body)
    lookup.glue.update_table(DatabaseName=table["DatabaseName"], TableInput=body)
