"""A query of Trino as a tree. Two nodes are equal when they say the same, wherever they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from localcloud.sql.types import Type


@dataclass(frozen=True)
class Node:
    """`position` is where it begins (of an operator: where the operator stands): `line 1:8`."""

    position: str = field(default="", kw_only=True, compare=False)


@dataclass(frozen=True)
class Name(Node):
    """An identifier; two are the same whatever their case. `text` is as the user wrote it."""

    key: str
    text: str = field(compare=False)


@dataclass(frozen=True)
class Null(Node):
    pass


@dataclass(frozen=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True)
class Number(Node):
    """`kind` is integer, decimal or double."""

    kind: str
    text: str


@dataclass(frozen=True)
class String(Node):
    text: str


@dataclass(frozen=True)
class Binary(Node):
    hexadecimal: str


@dataclass(frozen=True)
class Parameter(Node):
    """`?`, counted from 0."""

    index: int


@dataclass(frozen=True)
class TypedLiteral(Node):
    """`DATE '2024-01-31'`, `BIGINT '5'`."""

    type_name: str
    text: str


@dataclass(frozen=True)
class Interval(Node):
    text: str
    start: str
    end: str | None


@dataclass(frozen=True)
class Reference(Node):
    name: Name


@dataclass(frozen=True)
class Dereference(Node):
    base: Node
    name: Name


@dataclass(frozen=True)
class Subscript(Node):
    base: Node
    index: Node


@dataclass(frozen=True)
class Arithmetic(Node):
    """`operator` is one of + - * / % and ||."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Negative(Node):
    operand: Node


@dataclass(frozen=True)
class AtTimeZone(Node):
    operand: Node
    zone: Node


@dataclass(frozen=True)
class Comparison(Node):
    """`operator` is one of = <> < <= > >= and IS DISTINCT FROM."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Quantified(Node):
    operator: str
    left: Node
    every: bool
    query: Query


@dataclass(frozen=True)
class Between(Node):
    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class InList(Node):
    operand: Node
    items: tuple[Node, ...]


@dataclass(frozen=True)
class InQuery(Node):
    operand: Node
    query: Query


@dataclass(frozen=True)
class Like(Node):
    operand: Node
    pattern: Node
    escape: Node | None


@dataclass(frozen=True)
class IsNull(Node):
    operand: Node


@dataclass(frozen=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True)
class Logical(Node):
    """`operator` is AND or OR."""

    operator: str
    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Case(Node):
    operand: Node | None
    branches: tuple[tuple[Node, Node], ...]
    default: Node | None


@dataclass(frozen=True)
class Cast(Node):
    operand: Node
    type: Type
    safe: bool


@dataclass(frozen=True)
class Row(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Array(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True)
class LambdaExpression(Node):
    parameters: tuple[Name, ...]
    body: Node


@dataclass(frozen=True)
class Subquery(Node):
    query: Query


@dataclass(frozen=True)
class Exists(Node):
    query: Query


@dataclass(frozen=True)
class Grouping(Node):
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class SortItem(Node):
    """NULLs come last in both directions where the query does not say otherwise."""

    operand: Node
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Frame(Node):
    """`unit` is ROWS, RANGE or GROUPS; a bound is its kind (`UNBOUNDED PRECEDING`, `PRECEDING`, …) and its offset."""

    unit: str
    start: tuple[str, Node | None]
    end: tuple[str, Node | None]


@dataclass(frozen=True)
class Window(Node):
    base: Name | None
    partition_by: tuple[Node, ...]
    order_by: tuple[SortItem, ...]
    frame: Frame | None


@dataclass(frozen=True)
class FunctionCall(Node):
    """`star` is for `count(*)`; `over` is a window or the name of one."""

    name: str
    arguments: tuple[Node, ...]
    distinct: bool = False
    star: bool = False
    order_by: tuple[SortItem, ...] = ()
    filter: Node | None = None
    ignore_nulls: bool = False
    over: Window | None = None


@dataclass(frozen=True)
class Table(Node):
    parts: tuple[Name, ...]


@dataclass(frozen=True)
class Derived(Node):
    """A subquery in FROM; `lateral` may look at what stands to its left."""

    query: Query
    lateral: bool


@dataclass(frozen=True)
class Unnest(Node):
    items: tuple[Node, ...]
    ordinality: bool


@dataclass(frozen=True)
class Aliased(Node):
    relation: Node
    alias: Name
    columns: tuple[Name, ...]


@dataclass(frozen=True)
class Sample(Node):
    relation: Node
    method: str
    percentage: Node


@dataclass(frozen=True)
class Join(Node):
    """`kind` is CROSS, INNER, LEFT, RIGHT or FULL."""

    kind: str
    left: Node
    right: Node
    condition: Node | None
    using: tuple[Name, ...]


@dataclass(frozen=True)
class SelectItem(Node):
    operand: Node
    alias: Name | None


@dataclass(frozen=True)
class Star(Node):
    """`*`, `t.*`, `r.*` of a row; with `AS (a, b)`."""

    base: Node | None
    columns: tuple[Name, ...]


@dataclass(frozen=True)
class Select(Node):
    """Each of `group_by` is a list of grouping sets; None where there is no GROUP BY."""

    distinct: bool
    items: tuple[SelectItem | Star, ...]
    relation: Node | None
    where: Node | None
    group_by: tuple[tuple[tuple[Node, ...], ...], ...] | None
    group_distinct: bool
    having: Node | None
    windows: tuple[tuple[Name, Window], ...]


@dataclass(frozen=True)
class Values(Node):
    rows: tuple[Node, ...]


@dataclass(frozen=True)
class SetOperation(Node):
    """`kind` is UNION, INTERSECT or EXCEPT."""

    kind: str
    distinct: bool
    left: Node
    right: Node


@dataclass(frozen=True)
class Common(Node):
    """A named query of WITH."""

    name: Name
    columns: tuple[Name, ...]
    query: Query


@dataclass(frozen=True)
class Query(Node):
    """`body` is a Select, Values, Table, SetOperation or Query. A limit or an offset is a Number or a Parameter."""

    commons: tuple[Common, ...]
    body: Node
    order_by: tuple[SortItem, ...] = ()
    offset: Node | None = None
    limit: Node | None = None
    with_ties: bool = False


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    return _nodes(tuple(getattr(node, part.name) for part in dataclasses.fields(node)))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text as far as the fields are."""
    yield node
    for child in children(node):
        yield from walk(child)


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree anew, each node changed after those below it."""
    changes: dict[str, Any] = {part.name: _anew(getattr(node, part.name), change) for part in dataclasses.fields(node)}
    return change(dataclasses.replace(node, **changes))


def _anew(value: object, change: Callable[[Node], Node]) -> object:
    if isinstance(value, Node):
        return transform(value, change)
    if isinstance(value, tuple):
        return tuple(_anew(item, change) for item in value)
    return value
