"""What the parts of one compilation share: the catalog, the tables read so far, names that are in use."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.sql.model import Relation, Resolve
from localcloud.sql.scopes import Reading
from localcloud.sql.types import Type


@dataclass(frozen=True)
class Output:
    """A column of a compiled query; `name` as the query writes it, None where it gives none."""

    name: str | None
    type: Type


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
        self._aliases = 0

    def alias(self) -> str:
        """A name in DuckDB that nothing else has: no user can write it in Trino's grammar and get it through."""
        self._aliases += 1
        return f"r{self._aliases}"

    def reading(self, relation: Relation) -> Reading:
        found = Reading(relation, f"__t{len(self.readings)}")
        self.readings.append(found)
        return found
