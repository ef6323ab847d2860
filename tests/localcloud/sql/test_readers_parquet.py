"""Parquet: columns by name, each file's own types checked, the bytes of the chunks that are read."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from file_tables import PARQUET, Table
from file_tables import parquet_file as file
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sql.model import OutputColumn, QueryError


def table(columns: dict[str, str], *files: bytes, **properties: str) -> Table:
    given = {name.replace("_", "."): value for name, value in properties.items()}
    return Table(PARQUET, columns, {f"part [{n}]*'": body for n, body in enumerate(files)}, given)


def value(kind: str, array: Any, sql: str = "v") -> str | None:
    return table({"v": kind}, file({"v": array})).rows(f'SELECT {sql} FROM "t 0"', used=["v"])[0][0]


def test_columns_are_found_by_name_in_any_case_and_order() -> None:
    one = file({"ReviewID": [1], "review text": ["x"], "extra": [1.5]})
    two = file({"later": ["new"], "review text": ["y"], "REVIEWID": [2]})
    found = table({"reviewid": "bigint", "review text": "string", "later": "string"}, one, two).rows()
    assert found == [("1", "x", None), ("2", "y", "new")]


def test_columns_are_found_by_position_when_the_table_says_so() -> None:
    one = table(
        {"a": "bigint", "b": "string", "c": "int"}, file({"x": [1], "y": ["t"]}), parquet_column_index_access="true"
    )
    assert one.rows() == [("1", "t", None)]


@pytest.mark.parametrize(
    ("kind", "array", "text"),
    [
        ("bigint", pa.array([7], pa.int32()), "7"),
        ("bigint", pa.array([2**32 - 1], pa.uint32()), "4294967295"),
        ("int", pa.array([65535], pa.uint16()), "65535"),
        ("smallint", pa.array([255], pa.uint8()), "255"),
        ("tinyint", pa.array([-1], pa.int8()), "-1"),
        ("double", pa.array([1.5], pa.float32()), "1.5"),
        ("float", pa.array([0.1], pa.float32()), "0.1"),
        ("decimal(6,3)", pa.array([Decimal("1.25")], pa.decimal128(5, 2)), "1.250"),
        ("decimal(4,1)", pa.array([Decimal("1.25")], pa.decimal128(5, 2)), "1.3"),
        ("string", pa.array([b"bytes"], pa.binary()), "bytes"),
        ("varchar(2)", pa.array(["abc"]), "ab"),
        ("date", pa.array([date(2024, 2, 29)]), "2024-02-29"),
        ("timestamp", pa.array([datetime(2024, 1, 2, 3, 4, 5, 678500)], pa.timestamp("us")), "2024-01-02 03:04:05.679"),
        ("timestamp", pa.array([datetime(1969, 1, 2, 3, 4, 5, 678499)], pa.timestamp("ns")), "1969-01-02 03:04:05.678"),
        ("timestamp", pa.array([1700000000123], pa.timestamp("ms", "UTC")), "2023-11-14 22:13:20.123"),
        ("bigint", pa.array([1700000000123], pa.timestamp("ms")), "1700000000123"),
        ("bigint", pa.array([1700000000123456], pa.timestamp("us")), "1700000000123456"),
        ("boolean", pa.array([None], pa.bool_()), None),
    ],
)
def test_types_that_athena_takes_for_each_other(kind: str, array: Any, text: str | None) -> None:
    assert value(kind, array) == text


def test_int96_timestamps() -> None:
    array = pa.array([datetime(2020, 5, 6, 7, 8, 9)], pa.timestamp("us"))
    body = file({"v": array}, use_deprecated_int96_timestamps=True)
    assert table({"v": "timestamp"}, body).rows() == [("2020-05-06 07:08:09",)]


@pytest.mark.parametrize(
    ("kind", "array", "physical"),
    [
        ("string", pa.array([1], pa.int64()), "INT64"),
        ("int", pa.array([1], pa.int64()), "INT64"),
        ("bigint", pa.array(["1"]), "BINARY"),
        ("double", pa.array([1], pa.int64()), "INT64"),
        ("float", pa.array([1.5], pa.float64()), "DOUBLE"),
        ("timestamp", pa.array([1], pa.int64()), "INT64"),
        ("date", pa.array([1], pa.timestamp("ms")), "INT64"),
        ("boolean", pa.array([1], pa.int32()), "INT32"),
        ("array<bigint>", pa.array([1], pa.int64()), "INT64"),
        ("struct<a:bigint>", pa.array(["x"]), "BINARY"),
    ],
)
def test_another_type_than_the_declared_one_is_bad_data(kind: str, array: Any, physical: str) -> None:
    good = file({"other": [1]})
    broken = table({"v": kind, "other": "bigint"}, good, file({"v": array, "other": [2]}))
    with pytest.raises(QueryError) as failed:
        broken.rows()
    words = (
        f"HIVE_BAD_DATA: Field v's type {physical} in parquet file s3://shop/orders/part [1]*' is incompatible with "
    )
    assert str(failed.value) == f"{words}type {kind} defined in table schema"
    assert broken.rows(used=["other"]) == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        ("smallint", pa.array([70000], pa.int32())),
        ("bigint", pa.array([2**63], pa.uint64())),
        ("int", pa.array([2**31], pa.uint32())),
    ],
)
def test_a_value_beyond_the_declared_types_range_is_bad_data(kind: str, array: Any) -> None:
    with pytest.raises(QueryError, match=r"HIVE_BAD_DATA: .*out of the range"):
        value(kind, array)


@pytest.mark.parametrize("inside", [b"", b"\x15\x02\x19 neither thrift nor anything", (400).to_bytes(4, "little")])
def test_a_file_with_a_broken_footer_is_named(inside: bytes) -> None:
    good, broken = file({"v": [1]}), b"PAR1" + inside.ljust(60, b"\0") + b"PAR1"
    with pytest.raises(QueryError) as failed:
        table({"v": "bigint"}, good, broken, good).rows()
    words = "HIVE_BAD_DATA: Malformed Parquet file: s3://shop/orders/part [1]*': its footer cannot be read"
    assert str(failed.value) == words


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (60, r"Failed to read Parquet file: s3://shop/orders/part \[1\]\*': "),  # in the page
        (4, "Failed to read a Parquet file, it is damaged: "),  # in its header
    ],
)
def test_a_broken_page_is_an_error_of_the_file(place: int, words: str) -> None:
    good = file({"v": [f"tide {n}" for n in range(900)]}, compression="snappy", use_dictionary=False)
    broken = good[:place] + b"\xff" * 900 + good[place + 900 :]
    with pytest.raises(QueryError, match="^HIVE_CURSOR_ERROR: " + words):
        table({"v": "string"}, good, broken).rows()


def test_files_of_different_types_in_one_table() -> None:
    narrow, wide = file({"v": pa.array([1], pa.int32())}), file({"v": pa.array([2**40], pa.int64())})
    assert table({"v": "bigint"}, narrow, wide).rows() == [("1",), (str(2**40),)]


def test_nested_values_by_name() -> None:
    rows = [{"A": 1, "list": [{"X": "u", "n": None}], "m": [("k", 2)]}, None]
    kind = pa.struct(
        {
            "A": pa.int32(),
            "list": pa.list_(pa.struct({"X": pa.string(), "n": pa.int64()})),
            "m": pa.map_(pa.string(), pa.int32()),
        }
    )
    body = file({"v": pa.array(rows, kind)})
    declared = "struct<list:array<struct<x:string,new:int>>,a:bigint,m:map<string,bigint>>"
    found = table({"v": declared}, body).rows('SELECT to_json(v) FROM "t 0"')
    assert found == [('{"list":[{"x":"u","new":null}],"a":1,"m":{"k":2}}',), (None,)]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_codecs(codec: str) -> None:
    assert table({"v": "bigint"}, file({"v": [1, 2]}, compression=codec)).rows() == [("1",), ("2",)]


def test_only_the_chunks_that_are_read_are_scanned() -> None:
    body = file({"id": list(range(5000)), "text": [f"words {n}" * 3 for n in range(5000)]}, row_group_size=1000)
    meta = pq.ParquetFile(io.BytesIO(body)).metadata
    chunk = [sum(meta.row_group(g).column(c).total_compressed_size for g in range(5)) for c in range(2)]
    reviews = table({"id": "bigint", "text": "string", "absent": "string"}, body, body)
    scanned = {used: reviews.run(used=used.split()).scanned_bytes for used in ("id", "text", "id text", "absent")}
    assert scanned == {"id": 2 * chunk[0], "text": 2 * chunk[1], "id text": 2 * sum(chunk), "absent": 0}
    counted = reviews.run('SELECT count(*) FROM "t 0"', used=[], columns=[OutputColumn("_col0", "bigint")])
    assert (counted.error, counted.scanned_bytes) == (None, 0)


def test_a_file_without_rows() -> None:
    assert table({"v": "bigint"}, file({"v": pa.array([], pa.int64())}), file({"v": [1]})).rows() == [("1",)]


@pytest.mark.parametrize("body", [b"id,text\n1,x\n", b"PAR1", b"PAR1 cut short"])
def test_a_file_that_is_no_parquet_is_bad_data(body: bytes) -> None:
    with pytest.raises(QueryError, match=r"HIVE_BAD_DATA: Not valid Parquet file: s3://shop/orders/part"):
        table({"v": "bigint"}, body).rows()


CELL: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "bigint": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "string": (pa.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates(date(1, 1, 1), date(9999, 12, 31))),
    "decimal(9,2)": (pa.decimal128(9, 2), st.decimals(-9999999, 9999999, places=2)),
}


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_value_comes_back(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(CELL)))
    arrow, cells = CELL[kind]
    values = data.draw(st.lists(st.none() | cells, min_size=1, max_size=5))
    shown = [None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values]
    if kind.startswith("decimal"):
        shown = [None if v is None else f"{v:.2f}" for v in values]
    found = table({"v": kind}, file({"v": pa.array(values, arrow)})).rows()
    assert [v for (v,) in found] == shown


@pytest.mark.parametrize(
    ("kind", "path", "row"),
    [
        ("{}", "v", lambda x: x),
        ("array<{}>", "v[1]", lambda x: [x]),
        ("struct<a:{}>", "v.a", lambda x: {"a": x}),
        ("map<int,{}>", "v[7]", lambda x: [(7, x)]),
    ],
)
@pytest.mark.parametrize(("name", "held"), [("float", pa.float32()), ("double", pa.float64())])
def test_not_a_number_is_found_beyond_the_least_and_the_largest_of_a_file(
    kind: str, path: str, row: Callable[[float], Any], name: str, held: pa.DataType
) -> None:
    """A writer leaves NaN out of a chunk's minimum and maximum: here both are 5."""
    types = {"v": held, "v[1]": pa.list_(held), "v.a": pa.struct({"a": held}), "v[7]": pa.map_(pa.int32(), held)}
    body = file({"v": pa.array([row(5.0), row(math.nan)], types[path]), "n": pa.array([1, 2], pa.int32())})
    given = table({"v": kind.format(name), "n": "int"}, body)
    one = [OutputColumn("x", "varchar")]
    assert given.rows(f'SELECT n FROM "t 0" WHERE isnan({path})', columns=one) == [("2",)]
    assert given.rows(f'SELECT n FROM "t 0" WHERE {path} < 6', columns=one) == [("1",)]
    assert given.rows(f'SELECT max({path}) FROM "t 0"', columns=one) == [("nan",)]
