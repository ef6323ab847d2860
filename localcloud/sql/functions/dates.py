"""Trino's date and time functions. Source: https://trino.io/docs/current/functions/datetime.html"""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.sql.call import Function, Typed
from localcloud.sql.casts import cast
from localcloud.sql.functions.signatures import Body, Bound, library
from localcloud.sql.macros import quoted
from localcloud.sql.model import NotOffered
from localcloud.sql.text import render, zone
from localcloud.sql.types import DATE, TIMESTAMP_TZ, Type

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("millisecond", "second", "minute", "hour")
_FIELDS = {
    **{"year": "year", "month": "month", "day": "day", "quarter": "quarter", "week": "week", "week_of_year": "week"},
    **{"day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "doy", "doy": "doy"},
    **{"year_of_week": "isoyear", "yow": "isoyear", "hour": "hour", "minute": "minute"},
}
_CLOCK = ("hour", "minute", "second", "millisecond")
_PARTS = {
    "second": "CAST(floor(datepart('second', {x})) AS BIGINT)",
    "millisecond": "datepart('millisecond', {x}) % 1000",
}


def local(value: Typed) -> str:
    """A timestamp with time zone as the clock on its wall; anything else as it is."""
    if value.type.name != "timestamp with time zone":
        return value.sql
    return f"timezone({quoted(zone(value.type))}, {value.sql})"


def _moment(value: Typed, wall: str) -> str:
    """The other way round: a wall clock's time as a value of this type."""
    return f"timezone({quoted(zone(value.type))}, {wall})" if value.type.name.endswith("zone") else wall


def _field(name: str) -> Body:
    def body(bound: Bound) -> str:
        value = bound.args[0]
        if value.type.name.startswith("interval"):
            return _INTERVAL[name].format(x=value.sql)
        if value.type == DATE and name in ("hour", "minute", "second", "millisecond"):
            raise bound.error("FUNCTION_NOT_FOUND", f"Unexpected parameters (date) for function {name}")
        return _PARTS.get(name, f"datepart('{_FIELDS.get(name, name)}', {{x}})").format(x=local(value))

    return body


_INTERVAL = {
    "year": "datepart('year', {x})",
    "month": "datepart('month', {x})",
    "day": "epoch_ms({x}) // 86400000",
    "hour": "epoch_ms({x}) % 86400000 // 3600000",
    "minute": "epoch_ms({x}) % 3600000 // 60000",
    "second": "epoch_ms({x}) % 60000 // 1000",
    "millisecond": "epoch_ms({x}) % 1000",
}


def _unit(bound: Bound, kind: Type) -> str:
    unit = bound.args[0].literal
    if not isinstance(unit, str):
        raise NotOffered(f"{bound.call.name}() with a unit that is no literal")
    allowed = _DATE_UNITS if kind == DATE else _TIME_UNITS if kind.name == "time" else _TIME_UNITS + _DATE_UNITS
    if unit.lower() not in allowed:
        named = "DATE" if kind == DATE else "Time" if kind.name == "time" else "Timestamp"
        raise bound.error("INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a valid {named} field")
    return unit.lower()


def _trunc(bound: Bound) -> str:
    value = bound.args[1]
    unit = _unit(bound, value.type)
    if value.type.name == "time":
        return f"CAST(date_trunc('{unit}', DATE '1970-01-01' + {value.sql}) AS TIME)"
    made = _moment(value, f"date_trunc('{unit}', {local(value)})")
    return f"CAST({made} AS DATE)" if value.type == DATE else made


def _add(bound: Bound) -> str:
    value = bound.args[2]
    unit, count = _unit(bound, value.type), f"CAST({bound[1]} AS INTEGER)"
    months = {"month": 1, "quarter": 3, "year": 12}
    if unit in months:
        step = f"to_months({count} * {months[unit]})"
    elif unit in ("day", "week"):
        step = f"to_days({count} * {7 if unit == 'week' else 1})"
    else:
        sizes = {"hour": 3600000, "minute": 60000, "second": 1000, "millisecond": 1}
        step = f"to_milliseconds({bound[1]} * {sizes[unit]})"
    if value.type.name == "time":
        return f"CAST(DATE '1970-01-01' + {value.sql} + {step} AS TIME)"
    made = _moment(value, f"({local(value)} + {step})")
    return f"CAST({made} AS DATE)" if value.type == DATE else made


def _diff(bound: Bound) -> str:
    first, second = bound.args[1], bound.args[2]
    unit = _unit(bound, first.type)
    if first.type.name == "time":
        return f"datesub('{unit}', DATE '1970-01-01' + {first.sql}, DATE '1970-01-01' + {second.sql})"
    a, b = local(first), local(second)
    if second.type != first.type:
        b = local(Typed(second.sql, first.type))
    if unit in ("month", "quarter", "year"):
        size = {"month": 1, "quarter": 3, "year": 12}[unit]
        return f"fn_months(CAST({a} AS TIMESTAMP), CAST({b} AS TIMESTAMP)) // {size}"
    return f"datesub('{unit}', {a}, {b})"


_MYSQL = {
    **{"a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M"},
    **{"j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S"},
    **{"T": "%H:%M:%S", "v": "%V", "x": "%G", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%"},
}
_JODA = {
    **{
        "yyyy": "%Y",
        "y": "%Y",
        "YYYY": "%Y",
        "yy": "%y",
        "MM": "%m",
        "M": "%-m",
        "MMM": "%b",
        "MMMM": "%B",
        "dd": "%d",
    },
    **{"d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S"},
    **{"SSS": "%g", "a": "%p", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "DDD": "%j", "D": "%-j", "e": "%u"},
    **{"ww": "%V", "xxxx": "%G"},
}


_PLAIN = {"Y": r"\d{4}", **dict.fromkeys("mdHisS", r"\d{2}")}


def _date_parse(bound: Bound) -> str:
    pattern = bound.args[1].literal
    plain = isinstance(pattern, str) and re.fullmatch(r"(%[YmdHisS]|[-/:. T_,])+", pattern.replace("%T", "%H:%i:%s"))
    if not plain or not isinstance(pattern, str):
        return f"make_timestamp(py_date_parse({bound[0]}, {bound[1]}))"
    parts = re.findall(r"%(.)|(.)", pattern.replace("%T", "%H:%i:%s"))
    regex = "".join(_PLAIN[letter] if letter else re.escape(other) for letter, other in parts)
    duck = "".join(_MYSQL[letter] if letter else other for letter, other in parts)
    return f"fn_date_parse({bound[0]}, {bound[1]}, {quoted(regex)}, {quoted(duck)})"


def _date_format(bound: Bound) -> str:
    pattern = bound.args[1].literal
    if not isinstance(pattern, str):
        raise NotOffered("date_format() with a pattern that is no literal")
    made = ""
    for letter, plain in re.findall(r"%(.)|(.)", pattern, re.DOTALL):
        if letter in tuple("wUuVXD"):
            raise bound.error("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string")
        made += _MYSQL.get(letter, (letter or plain).replace("%", "%%"))
    return f"strftime({local(bound.args[0])}, {quoted(made)})"


def _format_datetime(bound: Bound) -> str:
    from localcloud.sql.functions.python_dates import runs

    pattern = bound.args[1].literal
    if not isinstance(pattern, str):
        raise NotOffered("format_datetime() with a pattern that is no literal")
    made = ""
    for text, run, plain in runs(pattern):
        if run in ("Z", "ZZ") and zone(bound.args[0].type) == "UTC":
            made += "+0000" if run == "Z" else "+00:00"
        elif run and run not in _JODA:
            raise NotOffered(f"format_datetime() with {run} in its pattern")
        else:
            made += _JODA[run] if run else (text or plain).replace("%", "%%")
    return f"strftime({local(bound.args[0])}, {quoted(made)})"


def _zoned(position: int, shift: bool) -> Callable[[Bound], Typed]:
    def body(bound: Bound) -> Typed:
        name = bound.args[position].literal
        if not isinstance(name, str):
            raise NotOffered(f"{bound.call.name}() with a time zone that is no literal")
        name = "UTC" if re.fullmatch(r"[+-]00:?00|Z|Etc/UTC", name) else name
        if not re.fullmatch(r"UTC|GMT|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+", name):
            raise NotOffered(f"the time zone {name}: name it by its region, such as Europe/Berlin")
        kind = Type(TIMESTAMP_TZ.name, TIMESTAMP_TZ.parameters, fields=() if name == "UTC" else (name,))
        return Typed(f"timezone({quoted(name)}, {bound[0]})" if shift else bound[0], kind)

    return body


def _from_unixtime_zone(bound: Bound) -> Typed:
    typed = _zoned(1, shift=False)(bound)
    return Typed(f"fn_instant(round({bound[0]} * 1000))", typed.type)


def _to_iso(bound: Bound) -> str:
    value = bound.args[0]
    if value.type == DATE:
        return render(value.sql, DATE)
    made = f"strftime({local(value)}, '%Y-%m-%dT%H:%M:%S.%g')"
    if value.type.name == "timestamp":
        return made
    if zone(value.type) == "UTC":
        return f"{made} || 'Z'"
    minutes = f"datesub('minute', timezone('UTC', {value.sql}), {local(value)})"
    return f"{made} || fn_offset({minutes})"


def _iso(bound: Bound) -> str | Typed:
    text = bound.args[0].literal
    offset = re.search(r"T.*?([+-]\d{2}):?(\d{2})?$", text) if isinstance(text, str) else None
    if offset and (offset[1][1:], offset[2] or "00") != ("00", "00"):
        raise NotOffered("from_iso8601_timestamp of a text with another offset than UTC")
    return f"fn_instant(py_iso_timestamp({bound[0]}) // 1000)"


_DATES = ("date", "timestamp", "timestamp with time zone")
_CURRENT = {
    "current_date": ("current_date", "date"),
    "current_timestamp": ("date_trunc('millisecond', now())", "timestamp(3) with time zone"),
    "now": ("date_trunc('millisecond', now())", "timestamp(3) with time zone"),
    "localtimestamp": ("date_trunc('millisecond', timezone('UTC', now()))", "timestamp(3)"),
    "localtime": ("CAST(date_trunc('millisecond', timezone('UTC', now())) AS TIME)", "time(3)"),
    "current_time": (
        "CAST(CAST(date_trunc('millisecond', timezone('UTC', now())) AS TIME) AS TIMETZ)",
        "time(3) with time zone",
    ),
    "current_timezone": ("'UTC'", "varchar"),
}
SCALARS: dict[str, Function] = library(
    {
        **{f"{name}() -> {kind}": sql for name, (sql, kind) in _CURRENT.items()},
        **{f"{name}({kind}) -> bigint": _field(name) for name in _FIELDS if name not in _CLOCK for kind in _DATES},
        **{f"{name}({kind}) -> bigint": _field(name) for name in _CLOCK for kind in (*_DATES[1:], "time")},
        **{f"{name}(interval) -> bigint": _field(name) for name in (*_CLOCK, "day")},
        **{f"{name}(interval year) -> bigint": _field(name) for name in ("year", "month")},
        "date(varchar) -> date": lambda b: cast(b.args[0], DATE, safe=False, position=b.call.position),
        **{f"date({kind}) -> date": lambda b: f"CAST({local(b.args[0])} AS DATE)" for kind in _DATES},
        **{f"last_day_of_month({kind}) -> date": lambda b: f"last_day({local(b.args[0])})" for kind in _DATES},
        **{f"date_trunc(varchar, {kind}) -> {kind}": _trunc for kind in (*_DATES, "time")},
        **{f"date_add(varchar, bigint, {kind}) -> {kind}": _add for kind in (*_DATES, "time")},
        **{f"date_diff(varchar, {kind}, {kind}) -> bigint": _diff for kind in (*_DATES, "time")},
        **{f"date_format({kind}, varchar) -> varchar": _date_format for kind in _DATES[1:]},
        **{f"format_datetime({kind}, varchar) -> varchar": _format_datetime for kind in _DATES[1:]},
        "date_parse(varchar, varchar) -> timestamp(3)": _date_parse,
        "parse_datetime(varchar, varchar) -> timestamp(3) with time zone": (
            "fn_instant(py_parse_datetime({0}, {1}) // 1000)"
        ),
        "from_unixtime(double) -> timestamp(3) with time zone": "fn_instant(round({0} * 1000))",
        "from_unixtime(double, varchar) -> timestamp(3) with time zone": _from_unixtime_zone,
        **{f"to_unixtime({kind}) -> double": "CAST(epoch({0}) AS DOUBLE)" for kind in _DATES[1:]},
        "from_iso8601_timestamp(varchar) -> timestamp(3) with time zone": _iso,
        "from_iso8601_date(varchar) -> date": "CAST(py_iso_date({0}) AS DATE)",
        **{f"to_iso8601({kind}) -> varchar": _to_iso for kind in _DATES},
        "at_timezone(timestamp with time zone, varchar) -> timestamp(3) with time zone": _zoned(1, shift=False),
        "with_timezone(timestamp, varchar) -> timestamp(3) with time zone": _zoned(1, shift=True),
        "to_milliseconds(interval) -> bigint": "epoch_ms({0})",
        "human_readable_seconds(double) -> varchar": "py_human_seconds({0})",
        "parse_duration(varchar) -> interval": "to_milliseconds(py_parse_duration({0}))",
    }
)
