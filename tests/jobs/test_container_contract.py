"""The course's own container keeps SageMaker's hosting contract, and the check finds who does not."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import joblib
import pandas as pd
import psutil
import pytest
from own_cloud import PROJECT
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from helpers.models import hosting_contract

CONTAINER = PROJECT / "jobs" / "container"
GOOD, BAD = json.dumps(["I loved it", "I hated it"]).encode(), b"{oops"
POINTS = {
    "start": "starts with the argument serve",
    "answer": "POST /invocations answers",
    "refuse": "a bad request gets a 4xx",
    "busy": "/ping answers while eight others ask",
    "read": "/opt/ml/model is only read",
    "stop": "SIGTERM ends it within 30 s",
}

# A server with one fault at a time: its name is the first argument, and "serve" the second.
FAULTY = """
import os, signal, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

fault, order = sys.argv[1:]
assert order == "serve"
if fault == "ends":
    raise SystemExit("no model here")
if fault == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if fault == "one by one":
            time.sleep(0.5)
        if fault == "writes":
            open(os.path.join(os.environ["SM_MODEL_DIR"], "cache.txt"), "w").close()
        if fault == "mute" and body.startswith(b"["):
            return self.answer(503)
        self.answer(200 if body.startswith(b"[") else 500 if fault == "blames itself" else 400)
    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

kind = HTTPServer if fault == "one by one" else ThreadingHTTPServer
kind(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression())
    pipeline.fit(["loved it", "hated it", "loved", "hated"], [1, 0, 1, 0])
    (tmp_path / "model").mkdir()
    joblib.dump(pipeline, tmp_path / "model" / "model.joblib")
    return tmp_path / "model"


def broken(points: pd.DataFrame) -> list[str]:
    return points.loc[~points["kept"], "point"].tolist()


def test_the_courses_own_server_keeps_every_point(model: Path) -> None:
    command = [sys.executable, str(CONTAINER / "serve.py")]
    points = hosting_contract.check(command, model, GOOD, BAD, "application/json")
    assert broken(points) == []
    assert len(points) == 7


def test_a_request_that_is_under_way_at_sigterm_gets_its_answer(model: Path) -> None:
    command = [sys.executable, str(CONTAINER / "serve.py")]
    with hosting_contract.serving(command, model) as (process, client):
        assert client.get("/ping").status_code == 200
        with socket.create_connection((client.base_url.host, client.base_url.port)) as caller:
            head = f"POST /invocations HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {len(GOOD)}\r\n"
            caller.sendall(f"{head}\r\n".encode() + GOOD[:5])
            time.sleep(0.3)  # until the server reads it
            process.terminate()
            time.sleep(0.7)  # longer than the server looks away between two requests
            assert process.poll() is None
            caller.sendall(GOOD[5:])
            answer = b"".join(iter(lambda: caller.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"positive" in answer
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("fault", "point"),
    [
        ("ends", "start"),
        ("mute", "answer"),
        ("blames itself", "refuse"),
        ("one by one", "busy"),
        ("writes", "read"),
        ("deaf", "stop"),
    ],
)
def test_each_fault_breaks_its_point(
    fault: str, point: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting_contract, "STOP_SECONDS", 1.0)
    (tmp_path / "faulty.py").write_text(FAULTY)
    command = [sys.executable, str(tmp_path / "faulty.py"), fault]
    points = hosting_contract.check(command, model, GOOD, BAD, "application/json")
    assert POINTS[point] in broken(points)
    # Who cannot answer at all fails under load, too.
    assert set(broken(points)) <= {POINTS[point], POINTS["busy"]}
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]


def test_a_server_that_ends_shows_the_last_line_of_its_log(model: Path, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    command = [sys.executable, str(tmp_path / "faulty.py"), "ends"]
    points = hosting_contract.check(command, model, GOOD, BAD, "application/json")
    assert points["seen"].iloc[-1] == "no model here"


def test_the_dockerfile_is_as_far_as_can_be_said_without_docker_in_order() -> None:
    points = hosting_contract.check_dockerfile(CONTAINER / "Dockerfile", PROJECT / "jobs")
    assert broken(points) == []


@pytest.mark.parametrize(
    ("old", "new", "point"),
    [
        ('ENTRYPOINT ["python", "serve.py"]', "ENTRYPOINT python serve.py", "ENTRYPOINT"),
        ("FROM python:3.11-slim", "FROM python", "the base"),
        ("sklearn/messages.py", "container/messages.py", "every file"),  # a link: Docker would copy it as one
        ("EXPOSE 8080", "EXPOSE 80", "port"),
    ],
)
def test_a_mistake_in_a_dockerfile_is_found(old: str, new: str, point: str, tmp_path: Path) -> None:
    text = (CONTAINER / "Dockerfile").read_text()
    assert old in text
    (tmp_path / "Dockerfile").write_text(text.replace(old, new))
    (found,) = broken(hosting_contract.check_dockerfile(tmp_path / "Dockerfile", PROJECT / "jobs"))
    assert found.startswith(point)


def test_the_image_has_the_packages_that_wrote_the_model() -> None:
    lock = (PROJECT / "requirements.lock").read_text()
    packages = [line for line in (CONTAINER / "requirements.txt").read_text().splitlines() if "==" in line]
    assert len(packages) == 4
    assert [package for package in packages if package not in lock] == []
