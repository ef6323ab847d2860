"""A value as Athena shows it: in GetQueryResults, in a result file, and as a cast to varchar gives it.

Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html, https://trino.io/docs/current/language/types.html
"""

from __future__ import annotations

from typing import Any

from localcloud.sql.macros import quoted
from localcloud.sql.model import NotOffered
from localcloud.sql.types import Type

_MILLISECOND = 3
# What a double or a real is between: `Double.toString` of Java writes everything else with an exponent.
MACROS = (
    "text_digits(d) AS d[1] || '.' || CASE WHEN length(d) > 1 THEN d[2:] ELSE '0' END",
    "text_scientific(negative, whole, fraction) AS CASE WHEN negative THEN '-' ELSE '' END || CASE WHEN whole = '0'"
    " THEN text_digits(ltrim(fraction, '0')) || 'E-' || (length(fraction) - length(ltrim(fraction, '0')) + 1)"
    " ELSE text_digits(rtrim(whole || fraction, '0')) || 'E' || (length(whole) - 1) END",
    # Of a number's shortest text (`-1.5e-05`, `12345678.9`): Java's text with an exponent.
    "text_exponent(t) AS CASE WHEN contains(t, 'e')"
    " THEN CASE WHEN contains(split_part(t, 'e', 1), '.') THEN split_part(t, 'e', 1)"
    " ELSE split_part(t, 'e', 1) || '.0' END || 'E' || CAST(CAST(split_part(t, 'e', 2) AS INTEGER) AS VARCHAR)"
    " ELSE text_scientific(t[1] = '-', ltrim(split_part(t, '.', 1), '-'), split_part(t, '.', 2)) END",
    # From 1e7 to 1e15 the shortest text is `12345678.9`.
    "text_dotted(t) AS CASE WHEN ends_with(t, '.') THEN t || '0' ELSE t END",
    "text_large(t, first) AS text_dotted(rtrim(regexp_replace(t, '^(-?[0-9])([0-9]*)[.]([0-9]*)$', '\\1.\\2\\3'), '0'))"
    " || 'E' || (instr(t, '.') - first - 1)",
    "text_floating(x) AS CASE WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN CAST(x AS VARCHAR)"
    " WHEN x = 0 THEN CASE WHEN signbit(x) THEN '-0.0' ELSE '0.0' END"
    " WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END"
    " WHEN abs(x) BETWEEN 1e7 AND 1e15 THEN text_large(CAST(x AS VARCHAR), CASE WHEN x < 0 THEN 2 ELSE 1 END)"
    " ELSE text_exponent(CAST(x AS VARCHAR)) END",
    "text_hex(b) AS rtrim(regexp_replace(lower(hex(b)), '(..)', '\\1 ', 'g'))",
    "text_interval(m) AS CASE WHEN m < 0 THEN '-' ELSE '' END"
    " || printf('%d %02d:%02d:%02d.%03d', abs(m) // 86400000, abs(m) // 3600000 % 24, abs(m) // 60000 % 60,"
    " abs(m) // 1000 % 60, abs(m) % 1000)",
    "text_months(m) AS CASE WHEN m < 0 THEN '-' ELSE '' END || printf('%d-%d', abs(m) // 12, abs(m) % 12)",
)


def render(sql: str, kind: Type) -> str:
    """A DuckDB expression of type VARCHAR: the value as Athena shows it; NULL stays NULL.

    Raises:
        NotOffered: a type that DuckDB does not hold.
    """
    return _render(sql, kind, 0)


def cast_to_varchar(sql: str, kind: Type) -> str:
    """What `CAST(x AS varchar)` gives for a type that has such a cast."""
    return _render(sql, kind, 0)


def zone(kind: Type) -> str:
    """The time zone of a `timestamp with time zone`: it belongs to the type here, since DuckDB holds instants."""
    return kind.fields[0] if kind.fields else "UTC"


