"""Which columns a name may mean: fields of the relations of FROM, of the queries around, and of a grouping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from localcloud.sql.call import Typed
from localcloud.sql.model import QueryError, Relation, TableUse
from localcloud.sql.tree import Name
from localcloud.sql.types import Type


@dataclass(eq=False)
class Reading:
    """A table as a query reads it: becomes a TableUse when all is compiled."""

    relation: Relation
    view: str
    used: set[str] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)

    def use(self) -> TableUse:
        condition = " AND ".join(dict.fromkeys(self.filters)) or None
        return TableUse(self.relation, self.view, frozenset(self.used), condition)


@dataclass(frozen=True)
class Field:
    """A column of a relation. `name` is None where the query gives none; a hidden one is not in `*`.

    `qualifier` is what may stand before the name: `("awsdatacatalog", "sales", "orders")` or `("o",)`; `column` is its
    name in the table of `reading`.
    """

    name: str | None
    sql: str
    type: Type
    qualifier: tuple[str, ...] = ()
    reading: Reading | None = None
    column: str | None = None
    hidden: bool = False

    def means(self, parts: Sequence[Name]) -> bool:
        """Whether `a.b.c` is this column."""
        *before, last = (part.key for part in parts)
        if self.name is None or self.name.lower() != last:
            return False
        return not before or self.qualifier[-len(before) :] == tuple(before)

    def value(self) -> Typed:
        """The column, looked at."""
        if self.reading and self.column:
            self.reading.used.add(self.column)
        return Typed(self.sql, self.type)


@dataclass(eq=False)
class Grouping:
    """GROUP BY: its keys, and the aggregates that the query asks for. Outside, both are columns of `relation`."""

    source: Scope
    keys: tuple[Typed, ...]
    relation: str
    aggregates: dict[str, Type] = field(default_factory=dict)

    def key(self, value: Typed) -> Typed | None:
        """The column that holds this expression of the source, when it is grouped by."""
        for position, key in enumerate(self.keys):
            if key.sql == value.sql and key.type == value.type:
                return Typed(f'"{self.relation}"."g{position}"', key.type)
        return None

    def aggregate(self, value: Typed) -> Typed:
        """The column that will hold this aggregate."""
        self.aggregates.setdefault(value.sql, value.type)
        return Typed(f'"{self.relation}"."a{list(self.aggregates).index(value.sql)}"', value.type)


@dataclass(eq=False)
class Scope:
    """Fields, and where to look when it is none of them: `parent`.

    `same_query` says that the parent belongs to the same query: a lambda's parameters and what it stands in, the
    output's names and FROM. `clause` is where aggregates and windows have no place, for errors.
    """

    fields: Sequence[Field]
    parent: Scope | None = None
    same_query: bool = False
    grouping: Grouping | None = None
    clause: str | None = None
    depth: int = 0

    def aggregation(self) -> Grouping | None:
        """The grouping of the query that this scope is in."""
        if self.grouping or not self.same_query or self.parent is None:
            return self.grouping
        return self.parent.aggregation()

    def where(self) -> str | None:
        """The clause in which neither aggregates nor windows may stand."""
        if self.clause or not self.same_query or self.parent is None:
            return self.clause
        return self.parent.where()

    def find(self, parts: Sequence[Name]) -> tuple[Scope, Field, Sequence[Name]]:
        """The field that a name means, the scope that has it, and what of the name is left: fields of a row.

        Raises:
            QueryError: COLUMN_NOT_FOUND; AMBIGUOUS_NAME.
        """
        level: Scope | None = self
        while level is not None:
            for count in range(len(parts), 0, -1):
                found = [item for item in level.fields if item.means(parts[:count])]
                if len(found) > 1:
                    named = ".".join(part.text for part in parts[:count])
                    raise QueryError("AMBIGUOUS_NAME", f"{parts[0].position}: Column '{named}' is ambiguous")
                if found:
                    return level, found[0], parts[count:]
            level = level.parent
        named = ".".join(part.text for part in parts)
        raise QueryError("COLUMN_NOT_FOUND", f"{parts[0].position}: Column '{named}' cannot be resolved")
