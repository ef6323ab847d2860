"""Does a server of one's own keep SageMaker's hosting contract? Start it as a process and look, point by point.

What is checked is the program in the image, not the image: that needs Docker. Source of the points:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pandas as pd

START_SECONDS = 60.0  # AWS gives eight minutes; at home nobody waits so long
PING_SECONDS = 2.0
ANSWER_SECONDS = 60.0
STOP_SECONDS = 30.0  # between SIGTERM and SIGKILL
TRIES = 7  # to connect to a server that starts: half a minute in all


@dataclass(frozen=True)
class Point:
    """One point of the contract, whether it is kept, and what was seen."""

    point: str
    kept: bool
    seen: str


def check(command: Sequence[str], model: Path, good: bytes, bad: bytes, content_type: str) -> pd.DataFrame:
    """Start `command` with the argument `serve`, and check each point; the process is gone afterwards.

    Args:
        model: the unpacked model; the server finds it in SM_MODEL_DIR instead of /opt/ml/model.
        good, bad: bodies that must be answered, and refused, of this content type.
    Returns:
        The columns point, kept, seen.
    """
    with tempfile.TemporaryFile() as log, _started(command, model, log.fileno()) as (process, client):
        points = list(_points(process, client, model, good, bad, {"content-type": content_type}))
        if not all(point.kept for point in points):
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            points.append(Point("its last line in the log", True, lines[-1] if lines else "nothing"))
    return pd.DataFrame(points)


@contextmanager
def serving(command: Sequence[str], model: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Start `command` with the argument `serve`, as SageMaker starts an image, on a free port of this machine.

    Yields the process, and a client that asks it and tries again while nobody listens yet; afterwards it is gone.
    """
    with tempfile.TemporaryFile() as log, _started(command, model, log.fileno(), TRIES) as found:
        yield found


@contextmanager
def _started(
    command: Sequence[str], model: Path, log: int, tries: int = 0
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, "SM_MODEL_DIR": str(model), "SAGEMAKER_BIND_TO_PORT": str(port)}
    process = subprocess.Popen(
        [*command, "serve"], env=variables, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    transport = httpx.HTTPTransport(retries=tries)  # each waits twice as long as the one before, from half a second
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=ANSWER_SECONDS, trust_env=False, transport=transport) as client:
            yield process, client
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
        except ProcessLookupError:
            pass
        process.wait()


def _points(
    process: subprocess.Popen[bytes], client: httpx.Client, model: Path, good: bytes, bad: bytes, kind: dict[str, str]
) -> Iterator[Point]:
    before = _files(model)
    yield (started := _starts(process, client))
    if not started.kept:
        return
    yield _timed("GET /ping answers 200 within 2 s", client, PING_SECONDS, 200, "GET", "/ping")
    yield _timed("POST /invocations answers", client, ANSWER_SECONDS, 200, "POST", "/invocations", good, kind)
    yield _timed("a bad request gets a 4xx", client, ANSWER_SECONDS, 400, "POST", "/invocations", bad, kind)
    yield _pings_under_load(client, good, kind)
    changed = sorted(before ^ _files(model))
    yield Point(
        "/opt/ml/model is only read", not changed, f"changed: {changed[0][0]}" if changed else "nothing changed"
    )
    yield _ends(process)


def _starts(process: subprocess.Popen[bytes], client: httpx.Client) -> Point:
    name, began = "starts with the argument serve", time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        if process.poll() is not None:
            return Point(name, False, f"ended with code {process.returncode}")
        try:
            if client.get("/ping", timeout=PING_SECONDS).status_code == 200:
                return Point(name, True, f"ready after {time.monotonic() - began:.1f} s")
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    return Point(name, False, f"no 200 from /ping at the port that was named within {START_SECONDS:.0f} s")


def _timed(
    name: str,
    client: httpx.Client,
    seconds: float,
    status: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Point:
    """A request whose answer has this status (or, for 400, any of the caller's mistakes) within these seconds."""
    began = time.monotonic()
    try:
        answer = client.request(method, path, content=body, headers=headers, timeout=seconds)
    except httpx.TimeoutException:
        return Point(name, False, f"no answer within {seconds:.0f} s")
    except httpx.TransportError as error:
        return Point(name, False, f"the connection broke: {error}")
    fits = 400 <= answer.status_code < 500 if status == 400 else answer.status_code == status
    return Point(name, fits, f"{answer.status_code} after {1000 * (time.monotonic() - began):.0f} ms")


def _pings_under_load(client: httpx.Client, good: bytes, kind: dict[str, str]) -> Point:
    name, request = "/ping answers while eight others ask", ("POST", "/invocations", good, kind)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(_timed, "", client, ANSWER_SECONDS, 200, *request) for _ in range(8)]
        time.sleep(0.1)  # so that the ping comes after them
        ping = _timed(name, client, PING_SECONDS, 200, "GET", "/ping")
    failed = [answer.result().seen for answer in asked if not answer.result().kept]
    return Point(name, False, f"{len(failed)} of 8 failed: {failed[0]}") if failed else ping


def _ends(process: subprocess.Popen[bytes]) -> Point:
    name, began = "SIGTERM ends it within 30 s", time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return Point(name, False, "it runs on: AWS kills it, and with it the requests that it was answering")
    return Point(name, True, f"ended after {time.monotonic() - began:.1f} s")


def _files(folder: Path) -> set[tuple[str, int, int]]:
    found = ((path, path.stat()) for path in folder.rglob("*"))
    return {(str(path.relative_to(folder)), state.st_size, state.st_mtime_ns) for path, state in found}


def check_dockerfile(path: Path, context: Path) -> pd.DataFrame:
    """What can be said of a Dockerfile without Docker. The columns point, kept, seen."""
    joined = re.sub(r"\\\n", " ", path.read_text())
    lines = [
        line.split(maxsplit=1) for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    instructions = [(words[0].upper(), words[1] if len(words) > 1 else "") for words in lines]
    base = next((rest for name, rest in instructions if name == "FROM"), "none")
    sources = [word for name, rest in instructions if name == "COPY" for word in shlex.split(rest)[:-1]]
    missing = [source for source in sources if not (context / source).exists() or (context / source).is_symlink()]
    entry = next((rest for name, rest in instructions if name == "ENTRYPOINT"), "none")
    ports = [rest for name, rest in instructions if name == "EXPOSE"]
    return pd.DataFrame(
        [
            Point("the base names its version", ":" in base and not base.endswith(":latest"), base),
            Point("every file to copy is there", not missing, ", ".join(missing or sources)),
            Point("ENTRYPOINT is a list, so that it gets SIGTERM", entry.startswith("["), entry),
            Point("port 8080", ports == ["8080"], ", ".join(ports) or "none"),
        ]
    )
