"""Which columns a name may mean: fields of the relations of FROM, of the queries around, and of a grouping."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    filters: list[str] = field(default_factory=list)

    def use(self, looks: Collection[Look]) -> TableUse:
        condition = " AND ".join(dict.fromkeys(self.filters)) or None
        columns = frozenset(look[1] for look in looks if not isinstance(look, Mark) and look[0] is self)
        return TableUse(self.relation, self.view, columns, condition)


@dataclass(frozen=True, eq=False)
class Mark:
    """A column of a subquery that is computed only when something looks at it; in SQL it stands as `text`.

    `looks` is what it looks at itself.
    """

    number: int
    sql: str
    type: Type
    looks: frozenset[Look]

    @property
    def text(self) -> str:
        return f"\x02{self.number}\x02"


# What an expression looks at: a column of a table, or a column of a subquery.
Look = tuple[Reading, str] | Mark


@dataclass(frozen=True)
class Field:
    """A column of a relation. `name` is None where the query gives none; a hidden one is not in `*`.

    `qualifier` is what may stand before the name: `("awsdatacatalog", "sales", "orders")` or `("o",)`. It is a column
    of a table as it is when it has a `reading`; `column` is its name there.
    """

    name: str | None
    sql: str
    type: Type
    qualifier: tuple[str, ...] = ()
    looks: frozenset[Look] = frozenset()
    reading: Reading | None = None
    column: str | None = None
    hidden: bool = False

    def means(self, parts: Sequence[Name]) -> bool:
        """Whether `a.b.c` is this column."""
        *before, last = (part.key for part in parts)
        if self.name is None or self.name.lower() != last:
            return False
        return not before or self.qualifier[-len(before) :] == tuple(before)


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
