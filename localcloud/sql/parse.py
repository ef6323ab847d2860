"""Reads a statement: which kind it is, and all that stands in it but its query, which the compiler reads.

Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from __future__ import annotations

from typing import Any

from localcloud.sql import hive_ddl, statements
from localcloud.sql.hive_ddl import table_name
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.statements import Statement
from localcloud.sql.tokens import Cursor, from_here, tokens

MAXIMUM_BYTES = 262_144
_QUERIES = {"SELECT", "WITH", "VALUES", "TABLE", "("}
_FIRST = ("ALTER", "CREATE", "DELETE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "MSCK", "PREPARE")
_SUPPORTED = ("SELECT", "SHOW", "UNLOAD", "UPDATE", "VALUES", "WITH")
_OTHERS = {
    *("ANALYZE", "CALL", "COMMENT", "COMMIT", "EXPORT", "GRANT", "IMPORT", "KILL", "LOAD", "LOCK", "REVOKE"),
    *("RESET", "ROLLBACK", "SET", "START", "TRUNCATE", "UNLOCK", "USE", "REFRESH"),
}


def parse(text: str) -> Statement:
    """Read one statement; a semicolon may follow it.

    Raises:
        QueryError: it cannot be read, is none of Athena's, is too long, or there are several.
        NotOffered: Athena has it and the local AWS does not.
    """
    if len(text.encode()) > MAXIMUM_BYTES:
        raise QueryError("", f"Query string exceeds the maximum length of {MAXIMUM_BYTES} bytes.")
    _only_one(text)
    cursor = Cursor(text)
    first = cursor.token.text.upper() if cursor.token.kind in ("word", "sign") else ""
    if first in _QUERIES:
        return statements.Select(text)
    if first in _READERS:
        return _READERS[first](text)
    if first in _OTHERS:
        raise QueryError("NOT_SUPPORTED", f"Queries of this type are not supported: {first}")
    expecting = ", ".join(f"'{word}'" for word in (*_FIRST, *_SUPPORTED))
    raise cursor.unexpected(expecting)


def _only_one(text: str) -> None:
    """Refuse a second statement behind a semicolon. Texts are read by both rules: it is one if one says so."""

    def several(hive: bool) -> bool:
        found = tokens(text, hive=hive)
        ends = [index for index, token in enumerate(found) if token.kind == "sign" and token.text == ";"]
        return bool(ends) and ends[0] < len(found) - 2

    if several(False) and several(True):
        raise QueryError("", f"Only one sql statement is allowed. Got: {text}")


def _create(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("CREATE")
    replace = cursor.take("OR", "REPLACE")
    if cursor.take("VIEW"):
        view = table_name(cursor)
        if cursor.sees("COMMENT") or cursor.sees("SECURITY") or cursor.sees("("):
            raise NotOffered("a comment, column list or security mode in CREATE VIEW.")
        cursor.need("AS")
        return statements.CreateView(view, replace, _rest(cursor))
    if replace:
        raise cursor.unexpected("VIEW")
    if cursor.sees("PROTECTED") or cursor.sees("FUNCTION") or cursor.sees("TEMPORARY"):
        raise NotOffered(f"CREATE {cursor.word()}.")
    if cursor.take("TABLE"):
        if_not_exists = cursor.if_exists(no=True)
        table = table_name(cursor)
        properties = _with(cursor) if cursor.take("WITH") else {}
        if cursor.take("AS"):
            query, with_data = _with_data(_rest(cursor))
            return statements.CreateTableAs(table, if_not_exists, properties, query, with_data)
        if properties:
            raise cursor.unexpected("AS")
    return hive_ddl.create(text)


def _with(cursor: Cursor) -> dict[str, Any]:
    """`(name = value, …)`; a value is a text, a number, true or false, or ARRAY[texts]."""
    found: dict[str, Any] = {}
    cursor.need("(")
    while True:
        name = cursor.name()
        if name in found:
            raise QueryError("", f"Duplicate property: {name}")
        cursor.need("=")
        found[name] = _value(cursor)
        if not cursor.take(","):
            break
    cursor.need(")")
    return found


def _value(cursor: Cursor) -> Any:
    if cursor.take("ARRAY"):
        cursor.need("[")
        items = [] if cursor.sees("]") else [cursor.string()]
        while cursor.take(","):
            items.append(cursor.string())
        cursor.need("]")
        return items
    if cursor.token.kind == "number":
        return int(float(cursor.next().text))
    if cursor.take("TRUE"):
        return True
    if cursor.take("FALSE"):
        return False
    return cursor.string()


def _with_data(query: str) -> tuple[str, bool]:
    """Cut `WITH [NO] DATA` off the end of a CTAS's query."""
    found = [token for token in tokens(query) if token.kind != "end" and token.text != ";"]
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    for ending, with_data in ((["WITH", "NO", "DATA"], False), (["WITH", "DATA"], True)):
        if words[-len(ending) :] == ending:
            return query[: found[-len(ending)].start], with_data
    return query, True


