"""The output of a SELECT: its columns, ORDER BY, OFFSET, LIMIT and FETCH."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.sql import tree
from localcloud.sql.call import Typed
from localcloud.sql.coercions import is_distinct
from localcloud.sql.compile_calls import direction
from localcloud.sql.compile_relations import Relations
from localcloud.sql.context import Compiled, Output
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.scopes import Field, Look, Scope
from localcloud.sql.tree import Node
from localcloud.sql.types import UNKNOWN


@dataclass(frozen=True)
class Item:
    """A column of the output, what it looks at, and which column of FROM it is as it is, if any."""

    name: str | None
    value: Typed
    looks: frozenset[Look] = frozenset()
    origin: Field | None = None


class Outputs(Relations):
    def rendered(self, items: list[Item], tail: str, node: tree.Query, scope: Scope, distinct: bool) -> Compiled:
        """SELECT with its output, ORDER BY, OFFSET and LIMIT; `tail` is what stands between."""
        lazy = not (distinct or scope.grouping or node.with_ties)
        marks = [self.mark(item.value, set(item.looks)) if lazy and item.looks else None for item in items]
        if not lazy:
            self.looking |= {look for item in items for look in item.looks}
        outputs = [
            f"{mark.text if mark else _sql(item.value)} AS c{n}"
            for n, (item, mark) in enumerate(zip(items, marks, strict=True))
        ]
        keys = [self._order_key(item, items, scope, distinct) for item in node.order_by]
        columns = tuple(Output(item.name, item.value.type, mark) for item, mark in zip(items, marks, strict=True))
        if any(key.isdigit() for key in keys):
            self.look_at_all([columns[int(key) - 1] for key in keys if key.isdigit()])
        for item in items:
            if distinct and not is_distinct(item.value.type):
                raise NotOffered(f"SELECT DISTINCT of a value of type {item.value.type}; cast it first")
        select = f"SELECT {'DISTINCT ' if distinct else ''}"
        if node.with_ties:
            return Compiled(self._with_ties(select, outputs, keys, tail, node), columns)
        order_by = ", ".join(f"{key}{direction(item)}" for key, item in zip(keys, node.order_by, strict=True))
        sql = f"{select}{', '.join(outputs)}{tail}{f' ORDER BY {order_by}' if order_by else ''}"
        if node.limit is not None:
            sql += f" LIMIT {_count(node.limit)}"
        if node.offset is not None:
            sql += f" OFFSET {_count(node.offset)}"
        return Compiled(sql, columns)

    def _with_ties(self, select: str, outputs: list[str], keys: list[str], tail: str, node: tree.Query) -> str:
        if not keys:
            message = "FETCH FIRST WITH TIES clause requires ORDER BY"
            raise QueryError("MISSING_ORDER_BY", f"{node.position}: {message}")
        if node.offset is not None or node.limit is None:
            raise NotOffered(f"{node.position}: OFFSET together with WITH TIES")
        sorted_by = []
        for position, (key, item) in enumerate(zip(keys, node.order_by, strict=True)):
            if key.isdigit():
                sorted_by.append(f"c{int(key) - 1}{direction(item)}")
            else:
                outputs = [*outputs, f"{key} AS k{position}"]
                sorted_by.append(f"k{position}{direction(item)}")
        order = f"ORDER BY {', '.join(sorted_by)}"
        names = ", ".join(f"c{n}" for n in range(len(outputs)) if outputs[n].endswith(f" AS c{n}"))
        ranked = f"SELECT *, rank() OVER ({order}) AS place FROM ({select}{', '.join(outputs)}{tail}) AS {self.alias()}"
        return f"SELECT {names} FROM ({ranked}) AS {self.alias()} WHERE place <= {_count(node.limit)} {order}"

    def _order_key(self, item: tree.SortItem, items: list[Item], scope: Scope, distinct: bool) -> str:
        """What ORDER BY sorts by: an output's place where it is one, else SQL."""
        node = item.operand
        if isinstance(node, tree.Number) and node.kind == "integer":
            if not 1 <= int(node.text) <= len(items):
                message = f"ORDER BY position {node.text} is not in select list"
                raise QueryError("INVALID_COLUMN_REFERENCE", f"{node.position}: {message}")
            self.sort_key(item, items[int(node.text) - 1].value)
            return node.text
        named = [
            Field(output.name, output.value.sql, output.value.type, looks=output.looks)
            for output in items
            if output.name
        ]
        same = {(part.name.lower(), part.sql): part for part in named if part.name}
        value = self.expression(node, Scope(list(same.values()), scope, same_query=True))
        self.sort_key(item, value)
        for place, output in enumerate(items, 1):
            if output.value.sql == value.sql:
                return str(place)
        if distinct:
            message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise QueryError("EXPRESSION_NOT_IN_DISTINCT", f"{node.position}: {message}")
        return value.sql


def _sql(value: Typed) -> str:
    return "CAST(NULL AS INTEGER)" if value.type == UNKNOWN else value.sql


def _count(node: Node) -> str:
    if isinstance(node, tree.Number) and node.text.isdigit():
        return node.text
    raise QueryError("INVALID_PARAMETER_USAGE", f"{node.position}: LIMIT and OFFSET take a whole number from 0")
