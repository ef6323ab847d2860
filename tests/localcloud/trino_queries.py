"""Queries compiled and run on DuckDB over a few small tables, their values in Athena's text form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb

from localcloud.sql import settings, text, types
from localcloud.sql.compile import bind, compile_query, parse
from localcloud.sql.model import Column, Query, QueryError, Relation

RELATIONS = {
    relation.name: relation
    for relation in (
        Relation("shop", "fruit", (Column("name", "string"), Column("Price", "decimal(5,2)"), Column("kg", "double"))),
        Relation(
            "shop",
            "sales",
            (
                Column("id", "int"),
                Column("fruit", "string"),
                Column("pieces", "bigint"),
                Column("tags", "array<string>"),
                Column("buyer", "struct<first:string,age:int>"),
            ),
            (Column("year", "int"), Column("month", "string")),
        ),
        Relation("shop", "cheap", (Column("name", "string"),), view="select name from fruit where price < 2"),
        Relation("shop", "endless", (Column("a", "int"),), view="select a from other"),
        Relation("shop", "other", (Column("a", "int"),), view="select a from endless"),
        Relation("shop", "unread", ()),  # as a crawler leaves a table that no classifier knows
        Relation("shop", "stale", (Column("a", "int"), Column("b", "int")), view="select 1 a"),
    )
}
ROWS = {
    "fruit": "('apple', 1.20, 10.0), ('banana', 0.80, NULL), ('cherry', 9.99, 2.5), (NULL, 3.00, 1.0)",
    "sales": """(1, 'apple', 3, ['red', 'ripe'], {'first': 'Ida', 'age': 40}, 2023, '01'),
        (2, 'apple', 1, [], {'first': 'Jo', 'age': NULL}, 2023, '02'), (3, 'cherry', NULL, NULL, NULL, 2024, '01'),
        (4, 'durian', 5, ['big', NULL], {'first': 'Ida', 'age': 41}, 2024, NULL)""",
}


def resolve(database: str, name: str) -> Relation:
    if database != "shop" or name not in RELATIONS:
        raise QueryError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
    return RELATIONS[name]


def compiled(sql: str, parameters: Sequence[str] = ()) -> Query:
    return compile_query(bind(parse(sql), parameters), resolve, "shop")


@cache
def connection() -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    settings.install(found)
    return found


def rows(sql: str, parameters: Sequence[str] = ()) -> list[tuple[str | None, ...]]:
    """The rows of a query. Raises QueryError as Athena words it, when it is compiled and when it runs."""
    query = compiled(sql, parameters)
    database = connection()
    for use in query.tables:
        columns = [*use.relation.columns, *use.relation.partition_keys]
        names = [column.name.lower() for column in columns]
        seen = ", ".join(f'"{name}"' for name in names if name in use.used)  # the others are not there at all
        data = f"(VALUES {ROWS[use.relation.name]}) AS data({', '.join(names)})"
        kinds = ", ".join(
            f'CAST("{name}" AS {types.duckdb(types.parse(column.type))}) AS "{name}"'
            for name, column in zip(names, columns, strict=True)
        )
        where = f" WHERE {use.partition_filter}" if use.partition_filter else ""
        path = f"'s3://shop/{use.relation.name}/a.csv' AS \"$path\""
        view = f"SELECT {f'{seen}, ' if seen else ''}{path} FROM (SELECT {kinds} FROM {data}){where}"
        database.execute(f'CREATE OR REPLACE TEMP VIEW "{use.view}" AS {view}')
    texts = [text.render(f"c{n}", types.parse(column.type)) for n, column in enumerate(query.columns)]
    names = [f"c{n}" for n in range(len(texts))]
    try:
        return database.execute(f"SELECT {', '.join(texts)} FROM ({query.sql}) AS q({', '.join(names)})").fetchall()
    except duckdb.Error as error:
        raise settings.query_error(error) from error


def value(expression: str) -> str | None:
    """The one value of an expression; an error as its text."""
    try:
        ((found,),) = rows(f"SELECT {expression}")
    except QueryError as error:
        return str(error)
    return found


def failure(sql: str) -> str:
    """The error of a query that must fail."""
    try:
        found = rows(sql)
    except QueryError as error:
        return str(error)
    raise AssertionError(f"{sql} gave {found}")
