"""Trino's tokens, each with its place in the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from localcloud.sql.model import QueryError

MOST_BYTES = 262144  # of one query string: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<unicode>[uU]&'(?:[^']|'')*')
      | (?P<binary>[xX]'[^']*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<backquoted>`(?:[^`]|``)*`)
      | (?P<double>(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+)
      | (?P<decimal>\d+\.\d*|\.\d+)
      | (?P<digits>\d+[A-Za-z_]\w*)
      | (?P<integer>\d+)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<operator>->|=>|<>|!=|<=|>=|\|\||[-+*/%=<>().,;\[\]?:])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)

RESERVED = frozenset(
    """alter and as between by case cast constraint create cross cube current_catalog current_date current_path
    current_role current_schema current_time current_timestamp current_user deallocate delete describe distinct
    drop else end escape except execute exists extract false for from full group grouping having in inner insert
    intersect into is join json_array json_exists json_object json_query json_table json_value left like listagg
    localtime localtimestamp natural normalize not null on or order outer prepare recursive right rollup select
    skip table then trim true uescape union unnest using values when where with""".split()  # noqa: SIM905 (words are easier to read as text)
)


@dataclass(frozen=True)
class Token:
    """`kind` is a group of `_TOKEN`, or "end". `value` is a word in lower case, a string without its quotes."""

    kind: str
    value: str
    text: str
    position: str


def tokens(sql: str) -> list[Token]:
    """Split a statement; the last token is the end.

    Raises:
        QueryError: SYNTAX_ERROR at the first character that begins no token; a query string that is too long.
    """
    if len(sql.encode()) > MOST_BYTES:
        raise QueryError("", f"Query string exceeds maximum allowed length of {MOST_BYTES} bytes")
    starts = [0, *(match.end() for match in re.finditer("\n", sql))]
    found: list[Token] = []
    at = 0
    while at < len(sql):
        line = bisect_right(starts, at)
        position = f"line {line}:{at - starts[line - 1] + 1}"
        match = _TOKEN.match(sql, at)
        if match is None or match.lastgroup is None:
            raise QueryError("SYNTAX_ERROR", f"{position}: mismatched input '{sql[at]}'. Expecting: <expression>")
        kind, text = match.lastgroup, match.group()
        at = match.end()
        if kind == "backquoted":
            message = "backquoted identifiers are not supported; use double quotes to quote identifiers"
            raise QueryError("SYNTAX_ERROR", f"{position}: {message}")
        if kind == "digits":
            message = "identifiers must not start with a digit; surround the identifier with double quotes"
            raise QueryError("SYNTAX_ERROR", f"{position}: {message}")
        if kind != "space":
            found.append(Token(kind, _value(kind, text), text, position))
    line = len(starts)
    found.append(Token("end", "<EOF>", "<EOF>", f"line {line}:{len(sql) - starts[-1] + 1}"))
    return found


def _value(kind: str, text: str) -> str:
    if kind == "word":
        return text.lower()
    if kind == "string":
        return text[1:-1].replace("''", "'")
    if kind == "unicode":
        return text[3:-1].replace("''", "'")
    if kind == "binary":
        return re.sub(r"\s", "", text[2:-1])
    if kind == "quoted":
        return text[1:-1].replace('""', '"')
    return text
