"""JSON as Jackson reads and writes it for Trino: raw text of scalars, keys in order, doubles as Java prints them."""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    *("py_json", "py_json_contains", "py_json_extract", "py_json_get", "py_json_is_scalar", "py_json_length"),
    *("py_json_scalar", "py_json_size"),
]
_MISSING = object()


class Number(str):
    """A number as the document writes it."""


def _read(text: str, last: bool = False) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(f"Cannot convert value to JSON: '{text}'")

    def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            found.setdefault(key, value)
        return found

    # of a name that comes twice an extraction finds the first, and json_parse keeps the last
    hook = None if last else first
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse, object_pairs_hook=hook)
    except (ValueError, RecursionError):
        return _MISSING


def java(number: float) -> str:
    """A double as Java's Double.toString writes it."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    digits, _, exponent = f"{number!r}".partition("e")
    if not exponent:
        sign, whole, fraction = number < 0, *digits.lstrip("-").split(".")
        significant = (whole + fraction).lstrip("0").rstrip("0")
        exponent = str(len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1))
        digits = ("-" if sign else "") + significant[0] + "." + (significant[1:] or "0")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _write(value: Any, ordered: bool = False) -> str:
    if isinstance(value, Number):
        return java(float(value)) if set(value) & set(".eE") else value
    if isinstance(value, dict):
        pairs = sorted(value.items()) if ordered else value.items()
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_write(v, ordered)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(one, ordered) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _at(value: Any, path: str) -> Any:
    for step in json.loads(path):
        if isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
        elif isinstance(value, list) and str(step).isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _MISSING
    return value


def py_json(text: str) -> str:
    value = _read(text, last=True)
    if value is _MISSING:
        raise ValueError(f"Cannot convert value to JSON: '{text}'")
    return _write(value, ordered=True)


def py_json_extract(text: str, path: str) -> str | None:
    value = _read(text)
    found = _MISSING if value is _MISSING else _at(value, path)
    return None if found is _MISSING else _write(found)


def py_json_scalar(text: str, path: str) -> str | None:
    value = _read(text)
    found = _MISSING if value is _MISSING else _at(value, path)
    if found is _MISSING or found is None or isinstance(found, (dict, list)):
        return None
    return ("true" if found else "false") if isinstance(found, bool) else str(found)


def py_json_size(text: str, path: str) -> int | None:
    value = _read(text)
    found = _MISSING if value is _MISSING else _at(value, path)
    return None if found is _MISSING else len(found) if isinstance(found, (dict, list)) else 0


def py_json_length(text: str) -> int | None:
    value = _read(text)
    return len(value) if isinstance(value, list) else None


def py_json_get(text: str, index: int) -> str | None:
    value = _read(text)
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return None
    return _write(value[index])


def py_json_is_scalar(text: str) -> bool:
    value = _read(text)
    if value is _MISSING:
        raise ValueError(f"Invalid JSON value: {text}")
    return not isinstance(value, (dict, list))


def py_json_contains(text: str, wanted: str) -> bool | None:
    value = _read(text)
    if not isinstance(value, list):
        return None
    kind, _, rest = wanted.partition(":")
    for one in value:
        if kind == "s" and isinstance(one, str) and not isinstance(one, Number) and one == rest:
            return True
        if kind == "b" and isinstance(one, bool) and one == (rest == "true"):
            return True
        if (
            kind in "id"
            and isinstance(one, Number)
            and bool(set(one) & set(".eE")) == (kind == "d")
            and float(one) == float(rest)
        ):
            return True
    return False
