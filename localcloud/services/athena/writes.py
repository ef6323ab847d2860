"""CREATE TABLE AS, INSERT INTO and UNLOAD: a query's rows as data files on S3.

The catalog hears of a table or partition only when its files are there; a failure removes what was brought to S3.
Source: https://docs.aws.amazon.com/athena/latest/ug/ctas.html, https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
"""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.jobs import s3io
from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import objects, partitions, projection, queries, relations, write_options
from localcloud.services.athena.context import Run
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql import compile, statements, text, types
from localcloud.sql.model import NotOffered, OutputColumn, Query, QueryError
from localcloud.sql.task import Done, Output

_OPEN_WRITERS = 100  # partitions that one query may write


def _result(rows: int | None) -> Params:
    column = text.column_info("rows", types.BIGINT)
    return {"Kind": "none", "Size": 0, "Columns": [column], "UpdateCount": rows or 0, "Rows": {"OutputRows": rows or 0}}


@contextmanager
def _uploaded(run: Run, done: Done, folder: Path, places: dict[tuple[str | None, ...], str]) -> Iterator[list[str]]:
    """Bring data files to the place of their partition; yields their addresses. An exception removes them again."""
    s3, began, brought = run.cloud.client("s3"), time.time(), list[str]()
    try:
        for name, values in done.files:
            target = s3io.join_uri(places[values], Path(name).name)
            brought.append(target)
            s3io.upload_file(s3, folder / name, target)
            if run.stopped():
                raise QueryError("", "Query canceled by user")
        run.statistics["ServiceProcessingTimeInMillis"] = round((time.time() - began) * 1000)
        yield brought
    except BaseException:
        for target in brought:
            bucket, key = s3io.parse_uri(target)
            s3.delete_object(Bucket=bucket, Key=key)
        raise


def _manifest(run: Run, files: list[str]) -> None:
    """The list of the files written, an address a line, beside the place that the execution names."""
    uri = run.execution["ResultConfiguration"]["OutputLocation"] + "-manifest.csv"
    bucket, key = s3io.parse_uri(uri)
    run.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body="".join(f"{name}\n" for name in files).encode())
    run.statistics["DataManifestLocation"] = uri


def _written(run: Run, query: Query, kind: str, options: dict[str, str], keys: tuple[str, ...]) -> tuple[Done, Path]:
    folder = run.folder / "data"
    folder.mkdir()
    done = queries.executed(run, query, Output(kind, str(folder), options, keys))
    if len({values for _, values in done.files}) > _OPEN_WRITERS:
        raise QueryError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {_OPEN_WRITERS} open writers for partitions/buckets.",
        )
    return done, folder


def _places(location: str, keys: tuple[str, ...], done: Done) -> dict[tuple[str | None, ...], str]:
    """Where each partition that was written lies."""
    return {values: "/".join([location.rstrip("/"), *_folders(keys, values)]) for _, values in done.files}


def _folders(keys: tuple[str, ...], values: tuple[str | None, ...]) -> list[str]:
    default = "__HIVE_DEFAULT_PARTITION__"
    return [
        f"{key}={default if value is None else partitions.escaped(value)}"
        for key, value in zip(keys, values, strict=True)
    ]


def _as_texts(values: tuple[str | None, ...]) -> list[str]:
    return ["__HIVE_DEFAULT_PARTITION__" if value is None else value for value in values]


def _must_be_empty(run: Run, location: str, what: str) -> None:
    bucket, prefix = objects.split(location)
    for _ in objects.listed(run.cloud, bucket, prefix):
        raise QueryError(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for {what} already exists: {location}. You may need to manually clean the data at "
            f"location '{location}' before retrying. Athena will not delete data in your account.",
        )


# --- CREATE TABLE AS --------------------------------------------------------------------------------------------


