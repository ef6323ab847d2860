"""SHOW and DESCRIBE: lines of text in Hive's layout, as Athena's clients take them apart."""

from __future__ import annotations

import json
import re
import time

from localcloud.services.athena import lookup as catalog
from localcloud.services.athena import partitions
from localcloud.services.athena.context import Run
from localcloud.services.athena.tables import Lines
from localcloud.services.registry import Params
from localcloud.sql import statements, types
from localcloud.sql.model import NotOffered, QueryError

_WIDTH = 20  # of a field of DESCRIBE, as Hive pads it


def show(run: Run, statement: statements.Show) -> Lines:
    return _SHOWS[statement.what](run, statement)


def _matches(names: list[str], pattern: str | None) -> list[str]:
    """Names that match as a whole; `*` is any text, as `.*` of a regular expression is, and `|` parts choices."""
    if pattern is None:
        return names
    wanted = re.sub(r"(?<![.\])])\*", ".*", pattern)
    try:
        expression = re.compile(wanted, re.IGNORECASE)
    except re.error as error:
        raise QueryError("", f"FAILED: ParseException the pattern '{pattern}' cannot be read: {error}") from None
    return [name for name in names if expression.fullmatch(name)]


def _databases(run: Run, statement: statements.Show) -> Lines:
    return _matches([str(item["Name"]) for item in run.lookup.databases()], statement.pattern), ["database_name"]


def _tables(run: Run, statement: statements.Show) -> Lines:
    found = run.lookup.tables(statement.database or run.lookup.database)
    return _matches([str(item["Name"]) for item in found], statement.pattern), ["tab_name"]


def _views(run: Run, statement: statements.Show) -> Lines:
    found = run.lookup.tables(statement.database or run.lookup.database)
    names = [str(item["Name"]) for item in found if item.get("TableType") == catalog.VIEW]
    return _matches(names, statement.pattern), ["views"]


def _table(run: Run, statement: statements.Show) -> Params:
    assert statement.of is not None
    return run.lookup.table(statement.of)


def _all_columns(table: Params) -> list[Params]:
    return [*(catalog.storage(table).get("Columns") or []), *(table.get("PartitionKeys") or [])]


def _columns(run: Run, statement: statements.Show) -> Lines:
    return [f"{item['Name']:<{_WIDTH}}" for item in _all_columns(_table(run, statement))], ["field"]


def _partitions(run: Run, statement: statements.Show) -> Lines:
    table = _table(run, statement)
    if not table.get("PartitionKeys"):
        raise QueryError(
            "", f"FAILED: SemanticException [Error 10241]: Table {statement.of} is not a partitioned table"
        )
    keys = partitions.keys_of(table)
    values = [map(partitions.escaped, item["Values"]) for item in run.lookup.partitions(table)]
    return sorted("/".join(map("=".join, zip(keys, each, strict=True))) for each in values), ["partition"]


def _properties(run: Run, statement: statements.Show) -> Lines:
    found = _table(run, statement).get("Parameters") or {}
    columns = ["prpt_name", "prpt_value"]
    if statement.pattern is not None:
        name = statement.pattern
        missing = f"Table {statement.of} does not have property: {name}"
        return [f"{name}\t{found[name]}" if name in found else missing], columns
    return [f"{name}\t{value}" for name, value in sorted(found.items())], columns


def _quoted(text: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    plain = "".join(escapes.get(character, character) for character in text)
    return "'" + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match.group()):04x}", plain) + "'"


def _pairs(found: dict[str, str]) -> list[str]:
    lines = [f"  {_quoted(name)}={_quoted(str(value))}" for name, value in sorted(found.items())]
    return [line + (", " if place < len(lines) - 1 else ")") for place, line in enumerate(lines)]


def _definitions(items: list[Params]) -> list[str]:
    lines = []
    for place, item in enumerate(items):
        comment = f" COMMENT {_quoted(str(item['Comment']))}" if item.get("Comment") else ""
        lines.append(f"  `{item['Name']}` {item['Type']}{comment}{', ' if place < len(items) - 1 else ')'}")
    return lines


def _create_table(run: Run, statement: statements.Show) -> Lines:
    """The statement that makes this table again."""
    table = _table(run, statement)
    if table.get("TableType") == catalog.VIEW:
        raise QueryError("", f"FAILED: SemanticException [Error 10132]: {statement.of} is a view: use SHOW CREATE VIEW")
    storage, parameters = catalog.storage(table), dict(table.get("Parameters") or {})
    serde = storage.get("SerdeInfo") or {}
    external = "EXTERNAL " if table.get("TableType") == "EXTERNAL_TABLE" or "EXTERNAL" in parameters else ""
    parameters.pop("EXTERNAL", None)
    lines = [
        f"CREATE {external}TABLE `{table['DatabaseName']}.{table['Name']}`(",
        *_definitions(storage.get("Columns") or []),
    ]
    if "comment" in parameters:
        lines.append(f"COMMENT {_quoted(parameters.pop('comment'))}")
    if table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_definitions(table["PartitionKeys"])]
    lines += ["ROW FORMAT SERDE ", f"  {_quoted(str(serde.get('SerializationLibrary', '')))} "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_pairs(serde["Parameters"])]
    lines += ["STORED AS INPUTFORMAT ", f"  {_quoted(str(storage.get('InputFormat', '')))} "]
    lines += ["OUTPUTFORMAT ", f"  {_quoted(str(storage.get('OutputFormat', '')))}"]
    lines += ["LOCATION", f"  {_quoted(str(storage.get('Location', '')))}"]
    if parameters:
        lines += ["TBLPROPERTIES (", *_pairs(parameters)]
    return lines, ["createtab_stmt"]


