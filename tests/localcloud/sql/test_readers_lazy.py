"""LazySimpleSerDe: no quotes, NULL for what is none of its type, fields by position."""

from __future__ import annotations

import bz2
import gzip

import pytest
import zstandard
from file_tables import LAZY, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sql.model import QueryError
from localcloud.sql.readers import files

COMMA = {"field.delim": ","}


def lazy(text: str | bytes, columns: dict[str, str], **parameters: str) -> list[tuple[str | None, ...]]:
    given = {"field.delim": ",", **{name.replace("_", "."): value for name, value in parameters.items()}}
    body = text.encode() if isinstance(text, str) else text
    return Table(LAZY, columns, {"a.csv": body}, given).rows()


AB = {"a": "string", "b": "string"}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x,y\n", [("x", "y")]),
        ("x,y", [("x", "y")]),
        ('"x, y",z\n', [('"x', ' y"')]),
        ("x\nx,y,z\n", [("x", None), ("x", "y")]),
        (",\n\n", [("", ""), ("", None)]),
        ("\\N,n\\N\n", [(None, "n\\N")]),
        ("a,b\r\nc,d\re,f\n", [("a", "b"), ("c", "d"), ("e", "f")]),
        ("\ufeffid,\ufeff\n", [("id", "\ufeff")]),
        ("l\u2028n,p\u0085q\x0b\x0c\n", [("l\u2028n", "p\u0085q\x0b\x0c")]),
        ("zero\0byte,b\n", [("zero\0byte", "b")]),
        ("", []),
    ],
)
def test_a_line_is_cut_at_each_separator(text: str, rows: list[tuple[str | None, ...]]) -> None:
    assert lazy(text, AB) == rows


def test_broken_bytes_are_replacement_characters_and_an_encoding_is_honoured() -> None:
    body = "naïve,straße\n".encode("latin-1")
    assert lazy(body, AB) == [("na\ufffdve", "stra\ufffde")]
    assert lazy(body, AB, serialization_encoding="ISO-8859-1") == [("naïve", "straße")]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("int", {"7": "7", "+7": "7", "-007": "-7", "7.9": "7", "x": None, "": None, " 7": None, "2147483648": None}),
        ("bigint", {"9223372036854775807": "9223372036854775807", "9223372036854775808": None, "1e3": None, "-": None}),
        ("tinyint", {"127": "127", "128": None, ".5": "0", "0x1": None}),
        ("double", {"1.5": "1.5", " 2 ": "2.0", "1e2": "100.0", "3d": "3.0", "one": None, "": None}),
        ("decimal(5,2)", {"1.005": "1.01", "-2": "-2.00", "1000": None, "1e2": "100.00", "1,5": None}),
        ("boolean", {"true": "true", "FALSE": "false", "t": None, "1": None, "": None}),
        ("date", {"2024-02-29": "2024-02-29", "2024-1-5": "2024-01-05", "2023-02-29": "2023-03-01", "1/2/2024": None}),
        ("date", {"2024-05-06 10:00:00": "2024-05-06", "20240506": None, "": None}),
        ("timestamp", {"2024-05-06 07:08:09.1239": "2024-05-06 07:08:09.124", "2024-05-06": "2024-05-06 00:00:00"}),
        ("timestamp", {"2024-05-06T07:08:09": "2024-05-06 07:08:09", "1714979289": None, "06.05.2024": None}),
        ("varchar(3)", {"abcdef": "abc", "ab": "ab"}),
        ("char(4)", {"ab  ": "ab"}),
    ],
)
def test_a_text_becomes_a_value_or_null(kind: str, texts: dict[str, str | None]) -> None:
    table = Table(LAZY, {"v": kind}, {"a": "\n".join(texts).encode() + b"\n"}, {"field.delim": "|"})
    found = [value for (value,) in table.rows()]
    assert dict(zip(texts, found, strict=True)) == texts


def test_an_escape_takes_the_separators_meaning_away() -> None:
    body = "one\\, two,x\\\\y\n\\N,\\n\\\\N\ntail\\\n7\\1,é\\é\n"
    assert lazy(body, AB, escape_delim="\\") == [
        ("one, two", "x\\y"),
        (None, "n\\N"),
        ("tail\\", None),
        ("71", "éé"),
    ]


def test_nested_values_have_separators_by_depth() -> None:
    columns = {"tags": "array<string>", "sizes": "map<string,int>", "who": "struct<name:string,ages:array<int>>"}
    body = "red;blue;\\N|s:1;m:x;s:9;l|Ann;3:4\n||\n\\N|\\N|\\N\n"
    table = Table(
        LAZY, columns, {"a": body.encode()}, {"field.delim": "|", "collection.delim": ";", "mapkey.delim": ":"}
    )
    shown = 'SELECT to_json(tags), to_json(sizes), to_json(who) FROM "t 0"'
    assert table.rows(shown) == [
        ('["red","blue",null]', '{"s":1,"m":null,"l":null}', '{"name":"Ann","ages":[3,4]}'),
        ("[]", "{}", '{"name":"","ages":null}'),
        (None, None, None),
    ]


