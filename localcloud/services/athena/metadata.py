"""The data catalog as Athena's API shows it: AwsDataCatalog alone, which is Glue's."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.athena import workgroups
from localcloud.services.athena.requests import invalid, page
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

CATALOG = "AwsDataCatalog"
_KIND = {"Type": "GLUE", "Status": "CREATE_COMPLETE"}


def _check(cloud: Cloud, params: Params, member: str = "CatalogName") -> None:
    if params.get("WorkGroup"):
        workgroups.find(cloud, params["WorkGroup"])
    name = params.get(member, CATALOG)  # the list of catalogs is asked for none
    if name.lower() != CATALOG.lower():
        raise invalid(f"Data catalog {name} was not found: the local AWS has {CATALOG} alone.")


def _failed(error: ClientError) -> ServiceError:
    details = error.response["Error"]
    return ServiceError("MetadataException", details.get("Message", "") or details["Code"])


def _database(found: Params) -> Params:
    return {
        "Name": found["Name"],
        "Description": found.get("Description") or None,
        "Parameters": found.get("Parameters") or {},
    }


def _table(found: Params) -> Params:
    storage = found.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    extra = {
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    return {
        "Name": found["Name"],
        "CreateTime": _seconds(found.get("CreateTime")),
        "LastAccessTime": _seconds(found.get("LastAccessTime")),
        "TableType": found.get("TableType"),
        "Columns": storage.get("Columns") or [],
        "PartitionKeys": found.get("PartitionKeys") or [],
        "Parameters": {**(found.get("Parameters") or {}), **{name: text for name, text in extra.items() if text}},
    }


def _seconds(moment: object) -> object:
    return moment.timestamp() if hasattr(moment, "timestamp") else moment


@operation("athena", "GetDataCatalog")
def get_data_catalog(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params, "Name")
    return {"DataCatalog": {"Name": CATALOG, **_KIND, "Parameters": {"catalog-id": ACCOUNT}}}


@operation("athena", "ListDataCatalogs")
def list_data_catalogs(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params)
    answer = page([CATALOG], params, "data catalogs")
    return {"DataCatalogsSummary": [{"CatalogName": name, **_KIND} for name in answer.pop("items")], **answer}


@operation("athena", "GetDatabase")
def get_database(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params)
    try:
        return {"Database": _database(cloud.client("glue").get_database(Name=params["DatabaseName"])["Database"])}
    except ClientError as error:
        raise _failed(error) from None


@operation("athena", "ListDatabases")
def list_databases(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params)
    pages = cloud.client("glue").get_paginator("get_databases").paginate()
    found = sorted((_database(item) for part in pages for item in part["DatabaseList"]), key=_name)
    answer = page(found, params, "databases", key=_name)
    return {"DatabaseList": answer.pop("items"), **answer}


def _name(item: Params) -> str:
    return str(item["Name"])


@operation("athena", "GetTableMetadata")
def get_table_metadata(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params)
    try:
        found = cloud.client("glue").get_table(DatabaseName=params["DatabaseName"], Name=params["TableName"])
    except ClientError as error:
        raise _failed(error) from None
    return {"TableMetadata": _table(found["Table"])}


@operation("athena", "ListTableMetadata")
def list_table_metadata(cloud: Cloud, params: Params) -> Params:
    """`Expression` is a regular expression that a whole name must match."""
    _check(cloud, params)
    try:
        wanted = re.compile(params.get("Expression") or ".*", re.IGNORECASE)
    except re.error as error:
        raise invalid(f"Expression is not a regular expression: {error}") from None
    pages = cloud.client("glue").get_paginator("get_tables").paginate(DatabaseName=params["DatabaseName"])
    try:
        found = [item for part in pages for item in part["TableList"] if wanted.fullmatch(item["Name"])]
    except ClientError as error:
        raise _failed(error) from None
    found.sort(key=_name)
    answer = page(found, params, f"tables of {params['DatabaseName']}", key=_name)
    return {"TableMetadataList": [_table(item) for item in answer.pop("items")], **answer}


@operation("athena", "ListEngineVersions")
def list_engine_versions(cloud: Cloud, params: Params) -> Params:
    answer = page(workgroups.VERSIONS, params, "engine versions", size=10)
    versions = [
        {"SelectedEngineVersion": name, "EffectiveEngineVersion": workgroups.ENGINE} for name in answer["items"]
    ]
    return {"EngineVersions": versions, **({"NextToken": answer["NextToken"]} if "NextToken" in answer else {})}
