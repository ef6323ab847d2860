"""What the compiler hands to a function of Trino, and what it gets back: typed pieces of DuckDB SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.sql.model import QueryError
from localcloud.sql.types import Type


@dataclass(frozen=True)
class Typed:
    """A DuckDB expression that can stand anywhere (in brackets where that matters) and its Trino type.

    `literal` is the value of a literal, for functions that must read it when they are compiled (a date's format, a
    JSON path); None for everything else.
    """

    sql: str
    type: Type
    literal: Any = None


class Lambda:
    """A lambda as an argument: given its parameters' types, its DuckDB text `lambda x, y: …` and its result's type."""

    def __init__(self, arity: int, compiled: Callable[[Sequence[Type]], Typed]) -> None:
        self.arity = arity
        self._compiled = compiled

    def of(self, *kinds: Type) -> Typed:
        """The lambda for parameters of these types. Raises QueryError when it has another number of them."""
        return self._compiled(kinds)


@dataclass(frozen=True)
class Call:
    """One call of a function. The last four are an aggregate's or a window function's, as DuckDB writes them.

    Attributes:
        name: in lower case, as the query has it.
        position: `line 1:8`, for errors.
        distinct, order_by: stand inside the brackets: "DISTINCT ", " ORDER BY …".
        after: what follows the brackets: " FILTER (WHERE …) OVER (…)".
    """

    name: str
    arguments: tuple[Typed | Lambda, ...]
    position: str = ""
    distinct: str = ""
    order_by: str = ""
    after: str = ""
    ignore_nulls: bool = False

    def aggregate(self, function: str, *arguments: str) -> str:
        """`function(DISTINCT arguments ORDER BY …) FILTER (…) OVER (…)`, with what this call has of these."""
        nulls = " IGNORE NULLS" if self.ignore_nulls else ""
        return f"{function}({self.distinct}{', '.join(arguments)}{self.order_by}{nulls}){self.after}"

    def error(self, code: str, message: str) -> QueryError:
        return QueryError(code, f"{self.position}: {message}" if self.position else message)


Function = Callable[[Call], Typed]
