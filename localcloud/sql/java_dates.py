"""Dates by a pattern of Java's DateTimeFormatter, as far as partition projection uses them: digits only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

UNITS = {"YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND"}
# letter -> the unit, from large to small
_LETTERS = {
    "y": "YEAR",
    "u": "YEAR",
    "M": "MONTH",
    "d": "DAY",
    "H": "HOUR",
    "m": "MINUTE",
    "s": "SECOND",
    "S": "MILLISECOND",
}
_ORDER = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND")
_NOW = re.compile(r"\s*NOW\s*(?:([+-])\s*([0-9]+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE)


class UnknownFormat(ValueError):
    """A letter of Java's patterns that is not known here."""


class Format:
    """One pattern, such as `yyyy/MM/dd`."""

    def __init__(self, layout: str) -> None:
        self._parts: list[tuple[str, str | int]] = []  # (unit, width), or ("", literal)
        for quoted, letters, other in _pieces(layout):
            if letters:
                if letters[0] not in _LETTERS or (letters[0] == "M" and len(letters) > 2) or letters in ("yy", "uu"):
                    raise UnknownFormat(f"'{letters}' is not offered")
                self._parts.append((_LETTERS[letters[0]], len(letters)))
            else:
                self._parts.append(("", quoted if quoted is not None else other))
        units = [unit for unit, _ in self._parts if unit]
        if not units:
            raise UnknownFormat("it has no part of a date")
        self.smallest_unit = max(units, key=_ORDER.index)
        self.pattern = "".join(self._regex(unit, part) for unit, part in self._parts)
        self._compiled = re.compile("".join(self._regex(unit, part, group=True) for unit, part in self._parts))

    @staticmethod
    def _regex(unit: str, part: str | int, group: bool = False) -> str:
        if not unit:
            return re.escape(str(part))
        digits = (
            r"\d{1,2}"
            if part == 1 and unit != "YEAR"
            else r"\d{4,}"
            if unit == "YEAR" and part == 1
            else rf"\d{{{part}}}"
        )
        return f"({digits})" if group else digits

    def text(self, moment: datetime) -> str:
        values = {
            **{"YEAR": moment.year, "MONTH": moment.month, "DAY": moment.day, "HOUR": moment.hour},
            **{"MINUTE": moment.minute, "SECOND": moment.second},
        }
        found = []
        for unit, part in self._parts:
            if not unit:
                found.append(str(part))
            elif unit == "MILLISECOND":  # S: a fraction of a second
                found.append(f"{moment.microsecond:06d}".ljust(int(part), "0")[: int(part)])
            else:
                found.append(f"{values[unit]:0{part}d}")
        return "".join(found)

    def read(self, text: str) -> datetime:
        """Raises ValueError when the text is not of this pattern."""
        match = self._compiled.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text}' is not of the format")
        values = {"YEAR": 1970, "MONTH": 1, "DAY": 1, "HOUR": 0, "MINUTE": 0, "SECOND": 0}
        micros = 0
        for unit, digits in zip([unit for unit, _ in self._parts if unit], match.groups(), strict=True):
            if unit == "MILLISECOND":
                micros = int(digits[:6].ljust(6, "0"))
            else:
                values[unit] = int(digits)
        return datetime(
            values["YEAR"], values["MONTH"], values["DAY"], values["HOUR"], values["MINUTE"], values["SECOND"], micros
        )


def _pieces(layout: str) -> Iterator[tuple[str | None, str, str]]:
    """(quoted text or None, run of one letter, other character) of a pattern."""
    for match in re.finditer(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", layout, re.DOTALL):
        quoted = match.group(1)
        yield (None if quoted is None else quoted.replace("''", "'") or "'"), match.group(2) or "", match.group(4) or ""


def moment(text: str, reader: Format, now: datetime) -> datetime:
    """A bound of a range: a date of this format, or NOW with or without a distance. Raises ValueError."""
    match = _NOW.fullmatch(text)
    if match is None:
        return reader.read(text.strip())
    if match.group(1) is None:
        return now
    distance = int(match.group(2)) * (1 if match.group(1) == "+" else -1)
    return add(now, distance, match.group(3).upper())


def add(start: datetime, count: int, unit: str) -> datetime:
    """As Java adds: a month later than the 31st is the last day of a shorter month."""
    if unit in ("YEAR", "MONTH"):
        months = start.year * 12 + start.month - 1 + count * (12 if unit == "YEAR" else 1)
        year, month = divmod(months, 12)
        last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
        return start.replace(year=year, month=month + 1, day=min(start.day, last))
    names = {"WEEK": "weeks", "DAY": "days", "HOUR": "hours", "MINUTE": "minutes", "SECOND": "seconds"}
    return start + timedelta(**{names.get(unit, "milliseconds"): count})


def steps(first: datetime, last: datetime, step: int, unit: str) -> Iterator[datetime]:
    """From the first to the last moment, both included; `step` is positive."""
    count, current = 0, first
    while current <= last:
        yield current
        count += step
        current = add(first, count, unit)
