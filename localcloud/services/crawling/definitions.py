"""The table and partition definitions that a crawler writes to the catalog.

They hold what AWS's crawlers write, as public definitions with CrawlerSchemaSerializerVersion 1.0 show it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.services.crawling.delimited import LAZY, OPEN
from localcloud.services.crawling.grouping import Leaf, Table
from localcloud.services.crawling.listing import Target
from localcloud.services.crawling.schema import Schema, hive, unique

LONGEST_NAME = 128  # https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html
_TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_HIVE_IO = "org.apache.hadoop.hive.ql.io"
_FORMATS = {
    "csv": (_TEXT_IN, _TEXT_OUT, LAZY),
    "json": (_TEXT_IN, _TEXT_OUT, "org.openx.data.jsonserde.JsonSerDe"),
    "parquet": (
        f"{_HIVE_IO}.parquet.MapredParquetInputFormat",
        f"{_HIVE_IO}.parquet.MapredParquetOutputFormat",
        f"{_HIVE_IO}.parquet.serde.ParquetHiveSerDe",
    ),
    "avro": (
        f"{_HIVE_IO}.avro.AvroContainerInputFormat",
        f"{_HIVE_IO}.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}
Definition = dict[str, Any]


def table_names(bucket: str, tables: Iterable[Table], prefix: str) -> Iterator[tuple[str, Table]]:
    """Each table with the name that comes from its folder or file; letters, digits and underscores only."""
    for table in tables:
        last = table.location.rstrip("/").rpartition("/")[2] or bucket
        yield (prefix + re.sub(r"[^a-z0-9_]", "_", last.lower()))[:LONGEST_NAME].lower(), table


def with_hash(name: str, location: str) -> str:
    """The name with a hash of the location, for a name that another table has."""
    digest = hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: LONGEST_NAME - len(digest) - 1]}_{digest}"


def address(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def partition_keys(table: Table) -> list[str]:
    """The names of the table's partition keys; a level without `key=` is partition_0 and so on, by its depth."""
    taken: set[str] = set()
    return [unique(level or f"partition_{depth}", taken) for depth, level in enumerate(table.levels)]


def table_input(name: str, target: Target, table: Table, crawler: str, crawl: str) -> Definition:
    """The TableInput of CreateTable and UpdateTable."""
    keys = partition_keys(table)
    files = list(table.files())
    parameters = _parameters(table.schema, len(files), sum(file.size for file in files))
    if target.exclusions and table.schema:
        patterns = [address(target.bucket, target.folder + pattern) for pattern in target.exclusions]
        parameters["exclusions"] = json.dumps(patterns)
    parameters |= {"UPDATED_BY_CRAWLER": crawler, "CRAWL_RUN_ID": crawl}
    if table.schema:
        parameters |= {"CrawlerSchemaDeserializerVersion": "1.0", "CrawlerSchemaSerializerVersion": "1.0"}
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": _storage(table.schema, address(target.bucket, table.location), parameters, keys),
    }


def partition_inputs(bucket: str, table: Table) -> dict[tuple[str, ...], Definition]:
    """The PartitionInput of each folder, by its values. Each has the columns that its own files have."""
    if not table.levels:
        return {}
    keys = partition_keys(table)
    return {leaf.values: _partition(bucket, leaf, keys) for leaf in table.leaves}


def _partition(bucket: str, leaf: Leaf, keys: list[str]) -> Definition:
    parameters = _parameters(leaf.schema, len(leaf.files), sum(file.size for file in leaf.files))
    storage = _storage(leaf.schema, address(bucket, leaf.location), parameters, keys)
    return {"Values": list(leaf.values), "StorageDescriptor": storage, "Parameters": dict(parameters)}


def _parameters(schema: Schema | None, objects: int, size: int) -> dict[str, str]:
    if schema is None:
        return {"classification": "UNKNOWN", "typeOfData": "file", "objectCount": str(objects), "sizeKey": str(size)}
    parameters = {
        "classification": schema.classification,
        "compressionType": schema.compression,
        "typeOfData": "file",
        "objectCount": str(objects),
        "recordCount": str(schema.records),
        "averageRecordSize": str(schema.record_bytes),
        "sizeKey": str(size),
    }
    if schema.classification == "csv":
        parameters |= {"delimiter": schema.delimiter, "columnsOrdered": "true"}
        parameters["areColumnsQuoted"] = str(schema.quoted).lower()
        if schema.header:
            parameters["skip.header.line.count"] = "1"
    if schema.literal:
        parameters["avro.schema.literal"] = schema.literal
    return parameters


def _storage(schema: Schema | None, location: str, parameters: dict[str, str], keys: list[str]) -> Definition:
    storage: Definition = {
        "Columns": columns(schema, keys) if schema else [],
        "Location": location,
        "Compressed": bool(schema and schema.compression != "none"),
        "NumberOfBuckets": -1,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": dict(parameters),
        "StoredAsSubDirectories": False,
    }
    # What is UNKNOWN gets Hive's defaults; without columns nothing reads it.
    reader, writer, library = _FORMATS[schema.classification if schema else "csv"]
    settings = _serde(schema) if schema else {}
    serde = {"SerializationLibrary": schema.serde if schema and schema.serde else library, "Parameters": settings}
    return storage | {"InputFormat": reader, "OutputFormat": writer, "SerdeInfo": serde}


def _serde(schema: Schema) -> dict[str, str]:
    if schema.serde == OPEN:
        return {"separatorChar": schema.delimiter, "quoteChar": schema.quote, "escapeChar": "\\"}
    if schema.classification == "csv":
        return {"field.delim": schema.delimiter}
    if schema.classification == "json":
        return {"paths": ",".join(sorted(schema.paths))}
    literal = {"avro.schema.literal": schema.literal} if schema.literal else {}
    return {"serialization.format": "1", **literal}


def columns(schema: Schema, keys: list[str]) -> list[dict[str, str]]:
    """The columns; one that is called as a partition key cannot stand beside it.

    CSV is read by position: there the column stays, under another name. Elsewhere the folder's value counts.
    """
    if schema.classification != "csv":
        return [{"Name": name, "Type": hive(kind)} for name, kind in schema.columns if name not in keys]
    taken = {*keys, *(name for name, _ in schema.columns if name not in keys)}
    named = [(unique(name, taken) if name in keys else name, kind) for name, kind in schema.columns]
    return [{"Name": name, "Type": hive(kind)} for name, kind in named]
