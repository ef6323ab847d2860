"""Reads Athena's DDL, whose grammar is Hive's. Each clause has its place in the statement's dataclass or is refused.

Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

from localcloud.sql import formats, statements
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.statements import ColumnDefinition, Spec, Statement, TableName
from localcloud.sql.tokens import Cursor

CATALOGS = ("awsdatacatalog", "hive")
PRIMITIVES = {
    *("tinyint", "smallint", "int", "bigint", "boolean", "float", "double", "string", "binary", "date", "timestamp"),
    *("decimal", "char", "varchar"),
}


def read(text: str) -> Statement:
    """ALTER, DROP, SHOW, DESCRIBE and MSCK."""
    cursor = Cursor(text, hive=True)
    found = {"ALTER": _alter, "DROP": _drop, "SHOW": _show, "MSCK": _repair}.get(cursor.word(), _describe)(cursor)
    cursor.end()
    return found


def table_name(cursor: Cursor) -> TableName:
    """`table`, `database.table`, or `awsdatacatalog.database.table`."""
    parts = cursor.path()
    if len(parts) > 3:
        raise QueryError("", f"Too many dots in table name: {'.'.join(parts)}")
    if len(parts) == 3 and parts.pop(0) not in CATALOGS:
        raise NotOffered("a data catalog other than AwsDataCatalog.")
    return TableName(parts[-2] if len(parts) == 2 else None, parts[-1])


# --- CREATE -----------------------------------------------------------------------------------------------------


def create(text: str) -> Statement:
    """CREATE DATABASE, and CREATE TABLE without a query."""
    cursor = Cursor(text, hive=True)
    cursor.need("CREATE")
    if cursor.take("DATABASE") or cursor.take("SCHEMA"):
        return _create_database(cursor)
    external = cursor.take("EXTERNAL")
    if not cursor.take("TABLE"):
        raise cursor.unexpected("DATABASE, EXTERNAL TABLE, SCHEMA, TABLE or VIEW")
    return _create_table(cursor, external)


def _create_database(cursor: Cursor) -> Statement:
    if_not_exists, name = cursor.if_exists(no=True), cursor.name()
    comment = cursor.string() if cursor.take("COMMENT") else None
    location = cursor.string() if cursor.take("LOCATION") else None
    properties = cursor.properties() if cursor.take("WITH", "DBPROPERTIES") else {}
    cursor.end()
    return statements.CreateDatabase(name, if_not_exists, comment, location, properties)


def _create_table(cursor: Cursor, external: bool) -> Statement:
    if_not_exists, table = cursor.if_exists(no=True), table_name(cursor)
    if cursor.sees("LIKE"):
        raise NotOffered("CREATE TABLE LIKE, which Athena has not either.")
    columns = _columns(cursor) if cursor.sees("(") else ()
    clauses = formats.Clauses()
    comment = location = None
    keys: tuple[ColumnDefinition, ...] = ()
    properties: dict[str, str] = {}
    while cursor.token.kind != "end":
        if cursor.take("COMMENT"):
            comment = cursor.string()
        elif cursor.take("PARTITIONED", "BY"):
            keys = _columns(cursor)
        elif cursor.sees("CLUSTERED") or cursor.sees("SKEWED"):
            raise NotOffered("bucketed tables (CLUSTERED BY … INTO … BUCKETS).")
        elif cursor.take("LOCATION"):
            location = cursor.string()
        elif cursor.take("TBLPROPERTIES"):
            properties = cursor.properties()
        elif not clauses.read(cursor):
            raise cursor.unexpected("ROW FORMAT, STORED AS, LOCATION or TBLPROPERTIES")
    if {key.lower(): value.lower() for key, value in properties.items()}.get("table_type") == "iceberg":
        raise NotOffered("Iceberg tables.")
    if not external:
        raise NotOffered("CREATE TABLE without EXTERNAL, which is for Iceberg tables: write CREATE EXTERNAL TABLE.")
    if location is None:
        raise QueryError("", f"{cursor.unexpected('LOCATION')}")
    _check_names(columns, keys)
    serde, serde_properties, classes = clauses.result()
    return statements.CreateTable(
        table, if_not_exists, columns, keys, comment, serde, serde_properties, classes, location, properties
    )


def _check_names(columns: tuple[ColumnDefinition, ...], keys: tuple[ColumnDefinition, ...]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise QueryError("", f"FAILED: SemanticException [Error 10036]: Duplicate column name: {column.name}")
        seen.add(column.name)
    if any(key.name in seen for key in keys):
        raise QueryError("", "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns")


def _columns(cursor: Cursor) -> tuple[ColumnDefinition, ...]:
    """`(name type [COMMENT 'text'], …)`."""
    found: list[ColumnDefinition] = []
    cursor.need("(")
    while True:
        found.append(_column(cursor))
        if not cursor.take(","):
            break
    cursor.need(")")
    return tuple(found)


def _column(cursor: Cursor) -> ColumnDefinition:
    name, kind = cursor.name(), _type(cursor)
    return ColumnDefinition(name, kind, cursor.string() if cursor.take("COMMENT") else None)


def _type(cursor: Cursor) -> str:
    """A type of Hive in the spelling of the catalog: small letters, no blanks."""
    token = cursor.token
    name = cursor.name()
    if name == "array":
        cursor.need("<")
        inside = _type(cursor)
    elif name == "map":
        cursor.need("<")
        key = _type(cursor)
        cursor.need(",")
        inside = f"{key},{_type(cursor)}"
    elif name == "struct":
        cursor.need("<")
        inside = ",".join(_fields(cursor))
    elif name in PRIMITIVES:
        return _with_length(cursor, name)
    else:
        where = str(cursor.unexpected()).split(" mismatched", 1)[0]
        hint = ". In DDL it is int" if name == "integer" else ""
        shown = cursor.statement[token.start : token.end]
        raise QueryError("", f"{where} mismatched input '{shown}'. Expecting: a type of Hive{hint}")
    cursor.need(">")
    return f"{name}<{inside}>"


def _fields(cursor: Cursor) -> list[str]:
    found: list[str] = []
    while True:
        field = cursor.name()
        cursor.need(":")
        found.append(f"{field}:{_type(cursor)}")
        if cursor.take("COMMENT"):
            cursor.string()  # Hive reads it, and the catalog's type has no place for it
        if not cursor.take(","):
            return found


def _with_length(cursor: Cursor, name: str) -> str:
    numbers: list[str] = []
    if name in ("decimal", "char", "varchar") and cursor.take("("):
        numbers.append(_number(cursor))
        if name == "decimal" and cursor.take(","):
            numbers.append(_number(cursor))
        cursor.need(")")
    if name in ("char", "varchar") and not numbers:
        raise cursor.unexpected("'('")
    if name == "decimal":
        numbers = (numbers or ["10"])[:2]
        numbers = numbers if len(numbers) == 2 else [*numbers, "0"]
        if not 1 <= int(numbers[0]) <= 38 or int(numbers[1]) > int(numbers[0]):
            raise QueryError("", f"Decimal precision out of allowed range [1,38] or scale above it: {numbers}")
    return f"{name}({','.join(numbers)})" if numbers else name


def _number(cursor: Cursor) -> str:
    if cursor.token.kind != "number" or not cursor.token.text.isdigit():
        raise cursor.unexpected("a number")
    return cursor.next().text


# --- ALTER, DROP, MSCK ------------------------------------------------------------------------------------------


def _alter(cursor: Cursor) -> Statement:
    if cursor.take("DATABASE") or cursor.take("SCHEMA"):
        name = cursor.name()
        cursor.need("SET", "DBPROPERTIES")
        return statements.AlterDatabase(name, cursor.properties())
    if cursor.sees("VIEW"):
        raise NotOffered("ALTER VIEW: use CREATE OR REPLACE VIEW.")
    cursor.need("TABLE")
    table = table_name(cursor)
    if cursor.sees("RENAME"):
        raise NotOffered("ALTER TABLE … RENAME TO, which Athena has for Iceberg tables only.")
    if cursor.take("ADD"):
        if cursor.sees("COLUMNS"):
            return _change(cursor, table, "ADD", None)
        return _add_partitions(cursor, table)
    if cursor.take("DROP"):
        return _drop_partitions(cursor, table)
    partition = _spec(cursor) if cursor.take("PARTITION") else None
    if partition is not None and cursor.take("RENAME", "TO", "PARTITION"):
        return statements.RenamePartition(table, partition, _spec(cursor))
    if cursor.take("SET", "LOCATION"):
        return statements.SetLocation(table, cursor.string(), partition)
    if partition is None and cursor.take("SET", "TBLPROPERTIES"):
        return statements.SetProperties(table, cursor.properties())
    for action in ("ADD", "REPLACE", "CHANGE"):
        if cursor.take(action):
            return _change(cursor, table, action, partition)
    words = cursor.statement[cursor.token.start :].strip()
    raise NotOffered(f"ALTER TABLE … {words[:40]}")


def _add_partitions(cursor: Cursor, table: TableName) -> Statement:
    if_not_exists, found = cursor.if_exists(no=True), list[tuple[Spec, str | None]]()
    while cursor.take("PARTITION"):
        spec = _spec(cursor)
        found.append((spec, cursor.string() if cursor.take("LOCATION") else None))
    if not found:
        raise cursor.unexpected("PARTITION or COLUMNS")
    return statements.AddPartitions(table, if_not_exists, tuple(found))


def _drop_partitions(cursor: Cursor, table: TableName) -> Statement:
    if_exists, found = cursor.if_exists(), list[tuple[tuple[str, str, str], ...]]()
    while True:
        cursor.need("PARTITION", "(")
        conditions: list[tuple[str, str, str]] = []
        while True:
            key = cursor.name()
            comparison = next((sign for sign in ("=", "!=", "<>", "<=", ">=", "<", ">") if cursor.take(sign)), None)
            if comparison is None:
                raise cursor.unexpected("'='")
            conditions.append((key, comparison, _constant(cursor)))
            if not cursor.take(","):
                break
        cursor.need(")")
        found.append(tuple(conditions))
        if not cursor.take(","):
            break
    return statements.DropPartitions(table, if_exists, tuple(found))


def _change(cursor: Cursor, table: TableName, action: str, partition: Spec | None) -> Statement:
    if action != "CHANGE":
        cursor.need("COLUMNS")
        return statements.ChangeColumns(table, action, _columns(cursor), partition)
    cursor.take("COLUMN")
    old, column = cursor.name(), _column(cursor)
    after = "" if cursor.take("FIRST") else cursor.name() if cursor.take("AFTER") else None
    return statements.ChangeColumns(table, action, (column,), partition, old, after)


def _spec(cursor: Cursor) -> Spec:
    """`(key = value, …)`."""
    found: Spec = {}
    cursor.need("(")
    while True:
        key = cursor.name()
        cursor.need("=")
        found[key] = _constant(cursor)
        if not cursor.take(","):
            break
    cursor.need(")")
    return found


def _constant(cursor: Cursor) -> str:
    if cursor.token.kind == "string":
        return cursor.string()
    sign = "-" if cursor.take("-") else ""
    if cursor.token.kind != "number":
        raise cursor.unexpected("a text in quotes or a number")
    return sign + cursor.next().text


def _drop(cursor: Cursor) -> Statement:
    if cursor.take("DATABASE") or cursor.take("SCHEMA"):
        if_exists, name = cursor.if_exists(), cursor.name()
        cascade = cursor.take("CASCADE")
        if not cascade:
            cursor.take("RESTRICT")
        return statements.DropDatabase(name, if_exists, cascade)
    if cursor.take("TABLE"):
        if_exists = cursor.if_exists()
        return statements.DropTable(table_name(cursor), if_exists)
    if cursor.take("VIEW"):
        if_exists = cursor.if_exists()
        return statements.DropView(table_name(cursor), if_exists)
    raise cursor.unexpected("DATABASE, SCHEMA, TABLE or VIEW")


def _repair(cursor: Cursor) -> Statement:
    cursor.need("REPAIR", "TABLE")
    return statements.RepairTable(table_name(cursor))


# --- SHOW, DESCRIBE ---------------------------------------------------------------------------------------------


def _show(cursor: Cursor) -> Statement:
    if cursor.take("DATABASES") or cursor.take("SCHEMAS"):
        return statements.Show("DATABASES", pattern=cursor.string() if cursor.take("LIKE") else None)
    for what in ("TABLES", "VIEWS"):
        if cursor.take(what):
            database = cursor.name() if cursor.take("IN") or cursor.take("FROM") else None
            liked = cursor.take("LIKE")
            pattern = cursor.string() if liked or cursor.token.kind == "string" else None
            return statements.Show(what, database=database, pattern=pattern)
    if cursor.take("COLUMNS"):
        if not (cursor.take("IN") or cursor.take("FROM")):
            raise cursor.unexpected("FROM or IN")
        table = table_name(cursor)
        if cursor.take("IN") or cursor.take("FROM"):
            table = TableName(cursor.name(), table.name)
        return statements.Show("COLUMNS", table)
    if cursor.take("PARTITIONS"):
        table = table_name(cursor)
        if cursor.sees("PARTITION"):
            raise NotOffered('SHOW PARTITIONS with a partition: query "table$partitions".')
        return statements.Show("PARTITIONS", table)
    if cursor.take("TBLPROPERTIES"):
        table, name = table_name(cursor), None
        if cursor.take("("):
            name = cursor.string()
            cursor.need(")")
        return statements.Show("TBLPROPERTIES", table, pattern=name)
    if cursor.take("CREATE", "TABLE"):
        return statements.Show("CREATE TABLE", table_name(cursor))
    if cursor.take("CREATE", "VIEW"):
        return statements.Show("CREATE VIEW", table_name(cursor))
    raise NotOffered(f"SHOW {cursor.token.text.upper()}.")


def _describe(cursor: Cursor) -> Statement:
    mode = "EXTENDED" if cursor.take("EXTENDED") else "FORMATTED" if cursor.take("FORMATTED") else ""
    table = table_name(cursor)
    partition = _spec(cursor) if cursor.take("PARTITION") else None
    path: list[str] = []
    while cursor.token.kind != "end" and (not path or cursor.take(".")):
        path.append(cursor.string() if cursor.token.kind == "string" else cursor.name())
    return statements.Describe(table, mode, partition, tuple(path))
