"""Partitions of a table: ALTER TABLE ADD, DROP and RENAME PARTITION, and MSCK REPAIR TABLE, which finds them on S3."""

from __future__ import annotations

import operator
import re
from urllib.parse import unquote

from botocore.exceptions import ClientError

from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import objects
from localcloud.services.athena.context import Run
from localcloud.services.athena.lookup import code_of, hive_error
from localcloud.services.athena.tables import NOTHING, Lines, check_location
from localcloud.services.registry import Params
from localcloud.sql import statements
from localcloud.sql.model import QueryError
from localcloud.sql.statements import Spec

_NUMBERS = {"tinyint", "smallint", "int", "bigint", "float", "double"}
_COMPARE = {
    **{"=": operator.eq, "!=": operator.ne, "<>": operator.ne, "<": operator.lt, ">": operator.gt},
    **{"<=": operator.le, ">=": operator.ge},
}
_BATCH = 25  # the most that BatchDeletePartition takes


def keys_of(table: Params) -> list[str]:
    return [str(key["Name"]) for key in table.get("PartitionKeys") or []]


def _partitioned(run: Run, name: statements.TableName) -> Params:
    table = run.lookup.table(name)
    if not table.get("PartitionKeys"):
        raise QueryError("", f"FAILED: SemanticException [Error 10241]: Table {name} is not a partitioned table")
    return table


def values_of(table: Params, spec: Spec) -> list[str]:
    """The values of a whole partition specification, in the keys' order. Raises QueryError."""
    keys = keys_of(table)
    if sorted(spec) != sorted(keys):
        raise QueryError(
            "",
            f"FAILED: SemanticException [Error 10006]: partition spec {_shown(spec)} doesn't contain exactly the "
            f"partition columns {', '.join(keys)}",
        )
    kinds = {str(key["Name"]): str(key["Type"]) for key in table["PartitionKeys"]}
    return [_checked(key, kinds[key], str(spec[key])) for key in keys]


def _checked(key: str, kind: str, value: str) -> str:
    if kind in ("tinyint", "smallint", "int", "bigint") and not re.fullmatch(r"[+-]?\d+", value):
        reason = f"Cannot add partition column {key} of type {kind} as it cannot be converted from '{value}'"
        raise QueryError("", f"FAILED: SemanticException [Error 10248]: {reason}")
    return value


def _shown(spec: Spec) -> str:
    return "{" + ", ".join(f"{key}={value}" for key, value in spec.items()) + "}"


def escaped(value: str) -> str:
    """A value as Hive writes it in a folder's name."""
    return re.sub(r"[\x00-\x1f\"#%'*/:=?\\\x7f{\[\]^]", lambda match: f"%{ord(match.group()):02X}", value)


def place_of(table: Params, values: list[str]) -> str:
    """Where a partition lies that is not given another place: `key=value` folders below the table."""
    location = str(catalog.storage(table).get("Location", "")).rstrip("/")
    folders = (f"{key}={escaped(value)}" for key, value in zip(keys_of(table), values, strict=True))
    return "/".join([location, *folders])


def find(run: Run, table: Params, values: list[str]) -> Params | None:
    try:
        found: Params = run.lookup.glue.get_partition(
            DatabaseName=table["DatabaseName"], TableName=table["Name"], PartitionValues=values
        )["Partition"]
    except ClientError as error:
        if code_of(error) != "EntityNotFoundException":
            raise
        return None
    return found


def add(run: Run, statement: statements.AddPartitions) -> Lines:
    table = _partitioned(run, statement.table)
    wanted: list[tuple[list[str], str]] = []
    for spec, location in statement.partitions:
        values = values_of(table, spec)
        if location is not None:
            check_location(location)
        if any(values == other for other, _ in wanted):
            raise hive_error(f"AlreadyExistsException(message:Partition already exists: {_shown(spec)})")
        wanted.append((values, location or place_of(table, values)))
    if not statement.if_not_exists:  # all of them or none
        for values, _ in wanted:
            if find(run, table, values) is not None:
                named = catalog.partition_name(table, values)
                raise hive_error(f"AlreadyExistsException(message:Partition already exists: {named})")
    run.lookup.add_partitions(table, wanted, may_exist=statement.if_not_exists)
    return NOTHING


