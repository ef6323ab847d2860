"""Databases, tables and their versions in the Data Catalog: what is kept, what is answered, what is refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def glue(workshop: Any) -> Any:
    return boto3.client("glue")


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    name = f"shop_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    yield name
    glue.delete_database(Name=name)


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that a call ends in."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def names(pages: Any, of: str) -> list[list[str]]:
    return [[item["Name"] for item in page[of]] for page in pages]


ORDERS = {
    "Name": "orders",
    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}], "Location": "s3://shop/orders/"},
    "PartitionKeys": [{"Name": "day", "Type": "date"}],
}


# --- Databases -------------------------------------------------------------------------------------------------


def test_a_database_is_found_by_its_name_in_any_case_and_kept_in_lower_case(glue: Any) -> None:
    glue.create_database(DatabaseInput={"Name": "Pets_Of_All", "Description": "cats", "Parameters": {"owner": "Ann"}})
    found = glue.get_database(Name="PETS_OF_ALL")["Database"]
    assert (found["Name"], found["Description"], found["Parameters"]) == ("pets_of_all", "cats", {"owner": "Ann"})
    assert found["CatalogId"] == "123456789012"
    assert refusal(glue.create_database, DatabaseInput={"Name": "pets_of_ALL"})[0] == "AlreadyExistsException"
    glue.update_database(Name="Pets_of_all", DatabaseInput={"Name": "pets_of_all", "LocationUri": "s3://pets/"})
    updated = glue.get_database(Name="pets_of_all")["Database"]
    assert "Description" not in updated  # the new input takes the place of the whole old one
    assert (updated["LocationUri"], updated["CreateTime"]) == ("s3://pets/", found["CreateTime"])
    glue.delete_database(Name="Pets_Of_All")
    assert refusal(glue.get_database, Name="pets_of_all")[0] == "EntityNotFoundException"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"TargetDatabase": {"CatalogId": "1", "DatabaseName": "x"}}, "TargetDatabase"),
        ({"FederatedDatabase": {"Identifier": "x", "ConnectionName": "y"}}, "FederatedDatabase"),
        ({"CreateTableDefaultPermissions": []}, "CreateTableDefaultPermissions"),
        ({"Name": "two\nlines"}, "pattern"),
    ],
)
def test_what_a_database_cannot_have_here_is_named(glue: Any, more: dict[str, Any], named: str) -> None:
    code, message = refusal(glue.create_database, DatabaseInput={"Name": "never", **more})
    assert code == "InvalidInputException"
    assert named in message


def test_databases_come_in_pages_also_when_one_is_added_meanwhile(glue: Any) -> None:
    mine = [f"paged_{letter}_{uuid.uuid4().hex[:6]}" for letter in "acd"]
    for name in mine:
        glue.create_database(DatabaseInput={"Name": name})
    first = glue.get_databases(MaxResults=1)
    glue.create_database(DatabaseInput={"Name": "a_newcomer_before_the_page"})
    seen, token = [first["DatabaseList"][0]["Name"]], first["NextToken"]
    while token:
        page = glue.get_databases(MaxResults=1, NextToken=token, AttributesToGet=["NAME"])
        assert [set(found) for found in page["DatabaseList"]] == [{"Name"}]
        seen, token = [*seen, page["DatabaseList"][0]["Name"]], page.get("NextToken")
    assert [name for name in seen if name in mine] == mine
    assert len(seen) == len(set(seen))
    assert glue.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == []
    for name in [*mine, "a_newcomer_before_the_page"]:
        glue.delete_database(Name=name)


@pytest.mark.parametrize("token", ["1", "null", "bm9uZQ==", "WyJ4IiwgInkiXQ=="])
def test_a_token_of_nowhere_is_refused(glue: Any, database: str, token: str) -> None:
    assert refusal(glue.get_databases, NextToken=token)[0] == "InvalidInputException"
    assert refusal(glue.get_tables, DatabaseName=database, NextToken=token)[0] == "InvalidInputException"


def test_another_accounts_catalog_is_not_found(glue: Any, database: str) -> None:
    assert glue.get_database(CatalogId="123456789012", Name=database)["Database"]["Name"] == database
    for call, params in (
        (glue.get_database, {"Name": database}),
        (glue.get_databases, {}),
        (glue.get_tables, {"DatabaseName": database}),
        (glue.create_table, {"DatabaseName": database, "TableInput": ORDERS}),
        (glue.get_partitions, {"DatabaseName": database, "TableName": "orders"}),
    ):
        assert refusal(call, CatalogId="210987654321", **params)[0] == "EntityNotFoundException"


def test_a_database_takes_its_tables_and_their_partitions_along(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    where = {"DatabaseName": database, "TableName": "orders"}
    glue.create_partition(**where, PartitionInput={"Values": ["2024-05-01"]})
    glue.delete_database(Name=database)
    glue.create_database(DatabaseInput={"Name": database})
    assert glue.get_tables(DatabaseName=database)["TableList"] == []
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    assert glue.get_partitions(**where)["Partitions"] == []


# --- Tables ----------------------------------------------------------------------------------------------------


def test_names_of_tables_columns_and_keys_are_in_lower_case_and_types_as_given(glue: Any, database: str) -> None:
    given = {
        "Name": "ClickLog",
        "StorageDescriptor": {"Columns": [{"Name": "UserId", "Type": "struct<Inner:int>"}]},
        "PartitionKeys": [{"Name": "Year", "Type": "int"}],
    }
    glue.create_table(DatabaseName=database.upper(), TableInput=given)
    table = glue.get_table(DatabaseName=database, Name="CLICKLOG")["Table"]
    assert (table["Name"], table["DatabaseName"]) == ("clicklog", database)
    assert table["StorageDescriptor"]["Columns"] == [{"Name": "userid", "Type": "struct<Inner:int>"}]
    assert table["PartitionKeys"] == [{"Name": "year", "Type": "int"}]
    assert (table["VersionId"], table["CatalogId"], table["IsRegisteredWithLakeFormation"]) == (
        *("0", "123456789012"),
        False,
    )
    assert table["CreateTime"] == table["UpdateTime"]
    again = refusal(glue.create_table, DatabaseName=database, TableInput={"Name": "clickLOG"})
    assert again[0] == "AlreadyExistsException"


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"TableInput": {"Name": "t", "TargetTable": {"Name": "x"}}}, "TargetTable"),
        ({"TableInput": {"Name": "t", "ViewDefinition": {}}}, "ViewDefinition"),
        ({"TableInput": {"Name": "t", "StorageDescriptor": {"SchemaReference": {}}}}, "SchemaReference"),
        ({"TableInput": {"Name": "t"}, "TransactionId": "1"}, "TransactionId"),
        ({"TableInput": {"Name": "t"}, "Name": "other"}, "other"),
        ({}, "TableInput"),
        ({"TableInput": {"Name": "t"}, "OpenTableFormatInput": {}}, "Iceberg"),
        ({"TableInput": {"Name": "t", "PartitionKeys": [{"Name": "k", "Type": "array<int>"}]}}, "primitive"),
    ],
)
def test_what_a_table_cannot_have_here_is_named(glue: Any, database: str, request_: dict[str, Any], named: str) -> None:
    code, message = refusal(glue.create_table, DatabaseName=database, **request_)
    assert code == "InvalidInputException"
    assert named in message
    assert glue.get_tables(DatabaseName=database)["TableList"] == []


TABLES = ["daily_sales", "sales", "sales_2023", "sales_2024", "stock"]


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("sales", ["sales"]),
        ("sales.*", ["sales", "sales_2023", "sales_2024"]),
        ("sales*", ["sales", "sales_2023", "sales_2024"]),
        ("*sales*", ["daily_sales", "sales", "sales_2023", "sales_2024"]),
        ("*", TABLES),
        ("", TABLES),
        ("s(ales|tock)", ["sales", "stock"]),
        ("sales_202[34]", ["sales_2023", "sales_2024"]),
        ("[a-z]*", ["sales", "stock"]),
        ("SALES_\\d{4}", ["sales_2023", "sales_2024"]),
        ("ale", []),
    ],
)
def test_an_expression_chooses_tables_by_their_whole_names(
    glue: Any, shop: str, expression: str, matched: list[str]
) -> None:
    tables = glue.get_tables(DatabaseName=shop, Expression=expression)["TableList"]
    assert [table["Name"] for table in tables] == matched


@pytest.fixture(scope="module")
def shop(workshop: Any) -> Iterator[str]:
    """A database with five tables that only the reading tests share."""
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "catalog_shop"})
    for name in TABLES:
        glue.create_table(DatabaseName="catalog_shop", TableInput={"Name": name, "TableType": "EXTERNAL_TABLE"})
    yield "catalog_shop"
    glue.delete_database(Name="catalog_shop")


def test_tables_come_in_pages_that_add_up(glue: Any, shop: str) -> None:
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=shop, PaginationConfig={"PageSize": 2})
    assert names(pages, "TableList") == [TABLES[:2], TABLES[2:4], TABLES[4:]]
    some = glue.get_tables(DatabaseName=shop, MaxResults=2, Expression="sales*", AttributesToGet=["NAME", "TABLE_TYPE"])
    assert some["TableList"] == [
        {"Name": name, "DatabaseName": shop, "TableType": "EXTERNAL_TABLE"} for name in ("sales", "sales_2023")
    ]
    rest = glue.get_tables(DatabaseName=shop, MaxResults=2, Expression="sales*", NextToken=some["NextToken"])
    assert names([rest], "TableList") == [["sales_2024"]]
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    "params",
    [{"Expression": "("}, {"AttributesToGet": ["TABLE_TYPE"]}, {"MaxResults": 101}, {"QueryAsOfTime": 0}],
)
def test_a_listing_that_cannot_be_is_refused(glue: Any, shop: str, params: dict[str, Any]) -> None:
    assert refusal(glue.get_tables, DatabaseName=shop, **params)[0] == "InvalidInputException"


def test_many_tables_are_deleted_at_once_and_the_missing_are_named(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    errors = glue.batch_delete_table(DatabaseName=database, TablesToDelete=["ORDERS", "none"])["Errors"]
    assert [(error["TableName"], error["ErrorDetail"]["ErrorCode"]) for error in errors] == [
        ("none", "EntityNotFoundException")
    ]
    assert refusal(glue.delete_table, DatabaseName=database, Name="orders")[0] == "EntityNotFoundException"


# --- Updates and versions --------------------------------------------------------------------------------------


def test_an_update_archives_the_old_table_unless_it_is_told_not_to(glue: Any, database: str) -> None:
    where = {"DatabaseName": database, "TableName": "orders"}
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    glue.update_table(DatabaseName=database, TableInput={**ORDERS, "Description": "one"})
    glue.update_table(DatabaseName=database, TableInput={**ORDERS, "Description": "two"}, SkipArchive=True)
    for number in range(3, 12):
        glue.update_table(DatabaseName=database, TableInput={**ORDERS, "Description": str(number)})
    pages = glue.get_paginator("get_table_versions").paginate(**where, PaginationConfig={"PageSize": 4})
    versions = [version for page in pages for version in page["TableVersions"]]
    assert [int(version["VersionId"]) for version in versions] == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0]
    assert versions[-2]["Table"]["Description"] == "two"
    assert "Description" not in glue.get_table_version(**where, VersionId="0")["TableVersion"]["Table"]
    assert glue.get_table_version(**where)["TableVersion"]["VersionId"] == "11"
    assert refusal(glue.get_table_version, **where, VersionId="1")[0] == "EntityNotFoundException"
    assert refusal(glue.delete_table_version, **where, VersionId="11")[0] == "InvalidInputException"
    glue.delete_table_version(**where, VersionId="0")
    errors = glue.batch_delete_table_version(**where, VersionIds=["0", "2", "3"])["Errors"]
    assert [error["VersionId"] for error in errors] == ["0"]


def test_an_update_of_a_version_that_is_no_longer_the_current_one_changes_nothing(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    glue.update_table(DatabaseName=database, TableInput={**ORDERS, "Retention": 7}, VersionId="0")
    late = refusal(glue.update_table, DatabaseName=database, TableInput=ORDERS, VersionId="0")
    assert late[0] == "ConcurrentModificationException"
    assert glue.get_table(DatabaseName=database, Name="orders")["Table"]["Retention"] == 7


def test_partition_keys_stay_as_many_while_there_are_partitions(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=ORDERS)
    glue.create_partition(DatabaseName=database, TableName="orders", PartitionInput={"Values": ["2024-05-01"]})
    without = {**ORDERS, "PartitionKeys": []}
    assert refusal(glue.update_table, DatabaseName=database, TableInput=without)[0] == "InvalidInputException"
    glue.delete_partition(DatabaseName=database, TableName="orders", PartitionValues=["2024-05-01"])
    glue.update_table(DatabaseName=database, TableInput=without)


INPUT_MEMBERS = {
    *("Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor"),
    *("PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters"),
}
words = st.text("abc ÄßжX_-.é0'\"", min_size=1, max_size=12)
parameters = st.dictionaries(words, st.text(max_size=20).filter(str.isprintable), max_size=3)
moments = st.integers(0, 2**31).map(float)
columns = st.lists(
    st.fixed_dictionaries(
        {"Name": words, "Type": st.sampled_from(["string", "int", "array<struct<A:int>>"])},
        optional={"Comment": st.text("xy z", max_size=9), "Parameters": parameters},
    ),
    max_size=3,
)
storages = st.fixed_dictionaries(
    {},
    optional={
        "Columns": columns,
        "Location": st.just("s3://shop/a b/"),
        "InputFormat": words,
        "OutputFormat": words,
        "Compressed": st.booleans(),
        "NumberOfBuckets": st.integers(-1, 9),
        "SerdeInfo": st.fixed_dictionaries({}, optional={"Name": words, "Parameters": parameters}),
        "BucketColumns": st.lists(words, max_size=2),
        "SortColumns": st.lists(st.fixed_dictionaries({"Column": words, "SortOrder": st.integers(0, 1)}), max_size=2),
        "Parameters": parameters,
        "SkewedInfo": st.fixed_dictionaries({}, optional={"SkewedColumnNames": st.lists(words, max_size=2)}),
        "StoredAsSubDirectories": st.booleans(),
    },
)
table_inputs = st.fixed_dictionaries(
    {},
    optional={
        "Description": st.text("line \n\t", max_size=9),
        "Owner": words,
        "LastAccessTime": moments,
        "LastAnalyzedTime": moments,
        "Retention": st.integers(0, 99),
        "StorageDescriptor": storages,
        "PartitionKeys": st.lists(st.fixed_dictionaries({"Name": words, "Type": st.just("string")}), max_size=2),
        "ViewOriginalText": words,
        "ViewExpandedText": words,
        "TableType": words,
        "Parameters": parameters,
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definition=table_inputs)
def test_what_get_answers_update_takes_and_changes_nothing(
    glue: Any, database: str, definition: dict[str, Any]
) -> None:
    name = f"t_{uuid.uuid4().hex}"
    glue.create_table(DatabaseName=database, TableInput={"Name": name, **definition})
    first = glue.get_table(DatabaseName=database, Name=name)["Table"]
    assert set(definition) <= set(first)
    assert first.get("Parameters") == definition.get("Parameters")
    again = {member: value for member, value in first.items() if member in INPUT_MEMBERS}
    glue.update_table(DatabaseName=database, TableInput=again)
    second = glue.get_table(DatabaseName=database, Name=name)["Table"]
    for changed in ("UpdateTime", "VersionId"):
        first.pop(changed), second.pop(changed)
    assert second == first
