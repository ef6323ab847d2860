"""RegexSerDe: the groups of a pattern that the whole line matches."""

from __future__ import annotations

import pytest
from file_tables import REGEX, Table

from localcloud.sql.model import QueryError

COLUMNS = {"verb": "string", "path": "string", "code": "int"}
PATTERN = r"^(\w+) (\S+)(?: (\d+|-))?.*$"


def test_groups_are_columns_and_a_line_without_a_match_is_null() -> None:
    body = b"GET /a 200 fast\nPUT /b - x\nPOST /c\n???\n\n"
    table = Table(REGEX, COLUMNS, {"a.log": body}, {"input.regex": PATTERN})
    assert table.rows() == [
        ("GET", "/a", "200"),
        ("PUT", "/b", None),
        ("POST", "/c", None),
        (None, None, None),
        (None, None, None),
    ]


def test_letters_match_in_any_case_when_the_table_says_so() -> None:
    properties = {"input.regex": "get (.*)", "input.regex.case.insensitive": "true"}
    assert Table(REGEX, {"p": "string"}, {"a": b"GET /x\n"}, properties).rows() == [("/x",)]


@pytest.mark.parametrize("pattern", [r"(\p{Lu}+)", "([a-z&&[^b]]+)", r"(\Q.\E)", "(?x) (a)", "([a[b]])"])
def test_what_java_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(QueryError, match="does not offer"):
        Table(REGEX, {"p": "string"}, {"a": b"x\n"}, {"input.regex": pattern}).rows()


@pytest.mark.parametrize("properties", [{}, {"input.regex": "(unclosed"}])
def test_a_pattern_must_be_there_and_be_one(properties: dict[str, str]) -> None:
    with pytest.raises(QueryError, match="HIVE_CURSOR_ERROR"):
        Table(REGEX, {"p": "string"}, {"a": b"x\n"}, properties).rows()
