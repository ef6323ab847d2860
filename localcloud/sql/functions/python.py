"""What no DuckDB function does as Trino does: Python functions that DuckDB calls. NULL in gives NULL out.

An error is a ValueError whose text carries Trino's code; see `failing`.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
import urllib.parse
import zlib
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from localcloud.sql.functions.python_dates import *  # noqa: F403
from localcloud.sql.functions.python_json import *  # noqa: F403
from localcloud.sql.functions.python_regex import *  # noqa: F403
from localcloud.sql.macros import FAILURE_END, FAILURE_START
from localcloud.sql.model import QueryError


def failing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its ValueError or QueryError as `settings.query_error` reads them."""

    @functools.wraps(function)
    def called(*arguments: Any) -> Any:
        if None in arguments:
            return None
        try:
            return function(*arguments)
        except QueryError as error:
            text = str(error).removeprefix(f"{error.code}: ")
            raise ValueError(f"{FAILURE_START}{error.code}: {text}{FAILURE_END}") from None
        except ValueError as error:
            raise ValueError(f"{FAILURE_START}INVALID_FUNCTION_ARGUMENT: {error}{FAILURE_END}") from None

    return called


def py_combinations(size: int, count: int) -> list[list[int]]:
    """The positions, from 1, in the order in which Trino gives them: by the last element first."""
    if math.comb(size, count) > 100_000:
        raise ValueError("combinations exceed max size")
    found = itertools.combinations(range(1, size + 1), count)
    return [list(one) for one in sorted(found, key=lambda one: one[::-1])]


def py_levenshtein(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def py_hamming(a: str, b: str) -> int:
    if len(a) != len(b):
        raise ValueError("The input strings to hamming_distance function must have the same length")
    return sum(x != y for x, y in zip(a, b, strict=True))


_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def py_soundex(text: str) -> str:
    letters = [c for c in text.upper() if c.isalpha()]
    if any(c not in _SOUNDEX for c in letters):
        raise ValueError(f"The character is not mapped: {next(c for c in letters if c not in _SOUNDEX)}")
    if not letters:
        return ""
    out, last = letters[0], _SOUNDEX[letters[0]]
    for c in letters[1:]:
        if c in "HW":
            continue
        code = _SOUNDEX[c]
        if code != "0" and code != last:
            out += code
        last = code
    return (out + "000")[:4]


def py_normalize(text: str, form: str) -> str:
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise ValueError(f"Normalization form must be one of [NFD, NFC, NFKD, NFKC]: {form}")
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def py_from_utf8(data: bytes, replacement: str) -> str:
    if len(replacement) > 1:
        raise ValueError("Replacement character string must empty or a single character")
    return data.decode("utf-8", "replace").replace("\ufffd", replacement)


def py_strpos(text: str, wanted: str, instance: int) -> int:
    if instance == 0:
        raise ValueError("'instance' must not be a positive or negative number.")
    if wanted == "":
        return 0 if instance < 0 else 1
    at = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        at = text.find(wanted, at + 1) if instance > 0 else text.rfind(wanted, 0, max(0, at + len(wanted) - 1))
        if at < 0:
            return 0
    return at + 1


def py_format(spec: str, value: str) -> str:
    flags, width, digits, letter = spec.split("|")
    if value != "null":
        if letter in "fe":
            value = _floating(value, int(digits or 6), letter, "," in flags)
        elif letter == "d":
            value = f"{int(value):,}" if "," in flags else value
        elif letter == "x":
            value = format(int(value) & (2**64 - 1 if int(value) < 0 else -1), "x")
        elif digits:
            value = value[: int(digits)]
        if "+" in flags and letter in "dfe" and not value.startswith("-"):
            value = "+" + value
    size = int(width or 0)
    if "-" in flags:
        return value.ljust(size)
    return (
        value.zfill(size)
        if "0" in flags and value not in ("null", "NaN", "Infinity", "-Infinity")
        else value.rjust(size)
    )


def _floating(value: str, digits: int, letter: str, grouped: bool) -> str:
    if value.lstrip("-") in ("nan", "inf"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(value, "NaN")
    number = Decimal(value)
    if letter == "e":
        return f"{number:.{digits}e}".replace("e+", "e+0" if abs(number.adjusted()) < 10 else "e+")
    rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,f}" if grouped else f"{rounded:f}"


def py_round(x: float, digits: int) -> float:
    if abs(x) >= 1e15 and digits >= 0:
        return x  # no double of this size has digits behind its point worth rounding
    return float(Decimal(repr(x)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)) if abs(digits) < 300 else x


def py_truncate(x: float, digits: int) -> float:
    if math.isnan(x) or math.isinf(x):
        return x
    return float(Decimal(repr(x)).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)) if abs(digits) < 20 else x


