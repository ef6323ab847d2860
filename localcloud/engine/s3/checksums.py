"""Checksums: of whole bodies, quickly; and of bodies that the engine does not compare.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Any

import numpy as np

# Reflected polynomials, and the number of bits.
_POLYNOMIALS = {"CRC32C": (0x82F63B78, 32), "CRC64NVME": (0x9A6C9329AC4BC9B5, 64)}
BYTES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
_LANES = 4096
_SHORT = 2**14  # bytes up to which one after the other is quickest


def correct(s3: Any) -> None:
    dispatch, compute = s3._dispatch, s3._compute_s3_checksum

    def computed(algorithm: str, body: bytes) -> str | None:
        name = (algorithm or "").upper().replace("_", "")
        if name not in _POLYNOMIALS:
            found: str | None = compute(algorithm, body)
            return found
        return base64.b64encode(crc(name, body).to_bytes(BYTES[name], "big")).decode()

    def checked(method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        error = _given(s3, headers)
        if error is None and method in ("PUT", "POST") and query.keys() & _WITH_A_DOCUMENT:
            error = s3._validate_content_md5(headers, body) or s3._resolve_object_checksums(body, headers)[1]
        return error or dispatch(method, bucket, key, headers, body, query)

    s3._compute_s3_checksum, s3._dispatch = computed, checked


# Requests whose body is a document: its digest is compared as an object's is.
_WITH_A_DOCUMENT = {"tagging", "delete", "versioning", "notification"}


def _given(s3: Any, headers: dict[str, str]) -> Any:
    """An error unless at most one checksum is given, of the right length."""
    given = {name: value for name in BYTES if (value := headers.get(f"x-amz-checksum-{name.lower()}"))}
    if len(given) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        return s3._error("InvalidRequest", message, 400)
    for name, value in given.items():
        try:
            size = len(base64.b64decode(value.partition("-")[0], validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != BYTES[name]:
            message = f"Value for x-amz-checksum-{name.lower()} header is invalid."
            return s3._error("InvalidRequest", message, 400)
    return None


def crc(name: str, body: bytes) -> int:
    """CRC32C or CRC64NVME of a body, of any length in about the time of reading it.

    The body is cut into as many pieces as there are lanes; numpy computes these side by side, and what one piece's
    remainder becomes behind all those after it follows from the pieces' common length.
    """
    _, bits = _POLYNOMIALS[name]
    ones = (1 << bits) - 1
    width = len(body) // _LANES
    head = len(body) if len(body) < _SHORT else len(body) - width * _LANES
    state = _after(name, ones, body[:head])
    if head == len(body):
        return state ^ ones
    table = np.array(_table(name), dtype=np.uint64)
    lanes = np.frombuffer(body, dtype=np.uint8, offset=head).reshape(_LANES, width)
    states = np.zeros(_LANES, dtype=np.uint64)
    for column in np.ascontiguousarray(lanes.T):
        states = table[(states ^ column) & np.uint64(0xFF)] ^ (states >> np.uint64(8))
    shift = _zeros(name, width)
    for lane in states.tolist():
        state = _times(shift, state) ^ lane
    return state ^ ones


def _after(name: str, state: int, body: bytes) -> int:
    table = _table(name)
    for byte in body:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state


@cache
def _table(name: str) -> tuple[int, ...]:
    polynomial, _ = _POLYNOMIALS[name]
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ polynomial if byte & 1 else byte >> 1
        table.append(byte)
    return tuple(table)


def _times(matrix: tuple[int, ...], vector: int) -> int:
    """A matrix over the field of two elements, as its columns, times a vector."""
    found = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            found ^= column
        vector >>= 1
    return found


def _zeros(name: str, count: int) -> tuple[int, ...]:
    """What `count` bytes of zero do to a state, as a matrix: by squaring what one does."""
    _, bits = _POLYNOMIALS[name]
    power = tuple(_after(name, 1 << bit, b"\0") for bit in range(bits))
    found = tuple(1 << bit for bit in range(bits))
    while count:
        if count & 1:
            found = tuple(_times(power, column) for column in found)
        power = tuple(_times(power, column) for column in power)
        count >>= 1
    return found
