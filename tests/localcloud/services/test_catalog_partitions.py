"""Partitions of the Data Catalog: by values, in pages and segments, with indexes and statistics."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

STORAGE = {"Columns": [{"Name": "Price", "Type": "double"}], "Location": "s3://shop/sales/"}
KEYS = [{"Name": "year", "Type": "int"}, {"Name": "city", "Type": "string"}]


@pytest.fixture
def glue(workshop: Any) -> Any:
    return boto3.client("glue")


@pytest.fixture
def sales(glue: Any) -> Iterator[dict[str, str]]:
    """Where a table of two partition keys is: the two members that name it in a request."""
    database = f"shop_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": database})
    table = {"Name": "sales", "StorageDescriptor": STORAGE, "PartitionKeys": KEYS}
    glue.create_table(DatabaseName=database, TableInput=table)
    yield {"DatabaseName": database, "TableName": "sales"}
    glue.delete_database(Name=database)


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**params)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]]


def fill(glue: Any, where: dict[str, str], *values: list[str]) -> None:
    for start in range(0, len(values), 100):
        batch = [{"Values": pair, "StorageDescriptor": STORAGE} for pair in values[start : start + 100]]
        assert glue.batch_create_partition(**where, PartitionInputList=batch)["Errors"] == []


def values(answer: dict[str, Any]) -> list[list[str]]:
    return [partition["Values"] for partition in answer["Partitions"]]


def test_a_partition_is_found_by_its_values_with_all_that_was_given(glue: Any, sales: dict[str, str]) -> None:
    seen = datetime(2024, 3, 1, tzinfo=UTC)
    given = {"Values": ["2024", "Köln/Süd"], "StorageDescriptor": STORAGE, "Parameters": {"a": "1"}}
    glue.create_partition(**sales, PartitionInput={**given, "LastAccessTime": seen})
    found = glue.get_partition(**sales, PartitionValues=["2024", "Köln/Süd"])["Partition"]
    assert (found["DatabaseName"], found["TableName"]) == (sales["DatabaseName"], "sales")
    assert (found["Parameters"], found["LastAccessTime"]) == ({"a": "1"}, seen)
    assert found["StorageDescriptor"]["Columns"] == [{"Name": "price", "Type": "double"}]
    assert refusal(glue.create_partition, **sales, PartitionInput=given)[0] == "AlreadyExistsException"


@pytest.mark.parametrize("wrong", [["2024"], ["2024", "Bonn", "x"], []])
def test_there_is_a_value_for_each_key(glue: Any, sales: dict[str, str], wrong: list[str]) -> None:
    assert refusal(glue.create_partition, **sales, PartitionInput={"Values": wrong})[0] == "InvalidInputException"
    assert refusal(glue.get_partition, **sales, PartitionValues=wrong)[0] == "InvalidInputException"
    batch = [{"Values": wrong}, {"Values": ["2024", "Bonn"]}]
    assert codes(glue.batch_create_partition(**sales, PartitionInputList=batch)) == ["InvalidInputException"]
    assert values(glue.get_partitions(**sales)) == [["2024", "Bonn"]]


def test_what_is_not_there_is_not_found(glue: Any, sales: dict[str, str]) -> None:
    missing = {"PartitionValues": ["1", "x"]}
    assert refusal(glue.get_partition, **sales, **missing)[0] == "EntityNotFoundException"
    assert refusal(glue.delete_partition, **sales, **missing)[0] == "EntityNotFoundException"
    nowhere = {**sales, "TableName": "none"}
    assert refusal(glue.get_partitions, **nowhere)[0] == "EntityNotFoundException"
    assert refusal(glue.batch_create_partition, **nowhere, PartitionInputList=[])[0] == "EntityNotFoundException"


def test_many_are_made_read_changed_and_deleted_and_each_failure_is_named(glue: Any, sales: dict[str, str]) -> None:
    fill(glue, sales, ["2023", "Bonn"], ["2024", "Bonn"])
    again = [{"Values": ["2024", "Bonn"]}, {"Values": ["2025", "Bonn"]}]
    assert codes(glue.batch_create_partition(**sales, PartitionInputList=again)) == ["AlreadyExistsException"]
    wanted = [{"Values": [year, "Bonn"]} for year in ("2023", "1999", "2025")]
    got = glue.batch_get_partition(**sales, PartitionsToGet=wanted)
    assert (values(got), got["UnprocessedKeys"]) == ([["2023", "Bonn"], ["2025", "Bonn"]], [])
    entries = [
        {"PartitionValueList": ["2023", "Bonn"], "PartitionInput": {"Values": ["2022", "Bonn"]}},
        {"PartitionValueList": ["2024", "Bonn"], "PartitionInput": {"Values": ["2025", "Bonn"]}},
        {"PartitionValueList": ["1999", "Bonn"], "PartitionInput": {"Values": ["1999", "Bonn"]}},
    ]
    assert codes(glue.batch_update_partition(**sales, Entries=entries)) == [
        "AlreadyExistsException",
        "EntityNotFoundException",
    ]
    assert values(glue.get_partitions(**sales)) == [["2022", "Bonn"], ["2024", "Bonn"], ["2025", "Bonn"]]
    gone = [{"Values": [year, "Bonn"]} for year in ("2022", "1999", "2024")]
    assert codes(glue.batch_delete_partition(**sales, PartitionsToDelete=gone)) == ["EntityNotFoundException"]
    assert values(glue.get_partitions(**sales)) == [["2025", "Bonn"]]


def test_an_update_takes_the_place_of_the_whole_partition(glue: Any, sales: dict[str, str]) -> None:
    fill(glue, sales, ["2024", "Ulm"])
    made = glue.get_partition(**sales, PartitionValues=["2024", "Ulm"])["Partition"]["CreationTime"]
    new = {"Values": ["2024", "Ulm"], "StorageDescriptor": {"Location": "s3://shop/moved/"}}
    glue.update_partition(**sales, PartitionValueList=["2024", "Ulm"], PartitionInput=new)
    found = glue.get_partition(**sales, PartitionValues=["2024", "Ulm"])["Partition"]
    assert found["StorageDescriptor"]["Location"] == "s3://shop/moved/"
    assert "Columns" not in found["StorageDescriptor"]
    assert found["CreationTime"] == made


def test_pages_add_up_with_an_expression_and_when_others_come_and_go(glue: Any, sales: dict[str, str]) -> None:
    fill(glue, sales, *([str(year), city] for year in range(2000, 2010) for city in ("Aue", "Hof")))
    seen: list[list[str]] = []
    request = {**sales, "Expression": "city = 'Hof' AND year < 2008", "MaxResults": 3}
    while True:
        page = glue.get_partitions(**request)
        seen += values(page)
        assert len(page["Partitions"]) <= 3
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
        glue.delete_partition(**sales, PartitionValues=seen[-1])
        fill(glue, sales, [f"19{len(seen)}0", "Hof"])
    assert seen == [[str(year), "Hof"] for year in range(2000, 2008)]
    assert refusal(glue.get_partitions, **sales, NextToken="x")[0] == "InvalidInputException"


def test_segments_share_the_partitions_among_readers(glue: Any, sales: dict[str, str]) -> None:
    everything = [[str(year), "Hof"] for year in range(2000, 2050)]
    fill(glue, sales, *everything)
    shares = [
        values(glue.get_partitions(**sales, Segment={"SegmentNumber": number, "TotalSegments": 3}))
        for number in range(3)
    ]
    assert all(shares)
    assert sorted(pair for share in shares for pair in share) == everything
    beyond = refusal(glue.get_partitions, **sales, Segment={"SegmentNumber": 3, "TotalSegments": 3})
    assert beyond[0] == "InvalidInputException"


def test_column_schemas_are_left_out_on_demand(glue: Any, sales: dict[str, str]) -> None:
    fill(glue, sales, ["2024", "Hof"])
    (partition,) = glue.get_partitions(**sales, ExcludeColumnSchema=True)["Partitions"]
    assert "Columns" not in partition["StorageDescriptor"]
    assert partition["StorageDescriptor"]["Location"] == STORAGE["Location"]


@pytest.mark.parametrize(
    "params",
    [
        *({"TransactionId": "1"}, {"QueryAsOfTime": 0}, {"AuditContext": {}}, {"MaxResults": 1001}),
        {"Expression": "price > 3"},
    ],
)
def test_a_listing_that_cannot_be_is_refused(glue: Any, sales: dict[str, str], params: dict[str, Any]) -> None:
    assert refusal(glue.get_partitions, **sales, **params)[0] == "InvalidInputException"


def test_ten_thousand_partitions_are_workable(glue: Any, sales: dict[str, str]) -> None:
    everything = [[str(year), f"c{number:03}"] for year in range(2000, 2010) for number in range(1000)]
    began = time.monotonic()
    fill(glue, sales, *everything)
    made = time.monotonic()
    pages = glue.get_paginator("get_partitions").paginate(**sales, ExcludeColumnSchema=True)
    listed = [pair for page in pages for pair in values(page)]
    assert listed == everything
    print(f"made in {made - began:.1f} s, listed in {time.monotonic() - made:.1f} s")
    assert len(glue.get_partitions(**sales, Expression="year = 2004 AND city LIKE 'c00_'")["Partitions"]) == 10


# --- Indexes and statistics ------------------------------------------------------------------------------------


def test_a_table_has_up_to_three_partition_indexes(glue: Any, sales: dict[str, str]) -> None:
    for name, keys in (("by_year", ["year"]), ("by_city", ["City"]), ("both", ["year", "city"])):
        glue.create_partition_index(**sales, PartitionIndex={"IndexName": name, "Keys": keys})
    described = glue.get_partition_indexes(**sales)["PartitionIndexDescriptorList"]
    assert {index["IndexName"]: [key["Name"] for key in index["Keys"]] for index in described} == {
        "by_year": ["year"],
        "by_city": ["city"],
        "both": ["year", "city"],
    }
    assert {index["IndexStatus"] for index in described} == {"ACTIVE"}
    again, fourth, wrong = (
        refusal(glue.create_partition_index, **sales, PartitionIndex={"IndexName": name, "Keys": [key]})[0]
        for name, key in (("both", "year"), ("fourth", "year"), ("wrong", "price"))
    )
    assert (again, fourth, wrong) == (
        *("AlreadyExistsException", "ResourceNumberLimitExceededException", "InvalidInputException"),
    )
    glue.delete_partition_index(**sales, IndexName="both")
    assert refusal(glue.delete_partition_index, **sales, IndexName="both")[0] == "EntityNotFoundException"


def test_a_table_can_be_made_with_its_indexes(glue: Any, sales: dict[str, str]) -> None:
    table = {"Name": "indexed", "PartitionKeys": KEYS}
    request = {"DatabaseName": sales["DatabaseName"], "TableInput": table}
    wrong = [{"IndexName": "none", "Keys": ["none"]}]
    assert refusal(glue.create_table, **request, PartitionIndexes=wrong)[0] == "InvalidInputException"
    glue.create_table(**request, PartitionIndexes=[{"IndexName": "i", "Keys": ["year"]}])  # the wrong one left nothing
    where = {**sales, "TableName": "indexed"}
    assert len(glue.get_partition_indexes(**where)["PartitionIndexDescriptorList"]) == 1


@pytest.mark.parametrize("of", ["table", "partition"])
def test_statistics_of_columns_are_kept_as_they_were_sent(glue: Any, sales: dict[str, str], of: str) -> None:
    fill(glue, sales, ["2024", "Hof"])
    place = {**sales, **({"PartitionValues": ["2024", "Hof"]} if of == "partition" else {})}
    day = datetime(2024, 1, 2, tzinfo=UTC)
    decimals = {
        "MinimumValue": {"UnscaledValue": b"\x01", "Scale": 2},
        "NumberOfNulls": 1,
        "NumberOfDistinctValues": 2,
    }
    data = {"Type": "DECIMAL", "DecimalColumnStatisticsData": decimals}
    statistics = {"ColumnName": "price", "ColumnType": "decimal", "AnalyzedTime": day, "StatisticsData": data}
    update, get, delete = (getattr(glue, f"{verb}_column_statistics_for_{of}") for verb in ("update", "get", "delete"))
    answer = update(**place, ColumnStatisticsList=[statistics, {**statistics, "ColumnName": "none"}])
    assert [error["ColumnStatistics"]["ColumnName"] for error in answer["Errors"]] == ["none"]
    got = get(**place, ColumnNames=["PRICE", "year"])
    assert got["ColumnStatisticsList"] == [statistics]
    assert [error["ColumnName"] for error in got["Errors"]] == ["year"]
    delete(**place, ColumnName="price")
    assert refusal(delete, **place, ColumnName="price")[0] == "EntityNotFoundException"
    update(**place, ColumnStatisticsList=[statistics])
    if of == "partition":
        glue.delete_partition(**place)
        fill(glue, sales, ["2024", "Hof"])
        assert get(**place, ColumnNames=["price"])["ColumnStatisticsList"] == []