def create_table_as(run: Run, statement: statements.CreateTableAs) -> Params:
    lookup = run.lookup
    database, name = lookup.database_of(statement.table), statement.table.name
    if not lookup.has_database(database):
        raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    if lookup.find(database, name) is not None:
        if statement.if_not_exists:
            return _result(0)
        raise QueryError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
        )
    wanted = write_options.of_table_as(statement.properties)
    query = queries.plan(run, statement.query)
    columns = _columns(query)
    keys = _partition_keys(columns, wanted.partitioned_by)
    location = wanted.location or run.execution["ResultConfiguration"]["OutputLocation"]
    objects.split(location)
    _must_be_empty(run, location, f"table '{database}.{name}'")
    body = _definition(name, columns, keys, wanted, location)
    if not statement.with_data:
        lookup.glue.create_table(DatabaseName=database, TableInput=body)
        return _result(0)
    done, folder = _written(run, query, wanted.kind, wanted.options, keys)
    places = _places(location, keys, done)
    with _uploaded(run, done, folder, places) as files:
        _manifest(run, files)
        lookup.glue.create_table(DatabaseName=database, TableInput=body)
        try:
            _register(lookup, database, name, places if keys else {})
        except BaseException:
            lookup.glue.delete_table(DatabaseName=database, Name=name)
            raise
    return _result(done.rows)


def _register(lookup: Lookup, database: str, name: str, places: dict[tuple[str | None, ...], str]) -> None:
    if places:
        table = lookup.find(database, name)
        assert table is not None
        lookup.add_partitions(table, [(_as_texts(values), at) for values, at in places.items()], may_exist=True)


def _columns(query: Query) -> list[Params]:
    """A new table's columns. Raises QueryError: one has no name, or another's, or a type that no table has."""
    found: list[Params] = []
    for place, column in enumerate(query.columns):
        name = column.name.lower()
        if column.name == f"_col{place}":
            raise QueryError(
                "COLUMN_NAME_NOT_SPECIFIED", f"line 1:1: Column name not specified at position {place + 1}"
            )
        if any(item["Name"] == name for item in found):
            raise QueryError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name}' specified more than once")
        if column.type == "unknown":
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown at position {place + 1}")
        found.append({"Name": name, "Type": _hive(column)})
    return found


def _hive(column: OutputColumn) -> str:
    try:
        return types.hive(types.parse(column.type))
    except ValueError:
        raise QueryError("NOT_SUPPORTED", f"Unsupported Hive type: {column.type}") from None


def _partition_keys(columns: list[Params], wanted: tuple[str, ...]) -> tuple[str, ...]:
    names = [str(item["Name"]) for item in columns]
    for key in wanted:
        if key not in names:
            raise QueryError("INVALID_TABLE_PROPERTY", f"Partition columns [{key}] not present in schema")
    if wanted and len(wanted) == len(names):
        raise QueryError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    if wanted and tuple(names[-len(wanted) :]) != wanted:
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(wanted)}]",
        )
    return wanted


def _definition(
    name: str, columns: list[Params], keys: tuple[str, ...], wanted: write_options.Options, location: str
) -> Params:
    plain = len(columns) - len(keys)
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "has_encrypted_data": "false",
            "transient_lastDdlTime": str(int(time.time())),
            **wanted.parameters,
        },
        "PartitionKeys": columns[plain:],
        "StorageDescriptor": {
            "Columns": columns[:plain],
            "Location": location,
            "InputFormat": wanted.classes[0],
            "OutputFormat": wanted.classes[1],
            "SerdeInfo": {"SerializationLibrary": wanted.serde, "Parameters": wanted.serde_parameters},
            "NumberOfBuckets": -1,
        },
    }


# --- INSERT INTO ------------------------------------------------------------------------------------------------


