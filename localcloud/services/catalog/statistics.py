"""Statistics of columns, of a table and of a partition, as a client has computed and sent them."""

from __future__ import annotations

import base64

from localcloud.cloud import Cloud
from localcloud.services.catalog.inputs import kept
from localcloud.services.catalog.keys import (
    PARTITION,
    STATISTICS,
    changing,
    error_detail,
    find_table,
    not_found,
    of_values,
    own_catalog,
    parts_of,
)
from localcloud.services.catalog.partitions import check_values
from localcloud.services.registry import Params, operation


def _place(cloud: Cloud, params: Params) -> tuple[str, str, set[str]]:
    """The kind of a table's statistics, how names begin in it (those of a partition with its values), its columns."""
    own_catalog(params)
    database, name = params["DatabaseName"], params["TableName"]
    table = find_table(cloud, database, name)
    kind, prefix = parts_of(STATISTICS, database, name), ""
    if "PartitionValues" in params:
        check_values(table, params["PartitionValues"])
        values = of_values(params["PartitionValues"])
        if cloud.store.get(parts_of(PARTITION, database, name), values) is None:
            raise not_found("Cannot find partition.")
        prefix = values + "\n"
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
    return kind, prefix, {column["Name"] for column in columns}


def _no_such(column: str) -> Params:
    return error_detail(not_found(f"Column {column} not found."))


def _update(cloud: Cloud, params: Params) -> Params:
    errors: list[Params] = []
    with changing(cloud):
        kind, prefix, columns = _place(cloud, params)
        for given in params["ColumnStatisticsList"]:
            statistics = kept("ColumnStatistics", given)
            name = statistics["ColumnName"] = statistics["ColumnName"].lower()
            if name not in columns:
                errors.append({"ColumnStatistics": _answered(statistics), "Error": _no_such(name)})
                continue
            cloud.store.delete(kind, prefix + name)
            cloud.store.insert(kind, prefix + name, statistics)
    return {"Errors": errors}


def _get(cloud: Cloud, params: Params) -> Params:
    kind, prefix, _ = _place(cloud, params)
    names = [name.lower() for name in params["ColumnNames"]]
    found = {
        statistics["ColumnName"]: statistics for statistics in cloud.store.some(kind, [prefix + name for name in names])
    }
    return {
        "ColumnStatisticsList": [_answered(statistics) for statistics in found.values()],
        "Errors": [{"ColumnName": name, "Error": _no_such(name)} for name in names if name not in found],
    }


def _answered(statistics: Params) -> Params:
    """With the digits of decimals as bytes; they are kept as they came, in base64."""
    data = statistics["StatisticsData"]
    decimals = dict(data.get("DecimalColumnStatisticsData") or {})
    for end in ("MinimumValue", "MaximumValue"):
        if end in decimals:
            digits = base64.b64decode(decimals[end]["UnscaledValue"])
            decimals[end] = {**decimals[end], "UnscaledValue": digits}
    shown = {"DecimalColumnStatisticsData": decimals} if decimals else {}
    return {**statistics, "StatisticsData": {**data, **shown}}


def _delete(cloud: Cloud, params: Params) -> Params:
    with changing(cloud):
        kind, prefix, _ = _place(cloud, params)
        if not cloud.store.delete(kind, prefix + params["ColumnName"].lower()):
            raise not_found(f"Statistics of column {params['ColumnName']} not found.")
    return {}


for _whose in ("Table", "Partition"):
    operation("glue", f"UpdateColumnStatisticsFor{_whose}")(_update)
    operation("glue", f"GetColumnStatisticsFor{_whose}")(_get)
    operation("glue", f"DeleteColumnStatisticsFor{_whose}")(_delete)
