"""Trino's functions of regular expressions. Source: https://trino.io/docs/current/functions/regexp.html

A pattern means what Java's means. Where DuckDB's RE2 agrees, which is for plain patterns over ASCII text, it does the
work; everything else is Python's, and what neither means as Java does is refused by name.
"""

from __future__ import annotations

import re

from localcloud.sql.call import Function, Typed
from localcloud.sql.functions.python_regex import compiled
from localcloud.sql.functions.signatures import Body, Bound, library

# No anchors at the end, flags, look-around, back references, possessive quantifiers, \s or classes of Unicode.
_PLAIN = re.compile(
    r"""(?:[A-Za-z0-9 _\-,:;/@#%&=<>'"!~`] | [.*+?|()^] | \\[dwDWb.\-+*?()\[\]{}|^$/\\] | \[\^?[A-Za-z0-9 _.,:;/@\-]+\]
                          | \{\d{1,2}(?:,\d{0,2})?\})*""",
    re.VERBOSE,
)


def _checked(bound: Bound) -> str | None:
    """The literal pattern when RE2 reads it as Java does. Raises QueryError for a literal that is no pattern."""
    pattern = bound.args[1].literal
    if not isinstance(pattern, str):
        return None
    compiled(pattern)
    plain = _PLAIN.fullmatch(pattern) and not re.search(r"\(\?|[*+?}]\+|\\b", pattern)
    return pattern if plain else None


def _like(bound: Bound) -> str:
    python = f"py_regexp_like({bound[0]}, {bound[1]})"
    if _checked(bound) is None:
        return python
    return f"CASE WHEN fn_ascii({bound[0]}) THEN regexp_matches({bound[0]}, {bound[1]}) ELSE {python} END"


def _extract(bound: Bound) -> str:
    group = bound[2] if len(bound.args) > 2 else "0"
    python = f"py_regexp_extract({bound[0]}, {bound[1]}, {group})"
    if _checked(bound) is None or len(bound.args) > 2:
        return python
    matched = f"CASE WHEN regexp_matches({bound[0]}, {bound[1]}) THEN regexp_extract({bound[0]}, {bound[1]}) END"
    return f"CASE WHEN fn_ascii({bound[0]}) THEN {matched} ELSE {python} END"


def _replace(bound: Bound) -> str:
    replacement = bound.args[2] if len(bound.args) > 2 else Typed("''", bound.args[0].type, "")
    python = f"py_regexp_replace({bound[0]}, {bound[1]}, {replacement.sql})"
    pattern = _checked(bound)
    plain = isinstance(replacement.literal, str) and not set(replacement.literal) & set("$\\")
    if (
        pattern is None
        or not plain
        or compiled(pattern).match("")
        or "^" in pattern
        or re.search(r"[*?|]|\{0", pattern)
    ):
        return python
    fast = f"regexp_replace({bound[0]}, {bound[1]}, {replacement.sql}, 'g')"
    return f"CASE WHEN fn_ascii({bound[0]}) THEN {fast} ELSE {python} END"


def _replace_by(bound: Bound) -> str:
    pieces, groups = (f"py_regexp_{what}({bound[0]}, {bound[1]})" for what in ("pieces", "groups"))
    made = f"list_transform({groups}, {bound[2]})"
    return f"fn_interleaved({pieces}, {made})"


def _of(template: str) -> Body:
    def body(bound: Bound) -> str:
        _checked(bound)
        return template.format(*(arg.sql for arg in bound.args))

    return body


SCALARS: dict[str, Function] = library(
    {
        "regexp_like(varchar, varchar) -> boolean": _like,
        "regexp_extract(varchar, varchar) -> varchar": _extract,
        "regexp_extract(varchar, varchar, bigint) -> varchar": _extract,
        "regexp_extract_all(varchar, varchar) -> array(varchar)": _of("py_regexp_extract_all({0}, {1}, 0)"),
        "regexp_extract_all(varchar, varchar, bigint) -> array(varchar)": _of("py_regexp_extract_all({0}, {1}, {2})"),
        "regexp_replace(varchar, varchar) -> varchar": _replace,
        "regexp_replace(varchar, varchar, varchar) -> varchar": _replace,
        "regexp_replace(varchar, varchar, function(array(varchar), varchar)) -> varchar": _replace_by,
        "regexp_split(varchar, varchar) -> array(varchar)": _of("py_regexp_split({0}, {1})"),
        "regexp_count(varchar, varchar) -> bigint": _of("py_regexp_count({0}, {1})"),
        "regexp_position(varchar, varchar) -> integer": _of("py_regexp_position({0}, {1}, 1, 1)"),
        "regexp_position(varchar, varchar, bigint) -> integer": _of("py_regexp_position({0}, {1}, {2}, 1)"),
        "regexp_position(varchar, varchar, bigint, bigint) -> integer": _of("py_regexp_position({0}, {1}, {2}, {3})"),
    }
)
