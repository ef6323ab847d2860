"""Expressions, from the tree to typed DuckDB SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod

from localcloud.sql import literals, operators, tree
from localcloud.sql.call import Typed
from localcloud.sql.casts import cast
from localcloud.sql.coercions import APPROXIMATE, coerce, common, common_of, field, struct
from localcloud.sql.context import Compiled, Context
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.scopes import Grouping, Scope
from localcloud.sql.tree import Node
from localcloud.sql.types import BOOLEAN, JSON, UNKNOWN, VARBINARY, Type, array, duckdb, row

# Functions that give another value each time.
VOLATILE = frozenset(("random", "rand", "uuid", "shuffle"))


class Expressions(Context):
    """Compiles expressions; calls and queries in them are compiled by subclasses."""

    def call(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        raise NotImplementedError

    def query(self, node: tree.Query, outer: Scope | None) -> Compiled:
        raise NotImplementedError

    def expression(self, node: Node, scope: Scope) -> Typed:
        """The typed SQL of an expression.

        Raises:
            QueryError: it has no meaning in this scope, in Trino's words.
        """
        grouping = scope.aggregation()
        if grouping is not None and (found := self._key(node, scope, grouping)):
            return found
        return self._compile(node, scope)

    def _key(self, node: Node, scope: Scope, grouping: Grouping) -> Typed | None:
        """The grouping column that this expression is; None when it is none."""
        if isinstance(node, (tree.Number, tree.String, tree.Null, tree.Boolean, tree.LambdaExpression)):
            return None
        if _hidden(node, scope) or any(
            isinstance(part, tree.Query) or self.is_aggregate(part) for part in tree.walk(node)
        ):
            return None
        try:
            return grouping.key(self._compile(node, grouping.source))
        except QueryError:
            return None

    def is_aggregate(self, node: Node) -> bool:
        raise NotImplementedError

    def condition(self, node: Node, scope: Scope, wording: str) -> Typed:
        """A boolean. `wording` is what Trino says of another type: it ends in `: actual type `."""
        value = self.expression(node, scope)
        if value.type not in (BOOLEAN, UNKNOWN):
            raise QueryError("TYPE_MISMATCH", f"{node.position}: {wording}{value.type}")
        return coerce(value, BOOLEAN)

    def unified(self, nodes: Sequence[Node], scope: Scope, wording: str) -> list[Typed]:
        """Expressions brought to one type."""
        values = [self.expression(node, scope) for node in nodes]
        kind = values[0].type
        for node, value in zip(nodes, values, strict=True):
            joined = common(kind, value.type)
            if joined is None:
                raise QueryError("TYPE_MISMATCH", f"{node.position}: {wording}: {kind} vs {value.type}")
            kind = joined
        return [coerce(value, kind) for value in values]

    @singledispatchmethod
    def _compile(self, node: Node, scope: Scope) -> Typed:
        raise NotOffered(f"{node.position}: {type(node).__name__}")

    @_compile.register
    def _(self, node: tree.Null, scope: Scope) -> Typed:
        return Typed("NULL", UNKNOWN)

    @_compile.register
    def _(self, node: tree.Boolean, scope: Scope) -> Typed:
        return Typed("TRUE" if node.value else "FALSE", BOOLEAN, node.value)

    @_compile.register
    def _(self, node: tree.Number, scope: Scope) -> Typed:
        return literals.number(node)

    @_compile.register
    def _(self, node: tree.String, scope: Scope) -> Typed:
        return literals.string(node.text)

    @_compile.register
    def _(self, node: tree.Binary, scope: Scope) -> Typed:
        return Typed(f"from_hex('{node.hexadecimal}')", VARBINARY)

    @_compile.register
    def _(self, node: tree.TypedLiteral, scope: Scope) -> Typed:
        return literals.typed(node)

    @_compile.register
    def _(self, node: tree.Interval, scope: Scope) -> Typed:
        return literals.interval(node)

    @_compile.register
    def _(self, node: tree.Parameter, scope: Scope) -> Typed:
        raise QueryError("INVALID_PARAMETER_USAGE", "Incorrect number of parameters: expected 1 or more but found 0")

    @_compile.register
    def _(self, node: tree.Reference, scope: Scope) -> Typed:
        return self.column([node.name], scope)

    @_compile.register
    def _(self, node: tree.Dereference, scope: Scope) -> Typed:
        parts = [node.name]
        base = node.base
        while isinstance(base, tree.Dereference):
            parts.insert(0, base.name)
            base = base.base
        if isinstance(base, tree.Reference):
            return self.column([base.name, *parts], scope)
        return self._fields(self.expression(base, scope), parts, node.position)

    def column(self, parts: Sequence[tree.Name], scope: Scope) -> Typed:
        """A column by its name, and a field of it when it is a row."""
        level, found, rest = scope.find(parts)
        value = self.look(found)
        if level.grouping is not None:
            key = level.grouping.key(value)
            if key is None:
                named = ".".join(part.text for part in parts)
                message = f"'{named}' must be an aggregate expression or appear in GROUP BY clause"
                raise QueryError("EXPRESSION_NOT_AGGREGATE", f"{parts[0].position}: {message}")
            value = key
        return self._fields(value, rest, parts[0].position)

    def _fields(self, value: Typed, names: Sequence[tree.Name], position: str) -> Typed:
        for name in names:
            if value.type.name != "row":
                raise QueryError("TYPE_MISMATCH", f"{position}: Expression is not of type ROW: {value.type}")
            if name.key not in value.type.fields:
                raise QueryError("COLUMN_NOT_FOUND", f"{position}: Column '{name.text}' cannot be resolved")
            at = value.type.fields.index(name.key)
            value = Typed(field(value.sql, value.type, at), value.type.items[at])
        return value

    @_compile.register
    def _(self, node: tree.Subscript, scope: Scope) -> Typed:
        return operators.subscript(self.expression(node.base, scope), self.expression(node.index, scope), node.position)

    @_compile.register
    def _(self, node: tree.Arithmetic, scope: Scope) -> Typed:
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        return operators.arithmetic(node.operator, left, right, node.position)

    @_compile.register
    def _(self, node: tree.Negative, scope: Scope) -> Typed:
        return operators.negative(self.expression(node.operand, scope), node.position)

    @_compile.register
    def _(self, node: tree.AtTimeZone, scope: Scope) -> Typed:
        call = tree.FunctionCall("at_timezone", (node.operand, node.zone), position=node.position)
        return self.call(call, scope)

    @_compile.register
    def _(self, node: tree.Comparison, scope: Scope) -> Typed:
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        return operators.comparison(node.operator, left, right, node.position)

    @_compile.register
    def _(self, node: tree.Quantified, scope: Scope) -> Typed:
        left, sql, kind = self._against(node.left, node.query, scope, node.operator, node.position)
        if kind in APPROXIMATE:
            raise NotOffered(f"{node.position}: {node.operator} ALL or ANY of values of type {kind}")
        return Typed(f"({left.sql} {node.operator} {'ALL' if node.every else 'ANY'} ({sql}))", BOOLEAN)

    @_compile.register
    def _(self, node: tree.InQuery, scope: Scope) -> Typed:
        left, sql, _ = self._against(node.operand, node.query, scope, "IN", node.position)
        return Typed(f"({left.sql} IN ({sql}))", BOOLEAN)

    def _against(
        self, node: Node, query: tree.Query, scope: Scope, operator: str, position: str
    ) -> tuple[Typed, str, Type]:
        """A value and the one column of a query, brought to one type."""
        left, found = self.expression(node, scope), self.single_column(query, scope)
        kind = common(left.type, found.columns[0].type)
        if kind is None:
            message = "value and result of subquery must be of the same type for IN expression"
            detail = f"{position}: {message}: {left.type} vs {found.columns[0].type}"
            if operator != "IN":
                detail = f"{position}: Cannot apply operator: {left.type} {operator} {found.columns[0].type}"
            raise QueryError("TYPE_MISMATCH", detail)
        if kind.items or kind == JSON:
            raise NotOffered(f"{position}: {operator} a query of values of type {kind}")
        if kind == UNKNOWN:
            kind = BOOLEAN
        column = coerce(Typed("c0", found.columns[0].type), kind)
        return coerce(left, kind), f"SELECT {column.sql} FROM ({found.sql}) AS {self.alias()}", kind

    def single_column(self, query: tree.Query, scope: Scope) -> Compiled:
        found = self.query(query, scope)
        self.look_at_all(found.columns)
        if len(found.columns) != 1:
            message = f"Multiple columns returned by subquery are not yet supported. Found {len(found.columns)}"
            raise QueryError("NOT_SUPPORTED", f"{query.position}: {message}")
        return found

    @_compile.register
    def _(self, node: tree.Subquery, scope: Scope) -> Typed:
        found = self.single_column(node.query, scope)
        return Typed(f"({found.sql})", found.columns[0].type)

    @_compile.register
    def _(self, node: tree.Exists, scope: Scope) -> Typed:
        return Typed(f"(EXISTS ({self.query(node.query, scope).sql}))", BOOLEAN)

    @_compile.register
    def _(self, node: tree.Between, scope: Scope) -> Typed:
        value, low, high = (self.expression(part, scope) for part in (node.operand, node.low, node.high))
        kind = common_of([value.type, low.type, high.type])
        if kind is None:
            kinds = f"{value.type} is BETWEEN {low.type} and {high.type}"
            raise QueryError("TYPE_MISMATCH", f"{node.position}: Cannot check if {kinds}")
        value, low, high = coerce(value, kind), coerce(low, kind), coerce(high, kind)
        if not kind.items and (kind not in APPROXIMATE or high.literal is not None) and kind != JSON:
            return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", BOOLEAN)
        above = operators.comparison(">=", value, low, node.position)
        below = operators.comparison("<=", value, high, node.position)
        return Typed(f"({above.sql} AND {below.sql})", BOOLEAN)

    @_compile.register
    def _(self, node: tree.InList, scope: Scope) -> Typed:
        wording = "IN value and list items must be the same type or coercible to a common type. Cannot find common type"
        value, *items = self.unified([node.operand, *node.items], scope, wording)
        kind = value.type
        literal = all(item.literal is not None for item in items)
        if kind.items or kind == JSON or (kind in APPROXIMATE and not literal):
            equal = [operators.comparison("=", value, item, node.position).sql for item in items]
            return Typed(f"({' OR '.join(equal)})", BOOLEAN)
        return Typed(f"({value.sql} IN ({', '.join(item.sql for item in items)}))", BOOLEAN)

    @_compile.register
    def _(self, node: tree.Like, scope: Scope) -> Typed:
        escape = self.expression(node.escape, scope) if node.escape else None
        operand, pattern = self.expression(node.operand, scope), self.expression(node.pattern, scope)
        return operators.like(operand, pattern, escape, node.position)

    @_compile.register
    def _(self, node: tree.IsNull, scope: Scope) -> Typed:
        return Typed(f"({self.expression(node.operand, scope).sql} IS NULL)", BOOLEAN)

    @_compile.register
    def _(self, node: tree.Not, scope: Scope) -> Typed:
        wording = "Value of logical NOT expression must evaluate to a boolean (actual: "
        return Typed(f"(NOT {self._boolean(node.operand, scope, wording)})", BOOLEAN)

    @_compile.register
    def _(self, node: tree.Logical, scope: Scope) -> Typed:
        wording = "Logical expression term must evaluate to a boolean (actual: "
        terms = [self._boolean(term, scope, wording) for term in node.terms]
        return Typed(f"({f' {node.operator} '.join(terms)})", BOOLEAN)

    def _boolean(self, node: Node, scope: Scope, wording: str) -> str:
        value = self.expression(node, scope)
        if value.type not in (BOOLEAN, UNKNOWN):
            raise QueryError("TYPE_MISMATCH", f"{node.position}: {wording}{value.type})")
        return coerce(value, BOOLEAN).sql

    @_compile.register
    def _(self, node: tree.Case, scope: Scope) -> Typed:
        results = [result for _, result in node.branches] + ([node.default] if node.default else [])
        wording = (
            "All CASE results must be the same type or coercible to a common type. Cannot find common type between"
        )
        values = self.unified(results, scope, wording)
        if node.operand and any(_changes(part) for part in tree.walk(node.operand)):
            raise NotOffered(f"{node.position}: CASE of a random value; compute it in a subquery")
        branches = []
        for (condition, _), value in zip(node.branches, values, strict=False):
            if node.operand is not None:
                condition = tree.Comparison("=", node.operand, condition, position=condition.position)
            tested = self.condition(condition, scope, "CASE WHEN clause must evaluate to a boolean: actual type ")
            branches.append(f" WHEN {tested.sql} THEN {value.sql}")
        default = f" ELSE {values[-1].sql}" if node.default else ""
        return Typed(f"(CASE{''.join(branches)}{default} END)", values[0].type)

    @_compile.register
    def _(self, node: tree.Cast, scope: Scope) -> Typed:
        return cast(self.expression(node.operand, scope), node.type, node.safe, node.position)

    @_compile.register
    def _(self, node: tree.Row, scope: Scope) -> Typed:
        items = [self.expression(item, scope) for item in node.items]
        kind = row(*(("", item.type) for item in items))
        return Typed(struct([_typed_null(item) for item in items], kind), kind)

    @_compile.register
    def _(self, node: tree.Array, scope: Scope) -> Typed:
        if not node.items:
            return Typed("CAST([] AS INTEGER[])", array(UNKNOWN))
        items = self.unified(node.items, scope, "All ARRAY elements must be the same type")
        kind = array(items[0].type)
        return Typed(f"CAST([{', '.join(item.sql for item in items)}] AS {duckdb(kind)})", kind)

    @_compile.register
    def _(self, node: tree.FunctionCall, scope: Scope) -> Typed:
        return self.call(node, scope)

    @_compile.register
    def _(self, node: tree.Grouping, scope: Scope) -> Typed:
        return self.grouping_operation(node, scope)

    def grouping_operation(self, node: tree.Grouping, scope: Scope) -> Typed:
        raise NotImplementedError

    @_compile.register
    def _(self, node: tree.LambdaExpression, scope: Scope) -> Typed:
        raise QueryError("TYPE_MISMATCH", f"{node.position}: Lambda expression should always be used inside a function")


def _changes(node: Node) -> bool:
    return isinstance(node, tree.FunctionCall) and node.name in VOLATILE


def _hidden(node: Node, scope: Scope) -> bool:
    """Whether a lambda's parameter or an alias of the output stands for a column in it."""
    level: Scope | None = scope
    while level is not None and level.grouping is None:
        names = [part.name for part in tree.walk(node) if isinstance(part, tree.Reference)]
        if any(item.means([name]) for name in names for item in level.fields):
            return True
        level = level.parent
    return False


def _typed_null(value: Typed) -> str:
    return f"CAST(NULL AS {duckdb(UNKNOWN)})" if value.type == UNKNOWN else value.sql
