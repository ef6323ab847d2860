"""What the catalog keeps of a request, and what it refuses by name because nothing here could act on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import Shape

from localcloud.protocol import service_model
from localcloud.services.catalog.keys import invalid
from localcloud.services.registry import Params

# Members of databases and tables that stand for something outside the catalog, each with what it is.
_ELSEWHERE = {
    "TargetDatabase": "a resource link needs a second catalog",
    "FederatedDatabase": "a federated database needs a connection to another metastore",
    "TargetTable": "a resource link needs a second catalog",
    "FederatedTable": "a federated table needs a connection to another metastore",
    "ViewDefinition": "a multi-dialect view needs Lake Formation; make an Athena view with CREATE VIEW",
}
# Members of requests.
_NOT_OFFERED = {
    "TransactionId": "there are no governed tables",
    "QueryAsOfTime": "there are no governed tables",
    "AuditContext": "there is no Lake Formation that could audit",
    "QuerySessionContext": "there is no Lake Formation that could audit",
    "OpenTableFormatInput": "Iceberg tables cannot be read here",
    "UpdateOpenTableFormatInput": "Iceberg tables cannot be read here",
    "ViewUpdateAction": "a multi-dialect view needs Lake Formation",
}
# What a storage descriptor answers though nobody has given it: AWS's model has them as values that are never absent.
_STORAGE_DEFAULTS = {"Compressed": False, "NumberOfBuckets": 0, "StoredAsSubDirectories": False}


def refuse(params: Params) -> None:
    """Raise InvalidInputException when a request, or its TableInput or DatabaseInput, has what is not offered."""
    for name, reason in {**_NOT_OFFERED, **_ELSEWHERE}.items():
        if params.get(name) is not None:
            raise invalid(f"{name} is not offered by the local AWS: {reason}.")
    if (params.get("StorageDescriptor") or {}).get("SchemaReference") is not None:
        raise invalid("SchemaReference is not offered by the local AWS: it has no Schema Registry. Give Columns.")


def kept(shape: str, value: Params) -> Params:
    """An input as the catalog keeps it: without nulls, times in seconds, names of columns in lower case.

    Args:
        shape: the name of its shape in the model, such as `TableInput`.
    """
    refuse(value)
    plain: Params = _plain(value, service_model("glue").shape_for(shape))
    if "StorageDescriptor" in plain:
        plain["StorageDescriptor"] = {**_STORAGE_DEFAULTS, **plain["StorageDescriptor"]}
    columns = plain.get("StorageDescriptor", {}).get("Columns", []) + plain.get("PartitionKeys", [])
    for column in columns:
        column["Name"] = column["Name"].lower()  # the catalog's are the names of Hive
    return plain


def _plain(value: Any, shape: Shape) -> Any:
    if shape.type_name == "structure":
        return {
            name: _plain(value[name], member) for name, member in shape.members.items() if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_plain(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: _plain(item, shape.value) for key, item in value.items() if item is not None}
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value)
    return value