def _rest(cursor: Cursor) -> str:
    if cursor.token.kind == "end":
        raise cursor.unexpected("a query")
    return from_here(cursor.statement, cursor.token.start)


def _insert(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("INSERT")
    if cursor.sees("OVERWRITE"):
        raise QueryError("", f"{cursor.unexpected('INTO')}")
    cursor.need("INTO")
    table, columns = table_name(cursor), list[str]()
    if cursor.sees("(") and not _is_query(cursor):
        cursor.need("(")
        columns.append(cursor.name())
        while cursor.take(","):
            columns.append(cursor.name())
        cursor.need(")")
    return statements.Insert(table, tuple(columns), _rest(cursor))


def _is_query(cursor: Cursor) -> bool:
    return any(cursor.sees("(", word) for word in _QUERIES)


def _unload(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("UNLOAD")
    start, end = _in_brackets(cursor)
    cursor.need("TO")
    location = cursor.string()
    properties = _with(cursor) if cursor.take("WITH") else {}
    cursor.end()
    return statements.Unload(from_here(text, start, end), location, properties)


def _in_brackets(cursor: Cursor) -> tuple[int, int]:
    """Go over `( … )`; return where its inside begins and ends."""
    cursor.need("(")
    start, depth = cursor.token.start, 1
    while True:
        token = cursor.next()
        if token.kind == "sign" and token.text in "()":
            depth += 1 if token.text == "(" else -1
            if depth == 0:
                return start, token.start


def _explain(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("EXPLAIN")
    if cursor.sees("ANALYZE"):
        raise NotOffered("EXPLAIN ANALYZE: run the query and look at the Statistics of its execution.")
    options = {"FORMAT": "TEXT", "TYPE": "DISTRIBUTED"}
    allowed = {"FORMAT": ("TEXT", "JSON", "GRAPHVIZ"), "TYPE": ("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO")}
    if cursor.sees("(", "FORMAT") or cursor.sees("(", "TYPE"):
        cursor.need("(")
        while True:
            option = cursor.word()
            if option not in allowed or cursor.token.text.upper() not in allowed[option]:
                raise cursor.unexpected()
            options[option] = cursor.word()
            if not cursor.take(","):
                break
        cursor.need(")")
    return statements.Explain(_rest(cursor), options["FORMAT"], options["TYPE"])


def _prepare(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("PREPARE")
    name = cursor.next().text
    cursor.need("FROM")
    return statements.Prepare(name, _rest(cursor).strip().removesuffix(";").strip())


def _execute(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("EXECUTE")
    if cursor.token.kind not in ("word", "quoted"):
        raise cursor.unexpected("a name")
    name, parameters = cursor.next().text, list[str]()
    if cursor.take("USING"):
        parameters = split_expressions(cursor)
    cursor.end()
    return statements.Execute(name, tuple(parameters))


def split_expressions(cursor: Cursor) -> list[str]:
    """What stands between the commas up to the end, as written; commas in brackets do not part."""
    found, start, end, depth = list[str](), cursor.token.start, cursor.token.start, 0
    while cursor.token.kind != "end":
        token = cursor.next()
        if token.kind == "sign" and token.text in "([":
            depth += 1
        elif token.kind == "sign" and token.text in ")]":
            depth -= 1
        elif token.kind == "sign" and token.text == "," and depth == 0:
            found.append(cursor.statement[start:end].strip())
            start = token.end
        end = token.end
    found.append(cursor.statement[start:end].strip().rstrip(",").strip())
    if not all(found):
        raise cursor.unexpected("an expression")
    return found


def _deallocate(text: str) -> Statement:
    cursor = Cursor(text)
    cursor.need("DEALLOCATE", "PREPARE")
    name = cursor.next().text
    cursor.end()
    return statements.Deallocate(name)


def _change_rows(text: str) -> Statement:
    cursor = Cursor(text)
    verb = cursor.word()
    for words in (("FROM",), ("INTO",), ("TABLE",)):
        if cursor.take(*words):
            break
    return statements.ChangeRows(verb, table_name(cursor))


_READERS = {
    "CREATE": _create,
    "INSERT": _insert,
    "UNLOAD": _unload,
    "EXPLAIN": _explain,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    **dict.fromkeys(("DELETE", "UPDATE", "MERGE", "OPTIMIZE", "VACUUM"), _change_rows),
    **dict.fromkeys(("ALTER", "DROP", "SHOW", "DESCRIBE", "DESC", "MSCK"), hive_ddl.read),
}
