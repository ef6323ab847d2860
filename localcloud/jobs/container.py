"""Run a job's process under the SageMaker container contract: /opt/ml layout, environment, logs, stop, time limit.

The folder `<run>/opt/ml` plays `/opt/ml`; `opt_ml.py` says how code that names it finds it.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/amazon-sagemaker-toolkits.html
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.jobs import images, supervise
from localcloud.protocol import ServiceError
from localcloud.store.state import runs_folder

POLL_SECONDS = 0.1
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # as in the images of AWS
# What of the server's own environment a job may see: how to reach the network, not who the learner is.
_PASSED_ON = (
    *("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


@dataclass(frozen=True)
class Exit:
    """How a process ended: `code` (0 is success), and whether it was asked to stop or ran out of time."""

    code: int
    stopped: bool
    timed_out: bool
    seconds: float


def new_run(cloud: Cloud, kind: str, name: str) -> Path:
    """A fresh private folder for one run, which no other run of that name shares. Its path has no space."""
    runs = runs_folder(cloud.home)
    runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    if runs.is_symlink() or runs.stat().st_uid != os.getuid():
        raise OSError(f"{runs} belongs to somebody else. Move it away, then try again.")
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]  # a crawler's name may hold anything, "../" too
    return Path(tempfile.mkdtemp(prefix=f"{kind}-{safe}-", dir=runs))


def end_run(run: Path) -> None:
    """Delete a run's folder, unless LOCALCLOUD_KEEP_RUNS is set: then it stays, to look at, until the next start."""
    if not is_kept():
        shutil.rmtree(run, ignore_errors=True)


def is_kept() -> bool:
    """Whether the folders of runs stay."""
    return bool(os.environ.get("LOCALCLOUD_KEEP_RUNS"))


def _write_again(run: Path, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    """Leave in a run's folder a script that runs its command once more, as it was, without the local AWS around it."""
    script = run / "again.sh"
    variables = [f"{name}={value}" for name, value in environment.items()]
    whole = shlex.join(["env", "-i", *variables, *command])
    script.write_text(f"#!/bin/sh\ncd {shlex.quote(str(folder))} &&\nexec {whole}\n")
    script.chmod(0o700)


def base_environment(cloud: Cloud, run: Path, python: Path) -> dict[str, str]:
    """The environment of an empty container: its Python first on PATH, its own home and temporary folder."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("PIP_")}
    (run / "home").mkdir(exist_ok=True)
    (run / "tmp").mkdir(exist_ok=True)
    direct = passed.get("no_proxy") or passed.get("NO_PROXY") or ""  # the small name is the one that Python prefers
    direct = ",".join(filter(None, [direct, "127.0.0.1,localhost"]))
    return {
        **passed,
        "PATH": os.pathsep.join([str(python.parent), SYSTEM_PATH]),
        "HOME": str(run / "home"),
        "TMPDIR": str(run / "tmp"),
        "LANG": passed.get("LANG", "C.UTF-8"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "NO_PROXY": direct,
        "no_proxy": direct,
        **cloud.environment(),
    }


def layered_python(run: Path, image: str, progress: Callable[[str], None] | None = None) -> Path:
    """The Python of a fresh layer over an image."""
    return images.make_layer(images.ensure(image, progress), run / "layer")


def run_process(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log_file: Path,
    stop: Callable[[], bool],
    on_lines: Callable[[list[str]], None],
    time_limit: float | None = None,
    hide: Path | None = None,
    error_file: Path | None = None,
    on_error_lines: Callable[[list[str]], None] | None = None,
    isolated: bool = False,
) -> Exit:
    """Run a supervised command to its end and hand over its output, line by line, as it comes.

    Args:
        stop: asked ten times a second; True ends the whole process group (SIGTERM, then SIGKILL).
        on_lines: gets complete lines of standard output and error, in order.
        hide: the run's folder, a container's root folder: left out of the lines, so that they read as there.
        error_file, on_error_lines: given, standard error goes its own way.
        time_limit: seconds, or None.
        isolated: without a network and without credentials, as `check_isolation` has found possible.
    """
    if hide and is_kept():
        _write_again(hide, command, environment, folder)
    if isolated:
        environment = {name: value for name, value in environment.items() if name not in _CREDENTIALS}
    supervisor = [*_supervisor(isolated=isolated), *command]
    started = time.monotonic()
    stopped = timed_out = asked = False
    with ExitStack() as files:
        sink = files.enter_context(log_file.open("wb"))
        error_sink = files.enter_context(error_file.open("wb")) if error_file else None
        process = subprocess.Popen(
            supervisor,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=error_sink or subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    followers = [_Follower(log_file, on_lines, hide)]
    if error_file and on_error_lines:
        followers.append(_Follower(error_file, on_error_lines, hide))
    try:
        while True:
            ended = process.poll() is not None
            for follower in followers:
                follower.read(everything=ended)
            if ended:
                break
            if not asked:
                timed_out = time_limit is not None and time.monotonic() - started > time_limit
                stopped = not timed_out and stop()
                if stopped or timed_out:
                    asked = True
                    _ask_to_stop(process)
            _wait(process)
    finally:
        if process.stdin:
            process.stdin.close()  # the lifeline: without it the supervisor kills what is left
        process.wait()
        for follower in followers:
            follower.close()
    return Exit(process.returncode, stopped, timed_out, time.monotonic() - started)


def _supervisor(*, isolated: bool) -> list[str]:
    return [sys.executable, "-I", supervise.__file__, *([supervise.ISOLATED] if isolated else [])]


@cache
def can_isolate() -> bool:
    """Whether this system lets its users run a process without its network."""
    command = [*_supervisor(isolated=True), "true"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as tried:
        return tried.wait() == 0


def check_isolation(wanted: bool | None) -> None:
    """
    Raises:
        ServiceError: it is wanted, and this system cannot do it.
    """
    if wanted and not can_isolate():
        reason = "it needs Linux with user namespaces that are open to all, which this system does not have"
        raise ServiceError(
            "ValidationException", f"EnableNetworkIsolation is not offered by the local AWS here: {reason}."
        )


class _Follower:
    """Reads what a process appends to a file and hands over its complete lines."""

    def __init__(self, path: Path, on_lines: Callable[[list[str]], None], hide: Path | None) -> None:
        self._file, self._on_lines, self._rest = path.open("rb"), on_lines, b""
        self._hide = str(hide).encode() if hide else b""

    def read(self, *, everything: bool) -> None:
        data = self._rest + self._file.read()
        complete, _, self._rest = data.rpartition(b"\n")
        if everything and self._rest:
            complete, self._rest = data, b""
        if self._hide:
            complete = complete.replace(self._hide, b"")
        if complete:
            self._on_lines([line.decode(errors="replace").rstrip("\r") for line in complete.split(b"\n")])

    def close(self) -> None:
        self._file.close()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        pass


def _ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(b"stop\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass


class Background:
    """Job threads: started by a Create call, remembered so that a shutdown can wait for them."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[], None], name: str) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))


background = Background()