def test_headers_and_footers_are_left_out_of_every_file() -> None:
    files = {"a.csv": b"h,h\n1,x\n2,y\nsum,2\n", "b.csv": b"h,h\n", "c.csv": b"h,h\n3,z\nsum,1"}
    header = {"skip.header.line.count": "1", "skip.footer.line.count": "1"}
    table = Table(LAZY, {"n": "int", "t": "string"}, files, COMMA, header)
    assert table.rows() == [("1", "x"), ("2", "y"), ("3", "z")]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.gz", gzip.compress(b"1\n2\n", mtime=0) + gzip.compress(b"3\n", mtime=0)),
        ("a.csv.bz2", bz2.compress(b"1\n2\n3\n")),
        ("a.zst", zstandard.compress(b"1\n2\n3\n")),
        ("A.GZ", gzip.compress(b"1\n2\n3\n", mtime=0)),
    ],
)
def test_the_suffix_says_how_a_file_is_compressed_and_its_size_is_what_is_scanned(name: str, body: bytes) -> None:
    table = Table(LAZY, {"n": "int"}, {name: body})
    assert table.rows() == [("1",), ("2",), ("3",)]
    assert table.run().scanned_bytes == len(body)


def test_hidden_and_empty_files_hold_nothing() -> None:
    files = {"_SUCCESS": b"x\n", ".part.crc": b"x\n", "_tmp/a.csv": b"x\n", "empty.csv": b"", "deep/a.csv": b"7\n"}
    assert Table(LAZY, {"n": "int"}, files).rows() == [("7",)]
    elsewhere = Table(LAZY, {"n": "int"}, {"a": b"1\n"})
    elsewhere.relation.definition["StorageDescriptor"]["Location"] = "s3://other/place"
    assert elsewhere.rows() == [("1",)]


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"field.delim": "||"}, "NOT_SUPPORTED", "single character"),
        ({"field.delim": "§"}, "NOT_SUPPORTED", "single character"),
        ({"line.delim": ";"}, "NOT_SUPPORTED", "newline"),
        ({"serialization.encoding": "UTF-16"}, "NOT_SUPPORTED", "UTF-16"),
        ({"serialization.encoding": "klingon"}, "HIVE_INVALID_METADATA", "klingon"),
        ({"skip.header.line.count": "one"}, "HIVE_INVALID_METADATA", "skip.header.line.count property: one"),
    ],
)
def test_what_cannot_be_read_faithfully_is_refused(parameters: dict[str, str], code: str, words: str) -> None:
    with pytest.raises(QueryError, match=words) as refused:
        Table(LAZY, AB, {"a": b"x,y\n"}, parameters).rows()
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["a.snappy", "a.csv.zip", "a.lz4"])
def test_other_compressions_are_refused_by_name(name: str) -> None:
    with pytest.raises(QueryError, match=name.rpartition(".")[2]):
        Table(LAZY, AB, {name: b"PK"}).rows()


def test_a_file_that_is_not_compressed_as_its_name_says_is_an_error() -> None:
    with pytest.raises(QueryError, match=r"HIVE_CANNOT_OPEN_SPLIT: .*s3://shop/orders/a.gz"):
        Table(LAZY, AB, {"a.gz": b"plain,text\n"}).rows()


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7])
def test_lines_end_where_they_do_however_a_file_is_cut(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", piece)
    body = "\ufeffone\r\ntwo\rthree\n\r\n\r\rfour\u00e9\r".encode()
    assert Table(LAZY, {"t": "string"}, {"a": body}).rows() == [
        (t,) for t in ("one", "two", "three", "", "", "", "four\u00e9")
    ]


def test_a_line_of_more_than_100_mb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE", 1000)
    monkeypatch.setattr(files, "CHUNK", 64)
    assert Table(LAZY, {"t": "string"}, {"a": b"x" * 999 + b"\n" + b"y" * 999}).run().rows == 2
    with pytest.raises(QueryError, match="HIVE_BAD_DATA: Line too long in text file: s3://shop/orders/a"):
        Table(LAZY, {"t": "string"}, {"a": b"x" * 2000}).rows()


CELL = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=8))


def escaped(cell: str | None) -> str:
    """As a writer of Hive's text files would put it."""
    if cell is None:
        return "\\N"
    return "".join("\\" + character if character in "\\,\1\2\3\4\5\6\7\x08" else character for character in cell)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))), max_size=6))
def test_what_a_writer_escapes_comes_back(rows: list[tuple[str | None, str | None, int | None]]) -> None:
    lines = [",".join((escaped(a), escaped(b), "\\N" if n is None else str(n))) for a, b, n in rows]
    table = Table(
        LAZY,
        {"a": "string", "b": "string", "n": "bigint"},
        {"x": "".join(line + "\n" for line in lines).encode()},
        {"field.delim": ",", "escape.delim": "\\"},
    )
    first = "" if not rows or rows[0][0] is None else rows[0][0]
    shown = [(a, b, None if n is None else str(n)) for a, b, n in rows]
    if first.startswith("\ufeff"):  # a byte order mark at the start of a file is no data
        shown[0] = (first[1:], *shown[0][1:])
    assert table.rows() == shown
