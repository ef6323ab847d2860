"""One crawl, in a thread of its own: it ends with State READY and a LastCrawl whatever happens."""

from __future__ import annotations

import json
import logging
import time
import uuid
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.jobs.container import end_run, new_run
from localcloud.jobs.log_stream import LogStream
from localcloud.services.crawling import configuration, definitions, listing
from localcloud.services.crawling.grouping import Grouper, Table
from localcloud.services.crawling.listing import CrawlFailed, File, Say, Stopped, Target
from localcloud.services.crawling.registration import Changes, Registrar

log = logging.getLogger("localcloud")
CRAWLER = "glue-crawler"
CLASSIFIER = "glue-classifier"
LOG_GROUP = "/aws-glue/crawlers"
KEPT = 100  # crawls of a crawler that ListCrawls shows
LINES_AT_ONCE = 500
LONGEST_MESSAGE = 2048  # of LastCrawl.ErrorMessage
_ENDS = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED", "FAILED": "FAILED"}
Body = dict[str, Any]


class _Log:
    """The crawl's lines in CloudWatch, each with the crawl's id before it as on AWS; many lines go in one call."""

    def __init__(self, cloud: Cloud, name: str, crawl: str) -> None:
        self._stream, self._prefix = LogStream(cloud, LOG_GROUP, name), f"[{crawl}] "
        self._lines: list[str] = []

    def say(self, line: str) -> None:
        self._lines.append(self._prefix + line)
        if len(self._lines) >= LINES_AT_ONCE or line.startswith(("BENCHMARK", "ERROR", "INFO : Classified")):
            self._stream.put(self._lines)
            self._lines = []


def begin(cloud: Cloud, name: str) -> str | None:
    """Claim a crawler that is READY; the id of its new crawl, or None when it runs already."""
    crawl, claimed = str(uuid.uuid4()), False
    entry = {"CrawlId": crawl, "State": "RUNNING", "StartTime": time.time(), "LogGroup": LOG_GROUP}
    entry |= {"LogStream": name, "MessagePrefix": crawl}

    def claim(crawler: Body) -> None:
        nonlocal claimed
        claimed = crawler["State"] == "READY"
        if claimed:
            crawler.update(State="RUNNING", CrawlElapsedTime=0)
            crawler["_Crawls"] = [entry, *crawler.get("_Crawls", [])][:KEPT]

    cloud.store.update(CRAWLER, name, claim)
    return crawl if claimed else None


def run(cloud: Cloud, name: str, crawl: str) -> None:
    cloud = cloud.acting_as((cloud.store.get(CRAWLER, name) or {}).get("Role"), "AWS-Crawler")
    began, lines = time.time(), _Log(cloud, name, crawl)
    changes, status, message = Changes(), "SUCCEEDED", ""
    folder: Path | None = None
    try:
        lines.say(f"BENCHMARK : Running Start Crawl for Crawler {name}")
        folder = new_run(cloud, "crawler", name)
        _crawl(cloud, name, crawl, folder, lines.say, changes)
    except Stopped:
        status = "CANCELLED"
    except (CrawlFailed, s3io.TransferFailed) as error:
        status, message = "FAILED", str(error)
    except ClientError as error:
        status, message = "FAILED", error.response["Error"]["Message"]
    except Exception as error:
        log.exception("crawler %s", name)
        status, message = "FAILED", f"Internal Service Exception: {error}"
    finally:
        if folder:
            end_run(folder)
    tables = {change: changes.count("TABLE", change) for change in ("ADD", "UPDATE", "DELETE")}
    told = f"{tables['ADD']} table(s) created, {tables['UPDATE']} updated, {tables['DELETE']} deleted"
    lines.say(f"ERROR : {message}" if message else f"BENCHMARK : Crawl {status.lower()}: {told}")
    end(cloud, name, status, message, began, changes)


def end(cloud: Cloud, name: str, status: str, message: str, began: float, changes: Changes) -> None:
    """Write down how a crawl ended; the crawler is READY again."""
    now = time.time()
    said = {"ErrorMessage": message[:LONGEST_MESSAGE]} if message else {}

    def finish(body: Body) -> None:
        cloud.stops.pop((CRAWLER, name), None)  # in one step with the end: a stop that comes later is refused
        latest = (body.get("_Crawls") or [{}])[0]
        last = {"Status": status, "LogGroup": LOG_GROUP, "LogStream": name, "StartTime": began, **said}
        last["MessagePrefix"] = latest.get("CrawlId", name)
        latest |= {"State": _ENDS[status], "EndTime": now, "Summary": json.dumps(changes.summary()), **said}
        tables = body.setdefault("_Tables", {})
        for change in ("ADD", "UPDATE", "DELETE"):
            tables[change] = tables.get(change, 0) + changes.count("TABLE", change)
        body.update(State="READY", LastCrawl=last, CrawlElapsedTime=int((now - began) * 1000))

    cloud.store.update(CRAWLER, name, finish)


