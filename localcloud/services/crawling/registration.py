"""Tables and partitions into the catalog: new ones always, known ones as the crawler's policies say.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from localcloud.services.crawling import definitions
from localcloud.services.crawling.configuration import Configuration
from localcloud.services.crawling.definitions import Definition
from localcloud.services.crawling.grouping import Table
from localcloud.services.crawling.listing import CrawlFailed, Say, Target

NAMED = 20  # of the tables or partitions that a crawl's summary counts
DEPRECATED = "DEPRECATED_BY_CRAWLER"
AT_ONCE = 100  # partitions in a BatchCreatePartition or BatchUpdatePartition
_FUNDAMENTAL = ("classification", "compressionType", "delimiter")
_OF_A_CRAWL = ("CRAWL_RUN_ID",)
_TABLE_MEMBERS = (
    *("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters"),
    *("ViewOriginalText", "ViewExpandedText"),
)


@dataclass
class Changes:
    """What a crawl did to the catalog: ("TABLE" or "PARTITION", "ADD", "UPDATE" or "DELETE") -> names."""

    names: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, what: str, change: str, name: str) -> None:
        self.names[what, change].append(name)

    def count(self, what: str, change: str) -> int:
        return len(self.names.get((what, change), ()))

    def summary(self) -> dict[str, dict[str, Any]]:
        whole: dict[str, dict[str, Any]] = defaultdict(dict)
        for (what, change), names in self.names.items():
            whole[what][change] = {"Count": len(names), "Details": {"names": names[:NAMED]}}
        return whole


@dataclass
class Registrar:
    """Writes what one crawl finds. `crawler` is its definition, `crawl` the crawl's id."""

    glue: Any
    crawler: dict[str, Any]
    configuration: Configuration
    crawl: str
    say: Say
    changes: Changes = field(default_factory=Changes)
    _known: dict[str, Definition] = field(default_factory=dict)

    @property
    def database(self) -> str:
        return str(self.crawler["DatabaseName"])

    def look(self) -> None:
        """Read the database's tables.

        Raises:
            CrawlFailed: there is no such database.
        """
        try:
            self.glue.get_database(Name=self.database)
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                raise CrawlFailed(f"Database {self.database} not found. Create it, then start the crawler.") from None
            raise
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
        self._known = {table["Name"]: table for page in pages for table in page["TableList"]}

    def register(self, target: Target, name: str, table: Table) -> str:
        """Create or update a table and its partitions; the name under which it stands."""
        location = definitions.address(target.bucket, table.location)
        name = self._name(name, location)
        new = definitions.table_input(name, target, table, self.crawler["Name"], self.crawl)
        old = self._known.get(name)
        if old is None:
            self.glue.create_table(DatabaseName=self.database, TableInput=new)
            self.changes.note("TABLE", "ADD", name)
            now = new
        else:
            now = self._update(name, old, new)
        self._known[name] = now
        same = _keys(now) == _keys(new)
        added = self._partitions(name, now, definitions.partition_inputs(target.bucket, table)) if same else 0
        verb = "Created" if old is None else "Looked again at"
        self.say(f"INFO : {verb} table {name} in database {self.database}: {location}, {added} new partition(s)")
        return name

    def _name(self, name: str, location: str) -> str:
        """The table that this crawler has made of the location before; else the name, with a hash where it is taken."""
        for known, table in self._known.items():
            mine = table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") == self.crawler["Name"]
            if mine and _same_place(table, location) and known in (name, definitions.with_hash(name, location)):
                return known
        taken = self._known.get(name)
        return name if taken is None or _same_place(taken, location) else definitions.with_hash(name, location)

    def _update(self, name: str, old: Definition, new: Definition) -> Definition:
        """What stands in the catalog afterwards."""
        merging = self.configuration.merge_new_columns
        deprecated = DEPRECATED in old.get("Parameters", {})
        wanted = merged(old, new) if merging else new
        if _essence(old) == _essence(wanted) and not deprecated:
            return old
        if _keys(old) != _keys(new) and (_keys(old) or merging):  # its partitions would have values of other keys
            self.say(
                f"WARN : Table {name} has the partition keys {_keys(old)}, its folders now make {_keys(new)}: it is"
                " left as it is. Delete the table, then crawl again."
            )
            return old
        if not merging and self.crawler["SchemaChangePolicy"].get("UpdateBehavior") == "LOG":
            self.say(f"INFO : Table {name} has changed and is left as it is (UpdateBehavior LOG)")
            return old
        if merging and (changed := _fundamental(old, new)):
            self.say(f"WARN : Table {name}: {changed} has changed; the table is deprecated, resolve the difference")
            self._deprecate(old)
            return old
        self.glue.update_table(DatabaseName=self.database, TableInput=wanted)
        self.changes.note("TABLE", "UPDATE", name)
        self.say(f"INFO : Updated table {name}")
        return wanted

    def _partitions(self, name: str, table: Definition, found: dict[tuple[str, ...], Definition]) -> int:
        """Add, update and remove a table's partitions; the number of new ones."""
        if not _keys(table):
            return 0
        if self.configuration.inherit:
            for partition in found.values():
                location = partition["StorageDescriptor"]["Location"]
                partition["StorageDescriptor"] = {**table["StorageDescriptor"], "Location": location}
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=name)
        known = {tuple(partition["Values"]): partition for page in pages for partition in page["Partitions"]}
        new = [partition for values, partition in found.items() if values not in known]
        for block in _blocks(new, AT_ONCE):
            answer = self.glue.batch_create_partition(
                DatabaseName=self.database, TableName=name, PartitionInputList=block
            )
            for error in answer.get("Errors", []):
                detail = error.get("ErrorDetail", {}).get("ErrorMessage", "")
                self.say(f"WARN : Table {name}: partition {error.get('PartitionValues')} was refused: {detail}")
        for partition in new:
            self.changes.note("PARTITION", "ADD", _label(name, partition["Values"]))
        self._changed_partitions(name, known, found)
        self._gone_partitions(name, [values for values in known if values not in found])
        return len(new)

    def _changed_partitions(self, name: str, known: dict[tuple[str, ...], Definition], found: Any) -> None:
        logged = self.crawler["SchemaChangePolicy"].get("UpdateBehavior") == "LOG"
        changed: list[Definition] = []
        for values, partition in found.items():
            if values not in known or _essence(known[values]) == _essence(partition):
                continue
            if logged and not self.configuration.merge_new_columns and not self.configuration.inherit:
                self.say(
                    f"INFO : Partition {_label(name, values)} has changed and is left as it is (UpdateBehavior LOG)"
                )
                continue
            if self.configuration.merge_new_columns and not self.configuration.inherit:
                partition = merged(known[values], partition)
            changed.append({"PartitionValueList": list(values), "PartitionInput": partition})
            self.changes.note("PARTITION", "UPDATE", _label(name, values))
        for block in _blocks(changed, AT_ONCE):
            self.glue.batch_update_partition(DatabaseName=self.database, TableName=name, Entries=block)

    def _gone_partitions(self, name: str, gone: list[tuple[str, ...]]) -> None:
        """A partition cannot be deprecated: it is deleted or only named in the log."""
        if self._delete_behavior != "DELETE_FROM_DATABASE":
            for values in gone:
                self.say(f"INFO : Partition {_label(name, values)} has no files any more and is left in the catalog")
            return
        for values in gone:
            self.glue.delete_partition(DatabaseName=self.database, TableName=name, PartitionValues=list(values))
            self.changes.note("PARTITION", "DELETE", _label(name, values))

    @property
    def _delete_behavior(self) -> str:
        return str(self.crawler["SchemaChangePolicy"].get("DeleteBehavior", "DEPRECATE_IN_DATABASE"))

    def remove_missing(self, found: set[str], covered: Callable[[str], bool]) -> None:
        """What to do with tables of this crawler that the targets no longer make.

        Args:
            found: the names of the tables of this crawl.
            covered: whether a location lies in one of the targets.
        """
        for name, table in sorted(self._known.items()):
            parameters = table.get("Parameters", {})
            location = table.get("StorageDescriptor", {}).get("Location", "")
            mine = parameters.get("UPDATED_BY_CRAWLER") == self.crawler["Name"] and covered(location)
            if name in found or not mine or DEPRECATED in parameters:
                continue
            if self._delete_behavior == "DELETE_FROM_DATABASE":
                self.glue.delete_table(DatabaseName=self.database, Name=name)
                self.changes.note("TABLE", "DELETE", name)
                self.say(f"INFO : Deleted table {name}: {location} holds nothing of it any more")
            elif self._delete_behavior == "DEPRECATE_IN_DATABASE":
                self._deprecate(table)
                self.say(f"INFO : Deprecated table {name}: {location} holds nothing of it any more")
            else:
                self.say(f"INFO : Table {name} is left as it is (DeleteBehavior LOG): {location} holds nothing of it")

    def _deprecate(self, table: Definition) -> None:
        """Set the property that says when the crawler found the table out of use, in milliseconds."""
        parameters = {**table.get("Parameters", {}), DEPRECATED: str(int(time.time() * 1000))}
        changed = {name: table[name] for name in _TABLE_MEMBERS if name in table} | {"Parameters": parameters}
        self.glue.update_table(DatabaseName=self.database, TableInput=changed)
        self.changes.note("TABLE", "UPDATE", table["Name"])


