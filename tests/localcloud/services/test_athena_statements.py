"""Athena's statements through the catalog: what they make is there, what they refuse leaves nothing."""

from __future__ import annotations

import base64
import json

import pytest
from athena_queries import Athena, Failed, made
from own_cloud import OwnCloud


@pytest.fixture(scope="module")
def forest(local_aws: OwnCloud) -> Athena:
    """A table `trees` of two rows with a tab between its fields; one `plots` in folders by year, not yet known."""
    athena = made(local_aws, "forest")
    athena.put("trees/a.txt", "1\toak\n2\telm\n")
    athena.put("trees/_hidden/b.txt", "9\tno\n")
    athena.put("trees-of-others/c.txt", "8\tno\n")
    delimited = r"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t'"
    athena.run(f"CREATE EXTERNAL TABLE trees (id int, kind string) {delimited} LOCATION 's3://{athena.bucket}/trees'")
    for year in (2021, 2022):
        athena.put(f"plots/Year={year}/x.txt", f"{year % 10}\tplot\n")
    athena.run(
        f"CREATE EXTERNAL TABLE plots (id int, kind string) PARTITIONED BY (year int) {delimited} "
        f"LOCATION 's3://{athena.bucket}/plots/'"
    )
    return athena


def test_databases_come_change_and_go(forest: Athena) -> None:
    name = forest.database + "_b"
    forest.run(f"CREATE SCHEMA IF NOT EXISTS {name} COMMENT 'second' WITH DBPROPERTIES ('a'='1')")
    forest.run(f"CREATE DATABASE IF NOT EXISTS {name}")
    forest.run(f"ALTER DATABASE {name} SET DBPROPERTIES ('b'='2')")
    found = forest.glue.get_database(Name=name)["Database"]
    assert (found["Description"], found["Parameters"]) == ("second", {"a": "1", "b": "2"})
    assert forest.lines(f"SHOW DATABASES LIKE '{forest.database}*'") == [forest.database, name]
    with pytest.raises(Failed, match="already exists"):
        forest.run(f"CREATE DATABASE {name}")
    with pytest.raises(Failed, match="is not empty"):
        forest.run(f"DROP DATABASE {forest.database}")
    forest.run(f"DROP DATABASE {name}")
    forest.run(f"DROP DATABASE IF EXISTS {name}")
    with pytest.raises(Failed, match="Database does not exist"):
        forest.run(f"SHOW TABLES IN {name}")


def test_a_table_reads_its_own_folder_and_nothing_hidden(forest: Athena) -> None:
    assert forest.rows("SELECT * FROM trees ORDER BY id") == [["1", "oak"], ["2", "elm"]]


def test_a_location_that_is_a_file_is_refused(forest: Athena) -> None:
    with pytest.raises(Failed, match="is not a directory"):
        forest.run(f"CREATE EXTERNAL TABLE one (a int) LOCATION 's3://{forest.bucket}/trees/a.txt'")


def test_show_create_table_makes_the_same_table_again(forest: Athena) -> None:
    sql = "\n".join(forest.lines("SHOW CREATE TABLE plots"))
    forest.run(sql.replace(f"`{forest.database}.plots`", "again"))
    first, second = (
        forest.glue.get_table(DatabaseName=forest.database, Name=name)["Table"] for name in ("plots", "again")
    )
    for member in ("StorageDescriptor", "PartitionKeys", "TableType"):
        assert first[member] == second[member]
    forest.run("DROP TABLE again")


def test_partitions_are_found_added_dropped_and_renamed(forest: Athena) -> None:
    count = "SELECT year, count(*) FROM plots GROUP BY year ORDER BY year"
    assert forest.rows(count) == []  # none is registered yet
    assert "Repair: Added partition to metastore plots:year=2021" in forest.lines("MSCK REPAIR TABLE plots")
    assert forest.lines("MSCK REPAIR TABLE plots") == []
    assert forest.lines("SHOW PARTITIONS plots") == ["year=2021", "year=2022"]
    assert forest.rows(count) == [["2021", "1"], ["2022", "1"]]
    forest.run(f"ALTER TABLE plots ADD PARTITION (year = 1999) LOCATION 's3://{forest.bucket}/trees/'")
    with pytest.raises(Failed, match="Partition already exists"):
        forest.run("ALTER TABLE plots ADD PARTITION (year = 1998) PARTITION (year = 1999)")
    assert "year=1998" not in forest.lines("SHOW PARTITIONS plots")
    forest.run("ALTER TABLE plots PARTITION (year = 1999) RENAME TO PARTITION (year = 2000)")
    assert forest.rows('SELECT year FROM "plots$partitions" ORDER BY 1') == [["2000"], ["2021"], ["2022"]]
    forest.run("ALTER TABLE plots DROP PARTITION (year < 2021), PARTITION (year = 2022)")
    assert forest.lines("SHOW PARTITIONS plots") == ["year=2021"]
    with pytest.raises(Failed, match="Partition not found"):
        forest.run("ALTER TABLE plots DROP PARTITION (year = 3000)")
    with pytest.raises(Failed, match="not a partitioned table"):
        forest.run("SHOW PARTITIONS trees")


