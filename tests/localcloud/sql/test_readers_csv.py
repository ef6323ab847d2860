"""OpenCSVSerde: quotes and escapes of one line, strict numbers, days and milliseconds."""

from __future__ import annotations

import pytest
from file_tables import CSV, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sql.model import QueryError
from localcloud.sql.readers import opencsv
from localcloud.sql.readers.definition import Format

AB = {"a": "string", "b": "string"}


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ('"one, two",three', ("one, two", "three")),
        ('"say ""hi""","say \\"ho\\""', ('say "hi"', 'say "ho"')),
        ('"back\\\\slash","\\n stays n"', ("back\\slash", "n stays n")),
        ('"",', ("", "")),
        ("only", ("only", None)),
        ("a,b,c", ("a", "b")),
        ("", (None, None)),
        ('5" wide,tall', (None, None)),
        ('x,"never closed', ("x", None)),
        ("it's,ok", ("it's", "ok")),
        ('abcd "quoted" in,b', ('abcd "quoted" in', "b")),
    ],
)
def test_quotes_and_escapes_of_a_line(line: str, row: tuple[str | None, ...]) -> None:
    assert Table(CSV, AB, {"a.csv": line.encode() + b"\n"}).rows() == [row]


def test_a_quoted_field_does_not_reach_into_the_next_line() -> None:
    assert Table(CSV, AB, {"a.csv": b'1,"first\nsecond",x\n'}).rows() == [("1", None), (None, None)]


def test_other_separators_and_quotes() -> None:
    properties = {"separatorChar": "\t", "quoteChar": "'", "escapeChar": "~"}
    table = Table(CSV, AB, {"a": b"'it~'s'\t\"x\"\n'a\tb'\tc\n"}, properties, {"skip.header.line.count": "1"})
    assert table.rows() == [("a\tb", "c")]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "41", "41"),
        ("bigint", "-9", "-9"),
        ("double", "1.5e3", "1500.0"),
        ("boolean", "TRUE", "true"),
        ("date", "19000", "2022-01-08"),
        ("timestamp", "1700000000123", "2023-11-14 22:13:20.123"),
        ("string", "", ""),
    ],
)
def test_values_of_the_types_that_athena_recognises(kind: str, text: str, value: str) -> None:
    assert Table(CSV, {"v": kind}, {"a": f'"{text}"\n'.encode()}).rows() == [(value,)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", ""), ("int", "4.5"), ("double", "n/a"), ("boolean", "yes"), ("date", "2022-01-08"), ("timestamp", "noon")],
)
def test_a_value_that_is_none_of_its_type_fails_the_query(kind: str, text: str) -> None:
    table = Table(CSV, {"k": "string", "v": kind}, {"a": f'k,"{text}"\n'.encode()})
    with pytest.raises(QueryError) as failed:
        table.rows()
    message = f"""Error parsing field value '{text}' for field 1: For input string: "{text}\""""
    assert (failed.value.code, str(failed.value)) == ("HIVE_BAD_DATA", f"HIVE_BAD_DATA: {message}")
    assert table.rows(used=["k"]) == [("k",)]


def test_invalid_data_is_null_when_the_table_says_so() -> None:
    table = Table(CSV, {"v": "int"}, {"a": b'"x"\n"3"\n'}, {}, {"use.null.for.invalid.data": "true"})
    assert table.rows() == [(None,), ("3",)]


def test_the_three_characters_must_differ() -> None:
    with pytest.raises(QueryError, match="must be different"):
        Table(CSV, AB, {"a": b"x\n"}, {"quoteChar": ",", "separatorChar": ","}).rows()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab ",\\x', max_size=14), st.integers(1, 4))
def test_the_fast_way_through_a_line_is_the_parsers_own(line: str, width: int) -> None:
    parser = opencsv.Parser(",", '"', "\\", width)
    assert parser.parse(line) == (parser.by_character(line) if line else [None] * width)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet='ab ",\\x\u2028é', max_size=6), min_size=1, max_size=4))
def test_what_is_quoted_comes_back(cells: list[str]) -> None:
    line = ",".join('"' + cell.replace("\\", "\\\\").replace('"', '""') + '"' for cell in cells)
    assert opencsv.parser(Format("csv", (), ()), len(cells))(line) == cells