def merged(old: Definition, new: Definition) -> Definition:
    """The old definition with the columns that are new, and the statistics of now (MergeNewColumns)."""
    storage = old["StorageDescriptor"]
    names = {column["Name"].lower() for column in storage["Columns"]}
    names |= {key["Name"].lower() for key in old.get("PartitionKeys", [])}
    more = [column for column in new["StorageDescriptor"]["Columns"] if column["Name"].lower() not in names]
    kept = {name: value for name, value in old.get("Parameters", {}).items() if name != DEPRECATED}
    whole = {name: old[name] for name in (*_TABLE_MEMBERS, "Values") if name in old}
    return whole | {
        "StorageDescriptor": {**storage, "Columns": [*storage["Columns"], *more]},
        "Parameters": {**kept, **new.get("Parameters", {})},
    }


def _fundamental(old: Definition, new: Definition) -> str:
    """The attribute that makes the old definition useless for the files of now, if one."""
    before, now = old.get("Parameters", {}), new["Parameters"]
    return next((name for name in _FUNDAMENTAL if name in before and before[name] != now.get(name)), "")


def _essence(definition: Definition) -> Any:
    """What two definitions are compared by."""

    def of(parameters: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in parameters.items() if name not in _OF_A_CRAWL}

    storage = definition.get("StorageDescriptor", {})
    columns = [(column["Name"], column.get("Type")) for column in storage.get("Columns", [])]
    readers = [storage.get(name) for name in ("Location", "InputFormat", "OutputFormat")]
    serde = storage.get("SerdeInfo", {})
    library = serde.get("SerializationLibrary"), serde.get("Parameters", {})
    return columns, _keys(definition), readers, library, of(definition.get("Parameters", {}))


def _keys(definition: Definition) -> list[str]:
    return [key["Name"] for key in definition.get("PartitionKeys", [])]


def _same_place(table: Definition, location: str) -> bool:
    return bool(table.get("StorageDescriptor", {}).get("Location", "").rstrip("/") == location.rstrip("/"))


def _label(table: str, values: Iterable[str]) -> str:
    return f"{table}/{'/'.join(values)}"


def _blocks(items: list[Definition], size: int) -> Iterable[list[Definition]]:
    return (items[start : start + size] for start in range(0, len(items), size))
