"""Trino's queries, from tokens to a tree: its grammar and nothing beside it.

sqlglot's parser is not used for queries: it reads the union of many dialects (`::`, QUALIFY, FROM 'file', strings as
aliases) into the same nodes, in which what Athena refuses can no longer be told from what it takes.
Source: `query` and `relation` of Trino's grammar, SqlBase.g4.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.parse_expressions import Expressions
from localcloud.sql.tree import (
    Aliased,
    Common,
    Derived,
    Join,
    Name,
    Node,
    Number,
    Parameter,
    Query,
    Sample,
    Select,
    SelectItem,
    SetOperation,
    Star,
    Table,
    Unnest,
    Values,
    Window,
)

Sets = tuple[tuple[Node, ...], ...]
MOST_GROUPING_SETS = 2048  # as Trino's session property max_grouping_sets has it
# Not reserved, yet they go on after a relation or an item: no alias without AS.
NO_ALIAS = frozenset(
    """limit offset fetch tablesample window cross inner left right full natural""".split()  # noqa: SIM905 (words are easier to read as text)
)


class Parser(Expressions):
    def statement(self) -> Query:
        """The one query of the text."""
        query = self.query()
        if self.accept(";") and self.token.kind != "end":
            raise QueryError("", f"Only one sql statement is allowed. Got: {self.sql.strip()}")
        if self.token.kind != "end":
            self.fail("<EOF>")
        return query

    def single_expression(self) -> Node:
        """The one expression of the text."""
        found = self.expression()
        if self.token.kind != "end":
            self.fail("<EOF>")
        return found

    def query(self) -> Query:
        if not self.accept("WITH"):
            return self._without_with(())
        if self.token.value == "recursive":
            raise NotOffered(f"{self.token.position}: WITH RECURSIVE; write the levels out with UNION ALL")
        commons = [self._common()]
        while self.accept(","):
            commons.append(self._common())
        return self._without_with(tuple(commons))

    def _common(self) -> Common:
        name = self.name()
        columns = self.names() if self.at("(") else ()
        self.need("AS", "(")
        query = self.query()
        self.need(")")
        return Common(name, columns, query, position=name.position)

    def _without_with(self, commons: tuple[Common, ...]) -> Query:
        position = self.token.position
        body = self._term()
        order_by = self.sort_items() if self.accept("ORDER", "BY") else ()
        offset = limit = None
        with_ties = False
        if self.accept("OFFSET"):
            offset = self._row_count()
            self.one_of("ROWS", "ROW")
        if self.accept("LIMIT"):
            limit = None if self.accept("ALL") else self._row_count()
        elif self.accept("FETCH"):
            self.one_of("FIRST", "NEXT") or self.fail()
            one = Number("integer", "1", position=self.token.position)
            limit = one if self.token.value in ("row", "rows") else self._row_count()
            self.one_of("ROWS", "ROW") or self.fail()
            if not self.accept("ONLY"):
                self.need("WITH", "TIES")
                with_ties = True
        return Query(commons, body, order_by, offset, limit, with_ties, position=position)

    def _row_count(self) -> Node:
        position = self.token.position
        if self.accept("?"):
            self.parameters += 1
            return Parameter(self.parameters - 1, position=position)
        return Number("integer", str(self.integer()), position=position)

    def _term(self) -> Node:
        return self._operations(("UNION", "EXCEPT"), lambda: self._operations(("INTERSECT",), self._query_primary))

    def _operations(self, kinds: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        left = operand()
        while True:
            position = self.token.position
            kind = self.one_of(*kinds)
            if kind is None:
                return left
            distinct = self.one_of("ALL", "DISTINCT") != "ALL"
            left = SetOperation(kind, distinct, left, operand(), position=position)

    def _query_primary(self) -> Node:
        position = self.token.position
        if self.at("SELECT"):
            return self._select()
        if self.accept("VALUES"):
            return Values(self.expressions(), position=position)
        if self.accept("TABLE"):
            return self._table()
        if self.accept("("):
            query = self.query() if self.token.value == "with" else self._without_with(())
            self.need(")")
            return query
        self.fail("<query>")

    def _select(self) -> Select:
        position = self.need("SELECT").position
        distinct = (self.one_of("DISTINCT", "ALL") if self._quantified() else None) == "DISTINCT"
        items = [self._item()]
        while self.accept(","):
            items.append(self._item())
        relation = self._relations() if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        group_by, group_distinct = None, False
        if self.accept("GROUP", "BY"):
            group_distinct = (self.one_of("DISTINCT", "ALL") if self._quantified() else None) == "DISTINCT"
            elements = [self._grouping_element()]
            while self.accept(","):
                elements.append(self._grouping_element())
            group_by = tuple(elements)
        having = self.expression() if self.accept("HAVING") else None
        windows: list[tuple[Name, Window]] = []
        if self.token.value == "window" and self.is_name(self.ahead()):
            self.advance()
            windows.append(self._named_window())
            while self.accept(","):
                windows.append(self._named_window())
        return Select(
            distinct, tuple(items), relation, where, group_by, group_distinct, having, tuple(windows), position=position
        )

    def _named_window(self) -> tuple[Name, Window]:
        name = self.name()
        self.need("AS")
        return name, self.window()

    def _item(self) -> SelectItem | Star:
        position = self.token.position
        if self.accept("*"):
            return Star(None, (), position=position)
        operand = self.expression()
        if self.token.value == "." and self.ahead().value == "*":
            self.need(".", "*")
            columns = self.names() if self.accept("AS") else ()
            return Star(operand, columns, position=position)
        return SelectItem(operand, self._alias(), position=position)

    def _alias(self) -> Name | None:
        if self.accept("AS"):
            return self.name()
        ends = self.token.kind == "word" and self.token.value in NO_ALIAS
        return self.name() if self.is_name() and not ends else None

    def _grouping_element(self) -> Sets:
        """A list of grouping sets: one for an expression, several for ROLLUP, CUBE and GROUPING SETS."""
        if self.accept("GROUPING", "SETS"):
            sets = self._grouping_sets()
        elif self.token.value in ("rollup", "cube") and self.ahead().value == "(":
            word = self.advance().value
            parts = self._grouping_sets()
            counts = range(len(parts), -1, -1)
            if word == "rollup":
                chosen = [parts[:count] for count in counts]
            else:
                chosen = [choice for count in counts for choice in combinations(parts, count)]
            sets = tuple(tuple(node for part in choice for node in part) for choice in chosen)
        else:
            sets = (self._grouping_set(),)
        if len(sets) > MOST_GROUPING_SETS:
            message = f"GROUP BY has {len(sets)} grouping sets but can contain at most {MOST_GROUPING_SETS}"
            raise QueryError("TOO_MANY_GROUPING_SETS", message)
        return sets

    def _grouping_sets(self) -> Sets:
        self.need("(")
        sets = [self._grouping_set()] if not self.at(")") else []
        while self.accept(","):
            sets.append(self._grouping_set())
        self.need(")")
        return tuple(sets)

    def _grouping_set(self) -> tuple[Node, ...]:
        """`x`, `(x, y)` or `()`; `(x) + 1` is an expression."""
        start = self.index
        if self.accept("("):
            found = () if self.at(")") else () if self.at_query() else self.expressions()
            if self.accept(")") and self.token.value in (
                ",",
                ")",
                "having",
                "order",
                "limit",
                "window",
                "<EOF>",
                "union",
            ):
                return found
            if (
                self.token.value in ("offset", "fetch", "except", "intersect", ";")
                and self.tokens[self.index - 1].text == ")"
            ):
                return found
            self.index = start
        return (self.expression(),)

    def _relations(self) -> Node:
        left = self._relation()
        while self.accept(","):
            left = Join("CROSS", left, self._relation(), None, (), position=left.position)
        return left

    def _relation(self) -> Node:
        left = self._sampled()
        while True:
            position = self.token.position
            if self.accept("CROSS", "JOIN"):
                left = Join("CROSS", left, self._sampled(), None, (), position=position)
                continue
            if self.token.value == "natural":
                raise QueryError("NOT_SUPPORTED", f"{position}: Natural join not supported")
            kind = self.one_of("INNER", "LEFT", "RIGHT", "FULL")
            if kind in ("LEFT", "RIGHT", "FULL"):
                self.accept("OUTER")
            if kind is None and not self.at("JOIN"):
                return left
            self.need("JOIN")
            right = self._relation()
            if self.accept("USING"):
                left = Join(kind or "INNER", left, right, None, self.names(), position=position)
            else:
                self.need("ON")
                left = Join(kind or "INNER", left, right, self.expression(), (), position=position)

    def _sampled(self) -> Node:
        relation = self._aliased()
        if self.token.value != "tablesample":
            return relation
        position = self.advance().position
        method = self.one_of("BERNOULLI", "SYSTEM") or self.fail()
        self.need("(")
        percentage = self.expression()
        self.need(")")
        return Sample(relation, method, percentage, position=position)

    def _aliased(self) -> Node:
        relation = self._relation_primary()
        if self.token.value == "match_recognize":
            raise NotOffered(f"{self.token.position}: MATCH_RECOGNIZE")
        alias = self._alias()
        if alias is None:
            return relation
        columns = self.names() if self.at("(") else ()
        return Aliased(relation, alias, columns, position=relation.position)

    def _relation_primary(self) -> Node:
        position, following = self.token.position, self.ahead().text
        if self.token.value == "unnest" and following == "(":
            self.need("UNNEST", "(")
            items = self.expressions()
            self.need(")")
            return Unnest(items, self.accept("WITH", "ORDINALITY"), position=position)
        if self.token.value == "lateral" and following == "(":
            self.need("LATERAL", "(")
            query = self.query()
            self.need(")")
            return Derived(query, True, position=position)
        if self.token.value in ("table", "json_table") and following == "(":
            raise NotOffered(f"{position}: table functions")
        if self.accept("("):
            relation = Derived(self.query(), False, position=position) if self.at_query() else self._relation()
            self.need(")")
            return relation
        return self._table()

    def _table(self) -> Table:
        position = self.token.position
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if self.token.value == "for" and self.ahead().value in ("timestamp", "version"):
            raise NotOffered(f"{self.token.position}: time travel; only Iceberg tables have it")
        return Table(tuple(parts), position=position)


def cross_product(elements: tuple[Sets, ...]) -> Sets:
    """`GROUP BY a, ROLLUP (b)` as one list of grouping sets."""
    return tuple(tuple(node for part in choice for node in part) for choice in product(*elements))
