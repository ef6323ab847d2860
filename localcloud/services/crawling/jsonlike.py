"""The built-in JSON classifier.

AWS says that it reads the beginning of a file, that it takes the whole file for its schema, an array for one column,
and that a crawler infers the schema when it finds a valid record in the first megabyte (else up to ten). So lines that
are broken do not keep a file from being JSON. It may still be no table that Athena can read: that wants one object a
line. Sources: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-json,
https://repost.aws/knowledge-center/glue-crawler-detect-schema
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud.services.crawling.delimited import NAME
from localcloud.services.crawling.sample import Unknown
from localcloud.services.crawling.schema import Array, Columns, Schema, Struct, Type, merge, merge_columns

_NEXT_LINE = re.compile(r"[\r\n]+(?=[{\[])")
_TYPE_NAME = re.compile(r"[\w.$ ]+")  # what Hive reads as a name within struct<…>


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def looks_like(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[") and bool(text.strip())


def classify(text: str, *, complete: bool, size: int) -> Schema:
    """The schema of all valid records in a file's beginning.

    Raises:
        Unknown: there is none.
    """
    columns: Columns = ()
    paths: set[str] = set()
    records = broken = arrays = used = in_lines = 0
    for value, start, end in _values(text):
        if isinstance(value, list):
            columns = merge_columns(columns, (("array", _type(value)),))
            paths.add("array")
            arrays += 1
        elif isinstance(value, dict):
            members = _type(value)
            columns = merge_columns(columns, members.members if isinstance(members, Struct) else ())
            paths |= {key for key in value if _is_name(key)}
        else:
            broken += sum(bool(line.strip()) for line in text[start:end].split("\n"))
            continue
        records, used = records + 1, used + end - start
        in_lines += "\n" not in text[start:end]
    if not records:
        raise Unknown("it begins as JSON, and no valid record is in its first megabytes")
    length = max(1, round(len(text.encode()) / (records + broken)))
    return Schema(
        *("json", columns),
        records=records if complete else round(size / length),
        record_bytes=length,
        paths=frozenset(paths),
        notes=tuple(_notes(columns, records, broken, arrays, in_lines)),
    )


def _values(text: str) -> Iterator[tuple[Any, int, int]]:
    """The JSON values one after the other, with where they stand; None for what is broken, then on at the next line."""
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            value, end = None, position
        if not isinstance(value, dict | list):
            following = _NEXT_LINE.search(text, position)
            end = following.end() if following else len(text)
            if not following and text[position:].count("\n") > 1 and position:
                return  # the rest of a document that the sample cuts
            yield None, position, end
        else:
            yield value, position, end
        position = max(end, position + 1)


def _type(value: Any) -> Type:
    """Whole numbers are `int` as long as they fit, as AWS's crawler has it; what no bigint holds is a string."""
    if isinstance(value, dict):
        members: dict[str, Type] = {}
        for key, item in value.items():
            if _is_name(key):
                name, kind = key.lower(), _type(item)  # Hive knows no capitals: keys that differ in them are one
                members[name] = merge(members[name], kind) if name in members else kind
        return Struct(tuple(members.items()))
    if isinstance(value, list):
        whole: Type = ""
        for item in value:
            whole = merge(whole, _type(item))
        return Array(whole)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "bigint" if -(2**63) <= value < 2**63 else "string"
    return "double" if isinstance(value, float) else "string"


def _is_name(key: str) -> bool:
    """Whether the catalog can hold it as a column's name: not empty, short, no control characters."""
    return bool(key and NAME.fullmatch(key))


def _notes(columns: Columns, records: int, broken: int, arrays: int, in_lines: int) -> Iterator[str]:
    if broken:
        yield (
            f"{broken} of {records + broken} sampled lines are no JSON object: Athena fails at them, unless the SerDe"
            " has the property ignore.malformed.json"
        )
    if arrays or in_lines < records:
        yield "Athena reads one JSON object a line: an array, or an object over several lines, fails there"
    for name in sorted(set(_names(Struct(columns))) - {name for name, _ in columns}):
        if not _TYPE_NAME.fullmatch(name):
            yield f"Hive cannot read the name {name!r} in a struct: Athena refuses the table until its type is changed"


def _names(kind: Type) -> Iterator[str]:
    if isinstance(kind, Array):
        yield from _names(kind.item)
    elif isinstance(kind, Struct):
        for name, member in kind.members:
            yield name
            yield from _names(member)
