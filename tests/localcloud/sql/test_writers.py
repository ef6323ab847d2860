"""What a query leaves: Athena's result file, and data files that read back as the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from file_tables import LAZY, OPENX, PARQUET, Table

from localcloud.sql import worker
from localcloud.sql.model import OutputColumn, Query
from localcloud.sql.task import Done, Output

EMPTY = Table(LAZY, {"n": "int"}, {})


def write(sql: str, columns: dict[str, str], kind: str, keys: Sequence[str] = (), **options: str) -> tuple[Done, Path]:
    task = EMPTY.task("SELECT 1")
    folder = Path(task.folder) / "out"
    query = Query(sql, (), tuple(OutputColumn(name, kind) for name, kind in columns.items()))
    path = str(folder) if kind != "result" else str(Path(task.folder) / "result.csv")
    return worker.execute(replace(task, query=query, output=Output(kind, path, options, tuple(keys)))), Path(path)


@pytest.mark.parametrize(
    ("sql", "columns", "text"),
    [
        (
            "SELECT 1, 'a', true",
            {"_col0": "integer", "b": "varchar(1)", "c": "boolean"},
            '"_col0","b","c"\n"1","a","true"\n',
        ),
        ("SELECT NULL, ''", {"a": "unknown", "b": "varchar"}, '"a","b"\n,""\n'),
        (
            "SELECT 'say \"hi\"', 'l1\nl2', ','",
            dict.fromkeys("abc", "varchar"),
            '"a","b","c"\n"say ""hi""","l1\nl2",","\n',
        ),
        ("SELECT 1 WHERE false", {'odd "name"': "integer"}, '"odd ""name"""\n'),
        ("SELECT NULL FROM range(2)", {"a": "unknown"}, '"a"\n\n\n'),
        ("SELECT 'é\u2028\x01'", {"é": "varchar"}, '"é"\n"é\u2028\x01"\n'),
    ],
)
def test_a_result_file_is_quoted_as_athenas(sql: str, columns: dict[str, str], text: str) -> None:
    done, path = write(sql, columns, "result")
    assert done.error is None
    assert path.read_bytes().decode() == text
    assert [file.name for file in path.parent.iterdir() if file.name.startswith("result")] == ["result.csv"]


def test_two_columns_may_have_one_name_and_rows_keep_their_order() -> None:
    task = EMPTY.task(
        "SELECT i, -i FROM range(50000) t(i) ORDER BY i % 7, i", columns=[OutputColumn("x", "bigint")] * 2
    )
    done = worker.execute(task)
    lines = Path(task.output.path).read_text().splitlines()
    assert (done.rows, lines[0], lines[1], lines[-1]) == (50000, '"x","x"', '"0","0"', '"49993","-49993"')
    assert lines[1:] == [f'"{i}","{-i}"' for i in sorted(range(50000), key=lambda i: (i % 7, i))]


def test_a_query_that_fails_leaves_no_result() -> None:
    done, path = write("SELECT CAST('x' AS INTEGER)", {"a": "integer"}, "result")
    assert done.error
    assert not path.exists()


VALUES = "SELECT * FROM (VALUES (1, 'a', DATE '2024-01-02'), (2, 'b/c', NULL), (3, 'a', DATE '2024-01-02')) t(n, k, d)"
TYPES = {"n": "integer", "k": "varchar", "d": "date"}


def read_back(
    done: Done, path: Path, serde: str, columns: dict[str, str], **properties: Any
) -> list[tuple[str | None, ...]]:
    files = {name: (path / name).read_bytes() for name, _ in done.files}
    return sorted(Table(serde, columns, files, **properties).rows(), key=str)


@pytest.mark.parametrize(("kind", "serde"), [("parquet", PARQUET), ("json", OPENX), ("textfile", LAZY)])
@pytest.mark.parametrize("compression", ["", "gzip", "zstd", "none"])
def test_data_files_read_back_as_the_same_rows(kind: str, serde: str, compression: str) -> None:
    options = {"compression": compression} if compression else {}
    done, path = write(VALUES, TYPES, kind, **options)
    assert (done.error, done.rows, [values for _, values in done.files]) == (None, 3, [()])
    found = read_back(done, path, serde, {"n": "int", "k": "string", "d": "date"})
    assert found == [("1", "a", "2024-01-02"), ("2", "b/c", None), ("3", "a", "2024-01-02")]


