"""What stands in FROM, from the tree to DuckDB SQL and the fields that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from localcloud.sql import operators, tree
from localcloud.sql.call import Typed
from localcloud.sql.coercions import becomes, coerce, common, field
from localcloud.sql.compile_calls import Calls
from localcloud.sql.compile_expressions import VOLATILE
from localcloud.sql.context import Output
from localcloud.sql.macros import identifier
from localcloud.sql.model import Column, NotOffered, QueryError, Relation
from localcloud.sql.parser import Parser
from localcloud.sql.scopes import Field, Reading, Scope
from localcloud.sql.tree import Node
from localcloud.sql.types import BIGINT, VARCHAR, Type
from localcloud.sql.types import parse as parse_type

CATALOG = "awsdatacatalog"
PATH = "$path"
# What may answer something else when it is asked again, or has its own time.
CHANGING = VOLATILE | {"now", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}


@dataclass(frozen=True)
class Source:
    """A relation of FROM. `whole` are the tables in it of which no row that a condition drops could still
    matter, and of which an outer join makes no rows of NULLs."""

    sql: str
    fields: tuple[Field, ...]
    whole: tuple[Reading, ...] = ()


class Relations(Calls):
    def relation(self, node: Node, outer: Scope | None) -> Source:
        """A relation; `outer` is what a lateral one and a subquery may look at.

        Raises:
            QueryError: no such table, view or column; names that do not fit.
        """
        if isinstance(node, tree.Table):
            return self._table(node)
        if isinstance(node, tree.Aliased):
            return self._aliased(node, outer)
        if isinstance(node, tree.Derived):
            return self._derived(node, outer)
        if isinstance(node, tree.Unnest):
            return self._unnest(node, outer)
        if isinstance(node, tree.Join):
            return self._join(node, outer)
        assert isinstance(node, tree.Sample)
        return self._sample(node, outer)

    def _table(self, node: tree.Table) -> Source:
        names = [part.key for part in node.parts]
        if len(names) == 1 and names[0] in self.named:
            named = self.named[names[0]]
            alias = self.alias()
            return Source(f'"{named.alias}" AS {alias}', _fields(alias, named.columns, (names[0],)))
        if len(names) > 3:
            raise QueryError("SYNTAX_ERROR", f"{node.position}: Too many dots in table name: {'.'.join(names)}")
        if len(names) == 3 and names[0] != CATALOG:
            raise QueryError("CATALOG_NOT_FOUND", f"{node.position}: Catalog '{names[0]}' not found")
        database = names[-2] if len(names) > 1 else self.database.lower()
        try:
            relation = self.resolve(database, names[-1])
        except QueryError as error:
            message = str(error).removeprefix(f"{error.code}: ")
            if error.code and not message.startswith("line "):
                raise QueryError(error.code, f"{node.position}: {message}", error.category) from None
            raise
        qualifier = (CATALOG, relation.database.lower(), relation.name.lower())
        if relation.view is not None:
            return self._view(node, relation, qualifier)
        return self._read(node, relation, qualifier)

    def _read(self, node: tree.Table, relation: Relation, qualifier: tuple[str, ...]) -> Source:
        reading, alias = self.reading(relation), self.alias()
        columns = [(column.name.lower(), _type(column, node.position)) for column in relation.columns]
        columns += [(key.name.lower(), _type(key, node.position)) for key in relation.partition_keys]
        fields = [
            Field(name, _stored(f"{alias}.{identifier(name)}", kind), kind, qualifier, looks, reading, name)
            for name, kind in columns
            for looks in [frozenset({(reading, name)})]
        ]
        # "$path" does not count as used: every view of a table has it.
        fields.append(Field(PATH, f'{alias}."{PATH}"', VARCHAR, qualifier, hidden=True))
        return Source(f'"{reading.view}" AS {alias}', tuple(fields), (reading,))

    def _view(self, node: tree.Table, relation: Relation, qualifier: tuple[str, ...]) -> Source:
        place = (relation.database, relation.name)
        named = f"'{'.'.join(qualifier)}'"
        if place in self.views:
            raise QueryError("INVALID_VIEW", f"{node.position}: View {named} is recursive")
        kept = self.database, self.named, self.views
        self.database, self.named, self.views = relation.database, {}, (*self.views, place)
        try:
            found = self.query(Parser(relation.view or "").statement(), None)
        except QueryError as error:
            if isinstance(error, NotOffered):
                raise
            message = f"{node.position}: Failed analyzing stored view {named}: {error}"
            raise QueryError("INVALID_VIEW", message) from None
        finally:
            self.database, self.named, self.views = kept
        wanted = [(column.name.lower(), _type(column, node.position)) for column in relation.columns]
        stale = f"{node.position}: View {named} is stale or in invalid state"
        if len(wanted) != len(found.columns):
            raise QueryError("INVALID_VIEW", f"{stale}: it has {len(wanted)} columns, its query {len(found.columns)}")
        parts = []
        for position, ((name, kind), output) in enumerate(zip(wanted, found.columns, strict=True)):
            if not becomes(output.type, kind):
                message = f"column [{name}] of type {output.type} projected from query view cannot be coerced to {kind}"
                raise QueryError("INVALID_VIEW", f"{stale}: {message}")
            parts.append(f"{coerce(Typed(f'c{position}', output.type), kind).sql} AS c{position}")
        alias = self.alias()
        outputs = [
            replace(old, name=name, type=kind, reading=old.reading if old.type == kind else None)
            for old, (name, kind) in zip(found.columns, wanted, strict=True)
        ]
        sql = f"(SELECT {', '.join(parts)} FROM ({found.sql}) AS {self.alias()}) AS {alias}"
        return Source(sql, _fields(alias, outputs, qualifier), _readings(outputs))

    def _aliased(self, node: tree.Aliased, outer: Scope | None) -> Source:
        source = self.relation(node.relation, outer)
        shown = [item for item in source.fields if not item.hidden]
        names: Sequence[str | None] = [item.name for item in shown]
        if node.columns:
            if len(node.columns) != len(shown):
                counts = f"has {len(node.columns)} entries but '{node.alias.text}' has {len(shown)} columns available"
                raise QueryError("MISMATCHED_COLUMN_ALIASES", f"{node.position}: Column alias list {counts}")
            names = [column.key for column in node.columns]
        qualifier = (node.alias.key,)
        renamed = [replace(item, name=name, qualifier=qualifier) for item, name in zip(shown, names, strict=True)]
        hidden = [replace(item, qualifier=qualifier) for item in source.fields if item.hidden]
        return Source(source.sql, (*renamed, *hidden), source.whole)

    def _derived(self, node: tree.Derived, outer: Scope | None) -> Source:
        found = self.query(node.query, outer)
        alias = self.alias()
        sql = f"{'LATERAL ' if node.lateral else ''}({found.sql}) AS {alias}"
        return Source(sql, _fields(alias, found.columns, ()), _readings(found.columns))

    def _unnest(self, node: tree.Unnest, outer: Scope | None) -> Source:
        """Arrays go side by side, shorter ones with NULLs; a map gives two columns, an array of rows one a field."""
        scope = replace(outer, clause="UNNEST") if outer else Scope((), clause="UNNEST")
        inner: list[str] = []
        lengths: list[str] = []
        parts: list[tuple[str, Type]] = []
        for item in node.items:
            value = self.expression(item, scope)
            kind = value.type
            if kind.name == "map":
                for function, position in (("map_keys", 0), ("map_values", 1)):
                    parts.append((f"u{len(inner)}", kind.items[position]))
                    inner.append(f"unnest({function}({value.sql}))")
                lengths.append(f"len(map_keys({value.sql}))")
            elif kind.name == "array":
                column, element = f"u{len(inner)}", kind.items[0]
                if element.name == "row":
                    parts += [(field(column, element, n), part) for n, part in enumerate(element.items)]
                else:
                    parts.append((column, element))
                inner.append(f"unnest({value.sql})")
                lengths.append(f"len({value.sql})")
            else:
                raise QueryError("TYPE_MISMATCH", f"{item.position}: Cannot unnest type: {kind}")
        if node.ordinality:
            longest = f"greatest({', '.join(f'coalesce({length}, 0)' for length in lengths)}, 0)"
            parts.append((f"u{len(inner)}", BIGINT))
            inner.append(f"unnest(range(1, 1 + {longest}))")
        flat = f"SELECT {', '.join(f'{sql} AS u{position}' for position, sql in enumerate(inner))}"
        columns = ", ".join(f"{sql} AS c{position}" for position, (sql, _) in enumerate(parts))
        alias = self.alias()
        sql = f"LATERAL (SELECT {columns} FROM ({flat}) AS {self.alias()}) AS {alias}"
        return Source(sql, _fields(alias, [Output(None, kind) for _, kind in parts], ()))

    def _sample(self, node: tree.Sample, outer: Scope | None) -> Source:
        if node.method == "SYSTEM":
            raise NotOffered(f"{node.position}: TABLESAMPLE SYSTEM; use TABLESAMPLE BERNOULLI")
        share = self.expression(node.percentage, Scope(()))
        try:
            percentage = float(share.literal)
        except (TypeError, ValueError):
            percentage = -1
        if not 0 <= percentage <= 100:
            message = f"{node.position}: Sample percentage must be between 0 and 100 and a literal"
            raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", message)
        source = self.relation(node.relation, outer)
        return replace(source, sql=f"{source.sql} TABLESAMPLE bernoulli({percentage!r} PERCENT)")

    def _join(self, node: tree.Join, outer: Scope | None) -> Source:
        left = self.relation(node.left, outer)
        right_node = node.right.relation if isinstance(node.right, tree.Aliased) else node.right
        lateral = isinstance(right_node, tree.Unnest) or (isinstance(right_node, tree.Derived) and right_node.lateral)
        if lateral:
            always = isinstance(node.condition, tree.Boolean) and node.condition.value
            if node.kind in ("RIGHT", "FULL") or not (node.kind == "CROSS" or always):
                message = f"{node.kind} JOIN involving UNNEST or LATERAL is only supported with condition ON TRUE"
                raise QueryError("NOT_SUPPORTED", f"{node.position}: {message}")
        beside = Scope(left.fields, outer) if lateral else outer
        right = self.relation(node.right, beside)
        whole = left.whole if node.kind not in ("RIGHT", "FULL") else ()
        whole += right.whole if node.kind not in ("LEFT", "FULL") else ()
        if node.kind == "CROSS":
            return Source(f"({left.sql} CROSS JOIN {right.sql})", (*left.fields, *right.fields), whole)
        if node.using:
            return self._using(node, left, right, whole)
        scope = Scope((*left.fields, *right.fields), outer, clause="JOIN clause")
        assert node.condition is not None
        condition = self.condition(node.condition, scope, "JOIN ON clause must evaluate to a boolean: actual type ")
        narrowed = {"INNER": (*left.whole, *right.whole), "LEFT": right.whole, "RIGHT": left.whole}
        self.narrow(node.condition, scope, narrowed.get(node.kind, ()))
        sql = f"({left.sql} {node.kind} JOIN {right.sql} ON {condition.sql})"
        return Source(sql, (*left.fields, *right.fields), whole)

    def _using(self, node: tree.Join, left: Source, right: Source, whole: tuple[Reading, ...]) -> Source:
        """The columns of USING come first, once, and have no table's name."""
        joined: list[Field] = []
        conditions: list[str] = []
        gone: list[Field] = []
        for name in node.using:
            pair = [self._side(name, side, word) for side, word in ((left, "left"), (right, "right"))]
            gone += pair
            kind = common(pair[0].type, pair[1].type)
            conditions.append(operators.comparison("=", self.look(pair[0]), self.look(pair[1]), name.position).sql)
            assert kind is not None  # or the comparison would have failed
            first, second = (coerce(self.look(item), kind).sql for item in pair)
            sql = {"RIGHT": second, "FULL": f"coalesce({first}, {second})"}.get(node.kind, first)
            joined.append(Field(name.text, sql, kind, looks=pair[0].looks | pair[1].looks))
        rest = [item for item in (*left.fields, *right.fields) if item not in gone]
        sql = f"({left.sql} {node.kind} JOIN {right.sql} ON {' AND '.join(conditions)})"
        return Source(sql, (*joined, *rest), whole)

    def _side(self, name: tree.Name, side: Source, word: str) -> Field:
        found = [item for item in side.fields if item.means([name])]
        if not found:
            message = f"Column '{name.text}' is missing from {word} side of join"
            raise QueryError("COLUMN_NOT_FOUND", f"{name.position}: {message}")
        if len(found) > 1:
            raise QueryError("AMBIGUOUS_NAME", f"{name.position}: Column '{name.text}' is ambiguous")
        return found[0]

    def narrow(self, condition: Node, scope: Scope, readings: Sequence[Reading]) -> None:
        """Note for each table what a condition that all its rows fulfil says of its partitions.

        Only what looks at partition keys of one table alone, and is the same whenever it is asked, says anything.
        """
        for term in _conjuncts(condition):
            for reading in readings:
                if self._narrows(term, scope, reading):
                    keys = [key.name.lower() for key in reading.relation.partition_keys]
                    bare = [
                        replace(item, sql=identifier(item.column))
                        for item in scope.fields
                        if item.column in keys and item.reading is reading
                    ]
                    reading.filters.append(self.condition(term, Scope(bare), "").sql)

    def _narrows(self, term: Node, scope: Scope, reading: Reading) -> bool:
        for part in tree.walk(term):
            if isinstance(part, (tree.Query, tree.LambdaExpression)) or self.is_aggregate(part):
                return False
            if isinstance(part, tree.FunctionCall) and part.name in CHANGING:
                return False
        keys = {key.name.lower() for key in reading.relation.partition_keys}
        found = [scope.find(parts) for parts in _columns(term)]
        return bool(found) and all(
            level is scope and item.reading is reading and item.column in keys for level, item, _ in found
        )