def drop(run: Run, statement: statements.DropPartitions) -> Lines:
    table = _partitioned(run, statement.table)
    keys, present = keys_of(table), [list(item["Values"]) for item in run.lookup.partitions(table)]
    gone: list[list[str]] = []
    for conditions in statement.partitions:
        for key, _, _ in conditions:
            if key not in keys:
                raise QueryError("", f"FAILED: SemanticException [Error 10096]: Unknown partition key {key}")
        matching = [values for values in present if all(_holds(table, values, *condition) for condition in conditions)]
        if not matching and not statement.if_exists:
            shown = ", ".join(f"{key}{sign}{value}" for key, sign, value in conditions)
            raise QueryError("", f"FAILED: SemanticException [Error 10006]: Partition not found ({shown})")
        gone += [values for values in matching if values not in gone]
    for start in range(0, len(gone), _BATCH):
        run.lookup.glue.batch_delete_partition(
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            PartitionsToDelete=[{"Values": values} for values in gone[start : start + _BATCH]],
        )
    return NOTHING


def _holds(table: Params, values: list[str], key: str, sign: str, wanted: str) -> bool:
    """Whether a partition fulfils one condition; numbers are compared as numbers."""
    place = keys_of(table).index(key)
    found = values[place]
    if str(table["PartitionKeys"][place]["Type"]) in _NUMBERS:
        try:
            return bool(_COMPARE[sign](float(found), float(wanted)))
        except ValueError:
            return False
    return bool(_COMPARE[sign](found, wanted))


def rename(run: Run, statement: statements.RenamePartition) -> Lines:
    table = _partitioned(run, statement.table)
    old, new = values_of(table, statement.old), values_of(table, statement.new)
    found = find(run, table, old)
    if found is None:
        raise QueryError("", f"FAILED: SemanticException [Error 10006]: Partition not found {_shown(statement.old)}")
    if find(run, table, new) is not None:
        raise hive_error(f"InvalidOperationException(message:Partition already exists: {_shown(statement.new)})")
    run.lookup.glue.update_partition(
        DatabaseName=table["DatabaseName"],
        TableName=table["Name"],
        PartitionValueList=old,
        PartitionInput={**catalog.partition_input(found), "Values": new},
    )
    return NOTHING


def repair(run: Run, statement: statements.RepairTable) -> Lines:
    """Add the partitions whose `key=value` folders hold objects. None is removed."""
    table = _partitioned(run, statement.table)
    bucket, prefix = objects.split(str(catalog.storage(table).get("Location", "")))
    keys = keys_of(table)
    found: dict[tuple[str, ...], str] = {}
    for key, _ in objects.listed(run.cloud, bucket, prefix):
        folders = key[len(prefix) :].split("/")[:-1][: len(keys)]
        values = _values(keys, folders)
        if values is not None:
            found.setdefault(values, f"s3://{bucket}/{prefix}{'/'.join(folders)}/")
    known = {tuple(item["Values"]) for item in run.lookup.partitions(table)}
    new = {values: place for values, place in found.items() if values not in known}
    name = table["Name"]
    lines = []
    if new:
        run.lookup.add_partitions(table, [(list(values), place) for values, place in new.items()], may_exist=True)
        named = [catalog.partition_name(table, list(values)) for values in new]
        lines.append("Partitions not in metastore:\t" + "\t".join(f"{name}:{each}" for each in named))
        lines += [f"Repair: Added partition to metastore {name}:{each}" for each in named]
    return lines, ["result"] if lines else []


def _values(keys: list[str], folders: list[str]) -> tuple[str, ...] | None:
    """The values of folders such as `year=2024/month=01`; None when they are not this table's keys."""
    if len(folders) != len(keys):
        return None
    values: list[str] = []
    for key, folder in zip(keys, folders, strict=True):
        name, sign, value = folder.partition("=")
        if not sign or name.lower() != key:
            return None
        values.append(unquote(value))
    return tuple(values)
