"""Bodies that S3 clients send in signed chunks, or with a checksum behind them: `Content-Encoding: aws-chunked`.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from localcloud.door.signing import NO_MATCH, STREAMING, Denied, Signature, signing_key
from localcloud.store.state import Credentials

MINIMUM_CHUNK_BYTES = 8192  # of every chunk but the last
_EMPTY = hashlib.sha256(b"").hexdigest()
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_CHECKSUM = re.compile(r"x-amz-checksum-[a-z0-9]+")


@dataclass
class _Chain:
    """Each signature covers the one before it; the first is the request's own."""

    key: bytes
    stamp: str
    scope: str
    last: str

    def check(self, algorithm: str, given: str, *hashes: str) -> None:
        text = "\n".join([algorithm, self.stamp, self.scope, self.last, *hashes])
        expected = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, given):
            raise Denied("SignatureDoesNotMatch", NO_MATCH)
        self.last = given


def decoded(
    body: bytes, headers: dict[str, str], signature: Signature, credentials: Credentials
) -> tuple[bytes, dict[str, str]]:
    """The object in a body of chunks, and the headers that it would have had in one piece.

    Any other body comes back as it is. A checksum in the trailer becomes a header: who stores the object compares it.

    Raises:
        Denied: wrong signatures, lengths or form.
    """
    kind = headers.get("x-amz-content-sha256", "")
    encodings = [part.strip() for part in headers.get("content-encoding", "").split(",") if part.strip()]
    if kind not in STREAMING:
        if "aws-chunked" in encodings:
            raise Denied("InvalidRequest", "aws-chunked needs an x-amz-content-sha256 of STREAMING-…", 400)
        return body, headers
    length = headers.get("x-amz-decoded-content-length", "")
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise Denied("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.", 411)
    chain = None
    if "UNSIGNED" not in kind:
        chain = _Chain(signing_key(credentials, signature), signature.stamp, signature.scope, signature.value)
    chunks, rest = _chunks(body, chain)
    content = b"".join(chunks)
    if len(content) != int(length):
        raise _incomplete()
    trailer = _trailer(rest, chain) if kind.endswith("-TRAILER") else {}
    announced = {name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()}
    if set(trailer) != announced or (not kind.endswith("-TRAILER") and rest not in (b"", b"\r\n")):
        raise Denied("MalformedTrailerError", "The request contained trailing data that was not well-formed.", 400)
    plain = {name: value for name, value in headers.items() if name not in _OF_THE_FORM} | trailer
    plain["content-length"] = length
    if kept := [part for part in encodings if part != "aws-chunked"]:
        plain["content-encoding"] = ",".join(kept)
    return content, plain


_OF_THE_FORM = ("content-encoding", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-content-sha256")


def _chunks(body: bytes, chain: _Chain | None) -> tuple[list[memoryview], bytes]:
    """The chunks, and what follows the empty one that ends them."""
    view, chunks, position = memoryview(body), list[memoryview](), 0
    while True:
        end = body.find(b"\r\n", position, position + 200)
        found = _CHUNK.fullmatch(body[position:end]) if end >= 0 else None
        if not found or (chain and not found[2]):
            raise _incomplete()
        size, start = int(found[1], 16), end + 2
        chunk = view[start : start + size]
        if len(chunk) != size or (size and body[start + size : start + size + 2] != b"\r\n"):
            raise _incomplete()
        if chain:
            given = found[2].decode()
            chain.check("AWS4-HMAC-SHA256-PAYLOAD", given, _EMPTY, hashlib.sha256(chunk).hexdigest())
        if size == 0:
            return chunks, body[start:]
        if chunks and len(chunks[-1]) < MINIMUM_CHUNK_BYTES:
            message = f"Only the last chunk is allowed to have a size less than {MINIMUM_CHUNK_BYTES} bytes"
            raise Denied("InvalidChunkSizeError", message)
        chunks.append(chunk)
        position = start + size + 2


def _trailer(rest: bytes, chain: _Chain | None) -> dict[str, str]:
    """The header lines behind the last chunk. Signed, they end with their own signature."""
    lines = [line for line in rest.decode("latin-1").replace("\r\n", "\n").split("\n") if line]
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    values = dict(pairs)
    signature = values.pop("x-amz-trailer-signature", "")
    if len(values) + bool(signature) != len(pairs) or not all(map(_CHECKSUM.fullmatch, values)):
        raise Denied("MalformedTrailerError", "The request contained trailing data that was not well-formed.", 400)
    if chain:
        canonical = "".join(f"{name}:{value}\n" for name, value in values.items())
        chain.check("AWS4-HMAC-SHA256-TRAILER", signature, hashlib.sha256(canonical.encode()).hexdigest())
    return values


def _incomplete() -> Denied:
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header."
    return Denied("IncompleteBody", message, 400)
