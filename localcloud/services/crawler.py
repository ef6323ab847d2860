"""Glue crawlers over S3: their definitions, and the crawls that `crawling/` executes.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-crawling.html
"""

from __future__ import annotations

import operator
import statistics
import time
from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs.container import background
from localcloud.jobs.s3io import TransferFailed, parse_uri
from localcloud.protocol import ServiceError
from localcloud.services import classifiers  # noqa: F401 - registers its operations
from localcloud.services.crawling import configuration, crawl
from localcloud.services.crawling.crawl import CLASSIFIER, CRAWLER
from localcloud.services.crawling.globs import compile_glob
from localcloud.services.crawling.registration import Changes
from localcloud.services.glue import cut, tagged_names
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

LONGEST_PREFIX = 64  # https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    **{"EQ": operator.eq, "NE": operator.ne, "GT": operator.gt},
    **{"GE": operator.ge, "LT": operator.lt, "LE": operator.le},
}


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)


def _find(cloud: Cloud, name: str) -> Params:
    crawler = cloud.store.get(CRAWLER, name)
    if crawler is None:
        raise ServiceError("EntityNotFoundException", f"Crawler with name {name} does not exist")
    return crawler


def _check(cloud: Cloud, params: Params) -> None:
    """Refuse by name what the local AWS cannot do, and what no crawler can."""
    targets = params.get("Targets", {})
    others = [kind for kind, items in targets.items() if items and kind != "S3Targets"]
    if others:
        raise _invalid(f"{others[0]} are not offered; the local AWS crawls S3Targets.")
    if not targets.get("S3Targets"):
        raise _invalid("The local AWS crawls S3 targets; give at least one.")
    for target in targets["S3Targets"]:
        _check_target(target)
    if not params.get("DatabaseName"):
        raise _invalid("A crawler of S3 targets needs a DatabaseName.")
    if len(params.get("TablePrefix", "")) > LONGEST_PREFIX:
        raise _invalid(f"The TablePrefix is longer than {LONGEST_PREFIX} characters.")
    for name in params.get("Classifiers", []):
        if cloud.store.get(CLASSIFIER, name) is None:
            raise ServiceError("EntityNotFoundException", f"Classifier with name {name} does not exist")
    try:
        configuration.parse(params.get("Configuration", ""))
    except ValueError as error:
        raise _invalid(str(error)) from None
    _refuse(params)


def _check_target(target: Params) -> None:
    try:
        parse_uri(str(target.get("Path", "")))
    except TransferFailed:
        raise _invalid(f"The target path {target.get('Path')!r} is not on S3: s3://bucket/folder/.") from None
    for member in ("ConnectionName", "EventQueueArn", "DlqEventQueueArn"):
        if target.get(member):
            raise _invalid(f"S3Targets: {member} is not offered by the local AWS.")
    if not 1 <= target.get("SampleSize", 1) <= 249:
        raise _invalid("SampleSize must be between 1 and 249.")
    for pattern in target.get("Exclusions", []):
        try:
            compile_glob(pattern)
        except ValueError as error:
            raise _invalid(f"The exclusion {pattern!r} is no glob pattern: {error}.") from None


def _refuse(params: Params) -> None:
    recrawl = params.get("RecrawlPolicy", {}).get("RecrawlBehavior", "CRAWL_EVERYTHING")
    lineage = params.get("LineageConfiguration", {}).get("CrawlerLineageSettings", "DISABLE")
    lake = params.get("LakeFormationConfiguration", {})
    refused = {
        "Schedule": params.get("Schedule"),
        "CrawlerSecurityConfiguration": params.get("CrawlerSecurityConfiguration"),
        f"RecrawlBehavior {recrawl}": recrawl != "CRAWL_EVERYTHING",
        f"CrawlerLineageSettings {lineage}": lineage != "DISABLE",
        "UseLakeFormationCredentials": lake.get("UseLakeFormationCredentials"),
        "LakeFormationConfiguration of another account": lake.get("AccountId", ACCOUNT) != ACCOUNT,
        "CatalogId of another account": params.get("CatalogId", ACCOUNT) != ACCOUNT,
    }
    for what, given in refused.items():
        if given:
            raise _invalid(f"{what} is not offered by the local AWS; leave it out.")


@operation("glue", "CreateCrawler")
def create_crawler(cloud: Cloud, params: Params) -> Params:
    _check(cloud, params)
    now = time.time()
    crawler = {
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
        "Classifiers": [],
        **params,
        "SchemaChangePolicy": _policy(params),
        "State": "READY",
        "CrawlElapsedTime": 0,
        "CreationTime": now,
        "LastUpdated": now,
        "Version": 1,
    }
    if not cloud.store.insert(CRAWLER, params["Name"], crawler):
        raise ServiceError("AlreadyExistsException", f"{params['Name']} already exists")
    return {}


def _policy(params: Params) -> Params:
    default = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    return {**default, **params.get("SchemaChangePolicy", {})}


@operation("glue", "GetCrawler")
def get_crawler(cloud: Cloud, params: Params) -> Params:
    return {"Crawler": _find(cloud, params["Name"])}


