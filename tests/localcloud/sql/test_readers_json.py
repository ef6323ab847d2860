"""JSON, one object a line, by either SerDe."""

from __future__ import annotations

import json

import pytest
from file_tables import HIVE_JSON, OPENX, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sql.model import QueryError

COLUMNS = {"id": "int", "title": "string", "tags": "array<string>", "by": "struct<name:string,age:int>"}
BOTH = pytest.mark.parametrize("serde", [OPENX, HIVE_JSON])


def shown(serde: str, line: str, columns: dict[str, str] = COLUMNS, **properties: str) -> list[str | None]:
    """The first row's values, nested ones as JSON."""
    given = {name.replace("_", "."): value for name, value in properties.items()}
    nested = {name for name, kind in columns.items() if "<" in kind}
    names = ", ".join(f'to_json("{name}")' if name in nested else f'"{name}"' for name in columns)
    table = Table(serde, columns, {"a.json": line.encode() + b"\n"}, given)
    return list(table.rows(f'SELECT {names} FROM "t 0"')[0])


@BOTH
def test_names_match_in_any_case_and_missing_ones_are_null(serde: str) -> None:
    line = '{"ID": 7, "Tags": ["x", null], "by": {"NAME": "Ann", "shoe": 38}, "more": {}}'
    assert shown(serde, line) == ["7", None, '["x",null]', '{"name":"Ann","age":null}']


@BOTH
def test_line_ends_of_unicode_inside_a_text_end_no_line(serde: str) -> None:
    table = Table(serde, {"t": "string"}, {"a": '{"t":"a\u2028b\u0085c\u2029d"}\n{"t":"\\n"}\n'.encode()})
    assert table.rows() == [("a\u2028b\u0085c\u2029d",), ("\n",)]


@BOTH
@pytest.mark.parametrize("line", ['{"id": 1, "title": "cut sho', "{", '{"id": }', '{"id": 1, "ID": 2}'])
def test_a_broken_line_fails_the_query(serde: str, line: str) -> None:
    with pytest.raises(QueryError, match="HIVE_CURSOR_ERROR: Row is not a valid JSON Object - ") as failed:
        shown(serde, line)
    assert "/tmp" not in str(failed.value)


@BOTH
def test_half_of_a_surrogate_pair_is_a_question_mark(serde: str) -> None:
    assert Table(serde, {"t": "string"}, {"a": b'{"t":"a\\ud83db\\ud83d\\ude00"}\n'}).rows() == [("a?b\U0001f600",)]


def test_broken_lines_are_rows_of_null_when_they_are_ignored() -> None:
    body = b'{"id": 1}\nnot json\n{"id": \n\n{"id": 2} trailing\n'
    table = Table(OPENX, {"id": "int"}, {"a": body}, {"ignore.malformed.json": "TRUE"})
    assert table.rows() == [("1",), (None,), (None,), (None,), ("2",)]


def test_the_hive_serde_wants_an_object_on_every_line() -> None:
    for line in ("", "plain", "[1]"):
        with pytest.raises(QueryError, match="HIVE_CURSOR_ERROR"):
            shown(HIVE_JSON, line)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("int", "5", "5"),
        ("int", '"5"', "5"),
        ("int", "5.9", "5"),
        ("int", "-5.9", "-5"),
        ("bigint", "1e3", "1000"),
        ("int", '"0x1F"', "31"),
        ("int", '"017"', "15"),
        ("double", '"2.50"', "2.5"),
        ("decimal(6,2)", "1.005", "1.01"),
        ("boolean", '"TRUE"', "true"),
        ("boolean", "0", "false"),
        ("string", "5.10", "5.10"),
        ("string", "true", "true"),
        ("string", '{"A": [1, "x"]}', '{"a":[1,"x"]}'),
        ("string", "null", None),
        ("date", '"2024-03-01"', "2024-03-01"),
        ("timestamp", '"2024-03-01T10:00:00Z"', "2024-03-01 10:00:00"),
        ("timestamp", '"2024-03-01T10:00:00.5+02:00"', "2024-03-01 08:00:00.5"),
        ("timestamp", "1709287200", "2024-03-01 10:00:00"),
        ("timestamp", "1709287200500", "2024-03-01 10:00:00.5"),
        ("array<int>", "7", "[7]"),
        ("array<int>", '""', None),
        ("map<string,int>", '{"K": 1}', '{"k":1}'),
        ("map<string,int>", '" "', None),
        ("struct<a:int,b:string>", '[1, "x"]', '{"a":1,"b":"x"}'),
    ],
)
def test_the_openx_serde_coerces(kind: str, value: str, text: str | None) -> None:
    found = shown(OPENX, f'{{"v": {value}}}', {"v": kind})[0]
    assert found == text


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("int", '"x2"', "HIVE_BAD_DATA"),
        ("int", "{}", "HIVE_BAD_DATA"),
        ("tinyint", "300", "HIVE_BAD_DATA"),
        ("map<string,int>", "5", "HIVE_BAD_DATA"),
        ("struct<a:int>", '"text"', "HIVE_BAD_DATA"),
    ],
)
def test_what_cannot_be_coerced_fails_the_query(kind: str, value: str, code: str) -> None:
    with pytest.raises(QueryError) as failed:
        shown(OPENX, f'{{"v": {value}}}', {"v": kind})
    assert failed.value.code == code


