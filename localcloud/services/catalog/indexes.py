"""Partition indexes: kept and shown. Here a filter reads the values of all partitions, with an index or without."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.catalog.keys import (
    INDEX,
    changing,
    find_table,
    invalid,
    not_found,
    own_catalog,
    parts_of,
    taken,
)
from localcloud.services.catalog.pages import page
from localcloud.services.registry import Params, operation

MOST = 3  # of a table


def add(cloud: Cloud, table: Params, index: Params) -> None:
    """Give a table an index, in a transaction of the caller's.

    Raises:
        ServiceError: AlreadyExistsException, InvalidInputException, ResourceNumberLimitExceededException.
    """
    kind = parts_of(INDEX, table["DatabaseName"], table["Name"])
    types = {key["Name"]: key.get("Type", "string") for key in table.get("PartitionKeys", [])}
    names = [key.lower() for key in index["Keys"]]
    unknown = [name for name in names if name not in types]
    if unknown:
        raise invalid(f"The index has keys that are no partition keys of the table: {', '.join(unknown)}.")
    if len(set(names)) < len(names):
        raise invalid("The index names a key twice.")
    name = index["IndexName"]
    described = {
        "IndexName": name,
        "Keys": [{"Name": key, "Type": types[key]} for key in names],
        "IndexStatus": "ACTIVE",
    }
    if len(cloud.store.names(kind)) >= MOST and cloud.store.get(kind, name) is None:
        raise ServiceError("ResourceNumberLimitExceededException", f"A table has at most {MOST} partition indexes.")
    if not cloud.store.insert(kind, name, described):
        raise taken(f"The table has a partition index {name}.")


@operation("glue", "CreatePartitionIndex")
def create_partition_index(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    with changing(cloud):
        add(cloud, find_table(cloud, params["DatabaseName"], params["TableName"]), params["PartitionIndex"])
    return {}


@operation("glue", "GetPartitionIndexes")
def get_partition_indexes(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    find_table(cloud, params["DatabaseName"], params["TableName"])
    kind = parts_of(INDEX, params["DatabaseName"], params["TableName"])
    names, token = page(cloud.store.names(kind), params, kind)
    return {"PartitionIndexDescriptorList": cloud.store.some(kind, names), "NextToken": token}


@operation("glue", "DeletePartitionIndex")
def delete_partition_index(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    with changing(cloud):
        find_table(cloud, params["DatabaseName"], params["TableName"])
        if not cloud.store.delete(parts_of(INDEX, params["DatabaseName"], params["TableName"]), params["IndexName"]):
            raise not_found(f"Partition index {params['IndexName']} not found.")
    return {}
