"""Tables of the Data Catalog. What GetTable answers can be given to UpdateTable, cut to TableInput's members."""

from __future__ import annotations

import re
import time

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.catalog import indexes
from localcloud.services.catalog.inputs import kept, refuse
from localcloud.services.catalog.keys import (
    PARTITION,
    VERSION,
    changing,
    error_detail,
    find_database,
    find_table,
    forget_table,
    invalid,
    not_found,
    own_catalog,
    parts_of,
    tables_of,
    taken,
)
from localcloud.services.catalog.pages import page
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

_CREATED_BY = f"arn:aws:iam::{ACCOUNT}:root"
_NESTED = ("array<", "map<", "struct<", "uniontype<")


def _table(params: Params) -> Params:
    """The table of a Create or Update request, without what only the catalog knows."""
    own_catalog(params)
    refuse(params)
    if params.get("TableInput") is None:
        raise invalid("TableInput is missing.")
    given = kept("TableInput", params["TableInput"])
    name = given["Name"].lower()
    if params.get("Name") is not None and params["Name"].lower() != name:
        raise invalid(f"TableInput has Name {name}, the request {params['Name']}: a table has one.")
    for key in given.get("PartitionKeys", []):
        if key.get("Type", "").lower().startswith(_NESTED):
            raise invalid(f"The partition key {key['Name']} is of type {key['Type']}: only primitive types can be.")
    return {"Retention": 0, **given, "Name": name, "DatabaseName": params["DatabaseName"].lower()}


@operation("glue", "CreateTable")
def create_table(cloud: Cloud, params: Params) -> Params:
    table, now = _table(params), time.time()
    database = table["DatabaseName"]
    table |= {"CreateTime": now, "UpdateTime": now, "VersionId": "0", "CatalogId": ACCOUNT}
    table |= {"CreatedBy": _CREATED_BY, "IsRegisteredWithLakeFormation": False}
    with changing(cloud):
        find_database(cloud, database)
        if not cloud.store.insert(tables_of(database), table["Name"], table):
            raise taken("Table already exists.")
        for index in params.get("PartitionIndexes") or []:
            indexes.add(cloud, table, index)
    return {}


@operation("glue", "GetTable")
def get_table(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    if params.get("AttributesToGet") not in (None, ["DEFAULT"]):
        raise invalid("AttributesToGet of GetTable can be DEFAULT here; Iceberg's metadata is not offered.")
    return {"Table": find_table(cloud, params["DatabaseName"], params["Name"])}


@operation("glue", "GetTables")
def get_tables(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    wanted = params.get("AttributesToGet")
    if wanted is not None and ("NAME" not in wanted or not set(wanted) <= {"NAME", "TABLE_TYPE"}):
        raise invalid("AttributesToGet of GetTables is NAME, or NAME and TABLE_TYPE.")
    database = find_database(cloud, params["DatabaseName"])["Name"]
    pattern = _pattern(params.get("Expression") or "*")
    names = cloud.store.names(tables_of(database))
    if params.get("ResourceShareType") in ("FOREIGN", "FEDERATED"):
        names = []  # tables of other accounts and metastores; there are none
    names, token = page(names, params, tables_of(database), wanted=lambda name: bool(pattern.fullmatch(name)))
    found = cloud.store.some(tables_of(database), names)
    if wanted is not None:
        shown = ["Name", "DatabaseName", *(["TableType"] if "TABLE_TYPE" in wanted else [])]
        found = [{member: table[member] for member in shown if member in table} for table in found]
    return {"TableList": found, "NextToken": token}


def _pattern(expression: str) -> re.Pattern[str]:
    """A regular expression that the whole name must match. A `*` with nothing to repeat is a wildcard.

    So are `sales*` and `*sales*`, as Hive reads them and AWS's own clients send them: AWS documents a regular
    expression, and takes both.
    """
    text = re.sub(r"(?<![.)\]}\\])\*", ".*", expression)
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise invalid(f"The Expression {expression} is no regular expression: {error}.") from None


@operation("glue", "UpdateTable")
def update_table(cloud: Cloud, params: Params) -> Params:
    """The new input takes the place of the whole old one, which is archived as a version unless SkipArchive."""
    table = _table(params)
    database, name = table["DatabaseName"], table["Name"]
    with changing(cloud):
        old = find_table(cloud, database, name)
        if params.get("VersionId") not in (None, old["VersionId"]):
            raise ServiceError(
                "ConcurrentModificationException", "Update table failed due to concurrent modifications."
            )
        if len(table.get("PartitionKeys", [])) != len(old.get("PartitionKeys", [])) and cloud.store.names(
            parts_of(PARTITION, database, name)
        ):
            raise invalid("The number of partition keys cannot be changed while the table has partitions.")
        if not params.get("SkipArchive"):
            cloud.store.insert(parts_of(VERSION, database, name), old["VersionId"], old)
        same = ("CreateTime", "CreatedBy", "CatalogId", "IsRegisteredWithLakeFormation")
        new = {**table, **{member: old[member] for member in same}, "UpdateTime": time.time()}
        new["VersionId"] = str(int(old["VersionId"]) + 1)
        cloud.store.delete(tables_of(database), name)
        cloud.store.insert(tables_of(database), name, new)
    return {}


@operation("glue", "DeleteTable")
def delete_table(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    with changing(cloud):
        find_table(cloud, params["DatabaseName"], params["Name"])
        forget_table(cloud, params["DatabaseName"], params["Name"])
    return {}


@operation("glue", "BatchDeleteTable")
def batch_delete_table(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    errors: list[Params] = []
    with changing(cloud):
        find_database(cloud, params["DatabaseName"])
        for name in params["TablesToDelete"]:
            if not forget_table(cloud, params["DatabaseName"], name):
                errors.append({"TableName": name, "ErrorDetail": error_detail(not_found(f"Table {name} not found."))})
    return {"Errors": errors}
