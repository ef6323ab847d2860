"""JSON, one object a line: the OpenX SerDe's and the Hive JSON SerDe's ways with keys, nested values, broken lines.

A value is handed on as text (nested ones as lists and structs of texts); `leaves` makes it a number or a date.

Source: Athena's "OpenX JSON SerDe" and "Hive JSON SerDe"; both SerDes as Trino's Hive formats keep them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.readers import lenient_json
from localcloud.sql.readers.definition import Field, Format
from localcloud.sql.types import Type

Row = list[Any]
_LONE = re.compile("[\ud800-\udfff]")  # half of a pair, which UTF-8 cannot hold: Java writes a question mark
_BLANKS = " \t\r\n\f\v\x1c\x1d\x1e\x1f\0"


class Bare(str):
    """A number, as it is written; other than a text in quotes."""


class _Duplicate(ValueError):
    pass


def parser(form: Format) -> Callable[[str], Row]:
    """A function from a line to the values of `form.fields`.

    Raises (the function):
        QueryError: HIVE_CURSOR_ERROR for a line that is no JSON, HIVE_BAD_DATA for a value of another shape.
    """
    if form.get("timestamp.formats"):
        raise NotOffered("the SerDe property timestamp.formats. Declare the column as a string, use date_parse.")
    return _OpenX(form).parse if form.kind == "openx" else _Hive(form).parse


class _OpenX:
    def __init__(self, form: Format) -> None:
        self.ignore = form.flag("ignore.malformed.json")
        self.dots = form.flag("dots.in.keys")
        self.fold = form.get("case.insensitive", "true").lower() == "true"
        mapping = {name[8:].lower(): key for name, key in form.properties if name.startswith("mapping.")}
        self.keys = {}
        for field in form.fields:
            key = mapping.get(field.name, field.name)
            self.keys[field.name] = key.lower() if self.fold else key
        forgiven = _forgiven if form.flag("use.null.for.invalid.data") else _as_it_is
        self.fields = [(field, forgiven(self._converter(field.stored))) for field in form.fields]
        self._decoder = json.JSONDecoder(
            strict=False, object_pairs_hook=self._object, parse_int=Bare, parse_float=Bare, parse_constant=Bare
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {key.lower(): value for key, value in pairs} if self.fold else dict(pairs)
        if len(found) != len(pairs):
            seen = set[str]()
            for key, _ in pairs:
                name = key.lower() if self.fold else key
                if name in seen:
                    raise _Duplicate(f'Duplicate key "{name}"')
                seen.add(name)
        return found

    def parse(self, line: str) -> Row:
        text = line.strip(_BLANKS)
        if not text.startswith(("{", "[")):
            return [None] * len(self.fields)  # neither an object nor an array: a row of NULLs
        try:
            value = self._read(text)
        except (ValueError, RecursionError) as error:
            if self.ignore:
                return [None] * len(self.fields)
            raise QueryError("HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JSONException: {error}") from error
        if isinstance(value, list):
            return [
                convert(value[field.position]) if field.position < len(value) else None
                for field, convert in self.fields
            ]
        return [convert(self._find(value, field)) for field, convert in self.fields]

    def _read(self, text: str) -> Any:
        try:
            return self._decoder.raw_decode(text)[0]  # what follows the object is ignored
        except _Duplicate:
            raise
        except ValueError:
            return lenient_json.read(text, self._object, Bare)

    def _find(self, value: dict[str, Any], field: Field) -> Any:
        key = self.keys[field.name]
        if key in value or not self.dots:
            return value.get(key)
        return next((value[name] for name in value if "." in name and name.replace(".", "_") == field.name), None)

    def _member(self, value: dict[str, Any], name: str) -> Any:
        if name in value or not self.dots:
            return value.get(name)
        return next((value[key] for key in value if "." in key and key.replace(".", "_") == name), None)

    def _converter(self, kind: Type) -> Callable[[Any], Any]:
        if kind.name == "array":
            return self._array(self._converter(kind.items[0]))
        if kind.name == "map":
            return self._map(*map(self._converter, kind.items))
        if kind.name == "row":
            return self._row([(name, self._converter(of)) for name, of in zip(kind.fields, kind.items, strict=True)])
        if kind.name in ("varchar", "char"):
            return _any_text
        return _boolean if kind.name == "boolean" else _number(kind)

    def _array(self, item: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            if value is None or value == "":
                return None
            return [item(each) for each in (value if isinstance(value, list) else [value])]

        return convert

    def _map(self, key: Callable[[Any], Any], item: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            if _blank(value):
                return None
            if not isinstance(value, dict):
                raise _shape("MAP", value)
            return [{"k": key(name), "v": item(each)} for name, each in value.items()]

        return convert

    def _row(self, fields: list[tuple[str, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            if value is None:
                return None
            if _blank(value):
                value = {}
            if isinstance(value, list):
                items = zip(fields, value + [None] * len(fields), strict=False)
                return {f"f{n}": item(each) for n, ((_, item), each) in enumerate(items)}
            if not isinstance(value, dict):
                raise _shape("ROW", value)
            return {f"f{n}": item(self._member(value, name)) for n, (name, item) in enumerate(fields)}

        return convert


def _as_it_is(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return convert


def _forgiven(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """NULL for a value of another shape than the column's."""

    def forgiving(value: Any) -> Any:
        try:
            return convert(value)
        except QueryError:
            return None

    return forgiving


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _shape(kind: str, value: Any) -> QueryError:
    what = "JSON object" if isinstance(value, dict) else "JSON array" if isinstance(value, list) else "Primitive"
    return QueryError("HIVE_BAD_DATA", f"{what} can not be coerced to a {kind}")


