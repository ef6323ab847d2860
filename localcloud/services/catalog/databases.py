"""Databases of the Data Catalog."""

from __future__ import annotations

import time

from localcloud.cloud import Cloud
from localcloud.services.catalog.inputs import kept
from localcloud.services.catalog.keys import (
    DATABASE,
    changing,
    find_database,
    forget_table,
    invalid,
    own_catalog,
    tables_of,
    taken,
)
from localcloud.services.catalog.pages import page
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

# What AWS gives a database where Lake Formation does not rule: IAM alone decides.
_BY_IAM = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


def _database(params: Params) -> Params:
    own_catalog(params)
    given = kept("DatabaseInput", params["DatabaseInput"])
    if given.setdefault("CreateTableDefaultPermissions", _BY_IAM) != _BY_IAM:
        raise invalid("CreateTableDefaultPermissions is not offered by the local AWS: it has no Lake Formation.")
    return {**given, "Name": given["Name"].lower(), "CatalogId": ACCOUNT}


@operation("glue", "CreateDatabase")
def create_database(cloud: Cloud, params: Params) -> Params:
    database = {**_database(params), "CreateTime": time.time(), "Tags": params.get("Tags", {})}
    with changing(cloud):
        if not cloud.store.insert(DATABASE, database["Name"], database):
            raise taken("Database already exists.")
    return {}


@operation("glue", "GetDatabase")
def get_database(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    return {"Database": find_database(cloud, params["Name"])}


@operation("glue", "GetDatabases")
def get_databases(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    wanted = params.get("AttributesToGet")
    if wanted is not None and "NAME" not in wanted:
        raise invalid("AttributesToGet must include NAME.")
    shared = params.get("ResourceShareType") in ("FOREIGN", "FEDERATED")  # by other accounts; there is none
    names, token = page([] if shared else cloud.store.names(DATABASE), params, DATABASE)
    found = cloud.store.some(DATABASE, names)
    if wanted is not None:
        found = [{"Name": database["Name"]} for database in found]
    return {"DatabaseList": found, "NextToken": token}


@operation("glue", "UpdateDatabase")
def update_database(cloud: Cloud, params: Params) -> Params:
    """The new input takes the place of the whole old one; when it was made, and its tags, stay."""
    database, name = _database(params), params["Name"].lower()
    if database["Name"] != name:
        raise invalid(f"A database cannot be renamed: DatabaseInput has Name {database['Name']}, the request {name}.")
    with changing(cloud):
        old = find_database(cloud, name)
        new = {**database, "CreateTime": old["CreateTime"], "Tags": old["Tags"]}
        cloud.store.delete(DATABASE, name)
        cloud.store.insert(DATABASE, name, new)
    return {}


@operation("glue", "DeleteDatabase")
def delete_database(cloud: Cloud, params: Params) -> Params:
    """With its tables, and all that they have."""
    own_catalog(params)
    name = params["Name"].lower()
    with changing(cloud):
        find_database(cloud, name)
        for table in cloud.store.names(tables_of(name)):
            forget_table(cloud, name, table)
        cloud.store.delete(DATABASE, name)
    return {}
