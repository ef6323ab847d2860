"""What the catalog says of a table's or a partition's files: SerDe, properties, columns with their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.sql.model import Column, NotOffered, QueryError, Relation
from localcloud.sql.task import Part
from localcloud.sql.types import Type, duckdb, parse

_HIVE = "org.apache.hadoop.hive"
LAZY_SIMPLE = f"{_HIVE}.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = f"{_HIVE}.serde2.OpenCSVSerde"
OPENX_JSON = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON = ("org.apache.hive.hcatalog.data.JsonSerDe", f"{_HIVE}.serde2.JsonSerDe")
REGEX = (f"{_HIVE}.serde2.RegexSerDe", f"{_HIVE}.contrib.serde2.RegexSerDe")
PARQUET = f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe"
SERDES = {
    LAZY_SIMPLE: "lazy",
    OPEN_CSV: "csv",
    OPENX_JSON: "openx",
    **dict.fromkeys(HIVE_JSON, "hive_json"),
    **dict.fromkeys(REGEX, "regex"),
    PARQUET: "parquet",
}

_INPUTS = ("org.apache.hadoop.mapred.TextInputFormat", f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat")


@dataclass(frozen=True)
class Field:
    """A column of a view: its place and type in the files, and the type that the table declares.

    `stored` differs from `type` when an older partition declares a narrower type.
    """

    name: str
    position: int
    type: Type
    stored: Type


@dataclass(frozen=True)
class Format:
    """How files are read: `kind` is one of SERDES' values; `properties` are the table's with the SerDe's over them."""

    kind: str
    properties: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]

    def get(self, name: str, default: str = "") -> str:
        return dict(self.properties).get(name, default)

    def flag(self, name: str) -> bool:
        return self.get(name).lower() == "true"

    def count(self, name: str) -> int:
        """A property that counts lines. Raises QueryError: HIVE_INVALID_METADATA."""
        text = self.get(name, "0").strip() or "0"
        if not text.isascii() or not text.isdigit():
            raise QueryError("HIVE_INVALID_METADATA", f"Invalid value for {name} property: {text}")
        return int(text)


def column_type(column: Column) -> Type:
    """A column's type. Raises QueryError for a type that does not exist or that no file can hold."""
    try:
        kind = parse(column.type)
        duckdb(kind)
    except (ValueError, IndexError) as error:
        raise QueryError(
            "HIVE_INVALID_METADATA", f"Glue table column '{column.name}' has an unknown type '{column.type}'"
        ) from error
    return kind


def part_format(relation: Relation, part: Part, used: frozenset[str]) -> Format:
    """How the files of this part are read: by its own definition where it has one, else by the table's."""
    table = relation.definition
    storage: dict[str, Any] = table.get("StorageDescriptor") or {}
    own: dict[str, Any] = part.definition.get("StorageDescriptor") or {}
    serde = _serde(own) or _serde(storage) or LAZY_SIMPLE
    if serde not in SERDES:
        raise NotOffered(_refused(serde, own or storage))
    kind = SERDES[serde]
    _check_input(table, own or storage, kind)
    described = own if _serde(own) else storage
    properties = {
        **(table.get("Parameters") or {}),
        **((described.get("SerdeInfo") or {}).get("Parameters") or {}),
    }
    declared = [Column(column["Name"].lower(), column.get("Type", "string")) for column in own.get("Columns") or []]
    by_name = kind in ("parquet", "openx", "hive_json")
    fields = tuple(
        _field(relation, part, column, position, declared, by_name)
        for position, column in enumerate(relation.columns)
        if column.name in used
    )
    return Format(kind, tuple(sorted((str(key), str(value)) for key, value in properties.items())), fields)


def _check_input(table: dict[str, Any], storage: dict[str, Any], kind: str) -> None:
    """Other ways to hold a table's rows than its files themselves: manifests, sequence files, table formats."""
    input_format = str(storage.get("InputFormat") or _INPUTS[kind == "parquet"])
    if input_format != _INPUTS[kind == "parquet"]:
        raise NotOffered(f"tables with the input format {input_format}. Offered are {' and '.join(_INPUTS)}.")
    form = str((table.get("Parameters") or {}).get("table_type") or "")
    if form:
        raise NotOffered(f"tables of the format {form.upper()}")


def _serde(storage: dict[str, Any]) -> str:
    return str((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "")


def _refused(serde: str, storage: dict[str, Any]) -> str:
    what = serde or str(storage.get("InputFormat"))
    return (
        f"tables with the SerDe {what}. Offered are {LAZY_SIMPLE}, {OPEN_CSV}, {OPENX_JSON}, {HIVE_JSON[0]}, "
        f"{REGEX[0]} and {PARQUET}: convert the files to one of these formats."
    )


def _field(
    relation: Relation, part: Part, column: Column, position: int, declared: list[Column], by_name: bool
) -> Field:
    kind = column_type(column)
    if by_name:
        found = next((other for other in declared if other.name == column.name), None)
    else:
        found = declared[position] if position < len(declared) else None
    stored = column_type(found) if found else kind
    if found and not _widens(stored, kind):
        keys = zip(relation.partition_keys, part.values, strict=True)
        partition = "/".join(f"{key.name}={value}" for key, value in keys)
        raise QueryError(
            "HIVE_PARTITION_SCHEMA_MISMATCH",
            "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
            f"coerced. The column '{column.name}' in table '{relation.database}.{relation.name}' is declared as type "
            f"'{column.type}', but partition '{partition}' declared column '{found.name}' as type '{found.type}'.",
        )
    return Field(column.name, position, kind, kind if kind.items else stored)


_WIDTHS = ("tinyint", "smallint", "integer", "bigint")


def _widens(stored: Type, declared: Type) -> bool:
    """Whether a value of the partition's type is a value of the table's: the coercions that lose nothing."""
    if stored == declared:
        return True
    if stored.name in _WIDTHS and declared.name in _WIDTHS:
        return _WIDTHS.index(stored.name) <= _WIDTHS.index(declared.name)
    if stored.name == "varchar" and declared.name == "varchar":
        return not declared.parameters or (bool(stored.parameters) and stored.parameters <= declared.parameters)
    if stored.name == "decimal" and declared.name == "decimal":
        (digits, scale), (wanted, wanted_scale) = stored.parameters, declared.parameters
        return scale <= wanted_scale and digits - scale <= wanted - wanted_scale
    if stored.name == "row" and declared.name == "row":
        return _row_widens(stored, declared)
    if stored.name == declared.name and stored.items and len(stored.items) == len(declared.items):
        return all(map(_widens, stored.items, declared.items))
    return stored.name == "real" and declared.name == "double"


def _row_widens(stored: Type, declared: Type) -> bool:
    """Fields may have been added at the end."""
    return len(stored.items) <= len(declared.items) and all(
        name == wanted and _widens(item, kind)
        for name, wanted, item, kind in zip(stored.fields, declared.fields, stored.items, declared.items, strict=False)
    )