def _stored(sql: str, kind: Type) -> str:
    """A column as a file has it, as a value of its type: a char is as long as it says."""
    return f"rpad({sql}, {kind.parameters[0]}, ' ')" if kind.name == "char" else sql


def _fields(alias: str, columns: Sequence[Output], qualifier: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(
        Field(
            output.name,
            f"{alias}.c{n}",
            output.type,
            qualifier,
            frozenset({output.mark} if output.mark else ()),
            output.reading,
            output.column,
        )
        for n, output in enumerate(columns)
    )


def _readings(columns: Sequence[Output]) -> tuple[Reading, ...]:
    """The tables of which a subquery shows columns as they are."""
    return tuple(dict.fromkeys(column.reading for column in columns if column.reading))


def _type(column: Column, position: str) -> Type:
    try:
        return parse_type(column.type)
    except ValueError:
        message = f"{position}: column '{column.name}' has invalid data type: {column.type}"
        raise QueryError("HIVE_INVALID_METADATA", message) from None


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, tree.Logical) and node.operator == "AND":
        for term in node.terms:
            yield from _conjuncts(term)
    else:
        yield node


def _columns(node: Node) -> Iterator[Sequence[tree.Name]]:
    """The columns that an expression names, each with what stands before it."""
    chain: list[tree.Name] = []
    part = node
    while isinstance(part, tree.Dereference):
        chain.insert(0, part.name)
        part = part.base
    if isinstance(part, tree.Reference):
        yield [part.name, *chain]
        return
    for child in tree.children(node):
        yield from _columns(child)