def test_columns_and_properties_change(forest: Athena) -> None:
    forest.run(f"CREATE EXTERNAL TABLE shrubs (a int, b string) LOCATION 's3://{forest.bucket}/shrubs/'")
    forest.run("ALTER TABLE shrubs ADD COLUMNS (c array<int> COMMENT 'many')")
    forest.run("ALTER TABLE shrubs CHANGE COLUMN c d array<int> FIRST")
    assert [line.split() for line in forest.lines("DESCRIBE shrubs")] == [
        ["d", "array<int>", "many"],
        ["a", "int"],
        ["b", "string"],
    ]
    assert forest.lines("SHOW COLUMNS IN shrubs") == ["d", "a", "b"]
    forest.run("ALTER TABLE shrubs REPLACE COLUMNS (z bigint)")
    forest.run("ALTER TABLE shrubs SET TBLPROPERTIES ('owner'='me')")
    assert forest.lines("SHOW TBLPROPERTIES shrubs('owner')") == ["owner\tme"]
    with pytest.raises(Failed, match="Duplicate column name"):
        forest.run("ALTER TABLE shrubs ADD COLUMNS (z int)")
    forest.run("DROP TABLE shrubs")


def test_describe_pads_its_fields_and_repeats_the_keys(forest: Athena) -> None:
    assert [str(row[0]) for row in forest.rows("DESCRIBE plots")][:4] == [
        f"{'id':<20}\t{'int':<20}\t{'':<20}",
        f"{'kind':<20}\t{'string':<20}\t{'':<20}",
        f"{'year':<20}\t{'int':<20}\t{'':<20}",
        f"{'':<20}\t{'':<20}\t{'':<20}",
    ]


def test_a_view_is_kept_as_athena_keeps_it(forest: Athena) -> None:
    forest.run("CREATE VIEW tall AS SELECT id * 2 AS double_id, kind FROM trees")
    table = forest.glue.get_table(DatabaseName=forest.database, Name="tall")["Table"]
    text = table["ViewOriginalText"]
    body = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))
    assert (table["TableType"], table["ViewExpandedText"]) == ("VIRTUAL_VIEW", "/* Presto View */")
    assert body["originalSql"] == "SELECT id * 2 AS double_id, kind FROM trees"
    assert [column["name"] for column in body["columns"]] == ["double_id", "kind"]
    assert forest.rows("SELECT double_id FROM tall WHERE kind = 'elm'") == [["4"]]
    assert forest.lines("SHOW VIEWS") == ["tall"]
    with pytest.raises(Failed, match="View already exists"):
        forest.run("CREATE VIEW tall AS SELECT 1 AS x")
    forest.run("CREATE OR REPLACE VIEW tall AS SELECT 1 AS x")
    assert forest.rows("SELECT * FROM tall") == [["1"]]
    with pytest.raises(Failed, match="COLUMN_NOT_FOUND"):
        forest.run("CREATE OR REPLACE VIEW tall AS SELECT height FROM trees")
    with pytest.raises(Failed, match="view"):
        forest.run("DROP TABLE tall")
    forest.run("DROP VIEW tall")


