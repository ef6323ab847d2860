"""How data files are to be written: the properties of CREATE TABLE AS and UNLOAD, and what a table's SerDe asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.services.athena import lookup as catalog
from localcloud.services.registry import Params
from localcloud.sql import formats
from localcloud.sql.model import NotOffered, QueryError

HIVE_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
_JSON_SERDES = {HIVE_JSON, formats.JSON, "org.apache.hadoop.hive.serde2.JsonSerDe"}
_CODECS = {
    "parquet": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "json": ("GZIP", "NONE"),
    "textfile": ("GZIP", "NONE"),
}
_COLUMN_FORMATS = {"parquet": (formats.PARQUET, formats.PARQUET_CLASSES), "json": (HIVE_JSON, formats.TEXT_CLASSES)}


@dataclass(frozen=True)
class Options:
    """`kind` and `options` are what the writer gets; the rest is for the catalog."""

    kind: str
    options: dict[str, str]
    partitioned_by: tuple[str, ...] = ()
    location: str | None = None
    serde: str = ""
    serde_parameters: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, str] = formats.TEXT_CLASSES
    parameters: dict[str, str] = field(default_factory=dict)


def _kind(name: str) -> str:
    kind = name.lower()
    if kind in ("orc", "avro", "ion", "rcbinary", "rctext", "sequencefile"):
        raise NotOffered(f"writing {name.upper()} files; there are PARQUET, JSON and TEXTFILE.")
    if kind not in _CODECS:
        raise QueryError("INVALID_TABLE_PROPERTY", f"Unable to set table property 'format' to ['{name}']")
    return kind


def _codec(kind: str, name: str) -> str:
    codec = name.upper()
    codec = "NONE" if codec == "UNCOMPRESSED" else codec
    if codec not in _CODECS[kind]:
        raise NotOffered(f"{name} compression of {kind.upper()}; there are {', '.join(_CODECS[kind])}.")
    return codec


def _text(properties: dict[str, Any], name: str) -> str | None:
    value = properties.get(name)
    if value is not None and not isinstance(value, str):
        raise QueryError(
            "INVALID_TABLE_PROPERTY", f"Unable to set table property '{name}' to [{value}]: a text is needed"
        )
    return value


def _names(properties: dict[str, Any]) -> tuple[str, ...]:
    value = properties.get("partitioned_by", [])
    if not isinstance(value, list):
        raise QueryError("INVALID_TABLE_PROPERTY", "Table property 'partitioned_by' must be ARRAY['column', …]")
    return tuple(name.lower() for name in value)


def of_table_as(properties: dict[str, Any]) -> Options:
    """The properties of CREATE TABLE AS. Raises QueryError for a name or value that Athena does not know."""
    given = dict(properties)
    if given.pop("table_type", "HIVE").upper() != "HIVE":
        raise NotOffered("Iceberg tables.")
    if given.pop("is_external", True) is not True:
        raise NotOffered("is_external = false, which is for Iceberg tables.")
    for name in ("bucketed_by", "bucket_count"):
        if name in given:
            raise NotOffered("bucketed tables (bucketed_by, bucket_count).")
    kind = _kind(_text(given, "format") or "PARQUET")
    codecs = [
        _text(given, name) for name in ("write_compression", "compression", f"{kind}_compression") if name in given
    ]
    if len(set(codecs)) > 1:
        raise QueryError("INVALID_TABLE_PROPERTY", "Only one compression property can be given")
    codec = _codec(kind, codecs[0] or "" if codecs else "GZIP")
    known = {"format", "write_compression", "compression", f"{kind}_compression", "external_location"}
    known |= {"partitioned_by", "field_delimiter"}
    for name in given:
        if name not in known:
            raise QueryError(
                "INVALID_TABLE_PROPERTY", f"line 1:1: Catalog 'awsdatacatalog' table property '{name}' does not exist"
            )
    delimiter = _delimiter(kind, given)
    parameters = {"parquet.compression": codec} if kind == "parquet" else {"write.compression": codec}
    return Options(
        kind,
        {"compression": codec.lower(), **({"delimiter": delimiter} if kind == "textfile" else {})},
        _names(given),
        _text(given, "external_location"),
        *_serde(kind, delimiter),
        parameters,
    )


def _serde(kind: str, delimiter: str) -> tuple[str, dict[str, str], tuple[str, str]]:
    if kind == "textfile":
        parameters = {"field.delim": delimiter, "serialization.format": delimiter}
        return formats.LAZY_SIMPLE, parameters, formats.TEXT_CLASSES
    serde, classes = _COLUMN_FORMATS[kind]
    return serde, {"serialization.format": "1"}, classes


def _delimiter(kind: str, properties: dict[str, Any]) -> str:
    delimiter = _text(properties, "field_delimiter")
    if delimiter is not None and kind != "textfile":
        raise QueryError("INVALID_TABLE_PROPERTY", f"Cannot specify field_delimiter for table format: {kind.upper()}")
    delimiter = "\x01" if delimiter is None else {"\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1:
        raise NotOffered("a field_delimiter of more than one character.")
    return delimiter


def of_unload(properties: dict[str, Any]) -> Options:
    """The properties of UNLOAD. Raises QueryError."""
    if "format" not in properties:
        raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs WITH (format = '…'): PARQUET, JSON or TEXTFILE")
    known = {"format", "compression", "partitioned_by", "field_delimiter"}
    for name in properties:
        if name not in known:
            raise NotOffered(f"the property {name} of UNLOAD; there are {', '.join(sorted(known))}.")
    kind = _kind(_text(properties, "format") or "")
    options = {"compression": _codec(kind, _text(properties, "compression") or "GZIP").lower()}
    if kind == "textfile":
        options["delimiter"] = "," if "field_delimiter" not in properties else _delimiter(kind, properties)
    else:
        _delimiter(kind, properties)
    return Options(kind, options, _names(properties))


def header_lines(table: Params) -> int:
    """How many lines at the beginning of each file of a table are no rows."""
    serde = catalog.storage(table).get("SerdeInfo") or {}
    found = {**(serde.get("Parameters") or {}), **(table.get("Parameters") or {})}
    count = str(found.get("skip.header.line.count", "0")).strip()
    return int(count) if count.isdigit() else 0


# Of LazySimpleSerDe, what the writer does as every reader expects it, with the values for which that is so.
_DEFAULTS = {
    "escape.delim": (None,),
    "serialization.null.format": (None, "\\N"),
    "line.delim": (None, "\n"),
    "collection.delim": (None, "\x02"),
    "mapkey.delim": (None, "\x03"),
}


def of_table(table: Params) -> tuple[str, dict[str, str]]:
    """How files of an existing table are written, for INSERT. Raises NotOffered for a table that cannot be written."""
    storage, parameters = catalog.storage(table), table.get("Parameters") or {}
    serde = storage.get("SerdeInfo") or {}
    library, own = str(serde.get("SerializationLibrary", "")), serde.get("Parameters") or {}
    if (storage.get("NumberOfBuckets") or 0) > 0:
        raise NotOffered("INSERT INTO bucketed tables.")
    if library == formats.PARQUET:
        named = {name.lower(): str(value) for name, value in parameters.items()}
        codec = named.get("parquet.compression") or named.get("write.compression") or "GZIP"
        return "parquet", {"compression": _codec("parquet", codec).lower()}
    codec = _codec("textfile", str(parameters.get("write.compression", "GZIP"))).lower()
    if library in _JSON_SERDES:
        return "json", {"compression": codec}
    if library != formats.LAZY_SIMPLE:
        raise NotOffered(f"INSERT INTO tables of the SerDe {library}.")
    for name, allowed in _DEFAULTS.items():
        if own.get(name) not in allowed:
            raise NotOffered(f"INSERT INTO a table whose SerDe has {name} = {own[name]!r}.")
    if header_lines(table) > 1:
        raise QueryError(
            "NOT_SUPPORTED",
            "Inserting into Hive table with value of skip.header.line.count property greater than 1 is not supported",
        )
    return "textfile", {"compression": codec, "delimiter": str(own.get("field.delim", "\x01"))}
