"""Partitions of a table, by their values."""

from __future__ import annotations

import json
import time
import zlib

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.catalog.inputs import kept, refuse
from localcloud.services.catalog.keys import (
    PARTITION,
    STATISTICS,
    changing,
    error_detail,
    find_table,
    invalid,
    not_found,
    of_values,
    own_catalog,
    parts_of,
    taken,
)
from localcloud.services.catalog.pages import page
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

PAGE = 1000


def _kind(params: Params) -> str:
    return parts_of(PARTITION, params["DatabaseName"], params["TableName"])


def _table(cloud: Cloud, params: Params) -> Params:
    own_catalog(params)
    refuse(params)
    return find_table(cloud, params["DatabaseName"], params["TableName"])


def check_values(table: Params, values: list[str]) -> None:
    """Raise InvalidInputException unless there is a value for each partition key."""
    if len(values) != len(table.get("PartitionKeys", [])):
        raise invalid("The number of partition keys do not match the number of partition values")


def _partition(table: Params, given: Params, created: float) -> Params:
    partition = kept("PartitionInput", given)
    check_values(table, partition.get("Values", []))
    named = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"], "CatalogId": ACCOUNT}
    return {**partition, **named, "CreationTime": created}


def _create(cloud: Cloud, table: Params, given: Params) -> None:
    partition = _partition(table, given, time.time())
    kind = parts_of(PARTITION, table["DatabaseName"], table["Name"])
    if not cloud.store.insert(kind, of_values(partition["Values"]), partition):
        raise taken("Partition already exists.")


@operation("glue", "CreatePartition")
def create_partition(cloud: Cloud, params: Params) -> Params:
    with changing(cloud):
        _create(cloud, _table(cloud, params), params["PartitionInput"])
    return {}


@operation("glue", "BatchCreatePartition")
def batch_create_partition(cloud: Cloud, params: Params) -> Params:
    errors: list[Params] = []
    with changing(cloud):
        table = _table(cloud, params)
        for given in params["PartitionInputList"]:
            try:
                _create(cloud, table, given)
            except ServiceError as error:
                errors.append({"PartitionValues": given.get("Values") or [], "ErrorDetail": error_detail(error)})
    return {"Errors": errors}


@operation("glue", "GetPartition")
def get_partition(cloud: Cloud, params: Params) -> Params:
    check_values(_table(cloud, params), params["PartitionValues"])
    partition = cloud.store.get(_kind(params), of_values(params["PartitionValues"]))
    if partition is None:
        raise not_found("Cannot find partition.")
    return {"Partition": partition}


@operation("glue", "BatchGetPartition")
def batch_get_partition(cloud: Cloud, params: Params) -> Params:
    """Those that there are. Nothing is left unprocessed: also a thousand are read at once."""
    table = _table(cloud, params)
    for wanted in params["PartitionsToGet"]:
        check_values(table, wanted["Values"])
    names = [of_values(wanted["Values"]) for wanted in params["PartitionsToGet"]]
    return {"Partitions": cloud.store.some(_kind(params), names), "UnprocessedKeys": []}


@operation("glue", "GetPartitions")
def get_partitions(cloud: Cloud, params: Params) -> Params:
    """Values decide what is read: of ten thousand partitions only those of the page are taken from the store."""
    table = _table(cloud, params)
    from localcloud.services.catalog import expression  # its parser takes half a second to load

    chosen = expression.condition(params.get("Expression") or "", table.get("PartitionKeys", []))
    names = _segment(cloud.store.names(_kind(params)), params.get("Segment"))
    names, token = page(
        names, params, _kind(params), size=PAGE, wanted=lambda name: chosen is None or chosen(json.loads(name))
    )
    partitions = cloud.store.some(_kind(params), names)
    if params.get("ExcludeColumnSchema"):
        for partition in partitions:
            partition.get("StorageDescriptor", {}).pop("Columns", None)
    return {"Partitions": partitions, "NextToken": token}


def _segment(names: list[str], segment: Params | None) -> list[str]:
    """The share of one of several readers: by the name, so that a partition stays in its segment."""
    if segment is None:
        return names
    number, total = segment["SegmentNumber"], segment["TotalSegments"]
    if number >= total:
        raise invalid(f"SegmentNumber {number} must be less than TotalSegments {total}.")
    return [name for name in names if zlib.crc32(name.encode()) % total == number]


def _update(cloud: Cloud, table: Params, values: list[str], given: Params) -> None:
    """The new input takes the place of the whole old one; with other values the partition is another."""
    check_values(table, values)
    kind = parts_of(PARTITION, table["DatabaseName"], table["Name"])
    old = cloud.store.get(kind, of_values(values))
    if old is None:
        raise not_found("Cannot find partition.")
    new = _partition(table, given, old["CreationTime"])
    name = of_values(new["Values"])
    if name != of_values(values) and cloud.store.get(kind, name) is not None:
        raise taken("Partition already exists.")
    if name != of_values(values):
        _forget_statistics(cloud, table, values)
    cloud.store.delete(kind, of_values(values))
    cloud.store.insert(kind, name, new)


@operation("glue", "UpdatePartition")
def update_partition(cloud: Cloud, params: Params) -> Params:
    with changing(cloud):
        _update(cloud, _table(cloud, params), params["PartitionValueList"], params["PartitionInput"])
    return {}


@operation("glue", "BatchUpdatePartition")
def batch_update_partition(cloud: Cloud, params: Params) -> Params:
    errors: list[Params] = []
    with changing(cloud):
        table = _table(cloud, params)
        for entry in params["Entries"]:
            try:
                _update(cloud, table, entry["PartitionValueList"], entry["PartitionInput"])
            except ServiceError as error:
                errors.append({"PartitionValueList": entry["PartitionValueList"], "ErrorDetail": error_detail(error)})
    return {"Errors": errors}


def _delete(cloud: Cloud, table: Params, values: list[str]) -> None:
    check_values(table, values)
    if not cloud.store.delete(parts_of(PARTITION, table["DatabaseName"], table["Name"]), of_values(values)):
        raise not_found("Cannot find partition.")
    _forget_statistics(cloud, table, values)


def _forget_statistics(cloud: Cloud, table: Params, values: list[str]) -> None:
    kind = parts_of(STATISTICS, table["DatabaseName"], table["Name"])
    for name in cloud.store.names(kind):
        if name.startswith(of_values(values) + "\n"):
            cloud.store.delete(kind, name)


@operation("glue", "DeletePartition")
def delete_partition(cloud: Cloud, params: Params) -> Params:
    with changing(cloud):
        _delete(cloud, _table(cloud, params), params["PartitionValues"])
    return {}


@operation("glue", "BatchDeletePartition")
def batch_delete_partition(cloud: Cloud, params: Params) -> Params:
    errors: list[Params] = []
    with changing(cloud):
        table = _table(cloud, params)
        for wanted in params["PartitionsToDelete"]:
            try:
                _delete(cloud, table, wanted["Values"])
            except ServiceError as error:
                errors.append({"PartitionValues": wanted["Values"], "ErrorDetail": error_detail(error)})
    return {"Errors": errors}
