"""A real HTTP server that serves one file, and breaks off when told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server(ThreadingHTTPServer):
    """Serves one file at every path.

    `cuts`: after how many bytes each of the first answers breaks off. `stalls`: after them it waits for the end.
    """

    def __init__(
        self, content: bytes, cuts: tuple[int, ...] = (), ranges: bool = True, status: int = 0, stalls: bool = False
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.ranges, self.status = content, list(cuts), ranges, status
        self.end = threading.Event()
        if not stalls:
            self.end.set()
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/aclImdb_v1.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, total = self.server, len(self.server.content)
        asked = self.headers.get("Range")
        server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
        if server.status:
            self.send_error(server.status)
        elif start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(206 if asked and server.ranges else 200)
            if asked and server.ranges:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Length", str(total - start))
            self.send_header("Content-Encoding", "x-gzip")  # as servers do that take .gz for a transfer encoding
            self.end_headers()
            self.wfile.write(server.content[start:][: server.cuts.pop(0) if server.cuts else None])
            self.wfile.flush()
            server.end.wait()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(*args, **options) -> Server:
        servers.append(Server(*args, **options))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.end.set()
        server.shutdown()
        server.server_close()
