"""Statements are read into what they ask for; each clause has its place, or is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sql import formats, statements
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.parse import parse
from localcloud.sql.statements import ColumnDefinition, TableName


@pytest.mark.parametrize(
    ("sql", "kind", "expected"),
    [
        ("-- why\n/* and */ SELECT 1;", statements.Select, {}),
        ("(SELECT 1) UNION (SELECT 2)", statements.Select, {}),
        ("INSERT INTO Wood.Trees (Kind) VALUES ('a;b')", statements.Insert, {"table": TableName("wood", "trees")}),
        ("insert into trees (select 1)", statements.Insert, {"columns": ()}),
        ("insert into trees (a, b) select 1, 2", statements.Insert, {"columns": ("a", "b")}),
        ("UNLOAD (SELECT (1)) TO 's3://b/u/' WITH (format='JSON')", statements.Unload, {"location": "s3://b/u/"}),
        ("create table trees as select 1 x with no data", statements.CreateTableAs, {"with_data": False}),
        (
            "CREATE TABLE IF NOT EXISTS trees WITH (partitioned_by = ARRAY['y'], format = 'PARQUET') AS SELECT 1, 2",
            statements.CreateTableAs,
            {"properties": {"partitioned_by": ["y"], "format": "PARQUET"}, "if_not_exists": True},
        ),
        ("EXECUTE p USING 1, 'a,b', ARRAY[1, 2]", statements.Execute, {"parameters": ("1", "'a,b'", "ARRAY[1, 2]")}),
        ("DROP DATABASE IF EXISTS wood CASCADE", statements.DropDatabase, {"if_exists": True, "cascade": True}),
        ("drop schema wood restrict", statements.DropDatabase, {"if_exists": False, "cascade": False}),
        ("MSCK REPAIR TABLE `wood`.`trees`;", statements.RepairTable, {"table": TableName("wood", "trees")}),
        (
            "ALTER TABLE trees ADD IF NOT EXISTS PARTITION (y=2024, k='é') LOCATION 's3://b/' PARTITION (y=-1, k='b')",
            statements.AddPartitions,
            {"partitions": (({"y": "2024", "k": "é"}, "s3://b/"), ({"y": "-1", "k": "b"}, None))},
        ),
        (
            "alter table trees drop partition (y >= 2000), partition (y = 1)",
            statements.DropPartitions,
            {"partitions": ((("y", ">=", "2000"),), (("y", "=", "1"),))},
        ),
        ("alter table trees change a b bigint first", statements.ChangeColumns, {"old": "a", "after": ""}),
        ("alter table trees partition (y=1) set location 's3://b/'", statements.SetLocation, {"partition": {"y": "1"}}),
        ("show tables in Wood 'oak*|elm*'", statements.Show, {"database": "wood", "pattern": "oak*|elm*"}),
        ("SHOW COLUMNS FROM trees IN wood", statements.Show, {"of": TableName("wood", "trees")}),
        ("describe trees leaf.'$elem$'", statements.Describe, {"column": ("leaf", "$elem$")}),
        ("desc formatted awsdatacatalog.wood.trees", statements.Describe, {"table": TableName("wood", "trees")}),
    ],
)
def test_a_statement_is_read(sql: str, kind: type, expected: dict[str, Any]) -> None:
    found = parse(sql)
    assert type(found) is kind
    assert {name: getattr(found, name) for name in expected} == expected


def test_create_table_has_each_clause_in_its_place() -> None:
    found = parse(r"""
        CREATE EXTERNAL TABLE IF NOT EXISTS wood.`Trees` (
            id int COMMENT 'it''s', leaf array<struct<Size : decimal(5,2), tags:map<string,int>>>, height decimal)
        COMMENT 'what grows' PARTITIONED BY (planted date)
        ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY '\002'
            MAP KEYS TERMINATED BY '\u0003' LINES TERMINATED BY '\n' NULL DEFINED AS ''
        STORED AS TEXTFILE LOCATION 's3://forest/trees' TBLPROPERTIES ('skip.header.line.count'='1')""")
    assert isinstance(found, statements.CreateTable)
    assert found.columns == (
        ColumnDefinition("id", "int", "its"),  # Hive joins texts that stand side by side
        ColumnDefinition("leaf", "array<struct<size:decimal(5,2),tags:map<string,int>>>"),
        ColumnDefinition("height", "decimal(10,0)"),
    )
    assert found.partition_keys == (ColumnDefinition("planted", "date"),)
    assert (found.table, found.comment, found.location) == (
        TableName("wood", "trees"),
        "what grows",
        "s3://forest/trees",
    )
    assert found.serde_properties == {
        "serialization.format": "\t",
        "field.delim": "\t",
        "escape.delim": "\\",
        "collection.delim": "\x02",
        "mapkey.delim": "\x03",
        "line.delim": "\n",
        "serialization.null.format": "",
    }
    assert (found.serde, found.formats) == (formats.LAZY_SIMPLE, formats.TEXT_CLASSES)


def test_a_query_inside_keeps_its_place() -> None:
    found = parse("CREATE VIEW v AS\n  SELECT 1")
    assert isinstance(found, statements.CreateView)
    assert found.query == " " * len("CREATE VIEW v AS") + "\n  SELECT 1"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1; select 2", "Only one sql statement is allowed"),
        ("choose 1", "line 1:1: mismatched input 'choose'. Expecting: 'ALTER'"),
        ("  ", "mismatched input '<EOF>'"),
        ("use wood", "not supported: USE"),
        ("show create table trees and more", "line 1:25: mismatched input 'and'"),
        ("create external table trees (a integer) location 's3://b/'", "In DDL it is int"),
        ("create external table trees (a int)", "Expecting: LOCATION"),
        ("create external table trees (a int, A string) location 's3://b/'", "Duplicate column name: a"),
        ("create external table t (a int) partitioned by (a int) location 's3://b/'", "repeated in partitioning"),
        ("create external table t (a decimal(40,2)) location 's3://b/'", "precision"),
        ("alter table trees add", "mismatched input '<EOF>'"),
        ("drop trees", "Expecting: DATABASE"),
        ("select '" + "x" * 262_144 + "'", "maximum length"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(sql: str, said: str) -> None:
    with pytest.raises(QueryError, match=f"(?s).*{said}") as error:
        parse(sql)
    assert not isinstance(error.value, NotOffered)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("create table t (a int) location 's3://b/' tblproperties ('table_type'='ICEBERG')", "Iceberg"),
        ("create table t (a int) location 's3://b/'", "EXTERNAL"),
        ("create external table t (a int) clustered by (a) into 4 buckets location 's3://b/'", "bucketed"),
        ("create external table t (a int) stored as rcfile location 's3://b/'", "RCFILE"),
        ("alter table t rename to u", "RENAME"),
        ("explain analyze select 1", "EXPLAIN ANALYZE"),
        ("describe other.wood.trees", "data catalog"),
        ("show functions", "FUNCTIONS"),
        ("create view v comment 'c' as select 1", "comment"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(sql: str, what: str) -> None:
    with pytest.raises(NotOffered, match=what):
        parse(sql)
