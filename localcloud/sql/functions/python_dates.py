"""Dates from text as Joda-Time reads them for Trino: MySQL's and Joda's patterns, ISO 8601."""

from __future__ import annotations

import functools
import math
import re
from datetime import date, datetime, timedelta

from localcloud.sql.model import NotOffered

__all__ = [
    "py_date_parse",
    "py_human_seconds",
    "py_iso_date",
    "py_iso_timestamp",
    "py_parse_datetime",
    "py_parse_duration",
]
_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_TEXT = r"[A-Za-z]+"
_MYSQL = {
    **{
        "Y": ("year", r"[+-]?\d{1,9}"),
        "y": ("short", r"[+-]?\d+"),
        "m": ("month", r"\d{1,2}"),
        "c": ("month", r"\d{1,2}"),
    },
    **{"d": ("day", r"\d{1,2}"), "e": ("day", r"\d{1,2}"), "H": ("hour", r"\d{1,2}"), "k": ("hour", r"\d{1,2}")},
    **{"h": ("half", r"\d{1,2}"), "I": ("half", r"\d{1,2}"), "l": ("half", r"\d{1,2}"), "i": ("minute", r"\d{1,2}")},
    **{
        "s": ("second", r"\d{1,2}"),
        "S": ("second", r"\d{1,2}"),
        "f": ("fraction", r"\d{1,9}"),
        "j": ("ordinal", r"\d{1,3}"),
    },
    **{"M": ("month_name", _TEXT), "b": ("month_name", _TEXT), "W": ("day_name", _TEXT), "a": ("day_name", _TEXT)},
    **{"p": ("meridiem", r"[AaPp][Mm]"), "v": ("week", r"\d{1,2}"), "x": ("week_year", r"\d{1,4}")},
}
_JODA = {
    **{"y": ("year", r"[+-]?\d{1,9}"), "M": ("month", r"\d{1,2}"), "d": ("day", r"\d{1,2}"), "H": ("hour", r"\d{1,2}")},
    **{
        "h": ("half", r"\d{1,2}"),
        "m": ("minute", r"\d{1,2}"),
        "s": ("second", r"\d{1,2}"),
        "S": ("fraction", r"\d{1,9}"),
    },
    **{
        "a": ("meridiem", r"[AaPp][Mm]"),
        "E": ("day_name", _TEXT),
        "Z": ("offset", r"[+-]\d{2}:?\d{2}|Z"),
        "D": ("ordinal", r"\d{1,3}"),
    },
}


def _micros(fields: dict[str, str], given: str) -> int:
    def number(name: str, otherwise: int) -> int:
        return int(fields[name]) if name in fields else otherwise

    year = number("year", 1970)
    if "short" in fields:
        year = int(fields["short"])
        if len(fields["short"]) == 2:
            year += 2000 if year < 70 else 1900
    month = number("month", 1)
    if "month_name" in fields:
        month = _named(fields["month_name"], _MONTHS, given) + 1
    hour = number("hour", 0)
    if "half" in fields:
        if not 1 <= int(fields["half"]) <= 12:
            raise ValueError(f'Invalid format: "{given}"')
        hour = int(fields["half"]) % 12 + (12 if fields.get("meridiem", "AM").upper() == "PM" else 0)
    try:
        if "week" in fields:
            day = date.fromisocalendar(number("week_year", 1970), int(fields["week"]), 1)
        elif "ordinal" in fields:
            day = date(year, 1, 1) + timedelta(int(fields["ordinal"]) - 1)
        else:
            day = date(year, month, number("day", 1))
        moment = datetime(day.year, day.month, day.day, hour, number("minute", 0), number("second", 0))
    except ValueError as error:
        raise ValueError(f'Cannot parse "{given}": {error}') from None
    if "day_name" in fields:
        _named(fields["day_name"], _DAYS, given)
    # date_parse and parse_datetime keep milliseconds
    fraction = int((fields.get("fraction", "") + "000")[:3])
    seconds = int((moment - datetime(1970, 1, 1)).total_seconds()) - _offset(fields.get("offset", "Z"))
    return (seconds * 1000 + fraction) * 1000


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    return (1 if text[0] == "+" else -1) * (int(text[1:3]) * 3600 + int(text[-2:]) * 60)


