"""Crawlers as resources: what a request may hold, how a crawl runs, what is told of it."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from crawls import Lake, ok
from own_cloud import wait_until

ROWS = ("pier,depth", "north,4", "south,6")


def test_the_crawl_is_in_the_log_and_in_the_history(lake: Lake) -> None:
    lake.put_csv("piers/a.csv", *ROWS)
    crawler = lake.crawler("piers")
    last = lake.run(crawler)
    ok(last)
    lines = lake.log(crawler)
    assert lines[0] == f"BENCHMARK : Running Start Crawl for Crawler {crawler}"
    assert any("Created table piers" in line for line in lines)
    assert "1 table(s) created" in lines[-1]
    lake.run(crawler)
    crawls = lake.glue.list_crawls(CrawlerName=crawler)["Crawls"]
    assert [crawl["State"] for crawl in crawls] == ["COMPLETED", "COMPLETED"]
    assert crawls[1]["CrawlId"] == last["MessagePrefix"]
    assert '"ADD": {"Count": 1, "Details": {"names": ["piers"]}}' in crawls[1]["Summary"]
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"]
    assert [entry["TablesCreated"] for entry in metrics] == [1]
    assert metrics[0]["LastRuntimeSeconds"] > 0


def test_crawls_are_filtered_and_paged(lake: Lake) -> None:
    crawler = lake.crawler("nothing")
    for _ in range(3):
        ok(lake.run(crawler))
    page = lake.glue.list_crawls(CrawlerName=crawler, MaxResults=2)
    assert len(page["Crawls"]) == 2
    rest = lake.glue.list_crawls(CrawlerName=crawler, MaxResults=2, NextToken=page["NextToken"])
    oldest = rest["Crawls"][-1]
    started = str(round(oldest["StartTime"].timestamp() * 1000))
    later = [{"FieldName": "START_TIME", "FilterOperator": "GT", "FieldValue": started}]
    assert len(lake.glue.list_crawls(CrawlerName=crawler, Filters=later)["Crawls"]) == 2
    failed = [{"FieldName": "STATE", "FilterOperator": "EQ", "FieldValue": "FAILED"}]
    assert lake.glue.list_crawls(CrawlerName=crawler, Filters=failed)["Crawls"] == []
    with pytest.raises(ClientError, match="DPU_HOUR"):
        lake.glue.list_crawls(CrawlerName=crawler, Filters=[{"FieldName": "DPU_HOUR"}])


def test_crawlers_are_listed_by_pages_tags_and_names(lake: Lake) -> None:
    mine = {"fleet": lake.database}
    names = [lake.crawler("any", Tags=mine) for _ in range(3)]
    page = lake.glue.list_crawlers(Tags=mine, MaxResults=2)
    rest = lake.glue.list_crawlers(Tags=mine, MaxResults=2, NextToken=page["NextToken"])
    assert page["CrawlerNames"] + rest["CrawlerNames"] == names
    found = lake.glue.batch_get_crawlers(CrawlerNames=[names[1], "no-such-crawler"])
    assert [crawler["Name"] for crawler in found["Crawlers"]] == [names[1]]
    assert found["CrawlersNotFound"] == ["no-such-crawler"]
    assert len(lake.glue.get_crawlers(MaxResults=1)["Crawlers"]) == 1
    with pytest.raises(lake.glue.exceptions.InvalidInputException):
        lake.glue.get_crawlers(NextToken="x")


def test_an_unknown_bucket_fails_with_the_reason(lake: Lake) -> None:
    last = lake.crawl("s3://no-such-bucket-here/raw")
    assert last["Status"] == "FAILED"
    assert "no-such-bucket-here" in last["ErrorMessage"]


def test_an_unknown_database_fails_with_the_reason(lake: Lake) -> None:
    last = lake.crawl("piers", DatabaseName="no_such_database")
    assert last["Status"] == "FAILED"
    assert "no_such_database" in last["ErrorMessage"]


def test_an_empty_folder_makes_no_table(lake: Lake) -> None:
    ok(lake.crawl("nothing-here"))
    assert lake.tables() == []


@pytest.mark.parametrize("name", ["raw/../../engine", "with spaces & ä", "x" * 255])
def test_a_crawlers_name_may_hold_anything(lake: Lake, name: str) -> None:
    lake.put_csv("piers/a.csv", *ROWS)
    unique = (str(time.time_ns()) + name)[:255]
    ok(lake.crawl("piers", Name=unique))


def test_a_crawler_that_runs_cannot_be_started_changed_or_deleted(lake: Lake) -> None:
    for number in range(250):
        lake.put_csv(f"many/folder-{number}/a.csv", *ROWS)
    crawler = lake.crawler("many")
    lake.glue.start_crawler(Name=crawler)
    for operation in (lake.glue.start_crawler, lake.glue.update_crawler, lake.glue.delete_crawler):
        with pytest.raises(lake.glue.exceptions.CrawlerRunningException):
            operation(Name=crawler)
    lake.glue.stop_crawler(Name=crawler)
    wait_until(lambda: lake.glue.get_crawler(Name=crawler)["Crawler"]["State"] == "READY")
    assert lake.glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"
    assert lake.glue.list_crawls(CrawlerName=crawler)["Crawls"][0]["State"] == "STOPPED"
    with pytest.raises(lake.glue.exceptions.CrawlerNotRunningException):
        lake.glue.stop_crawler(Name=crawler)
    ok(lake.run(crawler))
    assert lake.tables() == ["many"]
    assert len(lake.partitions("many")) == 250


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Targets": {"DynamoDBTargets": [{"Path": "t"}]}}, "DynamoDBTargets"),
        ({"Targets": {"S3Targets": []}}, "at least one"),
        ({"Targets": {"S3Targets": [{"Path": "https://bucket/x"}]}}, "https://bucket/x"),
        ({"Schedule": "cron(0 12 * * ? *)"}, "Schedule"),
        ({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "CRAWL_NEW_FOLDERS_ONLY"),
        ({"LineageConfiguration": {"CrawlerLineageSettings": "ENABLE"}}, "Lineage"),
        ({"LakeFormationConfiguration": {"UseLakeFormationCredentials": True}}, "UseLakeFormationCredentials"),
        ({"CrawlerSecurityConfiguration": "mine"}, "CrawlerSecurityConfiguration"),
        ({"CatalogId": "999999999999"}, "CatalogId"),
        ({"TablePrefix": "p" * 65}, "TablePrefix"),
        ({"Target": {"EventQueueArn": "arn:aws:sqs:us-east-1:123456789012:q"}}, "EventQueueArn"),
        ({"Target": {"ConnectionName": "c"}}, "ConnectionName"),
        ({"Target": {"SampleSize": 250}}, "SampleSize"),
        ({"Target": {"Exclusions": ["{a,{b}}"]}}, "nested"),
        ({"Configuration": "no json"}, "no JSON"),
        ({"Configuration": '{"CreatePartitionIndex": false}'}, "Version"),
        ({"Configuration": {"CreatePartitionIndex": True}}, "CreatePartitionIndex"),
        ({"Configuration": {"Grouping": {"Other": 1}}}, "Grouping.Other"),
        ({"Configuration": {"Grouping": {"TableLevelConfiguration": 0}}}, "TableLevelConfiguration"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(lake: Lake, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError) as error:
        lake.crawler("any", **changes)
    assert error.value.response["Error"]["Code"] == "InvalidInputException"
    assert named in error.value.response["Error"]["Message"]


def test_an_update_changes_what_it_names_and_nothing_else(lake: Lake) -> None:
    crawler = lake.crawler("any", TablePrefix="t_", SchemaChangePolicy={"DeleteBehavior": "LOG"})
    lake.glue.update_crawler(Name=crawler, Description="harbour")
    after = lake.glue.get_crawler(Name=crawler)["Crawler"]
    assert (after["Description"], after["TablePrefix"], after["Version"]) == ("harbour", "t_", 2)
    assert after["SchemaChangePolicy"] == {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    with pytest.raises(lake.glue.exceptions.InvalidInputException):
        lake.glue.update_crawler(Name=crawler, Configuration="[]")


def test_athena_reads_what_the_crawler_wrote(lake: Lake) -> None:
    for split in ("train", "test"):
        lake.put_parquet(f"clean/split={split}/a.parquet", [{"n": 1}, {"n": 2}])
    ok(lake.crawl("clean"))
    athena = boto3.client("athena")
    execution = athena.start_query_execution(
        QueryString="SELECT sum(n) AS total FROM clean WHERE split = 'train'",
        QueryExecutionContext={"Database": lake.database},
        ResultConfiguration={"OutputLocation": lake.address("athena/")},
    )["QueryExecutionId"]
    status = wait_until(
        lambda: (
            (s := athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"])["State"]
            in ("SUCCEEDED", "FAILED")
            and s
        )
    )
    assert status["State"] == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "3"
