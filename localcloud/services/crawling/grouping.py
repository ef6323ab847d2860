"""Which files make one table, where it begins in the folders, and which folders are its partitions.

The rules that AWS documents: files of one table have the same format and compression and lie in folders of the same
structure; their schemas are similar when one of at most five kinds has more than 70 % of the files of a folder, or of
the folders at a level. If so, the folders are partitions of one table (`key=value`, or partition_0, partition_1); if
not, each folder is a table, and each file of a folder that holds unlike files.
Sources: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html,
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from localcloud.services.crawling.listing import File, Target
from localcloud.services.crawling.schema import Schema, alike, combine

SIMILAR, MOST_CLUSTERS = 0.7, 5
_KEY = re.compile(r"([^=]+)=(.*)", re.DOTALL)


@dataclass
class Leaf:
    """A folder with files of one table: the partition, or all of a table without partitions."""

    values: tuple[str, ...]
    location: str  # a key: a folder with its slash, or a file
    files: list[File]
    schema: Schema


@dataclass
class Table:
    """Files that belong together; `levels` are the names of its partition keys, empty where folders have none."""

    location: str
    levels: tuple[str, ...]
    leaves: list[Leaf]
    schema: Schema | None  # None: nothing recognises its files, classification UNKNOWN
    unknown: list[File] = field(default_factory=list)

    def files(self) -> Iterator[File]:
        yield from self.unknown
        for leaf in self.leaves:
            yield from leaf.files


@dataclass
class _Folder:
    path: str
    files: list[File] = field(default_factory=list)
    folders: dict[str, _Folder] = field(default_factory=dict)

    def all_files(self) -> Iterator[File]:
        yield from self.files
        for folder in self.folders.values():
            yield from folder.all_files()


Grouped = Table | list[Table]  # one table, which the folder above may take in, or several


@dataclass(frozen=True)
class Grouper:
    """The crawler's Configuration, as far as it says what is one table.

    Attributes:
        combine: CombineCompatibleSchemas: similarity does not count.
        level: TableLevelConfiguration: tables begin at this depth, the bucket being 1; 0 when it is not given.
    """

    combine: bool = False
    level: int = 0

    def tables(self, target: Target) -> list[Table]:
        """The tables of a target. Each file with a schema is in exactly one."""
        if target.file:
            return [_of_file(file) if file.schema else _unknown(file.key, [file]) for file in target.files]
        root = _tree(target)
        depth = 1 + target.folder.count("/")
        tables = _as_list(self._group(root, depth))
        return tables + list(
            _unknown_folders(root, {table.location for table in tables if table.levels or table.leaves})
        )

    def _group(self, folder: _Folder, depth: int) -> Grouped:
        below = [(name, self._group(child, depth + 1)) for name, child in folder.folders.items()]
        below = [(name, grouped) for name, grouped in below if grouped]
        own = [file for file in folder.files if file.schema]
        if not below:
            return self._group_files(folder, own)
        above = bool(self.level) and depth < self.level
        if own and not above and (whole := self._unpartitioned(folder, own, below)):
            return whole
        # Beside folders of which nothing is known, one folder is no level of partitions: it is a table of its own.
        alone = len(below) == 1 and any(_is_unknown(child) for child in folder.folders.values())
        children = None if above or alone else self._partitioned(folder, below)
        if children and not own:
            return children
        rest = [children] if children else [table for _, grouped in below for table in _as_list(grouped)]
        return [*map(_of_file, own), *rest]

    def _group_files(self, folder: _Folder, files: list[File]) -> Grouped:
        schema = self._together([file.schema for file in files if file.schema])
        if not schema:
            return [_of_file(file) for file in files]
        unread = [file for file in folder.files if not file.schema and not file.reason]
        leaf = Leaf((), folder.path, files + unread, schema)
        return Table(folder.path, (), [leaf], schema)

    def _unpartitioned(self, folder: _Folder, own: list[File], below: list[tuple[str, Grouped]]) -> Table | None:
        """Files beside folders without `=` that hold the same: one table, which Athena reads through all folders."""
        if any("=" in name or not isinstance(table, Table) or any(table.levels) for name, table in below):
            return None
        leaves = [leaf for _, table in below if isinstance(table, Table) for leaf in table.leaves]
        schemas = [file.schema for file in own if file.schema] + [leaf.schema for leaf in leaves]
        schema = self._together(schemas)
        if not schema:
            return None
        files = own + [file for leaf in leaves for file in leaf.files]
        return Table(folder.path, (), [Leaf((), folder.path, files, schema)], schema)

    def _partitioned(self, folder: _Folder, below: list[tuple[str, Grouped]]) -> Table | None:
        """The folders as partitions of one table, when they are built alike and hold the same."""
        tables = [table for _, table in below if isinstance(table, Table)]
        if any(not name or name.endswith("=") for name, _ in below):
            return None  # the catalog has no partition without a value
        keys = {match[1].lower() if (match := _KEY.fullmatch(name)) else "" for name, _ in below}
        if len(tables) < len(below) or len(keys) > 1 or len({table.levels for table in tables}) > 1:
            return None
        schema = self._together([table.schema for table in tables if table.schema])
        if not schema:
            return None
        leaves = []
        for name, table in below:
            match = _KEY.fullmatch(name)
            for leaf in table.leaves if isinstance(table, Table) else ():
                value = match[2] if match else name
                leaves.append(Leaf((value, *leaf.values), leaf.location, leaf.files, leaf.schema))
        if len({leaf.values for leaf in leaves}) < len(leaves):
            return None  # k=1 beside K=1: the catalog holds a partition once
        return Table(folder.path, (keys.pop(), *tables[0].levels), leaves, schema)

    def _together(self, schemas: list[Schema]) -> Schema | None:
        """One schema for all, or None when they are no data of one table."""
        if not schemas or len({schema.kind() for schema in schemas}) > 1:
            return None
        clusters: list[list[Schema]] = []
        heads: list[Schema] = []
        for schema in schemas:
            near = next((n for n, head in enumerate(heads) if alike(head, schema)), None)
            if near is None:
                clusters.append([schema])
                heads.append(schema)
            else:
                clusters[near].append(schema)
                if schema.columns != heads[near].columns:
                    heads[near] = combine([heads[near], schema])
        most = max(clusters, key=len)
        similar = len(most) > SIMILAR * len(schemas) and len(clusters) <= MOST_CLUSTERS
        if not similar and not self.combine:
            return None
        return combine([*most, *(schema for cluster in clusters if cluster is not most for schema in cluster)])


def _is_unknown(folder: _Folder) -> bool:
    files = list(folder.all_files())
    return bool(files) and not any(file.schema for file in files)


def _as_list(grouped: Grouped) -> list[Table]:
    return [grouped] if isinstance(grouped, Table) else grouped


def _of_file(file: File) -> Table:
    assert file.schema
    return Table(file.key, (), [Leaf((), file.key, [file], file.schema)], file.schema)


def _unknown(location: str, files: list[File]) -> Table:
    return Table(location, (), [], None, files)


def _tree(target: Target) -> _Folder:
    root = _Folder(target.folder)
    for file in target.files:
        folder = root
        for name in file.key.removeprefix(target.folder).split("/")[:-1]:
            folder = folder.folders.setdefault(name, _Folder(f"{folder.path}{name}/"))
        folder.files.append(file)
    return root


def _unknown_folders(folder: _Folder, locations: set[str]) -> Iterator[Table]:
    """The highest folders below which nothing is recognised, outside of all tables: one UNKNOWN table each."""
    if folder.path in locations:
        return
    files = list(folder.all_files())
    if any(file.schema for file in files):
        for child in folder.folders.values():
            yield from _unknown_folders(child, locations)
    elif files and not all(file.foreign for file in files):
        yield _unknown(folder.path, files)