def _create_view(run: Run, statement: statements.Show) -> Lines:
    table = _table(run, statement)
    view = catalog.view_of(table)
    if view is None:
        raise QueryError("", f"line 1:1: Relation '{statement.of}' is a table, not a view")
    lines = f"CREATE VIEW {table['DatabaseName']}.{table['Name']} AS\n{view['originalSql']}".splitlines()
    return lines, ["Create View"]


_SHOWS = {
    "DATABASES": _databases,
    "TABLES": _tables,
    "VIEWS": _views,
    "COLUMNS": _columns,
    "PARTITIONS": _partitions,
    "TBLPROPERTIES": _properties,
    "CREATE TABLE": _create_table,
    "CREATE VIEW": _create_view,
}


# --- DESCRIBE ---------------------------------------------------------------------------------------------------


def _line(*fields: str) -> str:
    return "\t".join(f"{field:<{_WIDTH}}" for field in fields)


def _described(items: list[Params]) -> list[str]:
    return [_line(str(item["Name"]), str(item.get("Type", "")), str(item.get("Comment") or "")) for item in items]


def describe(run: Run, statement: statements.Describe) -> Lines:
    table = run.lookup.table(statement.table)
    columns = ["col_name", "data_type", "comment"]
    if statement.partition is not None:
        values = partitions.values_of(table, statement.partition)
        found = partitions.find(run, table, values)
        if found is None:
            raise QueryError("", f"FAILED: SemanticException [Error 10006]: Partition not found {statement.partition}")
        table = {**table, "StorageDescriptor": found.get("StorageDescriptor")}
    if statement.column:
        return _one_column(table, statement.column), columns
    lines = _described(_all_columns(table))
    if table.get("PartitionKeys"):
        head = [
            _line("", "", ""),
            _line("# Partition Information", "", ""),
            _line("# col_name", "data_type", "comment"),
        ]
        lines += [*head, _line("", "", ""), *_described(table["PartitionKeys"])]
    if statement.mode == "EXTENDED":
        shown = json.dumps(catalog.plain(table), sort_keys=True)
        lines += [_line("", "", ""), _line("Detailed Table Information", shown, "")]
    elif statement.mode == "FORMATTED":
        lines = [_line("# col_name", "data_type", "comment"), _line("", "", ""), *lines, *_formatted(table)]
    return lines, columns


def _one_column(table: Params, path: tuple[str, ...]) -> list[str]:
    """A column, or what is inside it: a field, an array's `$elem$`, a map's `$key$` and `$value$`."""
    found = {str(item["Name"]): item for item in _all_columns(table)}
    if path[0] not in found:
        raise QueryError("", f"FAILED: SemanticException [Error 10002]: Invalid column reference {path[0]}")
    if len(path) == 1:
        return _described([found[path[0]]])
    kind = types.parse(str(found[path[0]]["Type"]))
    for step in path[1:]:
        choices = {
            "array": dict.fromkeys(("$elem$",), 0),
            "map": {"$key$": 0, "$value$": 1},
            "row": {name: place for place, name in enumerate(kind.fields)},
        }.get(kind.name, {})
        if step not in choices:
            raise QueryError("", f"FAILED: SemanticException [Error 10002]: Invalid column reference {'.'.join(path)}")
        kind = kind.items[choices[step]]
    try:
        return [_line(path[-1], types.hive(kind), "from deserializer")]
    except ValueError as error:
        raise NotOffered(str(error)) from None


def _formatted(table: Params) -> list[str]:
    """Where the table is from and how it is stored."""
    storage = catalog.storage(table)
    serde = storage.get("SerdeInfo") or {}
    created = table.get("CreateTime")
    moment = time.strftime("%a %b %d %H:%M:%S UTC %Y", created.utctimetuple()) if created else ""
    lines = [_line("", "", ""), _line("# Detailed Table Information", "", "")]
    for name, value in (
        ("Database:", table["DatabaseName"]),
        ("Owner:", table.get("Owner", "")),
        ("CreateTime:", moment),
        ("Retention:", str(table.get("Retention", 0))),
        ("Location:", storage.get("Location", "")),
        ("Table Type:", table.get("TableType", "")),
        ("Table Parameters:", ""),
    ):
        lines.append(_line(name, str(value), ""))
    lines += [_line("", name, str(value)) for name, value in sorted((table.get("Parameters") or {}).items())]
    lines += [_line("", "", ""), _line("# Storage Information", "", "")]
    for name, value in (
        ("SerDe Library:", serde.get("SerializationLibrary", "")),
        ("InputFormat:", storage.get("InputFormat", "")),
        ("OutputFormat:", storage.get("OutputFormat", "")),
        ("Compressed:", "Yes" if storage.get("Compressed") else "No"),
        ("Num Buckets:", str(storage.get("NumberOfBuckets", 0))),
        ("Storage Desc Params:", ""),
    ):
        lines.append(_line(name, str(value), ""))
    return lines + [_line("", name, str(value)) for name, value in sorted((serde.get("Parameters") or {}).items())]
