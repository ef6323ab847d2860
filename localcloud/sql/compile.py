"""The compiler of Athena's queries: Trino's SQL in, DuckDB's out, with the types of the columns it answers.

What is not understood is an error of Athena's or refused by name; the user's text never goes to DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from localcloud.sql import tree
from localcloud.sql.call import Typed
from localcloud.sql.casts import cast
from localcloud.sql.coercions import coerce, common, is_text
from localcloud.sql.compile_queries import Queries
from localcloud.sql.context import Compiled
from localcloud.sql.macros import failing, identifier, quoted
from localcloud.sql.model import NotOffered, OutputColumn, Query, QueryError, Resolve
from localcloud.sql.parser import Parser
from localcloud.sql.tree import Node
from localcloud.sql.types import Type
from localcloud.sql.types import parse as parse_type


def parse(sql: str) -> tree.Query:
    """Read one query: SELECT, WITH, VALUES, TABLE. A semicolon may end it.

    To keep the places in errors of a query inside another statement, hand in that statement with its other characters
    as spaces.

    Raises:
        QueryError: SYNTAX_ERROR, `line 1:8: mismatched input 'x'. Expecting: …`; several statements; too long.
    """
    with _bounded():
        return Parser(sql).statement()


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        message = "statement is too large (stack overflow during analysis)"
        raise QueryError("STACK_OVERFLOW", message) from None


def bind(query: tree.Query, parameters: Sequence[str]) -> tree.Query:
    """Put expressions, given as SQL, in the places of `?`.

    Raises:
        QueryError: another number of them; one that is no expression.
    """
    count = sum(isinstance(node, tree.Parameter) for node in tree.walk(query))
    if count != len(parameters):
        message = f"line 1:1: Incorrect number of parameters: expected {count} but found {len(parameters)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message)
    values = [_parameter(text) for text in parameters]

    def change(node: Node) -> Node:
        return values[node.index] if isinstance(node, tree.Parameter) else node

    bound = tree.transform(query, change)
    assert isinstance(bound, tree.Query)
    return bound


def _parameter(text: str) -> Node:
    found = Parser(text).single_expression()
    if any(isinstance(node, (tree.Query, tree.Reference, tree.Parameter)) for node in tree.walk(found)):
        raise QueryError("INVALID_PARAMETER_USAGE", f"A parameter must be a constant: {text}")
    return found


def compile_query(query: tree.Query, resolve: Resolve, database: str) -> Query:
    """Compile a query. `database` is where tables without one are looked up.

    The columns of the SQL have the names of `columns`; one that comes again has its place after it: `name:2`.

    Raises:
        QueryError: as Athena words it; NotOffered for what has no faithful translation.
    """
    compiler = Queries(resolve, database)
    with _bounded():
        found = compiler.query(query, None)
    compiler.look_at_all(found.columns)
    sql, looks = compiler.settled(found.sql)
    for column in found.columns:
        _check_zones(column.type)
    columns = tuple(OutputColumn(column.name or f"_col{n}", str(column.type)) for n, column in enumerate(found.columns))
    uses = tuple(reading.use(looks) for reading in compiler.readings)
    return Query(_named(sql, [f"c{n}" for n in range(len(columns))], columns), uses, columns)


def _check_zones(kind: Type) -> None:
    """A result in a zone of its own could be shown in UTC only, since the zone belongs to the type here."""
    if kind.name == "timestamp with time zone" and kind.fields not in ((), ("UTC",)):
        raise NotOffered(f"a result in the time zone {kind.fields[0]}; CAST it AS varchar or AS timestamp")
    for item in kind.items:
        _check_zones(item)


def _named(sql: str, parts: Sequence[str], columns: Sequence[OutputColumn]) -> str:
    taken: set[str] = set()
    named: list[str] = []
    for position, (part, column) in enumerate(zip(parts, columns, strict=True)):
        name = column.name
        if name.lower() in taken or not name:
            name = f"{name}:{position + 1}"
        taken.add(name.lower())
        named.append(f"{part} AS {identifier(name)}")
    return f"SELECT {', '.join(named)} FROM ({sql}) AS q"


def coerce_columns(query: Query, wanted: Sequence[tuple[str, Type]]) -> Query:
    """The query as rows for a table with these columns, for INSERT INTO.

    Raises:
        QueryError: TYPE_MISMATCH when there is another number of them, or a type does not go into its column's.
    """
    kinds = [parse_type(column.type) for column in query.columns]
    if len(kinds) != len(wanted) or not all(
        _goes_into(kind, want) for kind, (_, want) in zip(kinds, wanted, strict=True)
    ):
        tables, queries = ", ".join(str(want) for _, want in wanted), ", ".join(map(str, kinds))
        message = f"Insert query has mismatched column types: Table: [{tables}], Query: [{queries}]"
        raise QueryError("TYPE_MISMATCH", f"line 1:1: {message}")
    inner = Compiled(query.sql, ())
    columns = tuple(OutputColumn(name, str(want)) for name, want in wanted)
    numbered = f"SELECT * FROM ({inner.sql}) AS p({', '.join(f'c{n}' for n in range(len(kinds)))})"
    parts = [_cast(f"c{n}", kind, want).sql for n, (kind, (_, want)) in enumerate(zip(kinds, wanted, strict=True))]
    return Query(_named(numbered, parts, columns), query.tables, columns)


def _goes_into(source: Type, target: Type) -> bool:
    """As INSERT has it: what becomes the type, and texts and decimals that may have to be shortened or rounded."""
    joined = common(source, target)
    shortened = is_text(source) and is_text(target)
    return joined == target or shortened


def _cast(sql: str, source: Type, target: Type) -> Typed:
    value = Typed(sql, source)
    if common(source, target) == target or source.name != target.name:
        return coerce(value, target) if common(source, target) == target else cast(value, target, False, "line 1:1")
    length = target.parameters[0]
    fitting = f"CASE WHEN length(rtrim({sql}, ' ')) <= {length} THEN left({sql}, {length}) END"
    message = f"Cannot truncate non-space characters when casting from {source} to {target} on INSERT"
    failed = failing("INVALID_CAST_ARGUMENT", quoted(message), target)
    return Typed(f"op_cast({fitting}, {sql}, {failed})", target)
