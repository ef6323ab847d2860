"""The small HTTP client between an invocation and its model, against servers that answer in every way that HTTP has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from localcloud.hosting.unix_http import Answer, Broken, Client, NotThere

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Read one request; return its body, or raise IncompleteReadError when there is none any more."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


def ask(tmp_path: Path, serve: Serve, *bodies: bytes, timeout: float = 5) -> list[Answer]:
    """Send requests one after the other to a server of this handler, by one client."""

    async def run() -> list[Answer]:
        server = await asyncio.start_unix_server(serve, tmp_path / "s")
        client = Client(tmp_path / "s", timeout=timeout)
        try:
            return [await client.post("/invocations", {"content-type": "text/csv"}, body) for body in bodies]
        finally:
            client.close()
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n", b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
    ids=["length", "chunks", "until the end", "after 100 Continue", "no content"],
)
def test_every_form_of_body_is_read(tmp_path: Path, raw: bytes, content: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(raw)
        await writer.drain()
        writer.close()

    (answer,) = ask(tmp_path, serve, b"x")
    assert answer.content == content


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            while True:
                body = await _request(reader)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except asyncio.IncompleteReadError:
            writer.close()

    bodies = [b"first", b"second" * 50_000, b""]
    assert [answer.content for answer in ask(tmp_path, serve, *bodies)] == bodies
    assert len(connections) == 1


def test_a_connection_that_the_server_closed_is_not_used_again(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx")
        writer.close()

    assert len(ask(tmp_path, serve, b"1", b"2", b"3")) == 3


def test_a_connection_of_http_1_0_is_used_once(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx")
        await asyncio.sleep(0.2)  # its end comes later than the next request
        writer.close()

    assert [answer.content for answer in ask(tmp_path, serve, b"1", b"2")] == [b"x", b"x"]


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", b"SSH-2.0\r\n\r\n"])
def test_what_is_no_complete_answer_is_an_error(tmp_path: Path, raw: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(raw)
        writer.close()

    with pytest.raises(Broken):
        ask(tmp_path, serve, b"x")


def test_an_answer_that_does_not_come_in_time_is_an_error(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(TimeoutError):
        ask(tmp_path, serve, b"x", timeout=0.1)


def test_a_socket_without_a_server_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        asyncio.run(Client(tmp_path / "none").post("/invocations", {}, b""))
