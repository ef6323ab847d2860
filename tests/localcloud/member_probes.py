"""Which test sees the effect of which members of requests: a mark says so, and what it says was sent."""

from __future__ import annotations

import runpy
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape

from localcloud.protocol import operation_model

Operation = tuple[str, str]  # (signing name, operation)


def paths(shape: Shape, path: str = "", above: tuple[str, ...] = ()) -> Iterator[tuple[str, Shape]]:
    """The path of each member, lists and maps without a mark, with its shape; a shape within itself once."""
    if shape.type_name == "structure" and shape.name not in above:
        for name, member in shape.members.items():
            yield f"{path}{name}", member
            yield from paths(member, f"{path}{name}.", (*above, shape.name))
    elif shape.type_name in ("list", "map"):
        yield from paths(shape.member if shape.type_name == "list" else shape.value, path, above)


def members_of(service: str, operation: str) -> dict[str, Shape]:
    """Each member of an operation's request, by its path."""
    shape = operation_model(service, operation).input_shape
    return dict(paths(shape)) if shape else {}


def given(service: str, operation: str, params: dict[str, Any]) -> set[str]:
    """The paths of the members that a request gives."""
    shape = operation_model(service, operation).input_shape
    return set(_given(params, shape, "", ())) if shape else set()


def _given(value: Any, shape: Shape, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if shape.type_name == "structure" and shape.name not in above:
        for name in set(value) & set(shape.members):
            yield f"{path}{name}"
            yield from _given(value[name], shape.members[name], f"{path}{name}.", (*above, shape.name))
    elif shape.type_name in ("list", "map"):
        below = shape.member if shape.type_name == "list" else shape.value
        for item in value if shape.type_name == "list" else value.values():
            yield from _given(item, below, path, above)


def probes(service: str, operation: str, *members: str, request: dict[str, Any] | None = None) -> pytest.MarkDecorator:
    """Marks a test, or a parameter of one, that sees the effect of these members, or of all that a request gives."""
    claimed = {*members, *given(service, operation, request or {})}
    return pytest.mark.probes(service, operation, frozenset(claimed))


def probed(folder: Path) -> dict[Operation, set[str]]:
    """The members that the tests of a folder claim."""
    found: dict[Operation, set[str]] = defaultdict(set)
    for module in sorted(folder.glob("test_*.py")):
        if module.name != "test_every_member_acts.py":
            for test in runpy.run_path(str(module)).values():
                for service, operation, members in _marks(getattr(test, "pytestmark", [])):
                    found[service, operation] |= members
    return found


def _marks(marks: list[Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    for mark in marks:
        if mark.name == "probes":
            yield mark.args
        elif mark.name == "parametrize":
            for parameter in mark.args[1]:
                yield from _marks(list(getattr(parameter, "marks", ())))


def plainest(shape: Shape, path: list[str] | None = None, value: str = "") -> Any:
    """A request, or a part of one, of the required members and of the one at `path`, with `value`."""
    kind, sizes = shape.type_name, shape.metadata
    if kind == "structure":
        names = {*shape.required_members, *(path or [])[:1]}
        return {
            name: plainest(shape.members[name], path[1:], value)
            if path and name == path[0]
            else plainest(shape.members[name])
            for name in names
        }
    if kind == "list":
        return [plainest(shape.member, path, value)] * max(1, sizes.get("min", 1))
    if kind == "map":
        return {"key": plainest(shape.value, path, value)}
    if kind == "timestamp":
        return datetime(2026, 1, 1)
    if kind == "boolean":
        return value != "false"
    if kind in ("integer", "long", "float", "double"):
        return max(1, sizes.get("min", 1))
    text = value or next(iter(getattr(shape, "enum", [])), "1" * max(1, sizes.get("min", 1)))
    return text.encode() if kind == "blob" else text
