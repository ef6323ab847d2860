"""Versions of a table: the current one, and those that UpdateTable has archived. Newest first."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.catalog.inputs import refuse
from localcloud.services.catalog.keys import (
    VERSION,
    changing,
    error_detail,
    find_table,
    invalid,
    not_found,
    own_catalog,
    parts_of,
)
from localcloud.services.catalog.pages import page
from localcloud.services.registry import Params, operation


def _kind(params: Params) -> str:
    return parts_of(VERSION, params["DatabaseName"], params["TableName"])


def _age(version: str) -> str:
    """Sorts versions newest first, as text."""
    return f"{10**12 - int(version):013}"


@operation("glue", "GetTableVersion")
def get_table_version(cloud: Cloud, params: Params) -> Params:
    """Without a VersionId the current one."""
    own_catalog(params)
    refuse(params)
    current = find_table(cloud, params["DatabaseName"], params["TableName"])
    wanted = params.get("VersionId") or current["VersionId"]
    table = current if wanted == current["VersionId"] else cloud.store.get(_kind(params), wanted)
    if table is None:
        raise not_found(f"Version {wanted} of table {params['TableName']} not found.")
    return {"TableVersion": {"Table": table, "VersionId": table["VersionId"]}}


@operation("glue", "GetTableVersions")
def get_table_versions(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    current = find_table(cloud, params["DatabaseName"], params["TableName"])
    by_age = {_age(version): version for version in [current["VersionId"], *cloud.store.names(_kind(params))]}
    ages, token = page(sorted(by_age), params, _kind(params))
    archived = {table["VersionId"]: table for table in cloud.store.some(_kind(params), [by_age[age] for age in ages])}
    tables = [{**archived, current["VersionId"]: current}.get(by_age[age]) for age in ages]
    return {
        "TableVersions": [{"Table": table, "VersionId": table["VersionId"]} for table in tables if table],
        "NextToken": token,
    }


def _delete(cloud: Cloud, params: Params, version: str) -> None:
    if version == find_table(cloud, params["DatabaseName"], params["TableName"])["VersionId"]:
        raise invalid(f"Version {version} is the current one: delete the table, or update it first.")
    if not cloud.store.delete(_kind(params), version):
        raise not_found(f"Version {version} of table {params['TableName']} not found.")


@operation("glue", "DeleteTableVersion")
def delete_table_version(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    with changing(cloud):
        _delete(cloud, params, params["VersionId"])
    return {}


@operation("glue", "BatchDeleteTableVersion")
def batch_delete_table_version(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    errors: list[Params] = []
    with changing(cloud):
        find_table(cloud, params["DatabaseName"], params["TableName"])
        for version in params["VersionIds"]:
            try:
                _delete(cloud, params, version)
            except ServiceError as error:
                named = {"TableName": params["TableName"], "VersionId": version}
                errors.append({**named, "ErrorDetail": error_detail(error)})
    return {"Errors": errors}
