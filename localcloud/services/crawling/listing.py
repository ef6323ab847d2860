"""The objects below a crawler's target, which of them are data, and what a classifier says of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from localcloud.jobs import s3io
from localcloud.services.crawling import delimited
from localcloud.services.crawling.classify import classify
from localcloud.services.crawling.globs import compile_glob
from localcloud.services.crawling.sample import NotOffered, OneLine, Unknown
from localcloud.services.crawling.schema import Schema

AT_A_TIME = 4  # objects that are read at the same time
BLOCK = 200  # objects between two looks at the stop, and two lines of progress
Say = Callable[[str], None]


class CrawlFailed(Exception):
    """The crawl cannot go on; the message becomes LastCrawl.ErrorMessage."""


class Stopped(Exception):
    """Somebody has asked the crawl to stop."""


@dataclass
class File:
    """An object: its key, size in bytes, and its schema; without one, why there is none.

    A file that SampleSize leaves unread has neither: it is taken for what its folder holds.
    """

    key: str
    size: int
    schema: Schema | None = None
    reason: str = ""
    foreign: str = ""  # the format that AWS would recognise
    line: str = ""  # all that is in it


@dataclass
class Target:
    """An S3 target with its bucket and the folder, which ends in a slash or is empty; or the key of one file."""

    bucket: str
    folder: str
    file: str
    files: list[File]
    exclusions: tuple[str, ...] = ()


def find(s3: Any, target: dict[str, Any], say: Say) -> Target:
    """List a target; what is no data or is excluded is named in the log.

    Raises:
        CrawlFailed: the bucket does not exist.
    """
    bucket, prefix = s3io.parse_uri(target["Path"])
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        objects = [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise CrawlFailed(f"The S3 location: {target['Path']} does not exist. Create the bucket.") from None
        raise
    folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    below = [(key, size) for key, size in objects if key.startswith(folder)]
    exact = [(key, size) for key, size in objects if key == prefix and not prefix.endswith("/")]
    single = bool(exact) and not below
    found = Target(bucket, folder, prefix if single else "", [], tuple(target.get("Exclusions", [])))
    patterns = [(text, compile_glob(text)) for text in found.exclusions]
    for key, size in exact if single else below:
        relative = key.rpartition("/")[2] if single else key.removeprefix(folder)
        excluded = next((text for text, pattern in patterns if pattern.fullmatch(relative)), None)
        if why := _no_data(relative, size) or (excluded is not None and f"it matches the exclusion {excluded!r}"):
            if not key.endswith("/"):
                say(f"INFO : Left out s3://{bucket}/{key}: {why}")
        else:
            found.files.append(File(key, size))
    return found


def _no_data(relative: str, size: int) -> str:
    if relative.endswith("/"):
        return "it marks a folder"
    if any(part.startswith(("_", ".")) for part in relative.split("/")):
        return "its name, or a folder's, begins with _ or ., as what Athena and Spark pass over"
    return "" if size else "it is empty"


def read(
    s3: Any, target: Target, scratch: Path, custom: list[dict[str, Any]], sample: int, stop: Event, say: Say
) -> None:
    """Classify the target's files; of each folder the first `sample` ones, or all when that is 0.

    Raises:
        Stopped: as soon as `stop` is set.
    """
    seen: Counter[str] = Counter()
    wanted: list[File] = []
    for file in target.files:
        folder = file.key.rpartition("/")[0]
        seen[folder] += 1
        if not sample or seen[folder] <= sample:
            wanted.append(file)
    if len(wanted) < len(target.files):
        say(f"INFO : SampleSize {sample}: reading {len(wanted)} of {len(target.files)} files")

    def look(numbered: tuple[int, File]) -> None:
        number, file = numbered
        try:
            file.schema = classify(s3, target.bucket, file.key, file.size, scratch / str(number), custom)
        except NotOffered as error:
            file.foreign, file.reason = str(error), f"the local AWS has no classifier for {error}"
        except Unknown as error:
            file.reason = str(error)
            file.line = error.line if isinstance(error, OneLine) else ""
        except ClientError as error:
            file.reason = f"it cannot be read: {error.response['Error'].get('Message')}"

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for start in range(0, len(wanted), BLOCK):
            if stop.is_set():
                raise Stopped
            list(pool.map(look, enumerate(wanted[start : start + BLOCK])))
            if len(wanted) > BLOCK:
                say(f"INFO : Classified {min(start + BLOCK, len(wanted))} of {len(wanted)} files")
    _learn_from_others(wanted)
    for file in wanted:
        for line in _lines(target.bucket, file):
            say(line)


def _learn_from_others(files: list[File]) -> None:
    """CSV files in which nothing tells the header from the data, or that have one line: other files tell."""
    decided = [file.schema for file in files if file.schema and file.schema.classification == "csv"]
    headers = {(schema.delimiter, schema.first) for schema in decided if schema.header}
    for file in files:
        schema = file.schema
        if schema and not schema.header and not schema.classifier and (schema.delimiter, schema.first) in headers:
            file.schema = delimited.as_header(schema, schema.first)
    shapes = {
        (schema.kind(), schema.columns): schema
        for file in files
        if (schema := file.schema) and schema.classification == "csv"
    }
    for file in files:
        fitting = (
            schema
            for schema in (shapes.values() if file.line else ())
            if file.line.count(schema.delimiter) == len(schema.columns) - 1 > 0
        )
        if found := next(fitting, None):
            same = file.line.strip().lower() == schema_line(found)
            file.schema, file.reason = replace(found, records=int(not same), notes=()), ""


def schema_line(schema: Schema) -> str:
    return schema.delimiter.join(schema.first)


def _lines(bucket: str, file: File) -> Iterator[str]:
    address = f"s3://{bucket}/{file.key}"
    if file.reason:
        kind = f"On AWS it is {file.foreign}" if file.foreign else "Classification UNKNOWN"
        yield f"WARN : Left out {address}: {file.reason}. {kind}; to keep it out of the crawl, add an exclusion."
    for note in file.schema.notes if file.schema else ():
        yield f"WARN : {address}: {note}"
