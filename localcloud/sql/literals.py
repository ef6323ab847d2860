"""Literals of Trino: their types, and the same value in DuckDB."""

from __future__ import annotations

import json
import re
from datetime import date, time
from zoneinfo import available_timezones

from localcloud.sql.call import Typed
from localcloud.sql.casts import cast
from localcloud.sql.cursor import Cursor
from localcloud.sql.macros import quoted
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.tree import Interval, Number, TypedLiteral
from localcloud.sql.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    JSON,
    VARCHAR,
    Type,
    decimal,
    duckdb,
)

_STAMP = re.compile(
    r"([-+]?\d{4,}-\d{1,2}-\d{1,2})(?: (?:(\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?))?\s*(.+)?)?", re.ASCII
)
_CLOCK = re.compile(r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?", re.ASCII)
_UTC = ("UTC", "Z", "+00:00", "-00:00", "GMT", "Etc/UTC")
_MONTHS = {"YEAR": 12, "MONTH": 1}
_MILLISECONDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}


def number(node: Number) -> Typed:
    """`1` is an integer, `3000000000` a bigint, `1.50` a decimal(3,2), `1e0` a double."""
    if node.kind == "double":
        return Typed(f"CAST('{node.text}' AS DOUBLE)", DOUBLE, float(node.text))
    if node.kind == "integer":
        value = int(node.text)
        for kind, bits in ((INTEGER, 31), (BIGINT, 63)):
            if -(2**bits) <= value < 2**bits:
                return Typed(f"CAST({value} AS {duckdb(kind)})", kind, value)
        raise QueryError("INVALID_LITERAL", f"{node.position}: Invalid numeric literal: {node.text}")
    return _decimal(node.text, node.position)


def _decimal(text: str, position: str) -> Typed:
    match = re.fullmatch(r"([+-]?)0*(\d*)\.?(\d*)", text)
    if not match or (not match[2] + match[3] and "0" not in text):
        raise QueryError("INVALID_LITERAL", f"{position}: '{text}' is not a valid DECIMAL literal")
    scale = len(match[3])
    precision = max(len(match[2]) + scale, 1)
    if precision > 38:
        raise QueryError("INVALID_LITERAL", f"{position}: Invalid decimal literal '{text}': precision over 38")
    kind = decimal(precision, scale)
    return Typed(f"CAST('{text}' AS {duckdb(kind)})", kind, text)


def string(text: str) -> Typed:
    """`'abc'` is a varchar(3)."""
    return Typed(quoted(text), Type("varchar", (len(text),)), text)


def typed(node: TypedLiteral) -> Typed:
    """`DATE '2024-01-31'`, `TIMESTAMP '…'`, `DECIMAL '1.50'`, `BIGINT '5'`, `JSON '{}'`.

    Raises:
        QueryError: INVALID_LITERAL when the text is none of the type's.
    """
    name, text, position = node.type_name, node.text, node.position
    invalid = QueryError("INVALID_LITERAL", f"{position}: '{text}' is not a valid {name.upper()} literal")
    if name == "decimal":
        return _decimal(text, position)
    if name == "timestamp":
        return _timestamp(text.strip(), invalid, position)
    if name == "date":
        match = re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text, re.ASCII)
        try:
            day = date(*map(int, match.groups())) if match else None
        except ValueError:
            day = None
        if day is None:
            raise invalid
        return Typed(f"DATE '{day}'", DATE, day)
    if name == "time":
        return _time(text.strip(), invalid)
    kind = Cursor(name).type()
    if kind == JSON:
        return _json(text, invalid)
    if kind.items or kind.name in ("unknown", "varbinary"):
        raise invalid
    found = cast(Typed(quoted(text), VARCHAR), kind, False, position)
    return Typed(found.sql, found.type, text if kind.name in ("varchar", "char") else None)


