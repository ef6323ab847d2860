"""A request as it arrived: read whole, names in lower case, nothing decoded; and the types of ASGI."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from localcloud.door.signing import Denied
from localcloud.protocol import ServiceError

MAXIMUM_BODY_BYTES = 5 * 2**30
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


_SIGNED_FOR = re.compile(r"(?:^|[ ?&])(?:X-Amz-)?Credential=[^/,\s&%]+(?:/|%2F)\d{8}(?:/|%2F)[\w-]+(?:/|%2F)([\w-]+)")


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived. `scope` is ASGI's own account of it."""

    method: str
    path: str  # still percent-encoded, as it was signed
    query: str  # still percent-encoded
    headers: dict[str, str]  # names in lower case
    scope: Scope
    body: bytes = b""

    @property
    def target(self) -> str:
        """X-Amz-Target, the operation of the JSON services: `Prefix.Operation`."""
        return self.headers.get("x-amz-target", "")

    @property
    def named(self) -> str:
        """The operation that it names, if it names one; for messages on what is not offered."""
        action = dict(parse_qsl(self.body[:4096].decode("latin-1"))).get("Action", "") if self.style == "query" else ""
        return self.target.rpartition(".")[2] or action

    @property
    def style(self) -> str:
        """How its service speaks: "s3" (XML, operations without names), "query" (forms), "cbor" or "json"."""
        found = _SIGNED_FOR.search(self.headers.get("authorization", "")) or _SIGNED_FOR.search(self.query)
        service = found[1] if found else ""
        kind = self.headers.get("content-type", "")
        if service == "s3":
            return "s3"
        if "smithy-protocol" in self.headers:
            return "cbor"
        if self.target or kind.startswith("application/x-amz-json"):
            return "json"
        if kind.startswith("application/x-www-form-urlencoded") or service in ("iam", "sts"):
            return "query"
        return "json" if service else "s3"


def headers_of(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def path_of(scope: Scope) -> str:
    """The path as sent, still percent-encoded, without the query."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").split("?")[0]


async def read_body(receive: Receive, limit: int, *, keep: bool) -> bytes:
    """The whole body; of a request that will be refused anyway (too large, or `keep` is False) nothing is held."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Denied("RequestTimeout", "The client went away before the request was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAXIMUM_BODY_BYTES:
            raise Denied("EntityTooLarge", "The request is larger than 5 GiB; use a multipart upload.")
        if size > limit:
            chunks.clear()
        elif keep:
            chunks.append(chunk)
        if not message.get("more_body"):
            break
    if size > limit:
        raise ServiceError("ValidationError", f"The body has {size} bytes; the limit is {limit}.", 413)
    return b"".join(chunks)
