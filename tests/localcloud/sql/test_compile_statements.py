"""Statements as a whole: syntax errors, parameters, and rows for INSERT INTO."""

from __future__ import annotations

import duckdb
import pytest
from trino_queries import compiled, connection, failure, rows

from localcloud.sql import types
from localcloud.sql.compile import bind, coerce_columns, parse
from localcloud.sql.model import QueryError

SYNTAX = {
    "selec 1": "line 1:1: mismatched input 'selec'. Expecting: 'WITH', 'SELECT', 'VALUES', 'TABLE', '('",
    "SELECT 1 FROM": "line 1:14: mismatched input '<EOF>'. Expecting: '(', <identifier>",
    "SELECT\n  FROM t": "line 2:3: mismatched input 'FROM'. Expecting: ",
    "SELECT 1a": "line 1:8: identifiers must not start with a digit; surround the identifier with double quotes",
    "SELECT `a`": "line 1:8: backquoted identifiers are not supported; use double quotes to quote identifiers",
    "SELECT 'open": "line 1:8: mismatched input '''. Expecting: ",
    "SELECT CAST(1 AS)": "line 1:17: mismatched input ')'. Expecting: <type>",
    "SELECT (1": "line 1:10: mismatched input '<EOF>'. Expecting: ",
}


@pytest.mark.parametrize(("sql", "message"), SYNTAX.items())
def test_a_syntax_error_says_where_and_what(sql: str, message: str) -> None:
    assert failure(sql).startswith(f"SYNTAX_ERROR: {message}")


def test_one_statement_with_comments_and_a_semicolon_is_fine() -> None:
    assert rows("-- first\nSELECT /* a\n ; */ 1 -- last\n ; ") == [("1",)]
    assert failure("SELECT 1; SELECT 2") == "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"


def test_a_query_string_has_a_limit() -> None:
    assert "maximum allowed length of 262144 bytes" in failure(f"SELECT '{'é' * 140000}'")


def test_a_query_inside_another_statement_keeps_its_places() -> None:
    head = "INSERT INTO t "
    with pytest.raises(QueryError, match="line 1:25: mismatched input"):
        parse(" " * len(head) + "SELECT 1 FROM FROM"[:10] + ")")


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("SELECT ?", ["5"], "5"),
        ("SELECT ? || ?", ["'it''s'", "'?'"], "it's?"),
        ("SELECT * FROM (VALUES 1, 2, 3) AS t(x) WHERE x > ? OFFSET ? LIMIT ?", ["0", "2", "5"], "3"),
        ("SELECT ? + INTERVAL '1' DAY", ["DATE '2024-02-28'"], "2024-02-29"),
        ("SELECT COALESCE(?, -1)", ["NULL"], "-1"),
        ("SELECT 4 IN (?, ?)", ["-4", "4"], "true"),
        ("SELECT '?'", [], "?"),
    ],
)
def test_parameters_are_expressions(sql: str, parameters: list[str], expected: str) -> None:
    assert rows(sql, parameters) == [(expected,)]


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        ("SELECT ?", [], "Incorrect number of parameters: expected 1 but found 0"),
        ("SELECT 1", ["1"], "Incorrect number of parameters: expected 0 but found 1"),
        ("SELECT ?", ["name"], "A parameter must be a constant: name"),
        ("SELECT ?", ["(SELECT 1)"], "A parameter must be a constant"),
        ("SELECT ?", ["1, 2"], "mismatched input ','"),
        ("SELECT ?", ["1) UNION (SELECT 2"], "mismatched input"),
    ],
)
def test_wrong_parameters_are_an_error(sql: str, parameters: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message.replace("(", r"\(").replace(")", r"\)")):
        bind(parse(sql), parameters)


def test_a_value_given_as_parameter_is_no_sql() -> None:
    assert rows("SELECT ?", ["'x'' OR 1 = 1 --'"]) == [("x' OR 1 = 1 --",)]


@pytest.mark.parametrize("mark", ["\x02", "\x01", "\x03"])
def test_no_text_is_taken_for_a_place_in_the_compiled_query(mark: str) -> None:
    text = f"a{mark}0{mark}b"
    assert rows(f"SELECT x, '{text}' FROM (SELECT id AS x FROM sales WHERE id = 1)") == [("1", text)]
    assert rows(f"SELECT x FROM (SELECT id AS x FROM sales) WHERE '{text}' = '{text}' AND x = 2") == [("2",)]
    assert "control character" in failure(f'SELECT 1 AS "{text}"')


def test_a_text_with_nul_is_refused() -> None:
    for text in ("'a\x00b'", "U&'\\0000'", "VARCHAR 'a\x00'"):
        assert "U+0000" in failure(f"SELECT {text}")


def test_a_statement_that_is_nested_too_deeply_is_an_error() -> None:
    assert rows(f"SELECT {' + '.join(['1'] * 60)}") == [("60",)]
    assert failure(f"SELECT {'(' * 3000}1{')' * 3000}").startswith("STACK_OVERFLOW: statement is too large")


def test_a_long_list_of_values_is_fine() -> None:
    assert rows(f"SELECT 4999 IN ({', '.join(map(str, range(5000)))})") == [("true",)]


def test_rows_go_into_a_tables_columns() -> None:
    wanted = [("a", types.BIGINT), ("b", types.VARCHAR), ("c", types.parse("decimal(10,2)"))]
    query = coerce_columns(compiled("SELECT id, fruit, 1.5 FROM sales"), wanted)
    assert [(column.name, column.type) for column in query.columns] == [
        ("a", "bigint"),
        ("b", "varchar"),
        ("c", "decimal(10,2)"),
    ]
    small = coerce_columns(compiled("SELECT 1, 'x', NULL"), wanted)
    assert duckdb.sql(small.sql).columns == ["a", "b", "c"]
    assert [str(kind) for kind in duckdb.sql(small.sql).types] == ["BIGINT", "VARCHAR", "DECIMAL(10,2)"]


def test_a_text_too_long_for_its_column_is_an_error() -> None:
    wanted = [("a", types.parse("varchar(3)"))]
    for sql, stored in (("SELECT 'abc'", "abc"), ("SELECT 'abc  '", "abc"), ("SELECT CAST(NULL AS varchar)", None)):
        assert connection().execute(coerce_columns(compiled(sql), wanted).sql).fetchall() == [(stored,)]
    with pytest.raises(duckdb.Error, match="Cannot truncate non-space characters"):
        connection().execute(coerce_columns(compiled("SELECT 'abcd'"), wanted).sql).fetchall()


@pytest.mark.parametrize("sql", ["SELECT 'x', 'y'", "SELECT 1", "SELECT 1, 2, 3"])
def test_rows_that_do_not_fit_are_an_error(sql: str) -> None:
    with pytest.raises(QueryError, match="Insert query has mismatched column types: Table: ") as caught:
        coerce_columns(compiled(sql), [("a", types.BIGINT), ("b", types.VARCHAR)])
    assert "[bigint, varchar], Query: [" in str(caught.value)
