"""What the parts of one compilation share: the catalog, the tables read so far, names that are in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from localcloud.sql.call import Typed
from localcloud.sql.model import Relation, Resolve
from localcloud.sql.scopes import Field, Look, Mark, Reading
from localcloud.sql.tree import Window
from localcloud.sql.types import UNKNOWN, Type, duckdb


@dataclass(frozen=True)
class Output:
    """A column of a compiled query; `name` as the query writes it, None where it gives none.

    `mark` is set where it need not be computed. `reading` and `column` are set for a column of a table as it is, when
    a condition on it may as well be asked of the table.
    """

    name: str | None
    type: Type
    mark: Mark | None = None
    reading: Reading | None = None
    column: str | None = None


@dataclass(frozen=True)
class Compiled:
    """A query in DuckDB SQL whose columns are called c0, c1, …"""

    sql: str
    columns: tuple[Output, ...]


@dataclass(frozen=True)
class NamedQuery:
    """A query of WITH, by the name that it has in DuckDB."""

    alias: str
    columns: tuple[Output, ...]


class Context:
    def __init__(self, resolve: Resolve, database: str) -> None:
        self.resolve = resolve
        self.database = database
        self.readings: list[Reading] = []
        self.named: dict[str, NamedQuery] = {}  # the queries of WITH that can be seen
        self.views: tuple[tuple[str, str], ...] = ()  # the views that are being compiled, outermost first
        self.windows: dict[str, Window] = {}  # of WINDOW in the query that is being compiled
        self.looking: set[Look] = set()  # what the part that is being compiled looks at
        self._marks: list[Mark] = []
        self._aliases = 0

    def alias(self) -> str:
        """A name in DuckDB that nothing else has: no user can write it in Trino's grammar and get it through."""
        self._aliases += 1
        return f"r{self._aliases}"

    def reading(self, relation: Relation) -> Reading:
        found = Reading(relation, f"__t{len(self.readings)}")
        self.readings.append(found)
        return found

    def look(self, item: Field) -> Typed:
        """A column, looked at."""
        self.looking |= item.looks
        return Typed(item.sql, item.type)

    @contextmanager
    def recording(self) -> Iterator[set[Look]]:
        """What is looked at inside."""
        outside, self.looking = self.looking, set()
        try:
            yield self.looking
        finally:
            self.looking = outside

    def mark(self, value: Typed, looks: set[Look]) -> Mark:
        found = Mark(len(self._marks), value.sql, value.type, frozenset(looks))
        self._marks.append(found)
        return found

    def look_at_all(self, columns: Sequence[Output]) -> None:
        self.looking |= {column.mark for column in columns if column.mark}

    def settled(self, sql: str) -> tuple[str, set[Look]]:
        """The SQL with each marked column as it is computed, or NULL where nothing looks at it; and all that is."""
        seen = set[Look]()
        todo = list(self.looking)
        while todo:
            look = todo.pop()
            if look not in seen:
                seen.add(look)
                todo += look.looks if isinstance(look, Mark) else ()

        def text(match: re.Match[str]) -> str:
            mark = self._marks[int(match[1])]
            kind = duckdb(mark.type)
            if mark not in seen or mark.type == UNKNOWN:
                return f"CAST(NULL AS {kind})"
            return re.sub("\x02(\\d+)\x02", text, mark.sql)

        return re.sub("\x02(\\d+)\x02", text, sql), seen
