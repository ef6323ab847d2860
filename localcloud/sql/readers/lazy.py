"""LazySimpleSerDe: fields between single characters, no quotes; cut and typed by DuckDB from a stream of lines.

Source: Hive's LazySimpleSerDe as Trino's Hive formats keep it; Athena's "Lazy Simple SerDe for CSV, TSV, and
custom-delimited files".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.readers import leaves
from localcloud.sql.readers.definition import Format
from localcloud.sql.types import Type, duckdb

# Hive's separators by depth of nesting, from the field's own.
_SEPARATORS = "\1\2\3\4\5\6\7\x08"
# An escaped character stands in this private plane of Unicode until its field is cut out.
_PLANE = 0xF0000
_DROPPED = chr(_PLANE + 0x80)


@dataclass(frozen=True)
class Delimiters:
    separators: tuple[str, ...]
    null: str
    escape: str
    last_takes_rest: bool


def delimiters(form: Format) -> Delimiters:
    """What the SerDe's properties say.

    Raises:
        NotOffered: a separator that is not one character of ASCII.
        QueryError: lines that end with something else than LF.
    """
    if form.get("line.delim", "\n") not in ("\n", "\\n", "10", ""):
        raise QueryError("NOT_SUPPORTED", "LINES TERMINATED BY only supports newline '\\n' right now")
    field = _character(form, "field.delim") or _character(form, "serialization.format") or _SEPARATORS[0]
    items = _character(form, "collection.delim") or _character(form, "colelction.delim") or _SEPARATORS[1]
    keys = _character(form, "mapkey.delim") or _SEPARATORS[2]
    found = Delimiters(
        (field, items, keys, *_SEPARATORS[3:]),
        form.get("serialization.null.format", "\\N"),
        _character(form, "escape.delim"),
        form.flag("serialization.last.column.takes.rest"),
    )
    return Delimiters(found.separators, protect(found.null, found.escape), found.escape, found.last_takes_rest)


def _character(form: Format, name: str) -> str:
    """A character, or the number of one, as Hive takes both; "" when the property is not there."""
    text = form.get(name)
    if text.lstrip("+-").isdigit() and text.isascii() and -128 <= int(text) <= 127:
        text = chr(int(text)) if int(text) >= 0 else "\ufffd"
    if len(text) > 1 or not text.isascii():
        raise NotOffered(
            f"{name} = {text!r}: the LazySimpleSerDe separates by a single character. Use the RegexSerDe for longer "
            "separators."
        )
    return text


def protect(text: str, escape: str) -> str:
    """Put escaped characters out of the separators' reach."""
    if not escape or escape not in text:
        return text
    return re.sub(f"{re.escape(escape)}([\\s\\S])", _protected, text)


def _protected(found: re.Match[str]) -> str:
    character = found[1]
    return chr(_PLANE + ord(character)) if character.isascii() else _DROPPED + character


def protector(escape: str) -> Callable[[list[str]], list[str]]:
    """For a batch of lines: the same, refusing text that already holds the private characters."""

    def batch(lines: list[str]) -> list[str]:
        if not any(escape in line for line in lines):
            return lines
        if any(
            "\U000f0000" <= character <= "\U000f0080" for line in lines for character in line if character > "\uffff"
        ):
            raise NotOffered("escaped text files that hold characters of Unicode's private plane 15")
        return [protect(line, escape) for line in lines]

    return batch


def columns(form: Format, marks: Delimiters, table_columns: int) -> dict[str, str]:
    """Each field's SQL over a relation with `f`, the list of the line's parts."""
    found = {}
    for field in form.fields:
        part = f"f[{field.position + 1}]"
        if marks.last_takes_rest and field.position == table_columns - 1:
            rest = f"array_to_string(f[{field.position + 1}:], {literal(marks.separators[0])})"
            part = f"CASE WHEN len(f) > {field.position} THEN {rest} END"
        value = _value(part, field.stored, marks, 1, field.position)
        found[field.name] = f"CAST({value} AS {duckdb(field.type)})"
    return found


def _value(text: str, kind: Type, marks: Delimiters, level: int, position: int) -> str:
    """A value that may be NULL-marked."""
    return f"CASE WHEN {text} = {literal(marks.null)} THEN NULL ELSE {_decoded(text, kind, marks, level, position)} END"


def _decoded(text: str, kind: Type, marks: Delimiters, level: int, position: int) -> str:
    if not kind.items:
        if kind.name in ("varchar", "char"):
            return leaves.scalar(_unescaped(text, marks), kind, leaves.LAZY, position)
        return leaves.scalar(text, kind, leaves.LAZY, position)
    if level >= len(marks.separators) - 1:
        raise QueryError(
            "HIVE_INVALID_METADATA", f"Number of levels of nesting supported for LazySimpleSerde is {level}"
        )
    inside, separator = f"e{level}", literal(marks.separators[level])
    parts = f"string_split({text}, {separator})"
    if kind.name == "array":
        items = f"list_transform({parts}, lambda {inside}: {_value(inside, kind.items[0], marks, level + 1, position)})"
        return f"CASE WHEN {text} = '' THEN [] ELSE {items} END"
    if kind.name == "row":
        fields = (
            f"{leaves.quoted(name)} := {_value(f'{parts}[{n}]', item, marks, level + 1, position)}"
            for n, (name, item) in enumerate(zip(kind.fields, kind.items, strict=True), 1)
        )
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({', '.join(fields)}) END"
    return _map(text, parts, kind, marks, level, position)


def _map(text: str, parts: str, kind: Type, marks: Delimiters, level: int, position: int) -> str:
    """The first of equal keys counts; entries whose key is NULL are left out."""
    inside, between = f"e{level}", literal(marks.separators[level + 1])
    key = _value(f"split_part({inside}, {between}, 1)", kind.items[0], marks, level + 2, position)
    rest = f"CASE WHEN contains({inside}, {between}) THEN substr({inside}, strpos({inside}, {between}) + 1) END"
    item = _value(f"({rest})", kind.items[1], marks, level + 2, position)
    entries = f"list_transform({parts}, lambda {inside}: {{'k': {key}, 'v': {item}}})"
    keys = f"list_transform({entries}, lambda x{level}: x{level}.k)"
    first = f"x{level}.k IS NOT NULL AND list_position({keys}, x{level}.k) = i{level}"
    distinct = f"list_filter({entries}, lambda x{level}, i{level}: {first})"
    whole = f"map_from_entries({distinct})"
    return f"CASE WHEN {text} IS NULL THEN NULL WHEN {text} = '' THEN MAP {{}} ELSE {whole} END"


def _unescaped(text: str, marks: Delimiters) -> str:
    if not marks.escape:
        return text
    plane = "".join(chr(_PLANE + code) for code in range(0x80)) + _DROPPED
    return f"translate({text}, {literal(plane)}, {literal(''.join(map(chr, range(0x80))))})"


def literal(text: str) -> str:
    """A text as DuckDB writes it; characters that SQL's text cannot hold (NUL) by their number."""
    whole = "'" + text.replace("'", "''") + "'"
    return whole if "\0" not in text else "(" + whole.replace("\0", "' || chr(0) || '") + ")"