def test_invalid_data_is_null_when_the_table_says_so() -> None:
    body = b'{"n": "x", "m": 5}\n{"n": {}, "m": {"k": "1"}}\n'
    table = Table(OPENX, {"n": "int", "m": "map<string,int>"}, {"a": body}, {"use.null.for.invalid.data": "true"})
    assert table.rows('SELECT n, to_json(m) FROM "t 0"') == [(None, None), (None, '{"k":1}')]


@pytest.mark.parametrize(
    ("kind", "value"), [("int", '"5"'), ("string", "[1]"), ("array<int>", "1"), ("int", "4000000000")]
)
def test_the_hive_serde_is_strict(kind: str, value: str) -> None:
    with pytest.raises(QueryError, match="HIVE_BAD_DATA"):
        shown(HIVE_JSON, f'{{"v": {value}}}', {"v": kind})


@pytest.mark.parametrize(
    "line",
    ["{'v': 'x', n: 1}", '{"v" = "x"; "n" => 1}', "{v:x,n:1} // note", '/* c */ {"v": "x", "n": 1}'],
)
def test_the_openx_serde_takes_liberties(line: str) -> None:
    if line.startswith("/*"):
        assert shown(OPENX, line, {"v": "string", "n": "int"}) == [None, None]
    else:
        assert shown(OPENX, line, {"v": "string", "n": "int"}) == ["x", "1"]


def test_the_openx_serdes_properties() -> None:
    line = '{"userId": 1, "a.b": "dots", "TS": "x"}'
    columns = {"user": "int", "a_b": "string", "ts": "string"}
    assert shown(OPENX, line, columns, mapping_user="userId", dots_in_keys="true") == ["1", "dots", "x"]
    exact = {"case.insensitive": "false", "mapping.user": "userId", "mapping.ts": "TS"}
    assert Table(OPENX, columns, {"a": line.encode()}, exact).rows() == [("1", None, "x")]
    assert Table(OPENX, columns, {"a": line.encode()}, {"case.insensitive": "false"}).rows() == [(None, None, None)]


def test_an_array_on_a_line_is_a_row_by_position() -> None:
    assert shown(OPENX, '[3, "x"]', {"id": "int", "t": "string", "u": "string"}) == ["3", "x", None]
    with pytest.raises(QueryError, match="can not be coerced"):
        shown(OPENX, '[{"id": 3}, {"id": 4}]', {"id": "int"})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@BOTH
@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(st.none() | TEXT, st.lists(TEXT, max_size=3), st.booleans()), max_size=5))
def test_any_text_comes_back(serde: str, rows: list[tuple[str | None, list[str], bool]]) -> None:
    body = "".join(json.dumps({"t": t, "l": items}, ensure_ascii=ascii) + "\n" for t, items, ascii in rows)
    table = Table(serde, {"t": "string", "l": "array<string>"}, {"a": body.encode()})
    found = table.rows('SELECT t, to_json(l) FROM "t 0"')
    assert [(t, json.loads(str(items))) for t, items in found] == [(t, items) for t, items, _ in rows]