def test_partitions_are_folders_with_hives_names() -> None:
    done, path = write(VALUES, TYPES, "parquet", ["k", "d"])
    assert done.error is None
    folders = {name.rpartition("/")[0]: values for name, values in done.files}
    assert folders == {
        "k=a/d=2024-01-02": ("a", "2024-01-02"),
        "k=b%2Fc/d=__HIVE_DEFAULT_PARTITION__": ("b/c", None),
    }
    columns = [set(pq.ParquetFile(path / name).schema_arrow.names) for name, _ in done.files]
    assert columns == [{"n"}, {"n"}]
    assert sum(pq.ParquetFile(path / name).metadata.num_rows for name, _ in done.files) == 3


def test_an_empty_text_is_in_the_partition_of_null() -> None:
    done, path = write("FROM (VALUES (1, ''), (2, NULL), (3, ' '))", {"n": "integer", "k": "varchar"}, "parquet", ["k"])
    folders = {name.rpartition("/")[0]: (values, path / name) for name, values in done.files}
    assert {folder: values for folder, (values, _) in folders.items()} == {
        "k=__HIVE_DEFAULT_PARTITION__": (None,),
        "k= ": (" ",),
    }
    both = pq.read_table(folders["k=__HIVE_DEFAULT_PARTITION__"][1], partitioning=None)
    assert both.to_pydict() == {"n": [1, 2]}


@pytest.mark.parametrize(("value", "told"), [("Århus", "C3 85 72 68 75 73"), ("a\tb", "61 09 62")])
def test_a_partition_is_named_in_ascii(value: str, told: str) -> None:
    done, path = write(f"SELECT 1, '{value}'", {"n": "integer", "k": "varchar"}, "json", ["k"])
    message = f"Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). Invalid value: {told}"
    assert done.error is not None
    assert done.error[:2] == ("HIVE_INVALID_PARTITION_VALUE", message)
    assert not any(path.rglob("*.*"))


@pytest.mark.parametrize(("kind", "sql"), [("array(integer)", "[1]"), ("varbinary", "'a'::BLOB")])
def test_a_partition_has_a_simple_type(kind: str, sql: str) -> None:
    done, _ = write(f"SELECT 1, {sql}", {"n": "integer", "k": kind}, "parquet", ["k"])
    assert done.error is not None
    assert done.error[:2] == ("NOT_SUPPORTED", f"Unsupported type [{kind}] for partition: k")


def test_at_most_a_hundred_partitions_are_written() -> None:
    columns = {"n": "bigint", "k": "bigint"}
    done, _ = write("SELECT i, i FROM range(100) t(i)", columns, "parquet", ["k"])
    assert (done.error, len(done.files)) == (None, 100)
    done, path = write("SELECT i, i FROM range(101) t(i)", columns, "parquet", ["k"])
    message = "Exceeded limit of 100 open writers for partitions/buckets"
    assert done.error == ("HIVE_TOO_MANY_OPEN_PARTITIONS", message, 2)
    assert not any(path.rglob("*.*"))


@pytest.mark.parametrize("kind", ["parquet", "json", "textfile"])
def test_no_rows_are_no_file(kind: str) -> None:
    done, path = write("SELECT 1 WHERE false", {"n": "integer"}, kind)
    assert (done.error, done.files, list(path.rglob("*.*"))) == (None, (), [])


def test_parquet_columns_have_the_types_that_the_catalog_will_say() -> None:
    columns = {"a": "tinyint", "b": "decimal(10,2)", "c": "timestamp(3)", "d": "array(row(x integer))", "e": "real"}
    sql = "SELECT 1::TINYINT, 1.5::DECIMAL(10,2), TIMESTAMP '2024-01-02 03:04:05.678', [{'x': 1}], 1.5::FLOAT"
    done, path = write(sql, columns, "parquet")
    declared = {"a": "tinyint", "b": "decimal(10,2)", "c": "timestamp", "d": "array<struct<x:int>>", "e": "float"}
    table = Table(PARQUET, declared, {"f": (path / done.files[0][0]).read_bytes()})
    assert table.rows('SELECT a, b, c, to_json(d), e FROM "t 0"') == [
        ("1", "1.50", "2024-01-02 03:04:05.678", '[{"x":1}]', "1.5")
    ]