def _render(sql: str, kind: Type, depth: int) -> str:
    name = kind.name
    if name in ("varchar", "json"):
        return sql
    if name == "char":
        return (
            f"CASE WHEN length({sql}) < {kind.parameters[0]} THEN rpad({sql}, {kind.parameters[0]}, ' ') ELSE {sql} END"
        )
    if name in (
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "decimal",
        "date",
        "uuid",
        "unknown",
        "ipaddress",
    ):
        return f"CAST({sql} AS VARCHAR)"
    if name in ("real", "double"):
        return f"text_floating({sql})"
    if name == "varbinary":
        return f"text_hex({sql})"
    if name == "timestamp":
        return _moment(sql, "%Y-%m-%d %H:%M:%S", kind)
    if name == "timestamp with time zone":
        where = quoted(zone(kind))
        return f"{_moment(f'timezone({where}, {sql})', '%Y-%m-%d %H:%M:%S', kind)} || ' ' || {where}"
    if name == "time":
        return _moment(f"(DATE '1970-01-01' + {sql})", "%H:%M:%S", kind)
    if name == "time with time zone":
        return (
            f"strftime(DATE '1970-01-01' + CAST({sql} AS TIME), '%H:%M:%S.%g')"
            f" || regexp_extract(CAST({sql} AS VARCHAR), '[+-][0-9]{{2}}') || ':00'"
        )
    if name == "interval day to second":
        return f"text_interval(epoch_ms({sql}))"
    if name == "interval year to month":
        return f"text_months(datepart('year', {sql}) * 12 + datepart('month', {sql}))"
    return _nested(sql, kind, depth)


def _moment(sql: str, pattern: str, kind: Type) -> str:
    digits = kind.parameters[0] if kind.parameters else _MILLISECOND
    if digits == 0:
        return f"strftime({sql}, '{pattern}')"
    if digits == _MILLISECOND:
        return f"strftime({sql}, '{pattern}.%g')"
    micros = f"strftime({sql}, '{pattern}.%f')"
    if digits >= 6:
        return micros if digits == 6 else f"{micros} || '{'0' * (digits - 6)}'"
    return f"left({micros}, -{6 - digits})"


def _nested(sql: str, kind: Type, depth: int) -> str:
    element = f"t{depth}"

    def part(inner: str, position: int) -> str:
        return f"coalesce({_render(inner, kind.items[position], depth + 1)}, 'null')"

    if kind.name == "array":
        return f"'[' || array_to_string(list_transform({sql}, lambda {element}: {part(element, 0)}), ', ') || ']'"
    if kind.name == "map":
        entry = f"{part(f'{element}.key', 0)} || '=' || {part(f'{element}.value', 1)}"
        return f"'{{' || array_to_string(list_transform(map_entries({sql}), lambda {element}: {entry}), ', ') || '}}'"
    if kind.name == "row":
        names = [name or f"field{position}" for position, name in enumerate(kind.fields)]
        parts = [
            f"{quoted(f'{name}=')} || {part(f'struct_extract({element}, {quoted(name)})', position)}"
            for position, name in enumerate(names)
        ]
        whole = " || ', ' || ".join(parts)
        # through a list of one, so that the row is computed once; a NULL row gives NULL
        return (
            f"list_extract(list_transform([{sql}], lambda {element}:"
            f" CASE WHEN {element} IS NULL THEN NULL ELSE '{{' || {whole} || '}}' END), 1)"
        )
    raise NotOffered(f"a result of the type {kind}. Cast it to another type")


# As GetQueryResults answers them for each type: the type's name where Athena has its own, and the precision.
_NAMES = {"real": "float"}
_PRECISION = {
    **{"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 17, "double": 17},
    **{"varchar": 2147483647, "varbinary": 1073741824, "timestamp": 3, "timestamp with time zone": 3, "time": 3},
    **{"time with time zone": 3},
}


def column_info(name: str, kind: Type) -> dict[str, Any]:
    """A column of GetQueryResults' ResultSetMetadata."""
    precision, scale = _PRECISION.get(kind.name, 0), 0
    if kind.name == "decimal":
        precision, scale = kind.parameters
    elif kind.name in ("varchar", "char") and kind.parameters:
        precision = kind.parameters[0]
    return {
        **{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name},
        **{"Type": _NAMES.get(kind.name, kind.name), "Precision": precision, "Scale": scale},
        **{"Nullable": "UNKNOWN", "CaseSensitive": kind.name in ("varchar", "char")},
    }
