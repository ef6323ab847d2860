"""How the catalog lies in the store: the kind holds the parent, so what belongs together is listed and deleted at once.

The names in a kind stand in lines of their own: no name of the catalog can hold a line break.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params
from localcloud.store.state import ACCOUNT

DATABASE = "glue-database"
# What a table has: partitions by their values, archived versions, partition indexes, statistics of columns.
PARTITION, VERSION, INDEX, STATISTICS = "glue-partition", "glue-version", "glue-index", "glue-statistics"
_FULL_DISK = "The disk that holds the local AWS is full: free some space, then send this again. Nothing was written."


def tables_of(database: str) -> str:
    """The kind of a database's tables; their names in it are in lower case, as the database's."""
    return f"glue-table\n{database.lower()}"


def parts_of(part: str, database: str, table: str) -> str:
    """The kind of a table's partitions, versions, indexes or statistics."""
    return f"{part}\n{database.lower()}\n{table.lower()}"


def of_values(values: Sequence[str]) -> str:
    """The name of a partition in the store: its values as JSON, in ASCII."""
    return json.dumps(list(values))


def find_database(cloud: Cloud, name: str) -> Params:
    database = cloud.store.get(DATABASE, name.lower())
    if database is None:
        raise not_found(f"Database {name} not found.")
    return database


def find_table(cloud: Cloud, database: str, name: str) -> Params:
    find_database(cloud, database)
    table = cloud.store.get(tables_of(database), name.lower())
    if table is None:
        raise not_found(f"Table {name} not found.")
    return table


def forget_table(cloud: Cloud, database: str, name: str) -> bool:
    """Delete a table with all that belongs to it; False when there is none. In a transaction of the caller's."""
    for part in (PARTITION, VERSION, INDEX, STATISTICS):
        cloud.store.delete_all(parts_of(part, database, name))
    return cloud.store.delete(tables_of(database), name.lower())


def not_found(message: str) -> ServiceError:
    return ServiceError("EntityNotFoundException", message)


def invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)


def taken(message: str) -> ServiceError:
    return ServiceError("AlreadyExistsException", message)


def own_catalog(params: Params) -> None:
    """Raise EntityNotFoundException for the catalog of another account: there is one here."""
    if params.get("CatalogId") not in (None, ACCOUNT):
        raise not_found(f"Catalog {params['CatalogId']} not found. The one catalog of the local AWS is {ACCOUNT}.")


@contextmanager
def changing(cloud: Cloud) -> Iterator[None]:
    """A change of the catalog: as a whole or not at all, and no other one at the same time."""
    if cloud.engine.disk_is_full(0):
        raise ServiceError("InsufficientStorageCapacity", _FULL_DISK, 507)
    with cloud.store.transaction():
        yield


def error_detail(error: ServiceError) -> Params:
    """The error of one item, as the answers of the Batch operations have it."""
    return {"ErrorCode": error.code, "ErrorMessage": str(error)}
