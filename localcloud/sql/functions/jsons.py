"""Trino's functions on JSON; JSON is held as its text. Source: https://trino.io/docs/current/functions/json.html"""

from __future__ import annotations

import json
import re

from localcloud.sql.call import Function
from localcloud.sql.functions.signatures import Bound, library
from localcloud.sql.macros import quoted
from localcloud.sql.model import NotOffered

_STEP = re.compile(r"""\.([\w$:@#/\-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?\['([^']*)'\]|\."((?:[^"\\]|\\.)*)\"""")


def _steps(bound: Bound) -> list[str | int]:
    """The steps of a literal JSON path: `$.a[0]` is `["a", 0]`.

    Raises:
        QueryError: no such path, or (NotOffered) one with `..`, a wildcard or a filter.
    """
    text = bound.args[1].literal
    if not isinstance(text, str):
        raise NotOffered(f"{bound.call.name}() with a path that is no literal")
    rest, steps = text.strip(), list[str | int]()
    rest = rest[1:] if rest.startswith("$") else "." + rest
    while rest:
        found = _STEP.match(rest)
        if not found:
            if re.search(r"\.\.|\*|\?", rest):
                raise NotOffered(f"the JSON path {text}: only names and positions are offered")
            raise bound.error("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{text}'")
        plain, index, *others = found.groups()
        name = next((one for one in (plain, *others) if one is not None), "")
        steps.append(int(index) if index is not None else re.sub(r"\\(.)", r"\1", name))
        rest = rest[found.end() :]
    return steps


def path(bound: Bound) -> str:
    """The steps as a JSON text, for the functions of Python."""
    return quoted(json.dumps(_steps(bound), ensure_ascii=False))


def _scalar(bound: Bound) -> str:
    steps = _steps(bound)
    names = [step for step in steps if isinstance(step, str)]
    # in Trino a name of digits is a position, too; of the rest DuckDB reads plain names
    if any(name.isdigit() or not re.fullmatch(r"[\w$. -]+", name, re.ASCII) for name in names):
        return f"py_json_scalar({bound[0]}, {path(bound)})"
    duck = "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)
    return f"fn_json_scalar({bound[0]}, {quoted(duck)}, {path(bound)})"


_TEXTS = ("json", "varchar")
SCALARS: dict[str, Function] = library(
    {
        **{
            f"json_extract({kind}, varchar) -> json": lambda b: f"py_json_extract({b[0]}, {path(b)})" for kind in _TEXTS
        },
        **{f"json_extract_scalar({kind}, varchar) -> varchar": _scalar for kind in _TEXTS},
        **{f"json_size({kind}, varchar) -> bigint": lambda b: f"py_json_size({b[0]}, {path(b)})" for kind in _TEXTS},
        **{f"json_array_length({kind}) -> bigint": "py_json_length({0})" for kind in _TEXTS},
        **{f"json_array_get({kind}, bigint) -> json": "py_json_get({0}, {1})" for kind in _TEXTS},
        **{f"is_json_scalar({kind}) -> boolean": "py_json_is_scalar({0})" for kind in _TEXTS},
        **{f"json_array_contains({kind}, varchar) -> boolean": "py_json_contains({0}, 's:' || {1})" for kind in _TEXTS},
        **{f"json_array_contains({kind}, bigint) -> boolean": "py_json_contains({0}, 'i:' || {1})" for kind in _TEXTS},
        **{f"json_array_contains({kind}, double) -> boolean": "py_json_contains({0}, 'd:' || {1})" for kind in _TEXTS},
        **{f"json_array_contains({kind}, boolean) -> boolean": "py_json_contains({0}, 'b:' || {1})" for kind in _TEXTS},
        "json_parse(varchar) -> json": "py_json({0})",
        "json_format(json) -> varchar": "{0}",
    }
)
