"""Calls of functions, aggregates and windows, from the tree to typed DuckDB SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from localcloud.sql import functions, operators, tree
from localcloud.sql.call import Call, Lambda, Typed
from localcloud.sql.coercions import INTEGERS, is_distinct, is_number
from localcloud.sql.compile_expressions import VOLATILE, Expressions
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.scopes import Field, Scope
from localcloud.sql.tree import Node
from localcloud.sql.types import BIGINT, Type


class Calls(Expressions):
    def is_aggregate(self, node: Node) -> bool:
        if isinstance(node, tree.Grouping):
            return True
        return isinstance(node, tree.FunctionCall) and (node.over is not None or node.name in functions.AGGREGATES)

    def call(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        """A call of any function.

        Raises:
            QueryError: FUNCTION_NOT_FOUND, and whatever the function says of its arguments.
        """
        special: dict[str, Callable[[tree.FunctionCall, Scope], Typed]] = {
            "if": self._if,
            "coalesce": self._coalesce,
            "nullif": self._nullif,
            "try": self._try,
        }
        if node.name in special:
            return special[node.name](node, scope)
        if node.over is not None:
            return self._window_call(node, scope)
        if node.name in functions.AGGREGATES:
            return self._aggregate(node, scope)
        if node.name in functions.WINDOWS:
            message = f"Window function {node.name} requires an OVER clause"
            raise QueryError("MISSING_OVER", f"{node.position}: {message}")
        if node.name not in functions.SCALARS:
            raise QueryError("FUNCTION_NOT_FOUND", f"{node.position}: Function '{node.name}' not registered")
        if node.distinct or node.star or node.order_by or node.filter:
            what = "DISTINCT" if node.distinct else "FILTER" if node.filter else "ORDER BY" if node.order_by else "*"
            message = f"{what} is not supported for non-aggregation function {node.name}"
            raise QueryError("FUNCTION_NOT_AGGREGATE", f"{node.position}: {message}")
        arguments = self._arguments(node.arguments, scope)
        return functions.SCALARS[node.name](Call(node.name, arguments, node.position))

    def _arguments(self, nodes: Sequence[Node], scope: Scope) -> tuple[Typed | Lambda, ...]:
        return tuple(
            self._lambda(node, scope) if isinstance(node, tree.LambdaExpression) else self.expression(node, scope)
            for node in nodes
        )

    def _lambda(self, node: tree.LambdaExpression, scope: Scope) -> Lambda:
        depth = scope.depth + 1
        names = [f"x{depth}_{position}" for position in range(len(node.parameters))]

        def compiled(kinds: Sequence[Type]) -> Typed:
            if len(kinds) != len(names):
                message = f"Expected a lambda that takes {len(kinds)} argument(s) but got {len(names)}"
                raise QueryError("INVALID_PARAMETER_USAGE", f"{node.position}: {message}")
            fields = [
                Field(parameter.key, name, kind)
                for parameter, name, kind in zip(node.parameters, names, kinds, strict=True)
            ]
            inner = Scope(fields, scope, same_query=True, clause=scope.where() or "Lambda expression", depth=depth)
            body = self.expression(node.body, inner)
            return Typed(f"lambda {', '.join(names)}: {body.sql}", body.type)

        return Lambda(len(names), compiled)

    def _count(self, node: tree.FunctionCall, *counts: int) -> None:
        if len(node.arguments) not in counts or node.distinct or node.over or node.filter or node.order_by:
            message = f"Invalid number of arguments for '{node.name}' function"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{node.position}: {message}")

    def _if(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        self._count(node, 2, 3)
        condition = self.condition(node.arguments[0], scope, "IF condition must evaluate to a boolean: actual type ")
        wording = "Result types for IF must be the same"
        values = self.unified(node.arguments[1:], scope, wording)
        otherwise = f" ELSE {values[1].sql}" if len(values) > 1 else ""
        return Typed(f"(CASE WHEN {condition.sql} THEN {values[0].sql}{otherwise} END)", values[0].type)

    def _coalesce(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        if len(node.arguments) < 2:
            message = "The 'coalesce' function must have at least two arguments"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{node.position}: {message}")
        values = self.unified(node.arguments, scope, "All COALESCE operands must be the same type")
        return Typed(f"coalesce({', '.join(value.sql for value in values)})", values[0].type)

    def _nullif(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        self._count(node, 2)
        first, second = (self.expression(argument, scope) for argument in node.arguments)
        same = operators.comparison("=", first, second, node.position)
        return Typed(f"(CASE WHEN {same.sql} THEN NULL ELSE {first.sql} END)", first.type)

    def _try(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        self._count(node, 1)
        for part in tree.walk(node.arguments[0]):
            window = isinstance(part, tree.FunctionCall) and (part.over is not None or part.name in VOLATILE)
            if isinstance(part, tree.Query) or window:
                raise NotOffered(f"{node.position}: TRY around a subquery, a window function or a random value")
        value = self.expression(node.arguments[0], scope)
        return Typed(f"TRY({value.sql})", value.type)

    def _aggregate(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        grouping = scope.aggregation()
        where = scope.where()
        if grouping is None or where:
            if where and where.startswith("aggregation"):
                message = f"Cannot nest aggregations inside {where}: [{node.name}]"
                raise QueryError("NESTED_AGGREGATION", f"{node.position}: {message}")
            message = f"{where or 'This clause'} cannot contain aggregations, window functions or grouping operations"
            raise QueryError("EXPRESSION_NOT_SCALAR", f"{node.position}: {message}: [{node.name}]")
        source = replace(grouping.source, clause=f"aggregation '{node.name}'")
        return grouping.aggregate(self._aggregated(node, source, functions.AGGREGATES[node.name], ""))

    def _aggregated(self, node: tree.FunctionCall, scope: Scope, function: Callable[[Call], Typed], over: str) -> Typed:
        """A call with all that may stand in and after its brackets."""
        after = over
        if node.filter is not None:
            condition = self.condition(node.filter, scope, "Filter expression must evaluate to a boolean: actual type ")
            after = f" FILTER (WHERE {condition.sql}){over}"
        order_by = f" ORDER BY {self.sort_keys(node.order_by, scope)}" if node.order_by else ""
        if node.star and node.name != "count":
            message = f"Unexpected parameters () for function {node.name}"
            raise QueryError("FUNCTION_NOT_FOUND", f"{node.position}: {message}")
        arguments = self._arguments(node.arguments, scope)
        distinct = "DISTINCT " if node.distinct else ""
        call = Call(node.name, arguments, node.position, distinct, order_by, after, node.ignore_nulls)
        return function(call)

    def sort_keys(self, items: Sequence[tree.SortItem], scope: Scope) -> str:
        """The inside of ORDER BY."""
        return ", ".join(self.sort_key(item, self.expression(item.operand, scope)) for item in items)

    def sort_key(self, item: tree.SortItem, value: Typed) -> str:
        if value.type.name in ("map", "json"):
            message = f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY"
            raise QueryError("TYPE_MISMATCH", f"{item.position}: {message}")
        return f"{value.sql}{direction(item)}"

    def _window_call(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        function = functions.WINDOWS.get(node.name) or functions.AGGREGATES.get(node.name)
        if function is None:
            if node.name in functions.SCALARS:
                message = f"Window function '{node.name}' is not a window or aggregation function"
                raise QueryError("FUNCTION_NOT_WINDOW", f"{node.position}: {message}")
            raise QueryError("FUNCTION_NOT_FOUND", f"{node.position}: Function '{node.name}' not registered")
        if where := scope.where():
            message = f"{where} cannot contain aggregations, window functions or grouping operations: [{node.name}]"
            code = "NESTED_WINDOW" if where == "Window" else "EXPRESSION_NOT_SCALAR"
            raise QueryError(code, f"{node.position}: {message}")
        if node.distinct or node.order_by:
            what = "DISTINCT" if node.distinct else "Window function with ORDER BY"
            raise QueryError(
                "NOT_SUPPORTED", f"{node.position}: {what} in window function parameters not yet supported"
            )
        assert node.over is not None
        return self._aggregated(node, scope, function, f" OVER ({self._over(node.over, scope)})")

    def _over(self, window: tree.Window, scope: Scope) -> str:
        window = self._with_base(window)
        parts = []
        if window.partition_by:
            values = [self.expression(key, scope) for key in window.partition_by]
            if not all(is_distinct(value.type) for value in values):
                raise NotOffered(f"{window.position}: PARTITION BY a value of type map or json; cast it first")
            parts.append(f"PARTITION BY {', '.join(value.sql for value in values)}")
        if window.order_by:
            parts.append(f"ORDER BY {self.sort_keys(window.order_by, scope)}")
        if window.frame:
            frame = window.frame
            if frame.unit == "GROUPS" and not window.order_by:
                raise QueryError("MISSING_ORDER_BY", f"{frame.position}: Window frame of type GROUPS requires ORDER BY")
            keys = [self.expression(item.operand, scope).type for item in window.order_by]
            bounds = [self._bound(frame, bound, keys, scope) for bound in (frame.start, frame.end)]
            parts.append(f"{frame.unit} BETWEEN {bounds[0]} AND {bounds[1]}")
        return " ".join(parts)

    def _with_base(self, window: tree.Window) -> tree.Window:
        """A window that names another: what it has itself, and what that has."""
        if window.base is None:
            return window
        if window.base.key not in self.windows:
            message = f"Cannot resolve WINDOW name {window.base.text}"
            raise QueryError("INVALID_WINDOW_REFERENCE", f"{window.base.position}: {message}")
        base = self._with_base(self.windows[window.base.key])
        if window.partition_by or (window.order_by and base.order_by) or (base.frame and window.frame):
            message = "WINDOW specification cannot override that of the window it refers to"
            raise QueryError("INVALID_WINDOW_REFERENCE", f"{window.position}: {message}")
        return replace(
            window,
            base=None,
            partition_by=base.partition_by,
            order_by=window.order_by or base.order_by,
            frame=window.frame or base.frame,
        )

    def _bound(self, frame: tree.Frame, bound: tuple[str, Node | None], keys: list[Type], scope: Scope) -> str:
        """One end of a frame; `keys` are the types of what the window is ordered by."""
        (kind, node), unit = bound, frame.unit
        if node is None:
            return kind
        offset = self.expression(node, scope)
        fits = offset.type in INTEGERS
        if unit == "RANGE":
            if len(keys) != 1:
                message = "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY"
                raise QueryError("INVALID_ORDER_BY", f"{node.position}: {message} (actual: {len(keys)})")
            interval = offset.type.name.startswith("interval") and keys[0].name in ("date", "timestamp")
            fits = interval or (is_number(offset.type) and is_number(keys[0]))
        if not fits:
            message = f"Window frame of type {unit} does not support an offset of type {offset.type}"
            raise QueryError("TYPE_MISMATCH", f"{node.position}: {message}")
        if isinstance(offset.literal, int) and offset.literal < 0:
            raise QueryError(
                "INVALID_WINDOW_FRAME", f"{node.position}: Window frame offset value must not be negative or null"
            )
        return f"{offset.sql} {kind}"

    def grouping_operation(self, node: tree.Grouping, scope: Scope) -> Typed:
        grouping = scope.aggregation()
        if grouping is None or scope.where():
            message = (
                "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause"
            )
            raise QueryError("MISSING_GROUP_BY", f"{node.position}: {message}")
        arguments = [self.expression(argument, grouping.source) for argument in node.arguments]
        for argument in arguments:
            if grouping.key(argument) is None:
                message = "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
                raise QueryError("INVALID_ARGUMENTS", f"{node.position}: {message} at {node.position}")
        if not arguments:
            return Typed("CAST(0 AS BIGINT)", BIGINT)
        return grouping.aggregate(Typed(f"grouping({', '.join(argument.sql for argument in arguments)})", BIGINT))


def direction(item: tree.SortItem) -> str:
    """Trino puts NULL last in both directions."""
    return f"{' DESC' if item.descending else ''} NULLS {'FIRST' if item.nulls_first else 'LAST'}"
