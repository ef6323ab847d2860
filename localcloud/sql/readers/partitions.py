"""Partitions: their keys' values from text, and which of them a query wants."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from localcloud.sql.model import Column, QueryError, TableUse
from localcloud.sql.readers.definition import column_type
from localcloud.sql.readers.lazy import literal
from localcloud.sql.readers.leaves import quoted
from localcloud.sql.task import Part
from localcloud.sql.types import duckdb as duckdb_type

_DEFAULT = "__HIVE_DEFAULT_PARTITION__"
_PATTERNS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "[+-]?[0-9]+"),
    **dict.fromkeys(("real", "double"), r"[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)"),
    "decimal": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)",
    "boolean": "(?i:true|false)",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?)?",
}


def wanted(connection: duckdb.DuckDBPyConnection, use: TableUse, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The partitions that the query's filter lets through; the values of all are checked.

    Raises:
        QueryError: HIVE_INVALID_PARTITION_VALUE.
    """
    keys = use.relation.partition_keys
    if not keys:
        return tuple(parts)
    for part in parts:
        if len(part.values) != len(keys):
            raise QueryError(
                "HIVE_INVALID_METADATA",
                f"Partition values {list(part.values)} do not fit the partition keys of table "
                f"{use.relation.database}.{use.relation.name}",
            )
    texts = [[part.values[n] for part in parts] for n in range(len(keys))]
    for key, given in zip(keys, texts, strict=True):
        _check(connection, key, given)
    columns = [values(key, given) for key, given in zip(keys, texts, strict=True)]
    rows = f"SELECT unnest(range({len(parts)})) AS n" + "".join(
        f", unnest({column}) AS {quoted(key.name)}" for key, column in zip(keys, columns, strict=True)
    )
    found = connection.execute(f"SELECT n FROM ({rows}) WHERE {use.partition_filter or 'true'} ORDER BY n").fetchall()
    return tuple(parts[n] for (n,) in found)


def values(key: Column, texts: Sequence[str | None]) -> str:
    """A DuckDB list of a key's values, in its type."""
    return f"CAST({_listed(texts)} AS {duckdb_type(column_type(key))}[])"


def _listed(texts: Sequence[str | None]) -> str:
    listed = ", ".join("NULL" if text in (None, _DEFAULT) else literal(str(text)) for text in texts)
    return f"CAST([{listed}] AS VARCHAR[])"


def _check(connection: duckdb.DuckDBPyConnection, key: Column, texts: Sequence[str | None]) -> None:
    kind = column_type(key)
    if kind.name in ("varchar", "char"):
        return
    if kind.name not in _PATTERNS:
        raise QueryError("NOT_SUPPORTED", f"Unsupported Type [{kind}] for partition: {key.name}")
    bad = f"NOT regexp_full_match(v, {literal(_PATTERNS[kind.name])}) OR TRY_CAST(v AS {duckdb_type(kind)}) IS NULL"
    found = connection.execute(f"SELECT v FROM (SELECT unnest({_listed(texts)}) v) WHERE {bad}").fetchone()
    if found:
        message = f"Invalid partition value '{found[0]}' for {str(kind).upper()} partition key: {key.name}"
        raise QueryError("HIVE_INVALID_PARTITION_VALUE", message)