def _named(word: str, names: list[str], given: str) -> int:
    for position, name in enumerate(names):
        if word.lower() in (name, name[:3]):
            return position
    raise ValueError(f'Invalid format: "{given}"')


@functools.lru_cache(64)
def _mysql(pattern: str) -> tuple[re.Pattern[str], list[str]]:
    text, names = "", list[str]()
    short = {"T": "%H:%i:%S", "r": "%h:%i:%S %p"}
    expanded = re.sub("%([Tr])", lambda found: short[found[1]], pattern)
    for letter, plain in re.findall(r"%(.)|(.)", expanded, re.DOTALL):
        if letter in tuple("wUuVXD"):
            raise ValueError(f"%{letter} not supported in date format string")
        if letter in _MYSQL:
            name, regex = _MYSQL[letter]
            names.append(name)
            text += f"({regex})"
        else:
            text += re.escape(letter or plain)
    return re.compile(text), names


def py_date_parse(text: str, pattern: str) -> int:
    compiled, names = _mysql(pattern)
    found = compiled.fullmatch(text)
    if not found:
        raise ValueError(f'Invalid format: "{text}"')
    return _micros(dict(zip(names, found.groups(), strict=True)), text)


@functools.lru_cache(64)
def _joda(pattern: str) -> tuple[re.Pattern[str], list[str]]:
    text, names = "", list[str]()
    for quoted, run, plain in runs(pattern):
        if run:
            letter = run[0]
            if letter not in _JODA:
                raise NotOffered(f"parse_datetime with {run} in its pattern")
            name, regex = _JODA[letter]
            if letter == "M" and len(run) > 2:
                name, regex = "month_name", _TEXT
            if letter == "y" and len(run) == 2:
                name, regex = "short", r"\d{2}"
            if letter == "S":
                regex = rf"\d{{1,{len(run)}}}"
            names.append(name)
            text += f"({regex})"
        else:
            text += re.escape(quoted or plain)
    return re.compile(text), names


def runs(pattern: str) -> list[tuple[str, str, str]]:
    """The pattern's parts: (quoted text, run of one letter, other character), one of the three not empty."""
    parts = []
    for found in re.finditer(r"''|'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])", pattern, re.DOTALL):
        parts.append(("'" if found[0] == "''" else (found[1] or "").replace("''", "'"), found[2] or "", found[4] or ""))
    return parts


def py_parse_datetime(text: str, pattern: str) -> int:
    compiled, names = _joda(pattern)
    found = compiled.fullmatch(text)
    if not found:
        raise ValueError(f'Invalid format: "{text}"')
    return _micros(dict(zip(names, found.groups(), strict=True)), text)


_ISO = re.compile(
    r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?"
    r"(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def py_iso_timestamp(text: str) -> int:
    found = _ISO.fullmatch(text)
    if not found:
        raise ValueError(f'Invalid format: "{text}"')
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if offset not in (None, "Z") and offset.strip("+-0:"):
        raise NotOffered(
            "from_iso8601_timestamp of a text with another offset than UTC: cast the text with AT TIME ZONE"
        )
    names = ("year", "month", "day", "hour", "minute", "second", "fraction")
    fields = {
        name: value
        for name, value in zip(names, (year, month, day, hour, minute, second, fraction), strict=True)
        if value
    }
    return _micros(fields, text)


def py_iso_date(text: str) -> str:
    try:
        if found := re.fullmatch(r"(\d{4})-W(\d{1,2})(?:-(\d))?", text):
            return date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1)).isoformat()
        if found := re.fullmatch(r"(\d{4})-(\d{3})", text):
            return (date(int(found[1]), 1, 1) + timedelta(int(found[2]) - 1)).isoformat()
        if found := re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text):
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)).isoformat()
    except ValueError as error:
        raise ValueError(f'Cannot parse "{text}": {error}') from None
    raise ValueError(f'Invalid format: "{text}"')


_UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7}


def py_parse_duration(text: str) -> int:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if not found or found[2] not in _UNITS:
        raise ValueError(f"duration is not a valid data duration string: {text}")
    return math.floor(float(found[1]) * _UNITS[found[2]] + 0.5)


def py_human_seconds(seconds: float) -> str:
    if math.isnan(seconds) or math.isinf(seconds):
        raise ValueError(f"Invalid argument found: {seconds}")
    rest, parts = int(abs(seconds) + 0.5), list[str]()
    for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    return ", ".join(parts) or "0 seconds"
