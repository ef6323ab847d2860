"""Glue crawlers that read the files: CSV, JSON and Parquet on S3, with `key=value` partitions, become catalog tables.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-crawler.html
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.jobs.container import background, end_run, new_run
from localcloud.jobs.log_stream import LogStream
from localcloud.protocol import ServiceError
from localcloud.services import crawler_schema
from localcloud.services.registry import Params, operation

log = logging.getLogger("localcloud")
CRAWLER = "glue-crawler"
LOG_GROUP = "/aws-glue/crawlers"


class CrawlFailed(Exception):
    """The crawl cannot go on; the message becomes LastCrawl.ErrorMessage."""


def _find(cloud: Cloud, name: str) -> Params:
    crawler = cloud.store.get(CRAWLER, name)
    if crawler is None:
        raise ServiceError("EntityNotFoundException", f"Crawler with name {name} does not exist")
    return crawler


def _check(params: Params) -> None:
    targets = params.get("Targets", {})
    others = [kind for kind, items in targets.items() if items and kind != "S3Targets"]
    if others or not targets.get("S3Targets"):
        raise ServiceError("InvalidInputException", "The local AWS crawls S3 targets; give at least one.")
    for target in targets["S3Targets"]:
        if not str(target.get("Path", "")).startswith("s3://"):
            raise ServiceError("InvalidInputException", f"The target path {target.get('Path')!r} is not on S3.")
    if not params.get("DatabaseName"):
        raise ServiceError("InvalidInputException", "A crawler of S3 targets needs a DatabaseName.")
    if params.get("Schedule") or params.get("Classifiers"):
        raise ServiceError("InvalidInputException", "The local AWS offers no schedules and no custom classifiers.")


@operation("glue", "CreateCrawler")
def create_crawler(cloud: Cloud, params: Params) -> Params:
    _check(params)
    now = time.time()
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    crawler = {
        "SchemaChangePolicy": policy,
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "Classifiers": [],
        **params,
        "State": "READY",
        "CrawlElapsedTime": 0,
        "CreationTime": now,
        "LastUpdated": now,
        "Version": 1,
    }
    if not cloud.store.insert(CRAWLER, params["Name"], crawler):
        raise ServiceError("AlreadyExistsException", f"{params['Name']} already exists")
    return {}


@operation("glue", "GetCrawler")
def get_crawler(cloud: Cloud, params: Params) -> Params:
    return {"Crawler": _find(cloud, params["Name"])}


@operation("glue", "GetCrawlers")
def get_crawlers(cloud: Cloud, params: Params) -> Params:
    return {"Crawlers": cloud.store.all(CRAWLER)}


@operation("glue", "ListCrawlers")
def list_crawlers(cloud: Cloud, params: Params) -> Params:
    return {"CrawlerNames": [crawler["Name"] for crawler in cloud.store.all(CRAWLER)]}


@operation("glue", "UpdateCrawler")
def update_crawler(cloud: Cloud, params: Params) -> Params:
    crawler = _find(cloud, params["Name"])
    _refuse_running(crawler)
    _check({**crawler, **params})
    changes = {**params, "LastUpdated": time.time(), "Version": crawler["Version"] + 1}
    cloud.store.update(CRAWLER, params["Name"], lambda body: body.update(changes))
    return {}


@operation("glue", "DeleteCrawler")
def delete_crawler(cloud: Cloud, params: Params) -> Params:
    _refuse_running(_find(cloud, params["Name"]))
    cloud.store.delete(CRAWLER, params["Name"])
    return {}


def _refuse_running(crawler: Params) -> None:
    if crawler["State"] != "READY":
        raise ServiceError("CrawlerRunningException", f"Crawler with name {crawler['Name']} is running")


@operation("glue", "StartCrawler")
def start_crawler(cloud: Cloud, params: Params) -> Params:
    name = params["Name"]
    _find(cloud, name)
    claimed = False

    def claim(crawler: Params) -> None:
        nonlocal claimed
        claimed = crawler["State"] == "READY"
        if claimed:
            crawler.update(State="RUNNING", CrawlElapsedTime=0)

    cloud.store.update(CRAWLER, name, claim)
    if not claimed:
        raise ServiceError("CrawlerRunningException", f"Crawler with name {name} has already started")
    background.start(lambda: crawl(cloud, name), f"crawler {name}")
    return {}


@operation("glue", "StopCrawler")
def stop_crawler(cloud: Cloud, params: Params) -> Params:
    name = params["Name"]
    _find(cloud, name)
    claimed = False

    def claim(crawler: Params) -> None:
        nonlocal claimed
        claimed = crawler["State"] == "RUNNING"
        if claimed:
            crawler["State"] = "STOPPING"
            cloud.stop_event(CRAWLER, name).set()

    cloud.store.update(CRAWLER, name, claim)
    if not claimed:
        raise ServiceError("CrawlerNotRunningException", f"Crawler with name {name} isn't running.")
    return {}


def crawl(cloud: Cloud, name: str) -> None:
    """One crawl, in a thread of its own; ends with State READY and a LastCrawl whatever happens."""
    began, stop = time.time(), cloud.stop_event(CRAWLER, name)
    stream = LogStream(cloud, LOG_GROUP, name)
    status, message, tables = "SUCCEEDED", "", 0
    run: Path | None = None
    try:
        stream.put([f"BENCHMARK : Running Start Crawl for Crawler {name}"])
        crawler = _find(cloud, name)
        run = new_run(cloud, "crawler", name)
        for target in crawler["Targets"]["S3Targets"]:
            for table in _tables_of(cloud, target, run):
                if stop.is_set():
                    status = "CANCELLED"
                    break
                stream.put([_register(cloud, crawler, table)])
                tables += 1
    except (CrawlFailed, crawler_schema.Unreadable, s3io.TransferFailed) as error:
        status, message = "FAILED", str(error)
    except ClientError as error:
        status, message = "FAILED", error.response["Error"]["Message"]
    except Exception as error:
        log.exception("crawler %s", name)
        status, message = "FAILED", f"Internal Service Exception: {error}"
    finally:
        if run:
            end_run(run)
    stream.put([f"ERROR : {message}" if message else f"BENCHMARK : Finished crawl: {tables} table(s)"])
    last = {"Status": status, "LogGroup": LOG_GROUP, "LogStream": name, "StartTime": began}
    if message:
        last["ErrorMessage"] = message
    elapsed = int((time.time() - began) * 1000)

    def end(body: Params) -> None:
        cloud.stops.pop((CRAWLER, name), None)  # in one step with the end: a stop that comes later is refused
        body.update(State="READY", LastCrawl=last, CrawlElapsedTime=elapsed)

    cloud.store.update(CRAWLER, name, end)


def _tables_of(cloud: Cloud, target: Params, run: Path) -> list[crawler_schema.Table]:
    """What lies below a target: one table for each folder that is no `key=value` partition of another."""
    s3 = cloud.client("s3")
    bucket, prefix = s3io.parse_uri(target["Path"])
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        objects = [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise CrawlFailed(f"The S3 location: {target['Path']} does not exist.") from None
        raise
    groups = crawler_schema.group_objects(bucket, prefix, objects, target.get("Exclusions", []))
    return [crawler_schema.read_table(s3, group, run / f"{number}") for number, group in enumerate(groups)]


def _register(cloud: Cloud, crawler: Params, table: crawler_schema.Table) -> str:
    """Create or update the table and its partitions in the Data Catalog. Returns a line for the crawl's log."""
    glue, database = cloud.client("glue"), crawler["DatabaseName"]
    name = crawler.get("TablePrefix", "") + table.name
    definition = table.table_input(name, crawler["Name"])
    try:
        glue.create_table(DatabaseName=database, TableInput=definition)
        verb = "Created"
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "EntityNotFoundException":
            raise CrawlFailed(f"Database {database} not found.") from None
        if code != "AlreadyExistsException":
            raise
        if crawler["SchemaChangePolicy"].get("UpdateBehavior") == "LOG":
            return f"INFO : Table {name} exists and is left as it is (UpdateBehavior LOG)"
        glue.update_table(DatabaseName=database, TableInput=definition)
        verb = "Updated"
    partitions = table.partition_inputs(definition["StorageDescriptor"])
    for start in range(0, len(partitions), 100):
        glue.batch_create_partition(
            DatabaseName=database, TableName=name, PartitionInputList=partitions[start : start + 100]
        )
    return f"INFO : {verb} table {name} in database {database} with {len(partitions)} partition(s)"


def recover(cloud: Cloud) -> None:
    for crawler in cloud.store.all(CRAWLER):
        if crawler["State"] != "READY":
            last = {"Status": "FAILED", "ErrorMessage": "The local AWS was stopped during this crawl. Start it again."}
            last |= {"LogGroup": LOG_GROUP, "LogStream": crawler["Name"]}
            cloud.store.update(
                CRAWLER,
                crawler["Name"],
                lambda body, last=last: body.update(State="READY", LastCrawl=last),  # type: ignore[misc]
            )