def _boolean(value: Any) -> str | None:
    return None if value is None else _plain(value)


def _number(kind: Type) -> Callable[[Any], Any]:
    """Also for dates and timestamps: the text as it is."""

    def convert(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            raise _shape(str(kind).upper(), value)
        return _plain(value)

    return convert


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else _rendered(value)
    return text if text.isascii() else _LONE.sub("?", text)


def _any_text(value: Any) -> str | None:
    """Every JSON value as text: numbers as BigDecimal prints them, nested ones as JSON without blanks."""
    if value is None:
        return None
    if isinstance(value, Bare):
        return _canonical(value)
    return _plain(value)


def _canonical(number: str) -> str:
    try:
        return str(Decimal(number)) if any(mark in number for mark in "eE") else str(number)
    except InvalidOperation:
        return str(number)


def _rendered(value: Any) -> str:
    if isinstance(value, Bare):
        return _canonical(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_rendered(str(key))}:{_rendered(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_rendered, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class _Hive:
    """The Hive JSON SerDe: every line is an object, scalars are scalars, keys in any case."""

    def __init__(self, form: Format) -> None:
        self.fields = [(field.name, _strict(field.stored)) for field in form.fields]
        self._decoder = json.JSONDecoder(
            strict=True, object_pairs_hook=self._object, parse_int=Bare, parse_float=Bare, parse_constant=self._constant
        )

    def _constant(self, name: str) -> Any:
        raise ValueError(f"Non-standard token '{name}'")

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs) or len({key.lower() for key in found}) != len(found):
            names = [key.lower() for key, _ in pairs]
            raise _Duplicate(f"Duplicate field '{next(name for name in names if names.count(name) > 1)}'")
        return found

    def parse(self, line: str) -> Row:
        text = line.lstrip(" \t\r\n")
        try:
            value = self._decoder.raw_decode(text)[0]
        except (ValueError, RecursionError) as error:
            raise QueryError(
                "HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JsonParseException: {error}"
            ) from error
        if not isinstance(value, dict):
            raise QueryError(
                "HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - Start token not found where expected"
            )
        folded = {key.lower(): each for key, each in value.items()}
        return [convert(folded.get(name)) for name, convert in self.fields]


def _strict(kind: Type) -> Callable[[Any], Any]:
    """Hive's conversion of a value, to text at the leaves."""
    if kind.name == "array":
        item = _strict(kind.items[0])
        return lambda value: None if value is None else [item(each) for each in _is(list, value)]
    if kind.name == "map":
        key, item = map(_strict, kind.items)
        return lambda value: (
            None if value is None else [{"k": key(name), "v": item(each)} for name, each in _is(dict, value).items()]
        )
    if kind.name == "row":
        fields = [(name, _strict(of)) for name, of in zip(kind.fields, kind.items, strict=True)]

        def convert(value: Any) -> Any:
            if value is None:
                return None
            folded = {key.lower(): each for key, each in _is(dict, value).items()}
            return {f"f{n}": of(folded.get(name)) for n, (name, of) in enumerate(fields)}

        return convert
    return _scalar(kind)


def _is(shape: type, value: Any) -> Any:
    if not isinstance(value, shape):
        raise QueryError("HIVE_BAD_DATA", f"Invalid JSON: start of {'array' if shape is list else 'object'} expected")
    return value


def _scalar(kind: Type) -> Callable[[Any], Any]:
    numeric = kind.name in ("tinyint", "smallint", "integer", "bigint", "real", "double")

    def convert(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            raise QueryError("HIVE_BAD_DATA", f"Invalid JSON: {kind} value must be a scalar json value")
        if numeric and not isinstance(value, Bare):
            raise QueryError(
                "HIVE_BAD_DATA", f"Current token ({json.dumps(value)}) not numeric, can not be read as {kind}"
            )
        return _plain(value)

    return convert
