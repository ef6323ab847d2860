"""Infer a catalog table from files on S3: format, columns, partitions. DuckDB reads a sample, as Glue does."""

from __future__ import annotations

import fnmatch
import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_BYTES = 2**20  # of each text file, as Glue's own crawler
SAMPLE_FILES = 8
_PARTITION = re.compile(r"([^/=]+)=([^/]*)$")
_HIVE = {
    **{"BOOLEAN": "boolean", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint"},
    **{"HUGEINT": "decimal(38,0)", "FLOAT": "float", "DOUBLE": "double", "DATE": "date", "BLOB": "binary"},
    **{"TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamp", "VARCHAR": "string", "JSON": "string"},
    **{"UTINYINT": "smallint", "USMALLINT": "int", "UINTEGER": "bigint", "UBIGINT": "bigint"},
}
_MAPRED = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class Unreadable(Exception):
    """Files that are no CSV, JSON or Parquet, or disagree among themselves."""


@dataclass
class Group:
    """The objects of one table: keys and sizes, and the partition values in their paths."""

    bucket: str
    prefix: str
    objects: list[tuple[str, int]] = field(default_factory=list)
    partitions: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)


@dataclass
class Table:
    """What the catalog needs to know of one table."""

    name: str
    location: str
    classification: str
    columns: list[tuple[str, str]]
    partition_keys: list[str]
    partitions: dict[tuple[tuple[str, str], ...], str]
    files: int
    bytes: int
    delimiter: str = ","
    header: bool = False

    def table_input(self, name: str, crawler: str) -> dict[str, Any]:
        """The TableInput that Glue's own crawler registers for such files."""
        parameters = {
            "classification": self.classification,
            "compressionType": "none",
            "typeOfData": "file",
            "objectCount": str(self.files),
            "sizeKey": str(self.bytes),
            "UPDATED_BY_CRAWLER": crawler,
        }
        if self.classification == "csv":
            parameters |= {"delimiter": self.delimiter, "columnsOrdered": "true"}
            if self.header:
                parameters["skip.header.line.count"] = "1"
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in self.partition_keys],
            "StorageDescriptor": self._storage(parameters),
        }

    def _storage(self, parameters: dict[str, str]) -> dict[str, Any]:
        if self.classification == "parquet":
            formats = f"{_PARQUET}.MapredParquetInputFormat", f"{_PARQUET}.MapredParquetOutputFormat"
            library, settings = f"{_PARQUET}.serde.ParquetHiveSerDe", {"serialization.format": "1"}
        elif self.classification == "json":
            paths = ",".join(column for column, _ in self.columns)
            formats = _MAPRED, _TEXT_OUT
            library, settings = "org.openx.data.jsonserde.JsonSerDe", {"paths": paths}
        else:
            formats = _MAPRED, _TEXT_OUT
            library = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
            settings = {"separatorChar": self.delimiter, "quoteChar": '"', "escapeChar": "\\"}
        return {
            "Columns": [{"Name": column, "Type": kind} for column, kind in self.columns],
            "Location": self.location,
            "InputFormat": formats[0],
            "OutputFormat": formats[1],
            "Compressed": False,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": settings},
            "Parameters": parameters,
        }

    def partition_inputs(self, storage: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"Values": [value for _, value in values], "StorageDescriptor": {**storage, "Location": location}}
            for values, location in sorted(self.partitions.items())
        ]


def group_objects(bucket: str, prefix: str, objects: list[tuple[str, int]], exclusions: list[str]) -> list[Group]:
    """Objects by table: the folder that holds them, `key=value` folders being partitions of the folder above.

    Hidden names (`_…`, `.…`) and those that match an exclusion pattern, relative to the target, are left out.
    """
    base = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    groups: dict[str, Group] = {}
    for key, size in objects:
        if prefix and key != prefix and not key.startswith(base):
            continue
        relative = key.removeprefix(base)
        hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
        if not size or hidden or any(fnmatch.fnmatch(relative, pattern) for pattern in exclusions):
            continue
        folder, values = key.rpartition("/")[0], []
        location = folder
        while folder and len(folder) >= len(base.rstrip("/")) and (match := _PARTITION.search(folder)):
            values.append((match.group(1), match.group(2)))
            folder = folder[: match.start()].rstrip("/")
        group = groups.setdefault(folder, Group(bucket, folder))
        group.objects.append((key, size))
        if values:
            group.partitions[tuple(reversed(values))] = f"s3://{bucket}/{location}/"
    return list(groups.values())


