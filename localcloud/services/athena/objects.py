"""The objects of a table, by partition: exactly what S3 lists below its locations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.engine.objects import file_of
from localcloud.engine.policies import Need
from localcloud.jobs import s3io
from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import projection
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql.model import QueryError, TableUse
from localcloud.sql.task import File, Part

_LIST_EACH = 8  # up to so many partitions are listed one by one; more in one listing of the table


def split(uri: str) -> tuple[str, str]:
    """(bucket, prefix) of a location; the prefix ends with a slash. Raises QueryError for another kind of address."""
    try:
        bucket, prefix = s3io.parse_uri(uri)
    except s3io.TransferFailed:
        raise QueryError("HIVE_FILESYSTEM_ERROR", f"{uri!r} is not an s3://bucket/folder/ location") from None
    return bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def listed(cloud: Cloud, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Keys and sizes below a prefix. Raises QueryError when there is no such bucket."""
    try:
        for page in cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"], item["Size"]
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] != "NoSuchBucket":
            raise
        raise QueryError(
            "HIVE_FILESYSTEM_ERROR",
            "The specified bucket does not exist "
            f"(Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; {bucket})",
        ) from None


def is_data(key: str, prefix: str) -> bool:
    """Whether Athena reads an object: no folder's mark, and nothing hidden by a name that begins with `_` or `.`."""
    inside = key[len(prefix) :].split("/")
    return not key.endswith("/") and not any(part.startswith(("_", ".")) for part in inside)


@dataclass(frozen=True)
class Bucket:
    """Makes the files of one bucket's objects."""

    cloud: Cloud
    name: str

    def file(self, key: str, size: int) -> File:
        self.cloud.require("StartQueryExecution", Need("s3:GetObject", f"arn:aws:s3:::{self.name}/{key}"))
        path = file_of(self.cloud.engine.s3_folder / self.name, key)
        return File(str(path), f"s3://{self.name}/{key}", size)


def below(cloud: Cloud, location: str) -> tuple[File, ...]:
    """The files of one location, folders in it included."""
    bucket, prefix = split(location)
    makes = Bucket(cloud, bucket)
    return tuple(makes.file(key, size) for key, size in listed(cloud, bucket, prefix) if is_data(key, prefix))


def parts(cloud: Cloud, lookup: Lookup, use: TableUse) -> tuple[Part, ...]:
    """What a query reads of a table: one part for each partition, or one for all.

    Raises:
        QueryError: a location that cannot be read, or a projection that cannot be computed.
    """
    table = use.relation.definition
    if "rows" in table:
        return ()
    location = str(catalog.storage(table).get("Location", ""))
    if not use.relation.partition_keys:
        return (Part((), below(cloud, location)),)
    if projection.is_on(table):
        return _projected(cloud, table, use.partition_filter)
    return _registered(cloud, table, lookup.partitions(table))


def _projected(cloud: Cloud, table: Params, condition: str | None) -> tuple[Part, ...]:
    computed = projection.of_table(table, condition)
    bucket, prefix = s3io.parse_uri(computed.prefix)
    makes, found = Bucket(cloud, bucket), defaultdict[tuple[str, ...], list[File]](list)
    for key, size in listed(cloud, bucket, prefix):
        values = computed.partition_of(f"s3://{bucket}/{key}")
        if values is not None and is_data(key, key[: key.rfind("/") + 1]):
            found[values].append(makes.file(key, size))
    return tuple(Part(tuple(map(catalog.real, values)), tuple(files)) for values, files in found.items())


def _registered(cloud: Cloud, table: Params, partitions: list[Params]) -> tuple[Part, ...]:
    """Partitions have their own locations, mostly below the table's, and what they share with it is left out."""
    own = catalog.storage(table)
    shared = ("Columns", "SerdeInfo", "InputFormat")
    places = [split(str(catalog.storage(item).get("Location", ""))) for item in partitions]
    files = _files(cloud, split(str(own.get("Location", ""))), places)
    found = []
    for partition, place in zip(partitions, places, strict=True):
        theirs = catalog.storage(partition)
        same = all(theirs.get(name) in (None, [], {}, own.get(name)) for name in shared)
        values = tuple(map(catalog.real, partition["Values"]))
        found.append(Part(values, tuple(files[place]), {} if same else catalog.plain(partition)))
    return tuple(found)


def _files(cloud: Cloud, table: tuple[str, str], places: list[tuple[str, str]]) -> dict[tuple[str, str], list[File]]:
    """The files below each place."""
    found: dict[tuple[str, str], list[File]] = {place: [] for place in places}
    inside = [(bucket, prefix) for bucket, prefix in found if bucket == table[0] and prefix.startswith(table[1])]
    together = set(inside) if len(inside) > _LIST_EACH else set[tuple[str, str]]()
    for bucket, prefix in found.keys() - together:
        found[bucket, prefix] = list(below(cloud, f"s3://{bucket}/{prefix}"))
    if together:
        makes = Bucket(cloud, table[0])
        for key, size in listed(cloud, *table):
            at = key.rfind("/")
            while at >= 0:  # a location may lie in another one: then the object belongs to both
                place = (table[0], key[: at + 1])
                if place in together and is_data(key, place[1]):
                    found[place].append(makes.file(key, size))
                at = key.rfind("/", 0, at)
    return found