def insert(run: Run, statement: statements.Insert) -> Params:
    lookup = run.lookup
    database = lookup.database_of(statement.table)
    relation = relations.resolve(lookup, database, statement.table.name)
    whole = f"awsdatacatalog.{database}.{statement.table.name}"
    if relation.view is not None or "rows" in relation.definition:
        raise QueryError("NOT_SUPPORTED", f"line 1:1: Inserting into views is not supported: {whole}")
    table = relation.definition
    kind, options = write_options.of_table(table)
    if projection.is_on(table) and "storage.location.template" in (table.get("Parameters") or {}):
        raise NotOffered("INSERT INTO a table with a storage.location.template.")
    targets = [(column.name, types.parse(column.type)) for column in (*relation.columns, *relation.partition_keys)]
    chosen = _chosen(statement.columns, targets)
    query = compile.coerce_columns(queries.plan(run, statement.query), chosen)
    if statement.columns:
        query = _completed(query, chosen, targets)
    keys = tuple(key.name for key in relation.partition_keys)
    done, folder = _written(run, query, kind, options, keys)
    if kind == "textfile" and write_options.header_lines(table):
        names = options["delimiter"].join(column.name for column in relation.columns)
        _put_on_top(done, folder, f"{names}\n".encode(), options["compression"] == "gzip")
    places = _places(str(catalog.storage(table).get("Location", "")), keys, done)
    known = {tuple(item["Values"]): item for item in lookup.partitions(table)} if keys else {}
    for values in places:
        registered = known.get(tuple(_as_texts(values)))
        if registered is not None:
            places[values] = str(catalog.storage(registered)["Location"]).rstrip("/")
    new = {values: at for values, at in places.items() if tuple(_as_texts(values)) not in known}
    with _uploaded(run, done, folder, places) as files:
        _manifest(run, files)
        if keys and not projection.is_on(table):
            _register(lookup, database, statement.table.name, new)
    return _result(done.rows)


def _put_on_top(done: Done, folder: Path, line: bytes, zipped: bool) -> None:
    """Begin each data file with a header line, where the table skips one; a gzip file may have several members."""
    for name, _ in done.files:
        path = folder / name
        head = path.with_name(path.name + ".head")
        with head.open("wb") as target, path.open("rb") as rows:
            target.write(gzip.compress(line) if zipped else line)
            shutil.copyfileobj(rows, target)
        head.replace(path)


def _chosen(named: tuple[str, ...], targets: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    kinds = dict(targets)
    for place, name in enumerate(named):
        if name not in kinds:
            raise QueryError("COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {name}")
        if name in named[:place]:
            raise QueryError(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Insert column name is specified more than once: {name}"
            )
    return [(name, kinds[name]) for name in named] if named else targets


def _completed(query: Query, chosen: list[tuple[str, Any]], targets: list[tuple[str, Any]]) -> Query:
    """The columns that an INSERT names, in the table's order, and NULL for the others."""
    given = [f'"c{place}"' for place in range(len(chosen))]
    at = {name: column for (name, _), column in zip(chosen, given, strict=True)}
    fields = [
        f"{at.get(name) or f'CAST(NULL AS {types.duckdb(kind)})'} AS " + '"' + name.replace('"', '""') + '"'
        for name, kind in targets
    ]
    sql = f"SELECT {', '.join(fields)} FROM ({query.sql}) AS given({', '.join(given)})"
    return Query(sql, query.tables, tuple(OutputColumn(name, str(kind)) for name, kind in targets))


# --- UNLOAD -----------------------------------------------------------------------------------------------------


def unload(run: Run, statement: statements.Unload) -> Params:
    wanted = write_options.of_unload(statement.properties)
    objects.split(statement.location)
    query = queries.plan(run, statement.query)
    keys = _partition_keys([{"Name": column.name.lower()} for column in query.columns], wanted.partitioned_by)
    _must_be_empty(run, statement.location, "UNLOAD")
    done, folder = _written(run, query, wanted.kind, wanted.options, keys)
    with _uploaded(run, done, folder, _places(statement.location, keys, done)) as files:
        _manifest(run, files)
    return _result(done.rows)