@operation("glue", "GetCrawlers")
def get_crawlers(cloud: Cloud, params: Params) -> Params:
    return cut(cloud.store.all(CRAWLER), params, "Crawlers")


@operation("glue", "BatchGetCrawlers")
def batch_get_crawlers(cloud: Cloud, params: Params) -> Params:
    found = {name: cloud.store.get(CRAWLER, name) for name in params["CrawlerNames"]}
    missing = [name for name, crawler in found.items() if crawler is None]
    return {"Crawlers": [crawler for crawler in found.values() if crawler], "CrawlersNotFound": missing}


@operation("glue", "ListCrawlers")
def list_crawlers(cloud: Cloud, params: Params) -> Params:
    return cut(tagged_names(cloud.store.all(CRAWLER), params), params, "CrawlerNames")


@operation("glue", "UpdateCrawler")
def update_crawler(cloud: Cloud, params: Params) -> Params:
    crawler = _find(cloud, params["Name"])
    _refuse_running(crawler)
    _check(cloud, {**crawler, **params})
    changes = {**params, "LastUpdated": time.time(), "Version": crawler["Version"] + 1}
    if "SchemaChangePolicy" in params:
        changes["SchemaChangePolicy"] = _policy(params)
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
    started = crawl.begin(cloud, name)
    if started is None:
        raise ServiceError("CrawlerRunningException", f"Crawler with name {name} has already started")
    background.start(lambda: crawl.run(cloud, name, started), f"crawler {name}")
    return {}


@operation("glue", "StopCrawler")
def stop_crawler(cloud: Cloud, params: Params) -> Params:
    name = params["Name"]
    state = _find(cloud, name)["State"]
    claimed = False

    def claim(crawler: Params) -> None:
        nonlocal claimed, state
        state = crawler["State"]
        claimed = state == "RUNNING"
        if claimed:
            crawler["State"] = "STOPPING"
            cloud.stop_event(CRAWLER, name).set()

    cloud.store.update(CRAWLER, name, claim)
    if state == "STOPPING":
        raise ServiceError("CrawlerStoppingException", f"Crawler with name {name} is already stopping.")
    if not claimed:
        raise ServiceError("CrawlerNotRunningException", f"Crawler with name {name} isn't running.")
    return {}


@operation("glue", "ListCrawls")
def list_crawls(cloud: Cloud, params: Params) -> Params:
    """The crawls of a crawler, newest first. They hold no DPUHour: nothing is billed here."""
    crawls = _find(cloud, params["CrawlerName"]).get("_Crawls", [])
    for wanted in params.get("Filters", []):
        crawls = [entry for entry in crawls if _passes(entry, wanted)]
    return cut(crawls, {"MaxResults": 20, **params}, "Crawls")


def _passes(entry: Params, wanted: Params) -> bool:
    """Whether a crawl has the property that a filter asks for; times are given in milliseconds."""
    name, sign, value = wanted.get("FieldName"), wanted.get("FilterOperator", "EQ"), wanted.get("FieldValue", "")
    member = {"CRAWL_ID": "CrawlId", "STATE": "State", "START_TIME": "StartTime", "END_TIME": "EndTime"}.get(name or "")
    if member is None:
        raise _invalid(f"Filters: the field {name} is not offered by the local AWS.")
    if not member.endswith("Time"):
        if sign not in ("EQ", "NE"):
            raise _invalid(f"Filters: {name} takes the operators EQ and NE.")
        return _COMPARE[sign](entry.get(member), value)
    if not value.isdecimal():
        raise _invalid(f"Filters: {name} takes a time in milliseconds, not {value!r}.")
    return member in entry and _COMPARE[sign](round(entry[member] * 1000), int(value))


@operation("glue", "GetCrawlerMetrics")
def get_crawler_metrics(cloud: Cloud, params: Params) -> Params:
    """How long the crawls took that have ended, and what all of them did to the catalog."""
    wanted = params.get("CrawlerNameList")
    crawlers = [body for body in cloud.store.all(CRAWLER) if not wanted or body["Name"] in wanted]
    return cut([_metrics(body) for body in crawlers], params, "CrawlerMetricsList")


def _metrics(crawler: Params) -> Params:
    ended = [entry for entry in crawler.get("_Crawls", []) if "EndTime" in entry]
    seconds = [entry["EndTime"] - entry["StartTime"] for entry in ended]
    tables = crawler.get("_Tables", {})
    return {
        "CrawlerName": crawler["Name"],
        "TimeLeftSeconds": 0.0,
        "StillEstimating": crawler["State"] != "READY",
        "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
        "MedianRuntimeSeconds": statistics.median(seconds) if seconds else 0.0,
        "TablesCreated": tables.get("ADD", 0),
        "TablesUpdated": tables.get("UPDATE", 0),
        "TablesDeleted": tables.get("DELETE", 0),
    }


def recover(cloud: Cloud) -> None:
    for crawler in cloud.store.all(CRAWLER):
        if crawler["State"] != "READY":
            message = "The local AWS was stopped during this crawl. Start it again."
            began = (crawler.get("_Crawls") or [{}])[0].get("StartTime", time.time())
            crawl.end(cloud, crawler["Name"], "FAILED", message, began, Changes())