@pytest.mark.parametrize("kind", ["PARQUET", "JSON", "TEXTFILE"])
def test_a_table_is_made_of_a_query_and_filled(forest: Athena, kind: str) -> None:
    name, place = f"made_{kind.lower()}", f"made/{kind}/"
    execution = forest.run(
        f"CREATE TABLE {name} WITH (format = '{kind}', external_location = 's3://{forest.bucket}/{place}', "
        "partitioned_by = ARRAY['half']) AS SELECT id, kind, id / 2 AS half FROM trees"
    )
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{forest.bucket}/")
    listed = forest.s3.get_object(Bucket=forest.bucket, Key=manifest)["Body"].read().decode().split()
    assert listed == [f"s3://{forest.bucket}/{key}" for key in forest.keys(place)]
    assert forest.page(execution["QueryExecutionId"])["UpdateCount"] == 2
    forest.run(f"INSERT INTO {name} VALUES (3, 'ash', 1), (4, NULL, 7)")
    forest.run(f"INSERT INTO {name} (half, id) SELECT 0, 5")
    assert forest.rows(f"SELECT * FROM {name} ORDER BY id") == [
        ["1", "oak", "0"],
        ["2", "elm", "1"],
        ["3", "ash", "1"],
        ["4", None, "7"],
        ["5", None, "0"],
    ]
    assert forest.lines(f"SHOW PARTITIONS {name}") == ["half=0", "half=1", "half=7"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1", "COLUMN_NAME_NOT_SPECIFIED"),
        ("SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME"),
        ("SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN"),
        ("SELECT TIME '10:00:00' AS a", "Unsupported Hive type"),
        ("SELECT 1 AS a, 1 / (id - 1) AS b FROM trees", "DIVISION_BY_ZERO"),
    ],
)
def test_a_table_that_fails_leaves_nothing(forest: Athena, sql: str, reason: str) -> None:
    with pytest.raises(Failed, match=reason):
        forest.run(f"CREATE TABLE failed WITH (external_location = 's3://{forest.bucket}/failed/') AS {sql}")
    assert forest.keys("failed/") == []
    assert "failed" not in forest.lines("SHOW TABLES")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("format = 'ORC'", "does not offer.*ORC"),
        ("bucket_count = 2, bucketed_by = ARRAY['a']", "bucketed"),
        ("table_type = 'ICEBERG'", "Iceberg"),
        ("colour = 'red'", "table property 'colour' does not exist"),
        ("partitioned_by = ARRAY['a']", "HIVE_COLUMN_ORDER_MISMATCH"),
        ("format = 'PARQUET', field_delimiter = ','", "field_delimiter"),
    ],
)
def test_a_property_acts_or_is_refused_by_name(forest: Athena, properties: str, reason: str) -> None:
    with pytest.raises(Failed, match=reason):
        forest.run(f"CREATE TABLE failed WITH ({properties}) AS SELECT 1 AS a, 2 AS b")


def test_unload_wants_an_empty_place(forest: Athena) -> None:
    sql = (
        f"UNLOAD (SELECT id FROM trees) TO 's3://{forest.bucket}/out/' WITH (format = 'TEXTFILE', compression = 'NONE')"
    )
    forest.run(sql)
    [key] = forest.keys("out/")
    assert sorted(forest.s3.get_object(Bucket=forest.bucket, Key=key)["Body"].read().split()) == [b"1", b"2"]
    with pytest.raises(Failed, match="HIVE_PATH_ALREADY_EXISTS"):
        forest.run(sql)


def test_insert_begins_a_file_with_a_header_where_the_table_skips_one(forest: Athena) -> None:
    forest.run(
        f"CREATE EXTERNAL TABLE headed (a int, b string) LOCATION 's3://{forest.bucket}/headed/' "
        "TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    forest.run("INSERT INTO headed VALUES (1, 'x')")
    assert forest.rows("SELECT * FROM headed") == [["1", "x"]]


def test_statements_that_athena_refuses_for_such_tables(forest: Athena) -> None:
    for sql in ("DELETE FROM trees", "UPDATE trees SET id = 1", "MERGE INTO trees USING plots ON true"):
        with pytest.raises(Failed, match="NOT_SUPPORTED"):
            forest.run(sql)
    for sql in ("SELECT * FROM birches", "DELETE FROM birches"):
        with pytest.raises(Failed, match=r"TABLE_NOT_FOUND: line 1:1.*birches' does not exist"):
            forest.run(sql)


def test_information_schema_answers_from_the_catalog(forest: Athena) -> None:
    where = f"WHERE table_schema = '{forest.database}' AND table_name = 'plots'"
    assert forest.rows(f"SELECT table_type FROM information_schema.tables {where}") == [["BASE TABLE"]]
    columns = f"SELECT column_name, data_type FROM information_schema.columns {where} ORDER BY ordinal_position"
    assert forest.rows(columns) == [["id", "integer"], ["kind", "varchar"], ["year", "integer"]]


PROJECTIONS = {
    "date": ("'projection.p.format'='yyyy/MM', 'projection.p.range'='2020/01,NOW'", "2021/02", "2019/12"),
    "integer": ("'projection.p.range'='0,99', 'projection.p.digits'='2', 'projection.p.interval'='5'", "05", "07"),
    "enum": ("'projection.p.values'='north,south east'", "south east", "west"),
}


@pytest.mark.parametrize("kind", PROJECTIONS)
def test_projected_partitions_are_those_of_the_properties(forest: Athena, kind: str) -> None:
    properties, inside, outside = PROJECTIONS[kind]
    place = f"s3://{forest.bucket}/projected_{kind}"
    for value in (inside, outside):
        forest.put(f"projected_{kind}/{value}/a.txt", "1\n")
    forest.run(
        f"CREATE EXTERNAL TABLE projected_{kind} (id int) PARTITIONED BY (p string) LOCATION '{place}/' TBLPROPERTIES ("
        f"'projection.enabled'='true', 'projection.p.type'='{kind}', {properties}, "
        f"'storage.location.template'='{place}/${{p}}')"
    )
    assert forest.rows(f"SELECT p, id FROM projected_{kind}") == [[inside, "1"]]
