"""What a Glue sink registers in the Data Catalog, and how a catalog table is described to Spark."""

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_SERDES = {
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": "csv",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": "csv",
    "org.openx.data.jsonserde.JsonSerDe": "json",
    "org.apache.hive.hcatalog.data.JsonSerDe": "json",
    f"{_PARQUET}.serde.ParquetHiveSerDe": "parquet",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde": "orc",
}
_BATCH = 100  # the most partitions that BatchCreatePartition and BatchUpdatePartition take


def glue_client() -> Any:
    """Client of the Data Catalog; region, endpoint and credentials come from the environment."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return boto3.client("glue", region_name=region)


def columns(schema: "StructType") -> list[dict[str, str]]:
    """Spark schema -> catalog columns, with Hive type names and lower-case names."""
    return [
        {
            "Name": field.name.lower(),
            "Type": field.dataType.simpleString().replace("timestamp_ntz", "timestamp"),
        }
        for field in schema.fields
    ]


def storage(fmt: str, location: str, table_columns: list[dict[str, str]], separator: str = ",") -> dict[str, Any]:
    """StorageDescriptor as Glue registers it for files of this format ("parquet", "glueparquet", "json", "csv")."""
    if fmt in ("parquet", "glueparquet"):
        formats = f"{_PARQUET}.MapredParquetInputFormat", f"{_PARQUET}.MapredParquetOutputFormat"
        serde = {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"}
        parameters = {"serialization.format": "1"}
    elif fmt == "json":
        formats = _TEXT_IN, _TEXT_OUT
        serde = {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}
        parameters = {"paths": ",".join(column["Name"] for column in table_columns)}
    else:
        formats = _TEXT_IN, _TEXT_OUT
        serde = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"}
        parameters = {"field.delim": separator, "serialization.format": separator}
    return {
        "Columns": table_columns,
        "Location": location,
        "InputFormat": formats[0],
        "OutputFormat": formats[1],
        "Compressed": False,
        "SerdeInfo": {**serde, "Parameters": parameters},
        "StoredAsSubDirectories": False,
    }


def register_table(
    glue: Any,
    database: str,
    table: str,
    descriptor: dict[str, Any],
    partition_keys: list[dict[str, str]],
    parameters: dict[str, str],
    replace_schema: bool,
) -> None:
    """Creates the table, or gives an existing one the new schema when `replace_schema`.

    Raises ValueError if the existing table has other partition keys; botocore's EntityNotFoundException if there
    is no such database.
    """
    table_input = {
        "Name": table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": partition_keys,
        "StorageDescriptor": descriptor,
    }
    try:
        existing = glue.get_table(DatabaseName=database, Name=table)["Table"]
    except glue.exceptions.EntityNotFoundException:
        glue.create_table(DatabaseName=database, TableInput=table_input)
        return
    old_keys = [key["Name"] for key in existing.get("PartitionKeys", [])]
    new_keys = [key["Name"] for key in partition_keys]
    if old_keys != new_keys:
        raise ValueError(
            f"Table {database}.{table} is partitioned by {old_keys}, the sink by {new_keys}: use the same "
            "partitionKeys, or delete the table first"
        )
    if replace_schema:
        glue.update_table(DatabaseName=database, TableInput=table_input)


def register_partitions(glue: Any, database: str, table: str, descriptor: dict[str, Any], folders: list[str]) -> None:
    """Adds a partition for each folder `<table location>/key=value/…`, or updates the one that is there."""
    inputs = []
    for folder in sorted(folders):
        parts = folder.removeprefix(descriptor["Location"]).strip("/").split("/")
        values = [unquote(part.partition("=")[2]) for part in parts]
        inputs.append({"Values": values, "StorageDescriptor": {**descriptor, "Location": folder}})
    for start in range(0, len(inputs), _BATCH):
        batch = inputs[start : start + _BATCH]
        answer = glue.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=batch)
        known = []
        for error in answer.get("Errors", []):
            detail = error["ErrorDetail"]
            if detail["ErrorCode"] != "AlreadyExistsException":
                raise ClientError(
                    {"Error": {"Code": detail["ErrorCode"], "Message": str(error)}}, "BatchCreatePartition"
                )
            known.append(error["PartitionValues"])
        entries = [
            {"PartitionValueList": one["Values"], "PartitionInput": one} for one in batch if one["Values"] in known
        ]
        if entries:
            answer = glue.batch_update_partition(DatabaseName=database, TableName=table, Entries=entries)
            if answer.get("Errors"):
                detail = answer["Errors"][0]["ErrorDetail"]
                raise ClientError(
                    {"Error": {"Code": detail["ErrorCode"], "Message": str(detail)}}, "BatchUpdatePartition"
                )


def partition_locations(glue: Any, database: str, table: str) -> list[str]:
    """Locations of all registered partitions of a table."""
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
    return [part["StorageDescriptor"]["Location"] for page in pages for part in page["Partitions"]]


def reading(database: str, table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Format of a table's files and Glue's format options for it, from its SerDe.

    Raises NotImplementedError for a SerDe or a setting of it that the local Glue cannot follow, ValueError for a
    table without classification, which Glue does not read either.
    """
    storage, name = table["StorageDescriptor"], f"{database}.{table['Name']}"
    info = storage.get("SerdeInfo", {})
    serde, settings = info.get("SerializationLibrary", ""), info.get("Parameters", {})
    parameters = {**storage.get("Parameters", {}), **table.get("Parameters", {})}
    if not parameters.get("classification"):
        raise ValueError(
            f"No classification or connection in {name}: give the table the parameter classification, "
            "for example csv, json or parquet"
        )
    if serde not in _SERDES:
        raise NotImplementedError(f"{name}: the SerDe {serde or 'None'} is not offered by the local Glue")
    kind = _SERDES[serde]
    if kind != "csv":
        return kind, {}
    lines = parameters.get("skip.header.line.count", settings.get("skip.header.line.count", "0"))
    if lines not in ("0", "1"):
        raise NotImplementedError(f"{name}: skip.header.line.count {lines} not offered by the local Glue, only 0 and 1")
    options: dict[str, Any] = {"withHeader": lines == "1", "quoteChar": settings.get("quoteChar", '"')}
    if serde.endswith("OpenCSVSerde"):
        # Its default escape character, the backslash, also takes doubled quotes, which Spark's does not: those count.
        options["separator"] = settings.get("separatorChar", ",")
        escaper = settings.get("escapeChar", "\\")
        return kind, options if escaper == "\\" else {**options, "escaper": escaper}
    if settings.get("serialization.null.format", "") not in ("", "\\N"):
        raise NotImplementedError(f"{name}: serialization.null.format is not offered by the local Glue")
    options["separator"] = settings.get("field.delim", parameters.get("delimiter", ","))
    return kind, {**options, "escaper": settings["escape.delim"]} if "escape.delim" in settings else options


def ddl(table_columns: list[dict[str, str]]) -> str:
    """Catalog columns -> a schema string that Spark reads."""
    return ", ".join(f"`{column['Name']}` {column['Type']}" for column in table_columns)
