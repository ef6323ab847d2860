"""Trino's string functions. Source: https://trino.io/docs/current/functions/string.html"""

from __future__ import annotations

import re

from localcloud.sql import text
from localcloud.sql.call import Call, Function, Typed
from localcloud.sql.functions.macros import WHITESPACE
from localcloud.sql.functions.signatures import Bound, library
from localcloud.sql.macros import quoted
from localcloud.sql.model import NotOffered
from localcloud.sql.types import DOUBLE, VARCHAR


def codepoint(bound: Bound) -> str:
    kind = bound.call.arguments[0]
    if not isinstance(kind, Typed) or kind.type.parameters != (1,):
        given = getattr(kind, "type", "")
        message = f"Unexpected parameters ({given}) for function codepoint. Expected: codepoint(varchar(1))"
        raise bound.error("FUNCTION_NOT_FOUND", message)
    return f"unicode({bound[0]})"


_SPEC = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
_AS_TEXT = (
    *("varchar", "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "date", "unknown"),
)
_FLOATING = ("real", "double", "decimal")


def format_(call: Call) -> Typed:
    """`format(pattern, …)`: Java's %s %d %f %e %x %b %% with flags; the pattern must be a literal."""
    pattern = call.arguments[0] if call.arguments else None
    if not isinstance(pattern, Typed) or not isinstance(pattern.literal, str):
        raise NotOffered("format() with a pattern that is no literal")
    pieces, end, following = list[str](), 0, 1
    for spec in _SPEC.finditer(pattern.literal):
        pieces.append(quoted(pattern.literal[end : spec.start()]))
        end = spec.end()
        index, flags, width, digits, letter = spec.groups()
        if letter == "%":
            pieces.append("'%'")
            continue
        if letter not in "sdfebx" or set(flags) - set("-0,+"):
            raise NotOffered(f"format() with {spec.group()}: %s, %d, %f, %e, %x and %b with - 0 + and , are offered")
        position = int(index) if index else following
        following += not index
        argument = call.arguments[position] if position < len(call.arguments) else None
        if not isinstance(argument, Typed):
            message = f"Invalid format string: {pattern.literal} (Format specifier '{spec.group()}')"
            raise call.error("INVALID_FUNCTION_ARGUMENT", message)
        pieces.append(_formatted(call, argument, flags, width, digits, letter))
    pieces.append(quoted(pattern.literal[end:]))
    if "%" in _SPEC.sub("", pattern.literal):
        raise call.error("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern.literal}")
    return Typed("(" + " || ".join(pieces) + ")", VARCHAR)


def _formatted(call: Call, argument: Typed, flags: str, width: str | None, digits: str | None, letter: str) -> str:
    kind = argument.type
    whole = kind.name in ("tinyint", "smallint", "integer", "bigint")
    if (letter in "dx" and not whole) or (letter in "fe" and kind.name not in _FLOATING):
        message = f"Invalid format string: {letter} != {kind} (IllegalFormatConversionException)"
        raise call.error("INVALID_FUNCTION_ARGUMENT", message)
    if letter == "s" and kind.name not in _AS_TEXT:
        raise NotOffered(f"format() with %s of a {kind}: cast it to varchar")
    if letter == "b" and kind.name != "boolean":
        raise NotOffered("format() with %b of what is no boolean")
    if letter in "fe":
        value = f"CAST(CAST({argument.sql} AS {'DOUBLE' if kind == DOUBLE else 'VARCHAR'}) AS VARCHAR)"
        if kind.name == "real":
            value = f"CAST(CAST({argument.sql} AS DOUBLE) AS VARCHAR)"
    else:
        value = text.render(argument.sql, kind)
    if letter in "sb" and not (flags or width or digits):
        return f"coalesce({value}, 'null')"
    spec = quoted(f"{flags}|{width or ''}|{digits or ''}|{letter}")
    return f"py_format({spec}, coalesce({value}, 'null'))"


SCALARS: dict[str, Function] = {
    **library(
        {
            "length(varchar) -> bigint": "length({0})",
            "length(varbinary) -> bigint": "octet_length({0})",
            "lower(varchar) -> varchar": "lower({0})",
            "upper(varchar) -> varchar": "fn_upper({0})",
            "substr(varchar, bigint) -> varchar": "fn_substr({0}, {1})",
            "substr(varchar, bigint, bigint) -> varchar": "fn_substr_of({0}, {1}, {2})",
            "substring(varchar, bigint) -> varchar": "fn_substr({0}, {1})",
            "substring(varchar, bigint, bigint) -> varchar": "fn_substr_of({0}, {1}, {2})",
            "strpos(varchar, varchar) -> bigint": "strpos({0}, {1})",
            "strpos(varchar, varchar, bigint) -> bigint": "py_strpos({0}, {1}, {2})",
            "position(varchar, varchar) -> bigint": "strpos({1}, {0})",
            "replace(varchar, varchar) -> varchar": "replace({0}, {1}, '')",
            "replace(varchar, varchar, varchar) -> varchar": "fn_replace({0}, {1}, {2})",
            "reverse(varchar) -> varchar": "fn_reverse({0})",
            "reverse(array(T)) -> array(T)": "list_reverse({0})",
            "split(varchar, varchar) -> array(varchar)": "fn_split({0}, {1})",
            "split(varchar, varchar, bigint) -> array(varchar)": "fn_split_limit({0}, {1}, {2})",
            "split_part(varchar, varchar, bigint) -> varchar": "fn_split_part({0}, {1}, {2})",
            "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)": "fn_split_to_map({0}, {1}, {2})",
            "lpad(varchar, bigint, varchar) -> varchar": "fn_pad({0}, {1}, {2}, lpad({0}, CAST({1} AS INTEGER), {2}))",
            "rpad(varchar, bigint, varchar) -> varchar": "fn_pad({0}, {1}, {2}, rpad({0}, CAST({1} AS INTEGER), {2}))",
            "trim(varchar) -> varchar": lambda b: f"trim({b[0]}, {WHITESPACE})",
            "ltrim(varchar) -> varchar": lambda b: f"ltrim({b[0]}, {WHITESPACE})",
            "rtrim(varchar) -> varchar": lambda b: f"rtrim({b[0]}, {WHITESPACE})",
            "trim(varchar, varchar) -> varchar": "trim({0}, {1})",
            "ltrim(varchar, varchar) -> varchar": "ltrim({0}, {1})",
            "rtrim(varchar, varchar) -> varchar": "rtrim({0}, {1})",
            "concat(varchar, varchar…) -> varchar": lambda b: " || ".join(arg.sql for arg in b.args),
            "concat(varbinary, varbinary…) -> varbinary": lambda b: " || ".join(arg.sql for arg in b.args),
            "concat_ws(varchar, varchar…) -> varchar": "concat_ws({all})",
            "concat_ws(varchar, array(varchar)) -> varchar": "array_to_string({1}, {0})",
            "chr(bigint) -> varchar(1)": "fn_chr({0})",
            "codepoint(varchar) -> integer": codepoint,
            "starts_with(varchar, varchar) -> boolean": "starts_with({0}, {1})",
            "levenshtein_distance(varchar, varchar) -> bigint": "fn_levenshtein({0}, {1})",
            "hamming_distance(varchar, varchar) -> bigint": "py_hamming({0}, {1})",
            "soundex(varchar) -> varchar": "py_soundex({0})",
            "translate(varchar, varchar, varchar) -> varchar": "translate({0}, {1}, {2})",
            "normalize(varchar) -> varchar": "py_normalize({0}, 'NFC')",
            "normalize(varchar, varchar) -> varchar": "py_normalize({0}, {1})",
            "to_utf8(varchar) -> varbinary": "encode({0})",
            "from_utf8(varbinary) -> varchar": "fn_from_utf8({0})",
            "from_utf8(varbinary, varchar) -> varchar": "py_from_utf8({0}, {1})",
        }
    ),
    "format": format_,
}