def read_table(s3: Any, group: Group, folder: Path) -> Table:
    """Sample a group's files and infer its table.

    Raises:
        Unreadable: unknown format, mixed formats, or partitions with different keys.
    """
    location = f"s3://{group.bucket}/{group.prefix}/" if group.prefix else f"s3://{group.bucket}/"
    keys = {tuple(name for name, _ in values) for values in group.partitions}
    if len(keys) > 1 or (keys and len(group.partitions) and any("=" not in key for key, _ in group.objects)):
        raise Unreadable(f"{location}: the files do not share one set of partition folders.")
    folder.mkdir(parents=True)
    step = max(1, len(group.objects) // SAMPLE_FILES)
    sampled = group.objects[::step][:SAMPLE_FILES]
    samples = [_sample(s3, group.bucket, key, folder / str(number)) for number, (key, _) in enumerate(sampled)]
    formats = {kind for kind, _ in samples}
    if len(formats) > 1:
        raise Unreadable(f"{location}: mixed formats {', '.join(sorted(formats))} below one folder.")
    kind, paths = formats.pop(), [path for _, path in samples]
    table = Table(
        name=_table_name(group),
        location=location,
        classification=kind,
        columns=[],
        partition_keys=[_column_name(name) for name in next(iter(keys), ())],
        partitions=group.partitions,
        files=len(group.objects),
        bytes=sum(size for _, size in group.objects),
    )
    _infer(table, paths)
    table.columns = [column for column in table.columns if column[0] not in table.partition_keys]
    return table


def _table_name(group: Group) -> str:
    return _column_name(group.prefix.rpartition("/")[2] or group.bucket)


def _column_name(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower())


def _sample(s3: Any, bucket: str, key: str, path: Path) -> tuple[str, Path]:
    """Download what inference needs of one object: all of a Parquet file, the first whole lines of a text."""
    start = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{SAMPLE_BYTES - 1}")["Body"].read()
    if start[:4] == b"PAR1":
        s3.download_file(bucket, key, str(path))
        return "parquet", path
    if start[:2] == b"\x1f\x8b":
        start = zlib.decompressobj(wbits=31).decompress(start, SAMPLE_BYTES)
    complete = len(start) < SAMPLE_BYTES
    text = start.decode("utf-8", errors="replace")
    lines = text.splitlines()
    if not complete and len(lines) > 1:
        lines = lines[:-1]
    if "\0" in text:
        raise Unreadable(f"s3://{bucket}/{key} is neither CSV nor JSON nor Parquet.")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith(("{", "[")):
        lines = _json_lines(text, lines)
        path.write_text("\n".join(lines) + "\n")
        return "json", path
    path.write_text("\n".join(lines) + "\n")
    return "csv", path


def _json_lines(text: str, lines: list[str]) -> list[str]:
    """Readable JSON objects, one a line: a sample need not hold the lines that are broken."""
    good = []
    for line in lines:
        try:
            if isinstance(json.loads(line), dict):
                good.append(line)
        except ValueError:
            continue
    if not good:
        try:
            document = json.loads(text)
        except ValueError:
            raise Unreadable("The JSON files hold no readable object.") from None
        good = [json.dumps(item) for item in (document if isinstance(document, list) else [document])]
    return good


def _infer(table: Table, paths: list[Path]) -> None:
    import duckdb  # 25 MB of the server's memory, needed only when a crawler runs

    names = [str(path) for path in paths]
    with duckdb.connect() as db:
        db.execute("SET threads = 1; SET memory_limit = '512MB'")
        try:
            if table.classification == "parquet":
                relation = db.read_parquet(names, union_by_name=True)
            elif table.classification == "json":
                relation = db.sql(
                    "SELECT * FROM read_json(?, format='newline_delimited', union_by_name=true, sample_size=-1,"
                    " map_inference_threshold=-1, dateformat='none', timestampformat='none')",
                    params=[names],
                )
            else:
                sniffed = db.execute("SELECT Delimiter, HasHeader FROM sniff_csv(?)", [names[0]]).fetchone()
                table.delimiter, table.header = (sniffed[0], bool(sniffed[1])) if sniffed else (",", True)
                relation = db.read_csv(names[0], delimiter=table.delimiter, header=table.header)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            for name in names:
                reason = reason.replace(name, "a sampled file")
            raise Unreadable(f"{table.location}: these {table.classification} files do not read: {reason}") from None
        table.columns = [
            (_column_name(name), hive_type(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)
        ]
    if table.classification != "parquet":
        table.columns = [(name, "string" if kind in ("date", "timestamp") else kind) for name, kind in table.columns]


def hive_type(kind: Any) -> str:
    """DuckDB's type in the catalog's (Hive's) words; nested types too, anything unknown is a string."""
    text = str(kind)
    if kind.id == "list":
        return f"array<{hive_type(kind.children[0][1])}>"
    if kind.id == "struct":
        members = ",".join(f"{_column_name(name)}:{hive_type(child)}" for name, child in kind.children)
        return f"struct<{members}>"
    if kind.id == "map":
        key, value = (hive_type(child) for _, child in kind.children)
        return f"map<{key},{value}>"
    if text.startswith("DECIMAL"):
        return text.lower()
    return _HIVE.get(text, "timestamp" if text.startswith("TIMESTAMP") else "string")
