"""The part of JSONPath that batch transform knows: $, names, indexes, slices and the wildcard.

A slice ends before its second number, as in the JsonPath library that AWS names.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_NUMBER = r"\s*-?\d{1,9}\s*"
_NAME = r"""\s*(?:'[^']*'|"[^"]*")\s*"""
_STEP = re.compile(
    rf"""\.?\[(?P<names>{_NAME}(?:,{_NAME})*)\]
    |\.?\[(?P<indexes>{_NUMBER}(?:,{_NUMBER})*)\]
    |\.?\[(?P<start>(?:{_NUMBER})?):(?P<stop>(?:{_NUMBER})?)\]
    |(?P<all>\.\*|\.?\[\s*\*\s*\])
    |\.(?P<name>[\w-]+)""",
    re.VERBOSE,
)


class BadPath(ValueError):
    """An expression that is no JSONPath, or uses what AWS does not offer."""


class NoSuchElement(LookupError):
    """The data has not what the path names."""


@dataclass(frozen=True)
class _Step:
    many: bool  # whether it can find several values, so that the result is a list
    find: Callable[[Any], Iterator[Any]]


@dataclass(frozen=True)
class JsonPath:
    """A parsed expression; without steps it is the whole."""

    steps: tuple[_Step, ...] = ()

    def select(self, value: Any) -> Any:
        """What the path finds in decoded JSON: one value, or a list when a step can find several.

        Raises:
            NoSuchElement: a name or an index that the data has not.
        """
        found = [value]
        for step in self.steps:
            found = [inner for outer in found for inner in step.find(outer)]
        return found if any(step.many for step in self.steps) else found[0]


def parse(expression: str) -> JsonPath:
    """Read an expression. Raises BadPath, which names the place that is not understood."""
    if not expression.startswith("$"):
        raise BadPath(f"The JSONPath {expression!r} does not begin with $.")
    steps, position = [], 1
    while position < len(expression):
        match = _STEP.match(expression, position)
        if not match:
            raise BadPath(
                f"The JSONPath {expression!r} is not supported from {expression[position:]!r} on. "
                "Supported are $, .name, *, ['name','name'], [number,number] and [start:end]."
            )
        steps.append(_step(match))
        position = match.end()
    return JsonPath(tuple(steps))


def _step(match: re.Match[str]) -> _Step:
    if match["all"]:
        return _Step(True, _all)
    if match["name"]:
        return _names([match["name"]])
    if match["names"]:
        quoted = re.findall(r"""'([^']*)'|"([^"]*)\"""", match["names"])
        return _names([single or double for single, double in quoted])
    if match["indexes"]:
        return _indexes([int(number) for number in match["indexes"].split(",")])
    start, stop = (int(text) if text.strip() else None for text in (match["start"], match["stop"]))
    return _Step(True, lambda value: iter(_array(value)[start:stop]))


def _names(names: list[str]) -> _Step:
    def find(value: Any) -> Iterator[Any]:
        missing = [name for name in names if not isinstance(value, dict) or name not in value]
        if missing:
            raise NoSuchElement(f"the data has no attribute {missing[0]!r}")
        yield value[names[0]] if len(names) == 1 else {name: value[name] for name in names}

    return _Step(False, find)


def _indexes(indexes: list[int]) -> _Step:
    def find(value: Any) -> Iterator[Any]:
        items = _array(value)
        for index in indexes:
            if not -len(items) <= index < len(items):
                raise NoSuchElement(f"index {index} is not within the {len(items)} elements of the data")
            yield items[index]

    return _Step(len(indexes) > 1, find)


def _all(value: Any) -> Iterator[Any]:
    return iter(value.values()) if isinstance(value, dict) else iter(_array(value))


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise NoSuchElement(f"the data is no array: {str(value)[:60]!r}")
    return value
