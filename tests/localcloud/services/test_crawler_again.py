"""A crawl of what was crawled before: new columns and partitions, changed types, objects that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from crawls import Lake, ok

SHIPS = ("ship,masts", "Maud,3", "Fram,2")
LOG = {"SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}}
MERGE = {"Configuration": {"CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}}
INHERIT = {"Configuration": {"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}}
DELETE = {"SchemaChangePolicy": {"DeleteBehavior": "DELETE_FROM_DATABASE"}}


def partition_columns(lake: Lake, name: str) -> dict[str, list[str]]:
    found = lake.glue.get_partitions(DatabaseName=lake.database, TableName=name)["Partitions"]
    return {
        partition["Values"][0]: [column["Name"] for column in partition["StorageDescriptor"]["Columns"]]
        for partition in found
    }


def test_partitions_and_columns_are_added(lake: Lake) -> None:
    lake.put_csv("ships/y=1/a.csv", *SHIPS)
    crawler = lake.crawler("ships")
    ok(lake.run(crawler))
    lake.put_csv("ships/y=2/a.csv", "ship,masts,built", "Ran,1,1900")
    ok(lake.run(crawler))
    assert lake.columns("ships") == {"ship": "string", "masts": "bigint", "built": "bigint"}
    assert partition_columns(lake, "ships") == {"1": ["ship", "masts"], "2": ["ship", "masts", "built"]}
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"]) == (1, 1)


def test_a_crawl_that_finds_nothing_new_changes_nothing(lake: Lake) -> None:
    lake.put_csv("ships/y=1/a.csv", *SHIPS)
    crawler = lake.crawler("ships")
    ok(lake.run(crawler))
    before = lake.table("ships")
    ok(lake.run(crawler))
    assert lake.table("ships") == before


@pytest.mark.parametrize(
    ("policy", "columns"),
    [
        ({}, {"ship": "string", "masts": "string", "built": "bigint"}),
        (MERGE, {"ship": "string", "masts": "bigint", "built": "bigint"}),
        (LOG, {"ship": "string", "masts": "bigint"}),
    ],
)
def test_what_a_changed_schema_does(lake: Lake, policy: dict[str, Any], columns: dict[str, str]) -> None:
    lake.put_csv("ships/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **policy)
    ok(lake.run(crawler))
    lake.put_csv("ships/a.csv", "ship,masts,built", "Maud,three,1917")
    ok(lake.run(crawler))
    assert lake.columns("ships") == columns


def test_a_column_that_is_gone_stays_only_when_columns_are_merged(lake: Lake) -> None:
    crawlers = {}
    for name, policy in (("plain", {}), ("merge", MERGE)):
        lake.put_csv(f"{name}/a.csv", *SHIPS)
        crawlers[name] = lake.crawler(name, **policy)
        ok(lake.run(crawlers[name]))
        lake.put_csv(f"{name}/a.csv", "ship,built", "Maud,1917")
        ok(lake.run(crawlers[name]))
    assert list(lake.columns("plain")) == ["ship", "built"]
    assert list(lake.columns("merge")) == ["ship", "masts", "built"]


def test_another_format_deprecates_a_table_whose_columns_are_merged(lake: Lake) -> None:
    lake.put_csv("ships/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **MERGE)
    ok(lake.run(crawler))
    lake.put_csv("ships/a.csv", *(row.replace(",", ";") for row in SHIPS))
    ok(lake.run(crawler))
    assert lake.table("ships")["Parameters"]["delimiter"] == ","
    assert "DEPRECATED_BY_CRAWLER" in lake.table("ships")["Parameters"]


def test_partitions_can_inherit_from_the_table(lake: Lake) -> None:
    lake.put_csv("ships/y=1/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **INHERIT)
    ok(lake.run(crawler))
    lake.put_csv("ships/y=2/a.csv", "ship,masts,built", "Ran,1,1900")
    ok(lake.run(crawler))
    assert partition_columns(lake, "ships") == {"1": ["ship", "masts", "built"], "2": ["ship", "masts", "built"]}


def test_what_the_user_has_named_stays_with_log(lake: Lake) -> None:
    lake.put_csv("ships/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **LOG)
    ok(lake.run(crawler))
    table = lake.table("ships")
    members = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    mine = {name: table[name] for name in members}
    mine["StorageDescriptor"]["Columns"][1]["Name"] = "number_of_masts"
    lake.glue.update_table(DatabaseName=lake.database, TableInput=mine)
    ok(lake.run(crawler))
    assert list(lake.columns("ships")) == ["ship", "number_of_masts"]
    assert any("UpdateBehavior LOG" in line for line in lake.log(crawler))


@pytest.mark.parametrize(
    ("policy", "tables", "deprecated"),
    [({}, ["ships", "tides"], True), (LOG, ["ships", "tides"], False), (DELETE, ["ships"], False)],
)
def test_what_a_folder_does_that_is_gone(
    lake: Lake, policy: dict[str, Any], tables: list[str], deprecated: bool
) -> None:
    lake.put_csv("lake/ships/a.csv", *SHIPS)
    lake.put_csv("lake/tides/a.csv", "port,level,at", "Hull,3.5,noon")
    lake.put_csv("other/a.csv", *SHIPS)
    ok(lake.crawl("other"))
    crawler = lake.crawler("lake", **policy)
    ok(lake.run(crawler))
    lake.delete("lake/tides/a.csv")
    lake.put_csv("lake/notes/a.json", '{"text": "x"}')  # so that ships stays a table of its own
    ok(lake.run(crawler))
    assert lake.tables() == sorted([*tables, "notes", "other"])
    if "tides" in tables:
        assert ("DEPRECATED_BY_CRAWLER" in lake.table("tides")["Parameters"]) is deprecated
        lake.put_csv("lake/tides/a.csv", "port,level,at", "Hull,3.5,noon")
        ok(lake.run(crawler))
        assert "DEPRECATED_BY_CRAWLER" not in lake.table("tides")["Parameters"]


@pytest.mark.parametrize(("policy", "left"), [({}, [["1"], ["2"]]), (DELETE, [["2"]])])
def test_what_a_partition_does_that_is_gone(lake: Lake, policy: dict[str, Any], left: list[list[str]]) -> None:
    for year in (1, 2):
        lake.put_csv(f"ships/y={year}/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **policy)
    ok(lake.run(crawler))
    lake.delete("ships/y=1/a.csv")
    ok(lake.run(crawler))
    assert lake.partitions("ships") == left


def test_a_table_of_somebody_else_keeps_its_name(lake: Lake) -> None:
    elsewhere = {"Columns": [], "Location": lake.address("elsewhere/")}
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "ships", "StorageDescriptor": elsewhere})
    lake.put_csv("ships/a.csv", *SHIPS)
    crawler = lake.crawler("ships", **DELETE)
    for _ in range(2):
        ok(lake.run(crawler))
        names = lake.tables()
        assert len(names) == 2
        assert names[1].startswith("ships_")
    assert lake.table("ships")["StorageDescriptor"]["Location"] == lake.address("elsewhere/")


def test_other_partition_keys_leave_the_table_and_say_so(lake: Lake) -> None:
    lake.put_csv("ships/y=1/a.csv", *SHIPS)
    crawler = lake.crawler("ships")
    ok(lake.run(crawler))
    lake.delete("ships/y=1/a.csv")
    lake.put_csv("ships/m=2/a.csv", *SHIPS)
    ok(lake.run(crawler))
    assert lake.keys("ships") == ["y"]
    assert lake.partitions("ships") == [["1"]]
    values = lake.glue.get_partitions(DatabaseName=lake.database, TableName="ships")["Partitions"]
    assert values[0]["StorageDescriptor"]["Location"] == lake.address("ships/y=1/")
    assert any("Delete the table" in line for line in lake.log(crawler))


def test_a_table_without_partitions_can_get_some(lake: Lake) -> None:
    lake.put_csv("ships/a.csv", *SHIPS)
    crawler = lake.crawler("ships")
    ok(lake.run(crawler))
    lake.delete("ships/a.csv")
    lake.put_csv("ships/y=1/a.csv", *SHIPS)
    ok(lake.run(crawler))
    assert lake.keys("ships") == ["y"]
    assert lake.partitions("ships") == [["1"]]
