"""The clauses of CREATE TABLE that say how its files are written: ROW FORMAT and STORED AS, as Hive's classes.

Source: https://docs.aws.amazon.com/athena/latest/ug/create-table.html
"""

from __future__ import annotations

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.tokens import Cursor

_HIVE = "org.apache.hadoop.hive"
LAZY_SIMPLE = f"{_HIVE}.serde2.lazy.LazySimpleSerDe"
JSON = "org.openx.data.jsonserde.JsonSerDe"
PARQUET = f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe"
TEXT_CLASSES = ("org.apache.hadoop.mapred.TextInputFormat", f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat")
PARQUET_CLASSES = (
    f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat",
    f"{_HIVE}.ql.io.parquet.MapredParquetOutputFormat",
)
# STORED AS -> SerDe, input format, output format
STORED_AS = {
    "TEXTFILE": (LAZY_SIMPLE, TEXT_CLASSES),
    "PARQUET": (PARQUET, PARQUET_CLASSES),
    "ORC": (f"{_HIVE}.ql.io.orc.OrcSerde", (f"{_HIVE}.ql.io.orc.OrcInputFormat", f"{_HIVE}.ql.io.orc.OrcOutputFormat")),
    "AVRO": (
        f"{_HIVE}.serde2.avro.AvroSerDe",
        (f"{_HIVE}.ql.io.avro.AvroContainerInputFormat", f"{_HIVE}.ql.io.avro.AvroContainerOutputFormat"),
    ),
}
_DELIMITERS = {
    ("FIELDS", "TERMINATED", "BY"): "field.delim",
    ("ESCAPED", "BY"): "escape.delim",
    ("COLLECTION", "ITEMS", "TERMINATED", "BY"): "collection.delim",
    ("MAP", "KEYS", "TERMINATED", "BY"): "mapkey.delim",
    ("LINES", "TERMINATED", "BY"): "line.delim",
    ("NULL", "DEFINED", "AS"): "serialization.null.format",
}


class Clauses:
    """Collects the clauses as they come; `result` says what they mean together."""

    def __init__(self) -> None:
        self._serde: str | None = None
        self._delimited = False
        self._properties: dict[str, str] = {}
        self._stored: tuple[str, tuple[str, str]] | None = None

    def read(self, cursor: Cursor) -> bool:
        """Read one clause; False when none of these comes next."""
        if cursor.take("ROW", "FORMAT", "SERDE"):
            self._serde = cursor.string()
            if cursor.take("WITH", "SERDEPROPERTIES"):
                self._properties.update(cursor.properties())
        elif cursor.take("WITH", "SERDEPROPERTIES"):
            self._properties.update(cursor.properties())
        elif cursor.take("ROW", "FORMAT", "DELIMITED"):
            self._delimited = True
            while any(self._delimiter(cursor, words) for words in _DELIMITERS):
                pass
        elif cursor.take("STORED", "AS"):
            self._stored = _stored_as(cursor)
        elif cursor.sees("STORED", "BY"):
            raise NotOffered("STORED BY (storage handlers).")
        else:
            return False
        return True

    def _delimiter(self, cursor: Cursor, words: tuple[str, ...]) -> bool:
        if not cursor.take(*words):
            return False
        name = _DELIMITERS[words]
        self._properties[name] = cursor.string()
        if name == "field.delim":
            self._properties["serialization.format"] = self._properties[name]
        if name == "line.delim" and self._properties[name] not in ("\n", "\\n", "10"):
            raise QueryError(
                "",
                "FAILED: SemanticException [Error 10027]: LINES TERMINATED BY only supports newline '\\n' right now",
            )
        return True

    def result(self) -> tuple[str, dict[str, str], tuple[str, str]]:
        """The SerDe's class, its parameters, and the classes of the input and the output format."""
        serde, classes = self._stored or (LAZY_SIMPLE, TEXT_CLASSES)
        if self._serde:
            serde = self._serde
        elif self._delimited:
            serde = LAZY_SIMPLE
        return serde, {"serialization.format": "1", **self._properties}, classes


def _stored_as(cursor: Cursor) -> tuple[str, tuple[str, str]]:
    if cursor.take("INPUTFORMAT"):
        given = cursor.string()
        cursor.need("OUTPUTFORMAT")
        return LAZY_SIMPLE, (given, cursor.string())
    name = cursor.word()
    if name not in STORED_AS:
        raise NotOffered(f"STORED AS {name}; there are {', '.join(STORED_AS)} and INPUTFORMAT … OUTPUTFORMAT ….")
    return STORED_AS[name]