def test_json_lines() -> None:
    columns = {"A": "integer", "t": "timestamp(3)", "l": "array(varchar)", "m": "decimal(5,2)", "d": "double"}
    sql = "SELECT NULL, TIMESTAMP '2024-01-02 03:04:05', ['x', NULL], 1.50::DECIMAL(5,2), 0.1"
    done, path = write(sql, columns, "json", compression="none")
    row = {"A": None, "t": "2024-01-02 03:04:05", "l": ["x", None], "m": 1.5, "d": 0.1}
    assert json.loads((path / done.files[0][0]).read_text()) == row


@pytest.mark.parametrize(
    ("kind", "hive", "sql", "text"),
    [
        ("decimal(30,4)", "decimal(30,4)", "31415926535897932384.6264::DECIMAL(30,4)", "31415926535897932384.6264"),
        ("array(decimal(3,2))", "array<decimal(3,2)>", "[2.50::DECIMAL(3,2), NULL]", "[2.50,null]"),
        ("double", "double", "'-inf'::DOUBLE", '"-Infinity"'),
        ("map(integer, double)", "map<int,double>", "MAP {3: 1e20, 4: 'nan'::DOUBLE}", '{"3":1.0E20,"4":"NaN"}'),
        ("real", "float", "0.7::FLOAT", "0.7"),
        (
            "row(integer, date)",
            "struct<field0:int,field1:date>",
            "{'field0': 5, 'field1': NULL::DATE}",
            '{"field0":5,"field1":null}',
        ),
        ("row(tea varbinary)", "struct<tea:binary>", "{'tea': '\\xFE'::BLOB}", '{"tea":"/g=="}'),
        (
            "array(timestamp(3))",
            "array<timestamp>",
            "[TIMESTAMP '1999-12-31 23:59:59.25']",
            '["1999-12-31 23:59:59.25"]',
        ),
        ("array(varchar)", "array<string>", "['say \"aye\"', '\\ and\n', '']", r'["say \"aye\"","\\ and\n",""]'),
    ],
)
def test_a_json_file_holds_each_value_as_it_is(kind: str, hive: str, sql: str, text: str) -> None:
    done, path = write(f"SELECT {sql}", {"v": kind}, "json", compression="none")
    body = (path / done.files[0][0]).read_bytes()
    assert body.decode() == f'{{"v":{text}}}\n'
    found = Table(OPENX, {"v": hive}, {"a.json": body}).rows(f'SELECT v IS NOT DISTINCT FROM {sql} FROM "t 0"')
    assert found == [("true",)]


def test_text_files_have_hives_separators_and_null() -> None:
    sql = "SELECT 1, NULL, 'x \"q\"', 1.5::DOUBLE"
    columns = {"a": "integer", "b": "varchar", "c": "varchar", "d": "double"}
    done, path = write(sql, columns, "textfile", compression="none")
    assert (path / done.files[0][0]).read_bytes() == b'1\1\\N\1x "q"\x011.5\n'
    done, path = write(sql, columns, "textfile", compression="none", delimiter="|")
    assert (path / done.files[0][0]).read_bytes() == b'1|\\N|x "q"|1.5\n'


@pytest.mark.parametrize(
    ("kind", "keys", "options", "words"),
    [
        ("orc", (), {}, "does not offer this: writing ORC"),
        ("avro", (), {}, "does not offer this: writing AVRO"),
        ("parquet", (), {"compression": "lzo"}, "LZO"),
        ("parquet", (), {"bucket": "1"}, "bucket"),
        ("parquet", ("n",), {}, "Partition keys must be the last columns"),
        ("parquet", ("n", "k", "d"), {}, "only partition columns"),
    ],
)
def test_what_cannot_be_written_is_refused(
    kind: str, keys: tuple[str, ...], options: dict[str, str], words: str
) -> None:
    done, path = write(VALUES, TYPES, kind, keys, **options)
    assert done.error
    assert words in done.error[1]
    assert not path.exists()