def _timestamp(text: str, invalid: QueryError, position: str) -> Typed:
    """The precision is that of the fraction of a second, at least Athena's 3; a zone makes it one with time zone."""
    match = _STAMP.fullmatch(text)
    if not match:
        raise invalid
    day, clock, fraction, zone = match.groups()
    precision = len(fraction or "")
    if precision > 6:
        raise NotOffered(f"{position}: timestamp({precision}); write at most 6 digits of a second")
    written = _moment(day, clock, invalid)
    if not zone:
        return Typed(f"TIMESTAMP '{written}'", Type("timestamp", (max(3, precision),)), written)
    kind = Type("timestamp with time zone", (max(3, precision),))
    zone = zone.strip()
    if zone in _UTC:
        return Typed(f"TIMESTAMPTZ '{written}+00'", kind, written)
    if zone not in available_timezones():
        raise NotOffered(
            f"{position}: a timestamp in the zone {zone}; name a zone such as Europe/Berlin, or write it in UTC"
        )
    return Typed(f"timezone({quoted(zone)}, TIMESTAMP '{written}')", Type(kind.name, kind.parameters, fields=(zone,)))


def _moment(day: str, clock: str | None, invalid: QueryError) -> str:
    try:
        year, month, of_month = (int(part) for part in day.split("-"))
        return f"{date(year, month, of_month)} {_of_day(clock or '0:0', invalid)}"
    except ValueError:
        raise invalid from None


def _of_day(clock: str, invalid: QueryError) -> str:
    hour, minute, *rest = clock.split(":")
    second, _, fraction = (rest or ["0"])[0].partition(".")
    try:
        return time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0"))).isoformat()
    except ValueError:
        raise invalid from None


def _time(text: str, invalid: QueryError) -> Typed:
    match = _CLOCK.fullmatch(text)
    if not match:
        raise invalid
    precision = len(match[1] or "")
    if precision > 6:
        raise NotOffered(f"time({precision}); write at most 6 digits of a second")
    return Typed(f"TIME '{_of_day(text, invalid)}'", Type("time", (max(3, precision),)))


def _json(text: str, invalid: QueryError) -> Typed:
    try:
        compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    except ValueError:
        raise invalid from None
    return Typed(quoted(compact), JSON)


def interval(node: Interval) -> Typed:
    """`INTERVAL '2' DAY`, `INTERVAL '1 02:03:04.005' DAY TO SECOND`, `INTERVAL '1-6' YEAR TO MONTH`.

    Raises:
        QueryError: INVALID_LITERAL when the text does not fit the fields.
    """
    sign, text = (-1, node.text[1:]) if node.text.startswith("-") else (1, node.text)
    fields = list(_MONTHS) if node.start in _MONTHS else list(_MILLISECONDS)
    invalid = QueryError("INVALID_LITERAL", f"{node.position}: '{node.text}' is not a valid INTERVAL literal")
    end = node.end or node.start
    if end not in fields or fields.index(end) < fields.index(node.start):
        raise invalid
    names = fields[fields.index(node.start) : fields.index(end) + 1]
    separators = {"MONTH": "-", "HOUR": " ", "MINUTE": ":", "SECOND": ":"}
    pattern = r"(\d+)" + "".join(rf"(?:{separators[name]}(\d+))?" for name in names[1:])
    match = re.fullmatch(pattern + (r"(?:\.(\d{1,3})\d*)?" if end == "SECOND" else ""), text.strip())
    if not match:
        raise invalid
    values = [int(group or 0) for group in match.groups()[: len(names)]]
    if node.start in _MONTHS:
        months = sign * sum(_MONTHS[name] * value for name, value in zip(names, values, strict=True))
        return Typed(f"to_months({months})", INTERVAL_YEAR)
    milliseconds = sum(_MILLISECONDS[name] * value for name, value in zip(names, values, strict=True))
    if end == "SECOND":
        milliseconds += int((match.groups()[-1] or "0").ljust(3, "0"))
    return Typed(f"to_microseconds(CAST({sign * milliseconds * 1000} AS BIGINT))", INTERVAL_DAY)
