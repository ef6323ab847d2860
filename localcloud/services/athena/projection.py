"""Partition projection: partitions that a table's properties compute, in place of registered ones.

The objects below the table are listed once, and each is asked which partition it would lie in: the work grows with the
objects, not with the years that a range spans.
Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from localcloud.services.registry import Params
from localcloud.sql import java_dates
from localcloud.sql.model import NotOffered, QueryError

_LONGEST = 2_000_000  # the most values of a date range


def is_on(table: Params) -> bool:
    return str((table.get("Parameters") or {}).get("projection.enabled", "")).strip().lower() == "true"


@dataclass(frozen=True)
class Projection:
    """`prefix` is the address below which all partitions lie; `partition_of` tells the values of an object's."""

    prefix: str
    pattern: re.Pattern[str]
    keys: tuple[str, ...]
    belongs: tuple[Callable[[str], bool], ...]
    escaped: bool

    def partition_of(self, uri: str) -> tuple[str, ...] | None:
        """The values of the partition keys; None for an object that lies in no partition."""
        match = self.pattern.match(uri)
        if match is None:
            return None
        values = tuple(match.group(f"k{number}") for number in range(len(self.keys)))
        values = tuple(map(unquote, values)) if self.escaped else values
        return values if all(fits(value) for fits, value in zip(self.belongs, values, strict=True)) else None


def of_table(table: Params, condition: str | None) -> Projection:
    """Read a table's `projection.*` properties.

    Args:
        condition: what the query asks of the partition keys, for injected ones.

    Raises:
        QueryError: a property is missing or cannot be read; an injected key without one value in the query.
        NotOffered: a format of dates that is not known here.
    """
    properties = {name.lower(): str(value) for name, value in (table.get("Parameters") or {}).items()}
    keys = tuple(str(key["Name"]) for key in table.get("PartitionKeys") or [])
    location = str((table.get("StorageDescriptor") or {}).get("Location", "")).rstrip("/") + "/"
    template = properties.get("storage.location.template")
    if template is None:
        template = location + "".join(f"{key}=${{{key}}}/" for key in keys)
        escaped = True
    else:
        template, escaped = template.rstrip("/") + "/", False
    values = [_key(key, properties, condition) for key in keys]
    parts = re.split(r"\$\{([^}]*)\}", template)
    named = [name.lower() for name in parts[1::2]]
    if sorted(set(named)) != sorted(keys):
        raise _bad("storage.location.template", f"must have each partition key as ${{key}}: {', '.join(keys)}")
    pattern = re.escape(parts[0])
    seen: set[str] = set()
    for name, literal in zip(named, parts[2::2], strict=True):
        number = keys.index(name)
        inside = "[^/]*" if escaped else values[number][0]
        pattern += (f"(?P=k{number})" if name in seen else f"(?P<k{number}>{inside})") + re.escape(literal)
        seen.add(name)
    return Projection(parts[0], re.compile(pattern), keys, tuple(fits for _, fits in values), escaped)


def _bad(name: str, what: str) -> QueryError:
    return QueryError("INVALID_TABLE_PROPERTY", f"Table property '{name}' {what}")


def _key(key: str, properties: dict[str, str], condition: str | None) -> tuple[str, Callable[[str], bool]]:
    """A regular expression that its values match, and what tells whether a text is one of them."""

    def get(name: str, default: str | None = None) -> str:
        found = properties.get(f"projection.{key}.{name}", default)
        if found is None:
            raise _bad(f"projection.{key}.{name}", "is missing")
        return found

    kind = get("type").strip().lower()
    if kind == "enum":
        members = set(get("values").split(","))
        return "|".join(re.escape(value) for value in sorted(members, key=len, reverse=True)), members.__contains__
    if kind == "injected":
        value = _only_value(key, condition)
        return re.escape(value), value.__eq__
    if kind == "integer":
        return _integers(key, get)
    if kind == "date":
        return _dates(key, get)
    raise _bad(f"projection.{key}.type", f"must be enum, integer, date or injected, not '{kind}'")


def _integers(key: str, get: Callable[..., str]) -> tuple[str, Callable[[str], bool]]:
    try:
        first, last = (int(bound) for bound in get("range").split(","))
        step, digits = int(get("interval", "1")), int(get("digits", "0"))
    except ValueError:
        raise _bad(f"projection.{key}", "has a range, interval or digits that are no numbers") from None

    def fits(text: str) -> bool:
        if not re.fullmatch(r"-?\d+", text):
            return False
        number = int(text)
        written = f"{'-' if number < 0 else ''}{abs(number):0{max(digits, 1)}d}"
        return first <= number <= last and (number - first) % step == 0 and text == written

    return r"-?\d+", fits


def _dates(key: str, get: Callable[..., str]) -> tuple[str, Callable[[str], bool]]:
    layout = get("format")
    try:
        reader = java_dates.Format(layout)
        bounds = get("range").split(",")
        if len(bounds) != 2:
            raise ValueError("it needs a first and a last date")
        now = datetime.now(UTC).replace(tzinfo=None)
        first, last = (java_dates.moment(bound, reader, now) for bound in bounds)
        unit = get("interval.unit", reader.smallest_unit).strip().rstrip("sS").upper()
        if unit not in java_dates.UNITS:
            raise ValueError(f"{unit} is no unit")
        step = int(get("interval", "1" if unit in ("DAY", "MONTH") else None))
        if step < 1:
            raise ValueError("the interval must be positive")
    except java_dates.UnknownFormat as error:
        raise NotOffered(f"projection.{key}.format {layout!r}: {error}.") from None
    except ValueError as error:
        raise _bad(f"projection.{key}", f"has a range or interval that cannot be read: {error}") from None
    members: set[str] = set()
    for moment in java_dates.steps(first, last, step, unit):
        members.add(reader.text(moment))
        if len(members) > _LONGEST:
            raise NotOffered(f"projection.{key}.range with more than {_LONGEST} values.")
    return reader.pattern, members.__contains__


def _only_value(key: str, condition: str | None) -> str:
    """The one value that a query's condition leaves to an injected key."""
    found = {value for name, value in _equalities(condition) if name == key}
    if len(found) != 1:
        raise QueryError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {key}, the WHERE clause must contain only static equality "
            "conditions, and at least one such condition must be present.",
        )
    return found.pop()


def _equalities(condition: str | None) -> Iterable[tuple[str, str]]:
    """`key = constant` among the conditions that all must hold."""
    if condition is None:
        return
    from sqlglot import exp, parse_one  # half a second to load

    pending: list[Any] = [parse_one(condition, dialect="duckdb")]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Paren | exp.And):
            pending += [child for child in (node.this, node.args.get("expression")) if child is not None]
        elif isinstance(node, exp.EQ):
            sides = (_bare(node.this), _bare(node.expression))
            for column, value in (sides, sides[::-1]):
                if isinstance(column, exp.Column) and isinstance(value, exp.Literal):
                    yield column.name.lower(), str(value.this)


def _bare(node: Any) -> Any:
    from sqlglot import exp

    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    return node
