"""A server of one's own is started as SageMaker starts it, and asked before it listens."""

from __future__ import annotations

import sys
from pathlib import Path

from helpers.models import hosting_contract

SLOW = """
import os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())
time.sleep(0.5)
HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def test_a_server_that_takes_its_time_is_asked_until_it_listens(tmp_path: Path) -> None:
    with hosting_contract.serving([sys.executable, "-c", SLOW], tmp_path) as (process, client):
        assert client.get("/ping").text == "serve"
    assert process.returncode is not None
