"""Queries, from the tree to DuckDB SQL: SELECT with its clauses, set operations, VALUES, WITH.

A query with aggregates becomes two: the inner one groups and has the keys and the aggregates as columns, the outer one
has everything that stands above them: HAVING, windows, the output, ORDER BY.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from localcloud.sql import tree
from localcloud.sql.call import Typed
from localcloud.sql.coercions import coerce, common, field, is_distinct
from localcloud.sql.compile_output import Item, Outputs
from localcloud.sql.compile_relations import Source
from localcloud.sql.context import Compiled, NamedQuery, Output
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.parser import cross_product
from localcloud.sql.scopes import Field, Grouping, Reading, Scope
from localcloud.sql.tree import Node
from localcloud.sql.types import UNKNOWN


class Queries(Outputs):
    def query(self, node: tree.Query, outer: Scope | None) -> Compiled:
        """A query. `outer` is the scope of the query around it, at whose columns it may look.

        Raises:
            QueryError: it is no query of Trino, in Trino's words.
        """
        kept = self.named
        try:
            commons = [self._common(common_query) for common_query in node.commons]
            found = self._body(node, outer)
        finally:
            self.named = kept
        return replace(found, sql=f"WITH {', '.join(commons)} {found.sql}") if commons else found

    def _common(self, node: tree.Common) -> str:
        found = self.query(node.query, None)
        # A condition on one mention of a named query says nothing of the others: the tables in it stay hidden.
        columns = tuple(replace(column, reading=None) for column in found.columns)
        if node.columns:
            if len(node.columns) != len(columns):
                counts = f"Column alias list has {len(node.columns)} entries but relation has {len(columns)} columns"
                raise QueryError("MISMATCHED_COLUMN_ALIASES", f"{node.position}: {counts}")
            columns = tuple(replace(old, name=name.key) for name, old in zip(node.columns, columns, strict=True))
        alias = self.alias()
        self.named = {**self.named, node.name.key: NamedQuery(alias, columns)}
        return f'"{alias}" AS ({found.sql})'

    def _body(self, node: tree.Query, outer: Scope | None) -> Compiled:
        body = node.body
        if isinstance(body, tree.Select):
            return self._select(body, node, outer)
        if isinstance(body, tree.Table):
            star = (tree.Star(None, (), position=body.position),)
            whole = tree.Select(False, star, body, None, None, False, None, (), position=body.position)
            return self._select(whole, node, outer)
        found = self._operand(body, outer)
        if not node.order_by and node.limit is None and node.offset is None:
            return found
        alias = self.alias()
        self.look_at_all(found.columns)
        fields = [Field(column.name, f"{alias}.c{n}", column.type) for n, column in enumerate(found.columns)]
        items = [Item(item.name, Typed(item.sql, item.type)) for item in fields]
        return self.rendered(items, f" FROM ({found.sql}) AS {alias}", node, Scope(fields, outer), False)

    def _operand(self, node: Node, outer: Scope | None) -> Compiled:
        """A query, or a part of a set operation."""
        if isinstance(node, tree.SetOperation):
            return self._set_operation(node, outer)
        if isinstance(node, tree.Values):
            return self._values(node, outer)
        return self.query(node if isinstance(node, tree.Query) else tree.Query((), node, position=node.position), outer)

    def _set_operation(self, node: tree.SetOperation, outer: Scope | None) -> Compiled:
        left, right = self._operand(node.left, outer), self._operand(node.right, outer)
        if len(left.columns) != len(right.columns):
            counts = f"{len(left.columns)}, {len(right.columns)}"
            message = f"{node.kind} query has different number of fields: {counts}"
            raise QueryError("TYPE_MISMATCH", f"{node.position}: {message}")
        self.look_at_all((*left.columns, *right.columns))
        columns: list[Output] = []
        for position, (a, b) in enumerate(zip(left.columns, right.columns, strict=True), 1):
            kind = common(a.type, b.type)
            if kind is None:
                message = f"column {position} in {node.kind} query has incompatible types: {a.type}, {b.type}"
                raise QueryError("TYPE_MISMATCH", f"{node.position}: {message}")
            if not is_distinct(kind) and (node.distinct or node.kind != "UNION"):
                raise NotOffered(f"{node.position}: {node.kind} of values of type {kind}; cast them first")
            columns.append(Output(a.name, kind))
        word = node.kind if node.distinct else f"{node.kind} ALL"
        sql = f"({self._coerced(left, columns)}) {word} ({self._coerced(right, columns)})"
        return Compiled(f"SELECT * FROM ({sql}) AS {self.alias()}", tuple(columns))

    def _coerced(self, found: Compiled, columns: Sequence[Output]) -> str:
        parts = [
            f"{coerce(Typed(f'c{n}', old.type), new.type).sql} AS c{n}"
            for n, (old, new) in enumerate(zip(found.columns, columns, strict=True))
        ]
        return f"SELECT {', '.join(parts)} FROM ({found.sql}) AS {self.alias()}"

    def _values(self, node: tree.Values, outer: Scope | None) -> Compiled:
        scope = Scope((), outer, clause="VALUES")
        rows = [row.items if isinstance(row, tree.Row) else (row,) for row in node.rows]
        if len({len(row) for row in rows}) > 1:
            message = "Values rows have mismatched sizes"
            raise QueryError("TYPE_MISMATCH", f"{node.position}: {message}")
        wording = "Values rows have mismatched types"
        columns = [self.unified(column, scope, wording) for column in zip(*rows, strict=True)]
        lines = [f"({', '.join(value.sql for value in line)})" for line in zip(*columns, strict=True)]
        names = ", ".join(f"c{n}" for n in range(len(columns)))
        sql = f"SELECT * FROM (VALUES {', '.join(lines)}) AS {self.alias()}({names})"
        return Compiled(sql, tuple(Output(None, column[0].type) for column in columns))

    def _select(self, select: tree.Select, node: tree.Query, outer: Scope | None) -> Compiled:
        source = self.relation(select.relation, outer) if select.relation else Source("", ())
        scope = Scope(source.fields, outer)
        tail = f" FROM {source.sql}" if source.sql else ""
        if select.where is not None:
            wording = "WHERE clause must evaluate to a boolean: actual type "
            tail += f" WHERE {self.condition(select.where, replace(scope, clause='WHERE clause'), wording).sql}"
            self.narrow(select.where, scope, source.whole)
        kept, self.windows = self.windows, {name.key: window for name, window in select.windows}
        try:
            if not self._groups(select, node):
                items = self._items(select, scope)
                found = self.rendered(items, tail, node, scope, select.distinct)
                return self._with_origins(found, items, select, node, source.whole)
            return self._grouped(select, node, scope, tail, source.whole)
        finally:
            self.windows = kept

    def _groups(self, select: tree.Select, node: tree.Query) -> bool:
        if select.group_by is not None or select.having is not None:
            return True
        above = [item.operand for item in select.items if isinstance(item, tree.SelectItem)]
        return any(self._has_aggregate(part) for part in (*above, *(item.operand for item in node.order_by)))

    def _has_aggregate(self, node: Node) -> bool:
        if isinstance(node, tree.Query):
            return False
        own = self.is_aggregate(node) and not (isinstance(node, tree.FunctionCall) and node.over)
        return own or any(self._has_aggregate(child) for child in tree.children(node))

    def _items(self, select: tree.Select, scope: Scope) -> list[Item]:
        return [item for part in select.items for item in self._item(part, scope)]

    def _item(self, part: tree.SelectItem | tree.Star, scope: Scope) -> Iterator[Item]:
        if isinstance(part, tree.Star):
            yield from self._star(part, scope)
            return
        node = part.operand
        name = part.alias.text if part.alias else None
        if name is None and (names := _names(node)):
            name = names[-1].text.lower()
        with self.recording() as looks:
            value = self.expression(node, scope)
        yield Item(name, value, frozenset(looks), _origin(value, scope))

    def _star(self, star: tree.Star, scope: Scope) -> Iterator[Item]:
        """`*`, `t.*`, or the fields of a row: `r.*`."""
        shown = [item for item in scope.fields if not item.hidden]
        if star.base is None:
            if not shown:
                where = "from relation that has no columns" if scope.fields else "in queries without FROM clause"
                raise QueryError("COLUMN_NOT_FOUND", f"{star.position}: SELECT * not allowed {where}")
            chosen = shown
        else:
            qualifier = tuple(name.key for name in _names(star.base))
            chosen = [item for item in shown if qualifier and item.qualifier[-len(qualifier) :] == qualifier]
        if not chosen and star.base is not None:
            yield from self._row_star(star, star.base, scope)
            return
        names = self._star_names(star, len(chosen)) or [item.name for item in chosen]
        for name, item in zip(names, chosen, strict=True):
            with self.recording() as looks:
                value = self._grouped_field(item, scope, star)
            yield Item(name, value, frozenset(looks), _origin(value, scope))

    def _grouped_field(self, item: Field, scope: Scope, star: tree.Star) -> Typed:
        value = self.look(item)
        if scope.grouping is None:
            return value
        key = scope.grouping.key(value)
        if key is None:
            message = f"'{item.name}' must be an aggregate expression or appear in GROUP BY clause"
            raise QueryError("EXPRESSION_NOT_AGGREGATE", f"{star.position}: {message}")
        return key

    def _row_star(self, star: tree.Star, base: Node, scope: Scope) -> Iterator[Item]:
        names = _names(base)
        try:
            with self.recording() as looks:
                value = self.expression(base, scope)
        except QueryError:
            if not names:
                raise
            named = ".".join(name.text for name in names)
            raise QueryError("TABLE_NOT_FOUND", f"{star.position}: Table '{named}' not found") from None
        if value.type.name != "row":
            raise QueryError("TYPE_MISMATCH", f"{star.position}: Expression is not of type ROW: {value.type}")
        given = self._star_names(star, len(value.type.items))
        for position, kind in enumerate(value.type.items):
            name = given[position] if given else value.type.fields[position] or None
            yield Item(name, Typed(field(value.sql, value.type, position), kind), frozenset(looks))

    def _star_names(self, star: tree.Star, count: int) -> list[str | None]:
        if star.columns and len(star.columns) != count:
            message = f"Column alias list has {len(star.columns)} entries but relation has {count} columns"
            raise QueryError("MISMATCHED_COLUMN_ALIASES", f"{star.position}: {message}")
        return [name.text for name in star.columns]

    def _with_origins(
        self, found: Compiled, items: list[Item], select: tree.Select, node: tree.Query, whole: tuple[Reading, ...]
    ) -> Compiled:
        """The columns with the tables' columns that they are, where a condition may as well be asked of the table.

        It may not where rows that it drops count for others: in a window, a limit, several grouping sets.
        """
        windows = any(isinstance(part, tree.FunctionCall) and part.over for part in tree.walk(select))
        sets = 1 if select.group_by is None else len(cross_product(select.group_by))
        if windows or sets != 1 or node.limit is not None or node.offset is not None:
            return found
        columns = [
            replace(column, reading=item.origin.reading, column=item.origin.column)
            if item.origin and item.origin.reading in whole
            else column
            for column, item in zip(found.columns, items, strict=True)
        ]
        return replace(found, columns=tuple(columns))

    def _grouped(
        self, select: tree.Select, node: tree.Query, scope: Scope, tail: str, whole: tuple[Reading, ...]
    ) -> Compiled:
        keys, sets = self._grouping_keys(select, scope)
        grouping = Grouping(scope, tuple(keys), self.alias())
        above = Scope(scope.fields, scope.parent, grouping=grouping)
        items = self._items(select, above)
        having = ""
        if select.having is not None:
            wording = "HAVING clause must evaluate to a boolean: actual type "
            for part in tree.walk(select.having):
                if isinstance(part, tree.FunctionCall) and part.over:
                    raise QueryError("NESTED_WINDOW", f"{part.position}: HAVING clause cannot contain window functions")
            having = f" WHERE {self.condition(select.having, above, wording).sql}"
        # The inner query stands in `outer` as a mark until all aggregates are known: ORDER BY may have more of them.
        mark = f"\x00{grouping.relation}\x00"
        outer = self.rendered(items, f" FROM {mark}{having}", node, above, select.distinct)
        columns = [f"{key.sql} AS g{n}" for n, key in enumerate(keys)]
        columns += [f"{sql} AS a{n}" for n, sql in enumerate(grouping.aggregates)]
        by = ""
        if sets is not None:
            lists = [f"({', '.join(keys[index].sql for index in indices)})" for indices in sets]
            by = (
                f" GROUP BY GROUPING SETS ({', '.join(lists)})"
                if len(sets) > 1 or not keys
                else f" GROUP BY {lists[0][1:-1]}"
            )
        inner = f"SELECT {', '.join(columns) or 'count(*) AS a0'}{tail}{by}"
        found = replace(outer, sql=outer.sql.replace(mark, f'({inner}) AS "{grouping.relation}"'))
        return self._with_origins(found, items, select, node, whole)

    def _grouping_keys(self, select: tree.Select, scope: Scope) -> tuple[list[Typed], list[list[int]] | None]:
        """The expressions of GROUP BY, each once, and the grouping sets by their places among them."""
        if select.group_by is None:
            return [], None
        inside = replace(scope, clause="GROUP BY clause")
        keys: list[Typed] = []
        sets: list[list[int]] = []
        for nodes in cross_product(select.group_by):
            chosen: list[int] = []
            for node in nodes:
                key = self._grouping_key(node, select, inside)
                places = [place for place, known in enumerate(keys) if known.sql == key.sql]
                if not places:
                    places = [len(keys)]
                    keys.append(key)
                if places[0] not in chosen:
                    chosen.append(places[0])
            if not (select.group_distinct and sorted(chosen) in [sorted(known) for known in sets]):
                sets.append(chosen)
        return keys, sets

    def _grouping_key(self, node: Node, select: tree.Select, scope: Scope) -> Typed:
        if isinstance(node, tree.Number) and node.kind == "integer":
            items = [item for part in select.items for item in self._unexpanded(part, scope)]
            if not 1 <= int(node.text) <= len(items):
                message = f"GROUP BY position {node.text} is not in select list"
                raise QueryError("INVALID_COLUMN_REFERENCE", f"{node.position}: {message}")
            chosen = items[int(node.text) - 1]
            key = self.expression(chosen, scope) if isinstance(chosen, Node) else chosen
        else:
            key = self.expression(node, scope)
        if not is_distinct(key.type):
            raise NotOffered(f"{node.position}: GROUP BY a value of type {key.type}; cast it first")
        if key.type == UNKNOWN:
            return Typed("CAST(NULL AS INTEGER)", UNKNOWN)
        return Typed(key.sql, key.type)

    def _unexpanded(self, part: tree.SelectItem | tree.Star, scope: Scope) -> Iterator[Node | Typed]:
        """What an ordinal may mean, not compiled before it is meant: another item may have an aggregate."""
        if isinstance(part, tree.Star):
            yield from (item.value for item in self._star(part, scope))
        else:
            yield part.operand


def _origin(value: Typed, scope: Scope) -> Field | None:
    """The field of FROM that a value is as it is, or as what the query groups by."""
    sql = value.sql
    if scope.grouping is not None:
        columns = {f'"{scope.grouping.relation}"."g{n}"': key.sql for n, key in enumerate(scope.grouping.keys)}
        sql = columns.get(sql, "")
    return next((item for item in scope.fields if item.sql == sql and item.reading), None)


def _names(node: Node) -> list[tree.Name]:
    """`a.b` as its names; nothing when it is another expression."""
    if isinstance(node, tree.Reference):
        return [node.name]
    if isinstance(node, tree.Dereference) and (before := _names(node.base)):
        return [*before, node.name]
    return []
