"""HTTP/1.1 over a Unix socket, for the event loop: one request, one answer, connections kept for the next request.

It stands between each invocation and its model, so it is small: a general HTTP client takes longer than many a model.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

_LARGEST_HEAD = 2**16


class NotThere(OSError):
    """Nothing listens at the socket; the request was not sent."""


class Broken(OSError):
    """The connection ended, or what came was no HTTP, before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Requests to one socket. Used within one event loop only."""

    def __init__(self, path: Path, *, connections: int = 64, timeout: float = 60.0) -> None:
        self._path, self._timeout = str(path), timeout
        self._places = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []
        self._closed = False

    async def post(self, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send one request and wait for its answer.

        Raises:
            NotThere, Broken: see there.
            TimeoutError: no complete answer in time, waiting for a connection included.
        """
        lines = [f"POST {target} HTTP/1.1", "host: model", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        async with asyncio.timeout(self._timeout), self._places:
            connection = self._usable() or await self._connect()
            try:
                reader, writer = connection
                writer.write(head + body if len(body) < _LARGEST_HEAD else head)
                if len(body) >= _LARGEST_HEAD:
                    writer.write(body)
                    await writer.drain()
                answer = await read_answer(reader)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError) as error:
                connection[1].close()
                raise Broken(f"{type(error).__name__}: {error}") from None
            except BaseException:  # cancelled or out of time: what comes later belongs to no request
                connection[1].close()
                raise
        if self._closed or answer.headers.get("connection", "").lower() == "close":
            connection[1].close()
        else:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle now, and the others when their answers are complete."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()

    def _usable(self) -> _Connection | None:
        """The connection used last that its other side has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        return None

    async def _connect(self) -> _Connection:
        try:
            return await asyncio.open_unix_connection(self._path, limit=_LARGEST_HEAD)
        except OSError as error:
            raise NotThere(str(error)) from None


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one complete answer; one without a length says `connection: close` afterwards."""
    status = 100
    while status < 200:  # an interim answer, such as 100 Continue, has a head only
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(f"no HTTP answer: {first[:80]!r}")
        status = int(rest[:3])
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if version == "HTTP/1.0":  # there a connection ends with its answer
        headers["connection"] = "close"
    if status in (204, 304):
        content = b""
    elif headers.get("transfer-encoding", "").lower().endswith("chunked"):
        content = await _read_chunks(reader)
    elif "content-length" in headers:
        content = await reader.readexactly(int(headers["content-length"]))
    else:
        content = await reader.read()
        headers["connection"] = "close"
    return Answer(status, headers, content)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    while await reader.readuntil(b"\r\n") != b"\r\n":  # trailers
        pass
    return b"".join(chunks)
