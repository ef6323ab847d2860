"""Partitions: typed keys, filters that open no other files, definitions of their own, relations of rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from file_tables import LAZY, OPENX, PARQUET, Table, result
from file_tables import parquet_file as file

from localcloud.sql import worker
from localcloud.sql.model import OutputColumn, QueryError, Relation, TableUse

COMMA = {"field.delim": ","}
FILES = {
    "year=2023/kind=a/x.csv": b"1,one\n",
    "year=2024/kind=a/x.csv": b"2,two\n3,three\n",
    "year=2024/kind=__HIVE_DEFAULT_PARTITION__/x.csv": b"4,four\n",
}
KEYS = {"year": "int", "kind": "string"}


def sales(**arguments: Any) -> Table:
    return Table(LAZY, {"n": "int", "t": "string"}, FILES, COMMA, keys=KEYS, **arguments)


def test_keys_are_typed_columns_and_the_default_partition_is_null() -> None:
    shown = [OutputColumn(name, "varchar") for name in ("n", "_col1", "kind", "$path")]
    sql = 'SELECT n, year + 1, kind, "$path" FROM "t 0" ORDER BY n'
    found = sales().rows(sql, used=["n", "year", "kind"], columns=shown)
    assert [row[:3] for row in found] == [
        ("1", "2024", "a"),
        ("2", "2025", "a"),
        ("3", "2025", "a"),
        ("4", "2025", None),
    ]
    assert found[0][3] == "s3://shop/orders/year=2023/kind=a/x.csv"


def test_a_filter_over_the_keys_opens_and_counts_no_other_partition() -> None:
    table = sales()
    done = table.run('SELECT n FROM "t 0"', used=["n"], partition_filter='"year" > 2023 AND "kind" IS NOT NULL')
    assert (done.rows, done.scanned_bytes) == (2, len(FILES["year=2024/kind=a/x.csv"]))
    assert table.run('SELECT n FROM "t 0"', used=["n"], partition_filter='"year" = 1999').scanned_bytes == 0


@pytest.mark.parametrize(
    ("kind", "text"), [("int", "x"), ("tinyint", "300"), ("date", "2024-13-01"), ("boolean", "yes"), ("int", "1.0")]
)
def test_a_value_that_is_none_of_its_keys_type_fails_the_query(kind: str, text: str) -> None:
    table = Table(LAZY, {"n": "int"}, {f"k={text}/a": b"1\n"}, keys={"k": kind})
    with pytest.raises(QueryError, match=f"HIVE_INVALID_PARTITION_VALUE: Invalid partition value '{text}'"):
        table.rows(used=["n"])


def own(serde: str, columns: dict[str, str], **parameters: str) -> dict[str, Any]:
    listed = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    return {
        "StorageDescriptor": {
            "Columns": listed,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
        }
    }


def test_a_partition_is_read_by_its_own_definition() -> None:
    files = {"k=1/a": b"1,x\n", "k=2/a": b'{"n": 2, "t": "y"}\n', "k=3/a": b"3|z\n"}
    partitions = {
        "2": own(OPENX, {"n": "int", "t": "string"}),
        "3": own(LAZY, {"n": "tinyint", "t": "string"}, **{"field.delim": "|"}),
    }
    table = Table(LAZY, {"n": "bigint", "t": "string"}, files, COMMA, keys={"k": "int"}, partitions=partitions)
    assert table.rows('SELECT n, t, k FROM "t 0" ORDER BY k') == [("1", "x", "1"), ("2", "y", "2"), ("3", "z", "3")]


def test_types_that_do_not_fit_the_tables_are_a_schema_mismatch() -> None:
    partitions = {"1": own(LAZY, {"n": "string", "t": "string"}, **COMMA)}
    table = Table(
        LAZY, {"n": "int", "t": "string"}, {"k=1/a": b"1,x\n"}, COMMA, keys={"k": "int"}, partitions=partitions
    )
    with pytest.raises(
        QueryError, match=r"HIVE_PARTITION_SCHEMA_MISMATCH: .*'n' in table 'shop.orders' is declared as"
    ):
        table.rows()
    assert table.rows(used=["t"]) == [("x",)]


def test_parquet_partitions_have_their_columns_by_name() -> None:
    files = {"k=1/a": file({"t": ["x"], "k": [9]}), "k=2/a": file({"n": [2], "t": ["y"]})}
    partitions = {"1": own(PARQUET, {"t": "string"})}
    table = Table(PARQUET, {"n": "bigint", "t": "string"}, files, keys={"k": "int"}, partitions=partitions)
    assert table.rows('SELECT * EXCLUDE ("$path") FROM "t 0" ORDER BY k') == [(None, "x", "1"), ("2", "y", "2")]


def test_a_table_without_files_has_no_rows() -> None:
    assert Table(LAZY, {"n": "int"}, {}, keys={"k": "int"}).rows() == []
    assert Table(PARQUET, {"n": "int"}, {"_SUCCESS": b"x"}).rows() == []


def test_a_column_that_was_not_declared_as_used_cannot_be_read_by_mistake() -> None:
    done = sales().run(
        'SELECT n, t FROM "t 0"', used=["n"], columns=[OutputColumn("n", "int"), OutputColumn("t", "varchar")]
    )
    assert done.error
    assert "not declared as used" in done.error[1]


@pytest.mark.parametrize(
    "serde", ["com.amazon.ionhiveserde.IonHiveSerDe", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", "com.example.Mine"]
)
def test_another_serde_is_refused_by_name(serde: str) -> None:
    with pytest.raises(QueryError, match=f"NOT_SUPPORTED: The local AWS does not offer this: .*{serde}"):
        Table(serde, {"n": "int"}, {"a": b"x"}).rows()


@pytest.mark.parametrize(
    ("storage", "parameters", "words"),
    [
        ({"InputFormat": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"}, {}, "SymlinkTextInputFormat"),
        ({"InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat"}, {}, "SequenceFileInputFormat"),
        ({}, {"table_type": "iceberg"}, "ICEBERG"),
    ],
)
def test_rows_that_are_not_in_the_files_themselves_are_refused(
    storage: dict[str, str], parameters: dict[str, str], words: str
) -> None:
    table = Table(LAZY, {"n": "int"}, {"a": b"1\n"}, parameters=parameters)
    table.relation.definition["StorageDescriptor"].update(storage)
    with pytest.raises(QueryError, match=f"does not offer this: .*{words}"):
        table.rows()


def test_two_partitions_may_have_one_location_and_folders_any_name() -> None:
    table = Table(PARQUET, {"n": "bigint"}, {"k=1/a": file({"n": [7]})}, keys={"k": "int"})
    table.parts = (*table.parts, replace(table.parts[0], values=("2",)))
    task = table.task('SELECT n, k FROM "t 0" ORDER BY k')
    folder = table.folder / "it's [a] *"
    task = replace(task, folder=str(folder), output=replace(task.output, path=str(folder / "result.csv")))
    assert worker.execute(task).error is None
    assert result(folder / "result.csv") == [("7", "1"), ("7", "2")]


@pytest.mark.parametrize("serde", [LAZY, PARQUET])
def test_a_file_that_is_gone_is_named(serde: str) -> None:
    table = Table(serde, {"n": "int"}, {"a": b"1\n"})
    (table.folder / "objects" / "0").unlink()
    with pytest.raises(QueryError, match="HIVE_CANNOT_OPEN_SPLIT: s3://shop/orders/a does not exist any more"):
        table.rows()


def test_a_relation_of_rows_has_no_files() -> None:
    table = sales()
    columns = table.relation.columns + table.relation.partition_keys
    rows = [["1", "it's", "2024", None], [None, "", "2025", "b"]]
    task = table.task('SELECT n, t, year + 1, kind FROM "t 0"')
    relation = Relation("shop", "orders$partitions", columns, (), None, {"rows": rows})
    use = TableUse(relation, "t 0", frozenset(column.name for column in columns))
    task = replace(task, query=replace(task.query, tables=(use,)))
    assert worker.execute(task).error is None
    assert result(Path(task.output.path)) == [("1", "it's", "2025", None), (None, "", "2026", "b")]
