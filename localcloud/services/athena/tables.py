"""CREATE and DROP of databases and tables, in the catalog; the files on S3 stay as they are."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from localcloud.jobs.s3io import TransferFailed, parse_uri
from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import objects
from localcloud.services.athena.context import Run
from localcloud.services.athena.lookup import code_of, hive_error
from localcloud.services.registry import Params
from localcloud.sql import statements
from localcloud.sql.model import QueryError
from localcloud.sql.statements import ColumnDefinition

Lines = tuple[list[str], list[str]]
NOTHING: Lines = ([], [])


def create_database(run: Run, statement: statements.CreateDatabase) -> Lines:
    body: Params = {"Name": statement.name, "Parameters": statement.properties}
    if statement.comment is not None:
        body["Description"] = statement.comment
    if statement.location is not None:
        check_location(statement.location)
        body["LocationUri"] = statement.location
    try:
        run.lookup.glue.create_database(DatabaseInput=body)
    except ClientError as error:
        if code_of(error) != "AlreadyExistsException":
            raise _as_hive(error) from None
        if not statement.if_not_exists:
            raise hive_error(f"Database {statement.name} already exists") from None
    return NOTHING


def alter_database(run: Run, statement: statements.AlterDatabase) -> Lines:
    if not run.lookup.has_database(statement.name):
        raise _no_database(statement.name)
    found = run.lookup.glue.get_database(Name=statement.name)["Database"]
    taken = ("Name", "Description", "LocationUri", "CreateTableDefaultPermissions")
    body = {name: found[name] for name in taken if name in found}
    body["Parameters"] = {**(found.get("Parameters") or {}), **statement.properties}
    run.lookup.glue.update_database(Name=statement.name, DatabaseInput=body)
    return NOTHING


def _no_database(name: str) -> QueryError:
    return QueryError("", f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")


def drop_database(run: Run, statement: statements.DropDatabase) -> Lines:
    if not run.lookup.has_database(statement.name):
        if statement.if_exists:
            return NOTHING
        raise _no_database(statement.name)
    if run.lookup.tables(statement.name) and not statement.cascade:
        raise hive_error(
            f"InvalidOperationException(message:Database {statement.name} is not empty. One or more tables exist.)"
        )
    run.lookup.glue.delete_database(Name=statement.name)
    return NOTHING


def check_location(location: str) -> tuple[str, str]:
    """(bucket, key) of a location. Raises QueryError when it is no folder on S3."""
    try:
        bucket, key = parse_uri(location)
    except TransferFailed:
        raise hive_error(f"MetaException(message:{location} is not an s3:// location)") from None
    if any(character in location for character in "*?"):
        raise hive_error(f"MetaException(message:{location} must be a folder, without wildcards)")
    return bucket, key


def _check_folder(run: Run, location: str) -> None:
    """A location that is the name of an object is no folder."""
    bucket, key = check_location(location)
    if not key or key.endswith("/"):
        return
    found = [name for name, _ in objects.listed(run.cloud, bucket, key) if name == key or name.startswith(key + "/")]
    if found == [key]:
        raise hive_error(f"MetaException(message:{location} is not a directory or unable to create one)")


def create_table(run: Run, statement: statements.CreateTable) -> Lines:
    database, name = run.lookup.database_of(statement.table), statement.table.name
    if not run.lookup.has_database(database):
        raise _no_database(database)
    if run.lookup.find(database, name) is not None:
        if statement.if_not_exists:
            return NOTHING
        raise hive_error(f"AlreadyExistsException(message:Table {name} already exists.)")
    _check_folder(run, statement.location)
    comment = {} if statement.comment is None else {"comment": statement.comment}
    parameters = {"EXTERNAL": "TRUE", **comment, **statement.properties, "transient_lastDdlTime": str(int(time.time()))}
    storage: Params = {
        "Columns": [column(item) for item in statement.columns],
        "Location": statement.location,
        "InputFormat": statement.formats[0],
        "OutputFormat": statement.formats[1],
        "SerdeInfo": {"SerializationLibrary": statement.serde, "Parameters": statement.serde_properties},
        "NumberOfBuckets": -1,
    }
    body: Params = {
        "Name": name,
        "Owner": "hadoop",
        "TableType": "EXTERNAL_TABLE",
        "Retention": 0,
        "Parameters": parameters,
        "PartitionKeys": [column(item) for item in statement.partition_keys],
        "StorageDescriptor": storage,
    }
    try:
        run.lookup.glue.create_table(DatabaseName=database, TableInput=body)
    except ClientError as error:
        if code_of(error) != "AlreadyExistsException":
            raise _as_hive(error) from None
        if not statement.if_not_exists:
            raise hive_error(f"AlreadyExistsException(message:Table {name} already exists.)") from None
    return NOTHING


def column(item: ColumnDefinition) -> Params:
    comment = {} if item.comment is None else {"Comment": item.comment}
    return {"Name": item.name, "Type": item.type, **comment}


def _as_hive(error: ClientError) -> QueryError:
    return hive_error(f"{code_of(error)}(message:{error.response['Error'].get('Message', '')})")


def drop_table(run: Run, statement: statements.DropTable) -> Lines:
    database, name = run.lookup.database_of(statement.table), statement.table.name
    found = run.lookup.find(database, name)
    if found is None:
        if statement.if_exists:
            return NOTHING
        raise QueryError("", f"FAILED: SemanticException [Error 10001]: Table not found {statement.table}")
    if found.get("TableType") == catalog.VIEW:
        raise QueryError("", "FAILED: SemanticException [Error 10057]: Cannot drop a view with DROP TABLE")
    run.lookup.glue.delete_table(DatabaseName=database, Name=name)
    return NOTHING