def py_cbrt(x: float) -> float:
    root = math.cbrt(x)
    whole = math.copysign(math.floor(abs(root) + 0.5), x) if math.isfinite(root) else root
    return whole if whole**3 == x else root


def py_to_base(value: int, radix: int) -> str:
    _radix(radix)
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def py_from_base(text: str, radix: int) -> int:
    _radix(radix)
    if re.fullmatch(r"[+-]?[0-9a-zA-Z]+", text):
        try:
            value = int(text, radix)
            if -(2**63) <= value < 2**63:
                return value
        except ValueError:
            pass
    raise ValueError(f"Not a valid base-{radix} number: {text}")


def _radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise ValueError("Radix must be between 2 and 36")


def py_url_encode(text: str) -> str:
    return urllib.parse.quote_plus(text, safe="*-._", encoding="utf-8").replace("~", "%7E")


def py_url_decode(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError(f"URLDecoder: Illegal hex characters in escape (%) pattern: {text}")
    return urllib.parse.unquote_plus(text, errors="replace")


def py_url_part(text: str, part: str) -> str | None:
    try:
        url = urllib.parse.urlsplit(text)
        port = url.port
    except ValueError:
        return None
    if re.search(r"[\s<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})", text):
        return None
    if part == "port":
        return None if port is None else str(port)
    if part == "host":
        return re.sub(r"^.*@|:\d*$", "", url.netloc)
    return urllib.parse.unquote(
        {"path": url.path, "protocol": url.scheme, "query": url.query, "fragment": url.fragment}[part]
    )


def py_url_parameter(text: str, name: str) -> str | None:
    if py_url_part(text, "path") is None:
        return None
    for pair in urllib.parse.urlsplit(text).query.split("&"):
        key, _, value = pair.partition("=")
        if urllib.parse.unquote_plus(key) == name:
            return urllib.parse.unquote_plus(value)
    return None


def py_sha512(data: bytes) -> bytes:
    import hashlib

    return hashlib.sha512(data).digest()


def py_crc32(data: bytes) -> int:
    return zlib.crc32(data)


def py_from_hex(text: str) -> bytes:
    if len(text) % 2 or not re.fullmatch("[0-9a-fA-F]*", text):
        raise ValueError(f"Invalid input string: {text}")
    return bytes.fromhex(text)


def py_from_base64(text: str) -> bytes:
    import base64

    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise ValueError(f"Illegal base64 input: {error}") from None


_P1, _P2, _P3, _P4, _P5 = (
    11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261,
)  # fmt: skip
_M = 2**64 - 1


def _rotated(x: int, bits: int) -> int:
    return ((x << bits) | (x >> (64 - bits))) & _M


def _step(acc: int, lane: int) -> int:
    return _rotated((acc + lane * _P2) & _M, 31) * _P1 & _M


def py_xxhash64(data: bytes) -> bytes:
    """XXH64 with seed 0, big-endian. Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md"""
    at, size = 0, len(data)
    if size >= 32:
        accs = [(_P1 + _P2) & _M, _P2, 0, -_P1 & _M]
        while at + 32 <= size:
            for lane in range(4):
                accs[lane] = _step(accs[lane], int.from_bytes(data[at + 8 * lane : at + 8 * lane + 8], "little"))
            at += 32
        acc = sum(_rotated(one, bits) for one, bits in zip(accs, (1, 7, 12, 18), strict=True)) & _M
        for one in accs:
            acc = ((acc ^ _step(0, one)) * _P1 + _P4) & _M
    else:
        acc = _P5
    acc = (acc + size) & _M
    while at + 8 <= size:
        acc = (_rotated(acc ^ _step(0, int.from_bytes(data[at : at + 8], "little")), 27) * _P1 + _P4) & _M
        at += 8
    if at + 4 <= size:
        acc = (_rotated(acc ^ (int.from_bytes(data[at : at + 4], "little") * _P1 & _M), 23) * _P2 + _P3) & _M
        at += 4
    for byte in data[at:]:
        acc = _rotated(acc ^ (byte * _P5 & _M), 11) * _P1 & _M
    acc = (acc ^ (acc >> 33)) * _P2 & _M
    acc = (acc ^ (acc >> 29)) * _P3 & _M
    return (acc ^ (acc >> 32)).to_bytes(8, "big")
