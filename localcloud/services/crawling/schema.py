"""The schema of a file as the crawler holds it, and Hive's types: which one holds the values of two.

A type is text as the catalog writes it (`bigint`) or, of nested values, a `Struct`, `Array` or `Map`, which can still
grow. An empty string is the type of a column in which nothing but nulls was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")


@dataclass(frozen=True)
class Struct:
    """An object of JSON, a record: its members in the order in which they were seen."""

    members: tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Array:
    item: Type


@dataclass(frozen=True)
class Map:
    key: Type
    value: Type


Type = str | Struct | Array | Map
Columns = tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Schema:
    """What a classifier says of a file, or what several say together.

    Attributes:
        classification: `csv`, `json`, `parquet`, `avro`.
        compression: of the whole file: `none`, `gzip`, `bzip2`, `zip`.
        columns: names in lower case, and types.
        records: how many the whole file has: counted, or reckoned from the sample's mean length.
        header: of CSV: the first line holds the names.
        first: of CSV: the first record, lower case: what another file's header is compared with.
        paths: of JSON: the keys at the top as they are written.
    """

    classification: str
    columns: Columns
    compression: str = "none"
    records: int = 0
    record_bytes: int = 0
    delimiter: str = ","
    header: bool = False
    quoted: bool = False
    first: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    literal: str = ""  # of Avro: the schema as the file holds it
    serde: str = ""  # of CSV by a custom classifier: the SerDe that it names
    quote: str = '"'
    classifier: str = ""  # the custom classifier, if one
    notes: tuple[str, ...] = field(default=(), compare=False)

    def kind(self) -> tuple[object, ...]:
        """What must be the same for two files to be data of one table: "data compatibility" in AWS's words."""
        return (
            *(self.classification, self.compression, self.delimiter, self.header),
            *(self.serde, self.quote, self.classifier),
        )


def merge(one: Type, other: Type) -> Type:
    """The type that holds the values of both; a string where nothing narrower does."""
    if one == other or not other:
        return one
    if not one:
        return other
    if isinstance(one, Struct) and isinstance(other, Struct):
        return Struct(merge_columns(one.members, other.members))
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(merge(one.item, other.item))
    if isinstance(one, Map) and isinstance(other, Map):
        return Map(merge(one.key, other.key), merge(one.value, other.value))
    if one in NUMBERS and other in NUMBERS:
        return max(one, other, key=NUMBERS.index)  # type: ignore[arg-type]
    if {one, other} == {"date", "timestamp"}:
        return "timestamp"
    return "string"


def merge_columns(one: Columns, other: Columns) -> Columns:
    """The columns of both by name, new ones at the end."""
    merged = dict(one)
    for name, kind in other:
        merged[name] = merge(merged[name], kind) if name in merged else kind
    return tuple(merged.items())


def merge_positions(one: Columns, other: Columns) -> Columns:
    """The columns of both by position: those of the first give the names, longer rows add theirs."""
    merged = [(name, merge(kind, other[n][1]) if n < len(other) else kind) for n, (name, kind) in enumerate(one)]
    taken = {name for name, _ in merged}
    return (*merged, *((unique(name, taken), kind) for name, kind in other[len(one) :]))


def unique(name: str, taken: set[str]) -> str:
    """`name`, or with `_1`, `_2`, … where it is taken; notes it as taken."""
    found, number = name, 1
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def combine(schemas: Iterable[Schema]) -> Schema:
    """One schema of files that go into one table; the first one gives what is not a column."""
    whole: Schema | None = None
    for schema in schemas:
        if whole is None:
            whole = schema
            continue
        by = merge_positions if whole.classification == "csv" else merge_columns
        whole = replace(
            whole,
            columns=by(whole.columns, schema.columns),
            paths=whole.paths | schema.paths,
            records=whole.records + schema.records,
            quoted=whole.quoted or schema.quoted,
        )
    assert whole is not None
    return whole


def alike(one: Schema, other: Schema) -> bool:
    """Whether two files of one kind are similar: more than 70 % of the columns of the narrower one are in the other.

    AWS names the threshold, not the measure. CSV is read by position: there a name that both have must stand at the
    same place, or the one's values would show under the other's names.
    """
    names, others = [name for name, _ in one.columns], [name for name, _ in other.columns]
    if not names or not others:
        return names == others
    if one.classification == "csv":
        same = sum(a == b for a, b in zip(names, others, strict=False))
        moved = len(set(names) & set(others)) > same
        return not moved and same > 0.7 * min(len(names), len(others))
    return len(set(names) & set(others)) > 0.7 * min(len(names), len(others))


def hive(kind: Type) -> str:
    """As the catalog writes it. What was never anything but null, and an object without members, is a string."""
    if isinstance(kind, Array):
        return f"array<{hive(kind.item)}>"
    if isinstance(kind, Map):
        return f"map<{hive(kind.key)},{hive(kind.value)}>"
    if isinstance(kind, Struct):
        inside = ",".join(f"{name}:{hive(member)}" for name, member in kind.members)
        return f"struct<{inside}>" if inside else "string"
    return kind or "string"