def _crawl(cloud: Cloud, name: str, crawl: str, folder: Path, say: Say, changes: Changes) -> None:
    crawler = cloud.store.get(CRAWLER, name)
    assert crawler is not None  # one that runs is not deleted
    s3, stop = cloud.client("s3"), cloud.stop_event(CRAWLER, name)
    settings = configuration.parse(crawler.get("Configuration", ""))
    custom = [body for key in crawler["Classifiers"] if (body := cloud.store.get(CLASSIFIER, key))]
    registrar = Registrar(cloud.client("glue"), crawler, settings, crawl, say, changes)
    registrar.look()
    found: list[tuple[Target, str, Table]] = []
    for number, wanted in enumerate(crawler["Targets"]["S3Targets"]):
        target = listing.find(s3, wanted, say)
        scratch = folder / str(number)
        scratch.mkdir()
        listing.read(s3, target, scratch, custom, wanted.get("SampleSize", 0), stop, say)
        tables = Grouper(settings.combine, settings.level).tables(target)
        _refuse_foreign(target, tables)
        for file in _unread(target, tables):
            say(f"WARN : Left out s3://{target.bucket}/{file.key}: SampleSize left it unread, and its folder is unlike")
        named = definitions.table_names(target.bucket, tables, crawler.get("TablePrefix", ""))
        found += [(target, table_name, table) for table_name, table in named]
    if settings.threshold and len(found) > settings.threshold:
        for target, _, table in found:
            say(f"INFO : Table location {definitions.address(target.bucket, table.location)}")
        raise CrawlFailed(
            f"Table Threshold value = {settings.threshold}, Tables detected - {len(found)}. Nothing was written."
        )
    names, refused = set(), []
    for target, table_name, table in found:
        if stop.is_set():
            raise Stopped
        for line in _unlike(target.bucket, table):
            say(line)
        try:
            names.add(registrar.register(target, table_name, table))
        except (ClientError, BotoCoreError) as error:
            refused.append(f"The catalog refused table {table_name}: {error}")
            say(f"WARN : {refused[-1]}")
    if refused:  # the others are there
        raise CrawlFailed(refused[0])
    registrar.remove_missing(names, lambda location: any(_covers(wanted, location) for wanted in _paths(crawler)))


def _paths(crawler: Body) -> list[str]:
    return [target["Path"] for target in crawler["Targets"]["S3Targets"]]


def _covers(path: str, location: str) -> bool:
    return location.rstrip("/") == path.rstrip("/") or location.startswith(path.rstrip("/") + "/")


def _refuse_foreign(target: Target, tables: list[Table]) -> None:
    """Files that AWS's crawler makes a table of, and none that this one can: the crawl says so and fails.

    Raises:
        CrawlFailed: names the format.
    """
    foreign = [file for file in target.files if file.foreign]
    if foreign and not any(table.schema for table in tables):
        raise CrawlFailed(
            f"s3://{target.bucket}/{foreign[0].key} is {foreign[0].foreign}, for which the local AWS has no classifier;"
            " on AWS the crawler makes a table of it. Here, crawl CSV, JSON, Parquet or Avro, or exclude the file."
        )


def _unread(target: Target, tables: list[Table]) -> list[File]:
    """Files that were not looked at, in folders in which those that were make a table each."""
    owned = {file.key for table in tables for file in table.files()}
    return [file for file in target.files if file.key not in owned and not file.reason]


def _unlike(bucket: str, table: Table) -> list[str]:
    """Lines about CSV files that the table's columns misname: CSV is read by position."""
    if not table.schema or table.schema.classification != "csv" or len(list(table.files())) < 2:
        return []
    names = [name for name, _ in table.schema.columns]
    lines = []
    for file in table.files():
        own = [name for name, _ in file.schema.columns] if file.schema else []
        if own != names[: len(own)]:
            lines.append(
                f"WARN : s3://{bucket}/{file.key} has the columns {', '.join(own)}; its values will show as"
                f" {', '.join(names[: len(own)])}, because CSV is read by position"
            )
    return lines
