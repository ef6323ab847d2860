"""Start, find and stop the one server process of this installation."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from localcloud.store.state import home, is_strict, mark, runs_folder, server_info, write_private

START_SECONDS = 60
STOP_SECONDS = 20
_STATE = ("engine", "store.db*", "credentials.json", "server.*", "unclean", "aws-config", "sagemaker-config.yaml")


class CannotStart(Exception):
    """The server did not come up; the message ends with the last lines of its log."""


def write_info(port: int, *, strict: bool, recording: bool) -> None:
    """Called by the server when it is ready."""
    info = {
        "pid": os.getpid(),
        "port": port,
        "endpoint": f"http://127.0.0.1:{port}",
        "strict": strict,
        "learners": strict or recording,
    }
    write_private(home() / "server.json", json.dumps(info))


def running() -> psutil.Process | None:
    """The server's process, or None. A process that has only inherited its number does not count."""
    info = server_info()
    try:
        process = psutil.Process(int(str(info["pid"]))) if info else None
        if process and process.cmdline()[-2:] == ["localcloud", "serve"]:  # empty for a zombie
            return process
    except (psutil.NoSuchProcess, psutil.AccessDenied, KeyError, ValueError):
        pass
    return None


def write_stopping() -> None:
    """Called by the server when it begins to stop: who wants one now has to wait, then start another."""
    write_private(home() / "server.json", json.dumps({**(server_info() or {}), "stopping": True}))


@contextmanager
def only_one() -> Iterator[bool]:
    """Hold the installation's lock; yields False when another server has it. The system frees it on any death."""
    with (home() / "server.lock").open("w") as file:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
        yield True


def start() -> str:
    """Start the server unless it runs, wait until it is ready, return its endpoint.

    Raises:
        CannotStart: with the last lines of server.log; or one runs that is not strict, as LOCALCLOUD_STRICT wants.
    """
    leaving = running()
    if leaving and (server_info() or {}).get("stopping"):
        psutil.wait_procs([leaving], timeout=STOP_SECONDS)
    if not running():
        log_path = home() / "server.log"
        with log_path.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "localcloud", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LOCALCLOUD_HOME": str(home())},  # it may be relative to this folder, not to cwd
                start_new_session=True,
                cwd=Path(__file__).resolve().parents[1],
            )
        deadline = time.monotonic() + START_SECONDS
        while not running():
            if child.poll() not in (None, 0) or time.monotonic() > deadline:
                tail = log_path.read_text(errors="replace").splitlines()[-8:]
                raise CannotStart("The local AWS did not start. The end of its log:\n" + "\n".join(tail))
            time.sleep(0.05)
    info = server_info()
    assert info
    if is_strict() and not runs_strict():
        raise CannotStart("The local AWS runs without strict mode. Stop it first: python -m localcloud stop")
    return str(info["endpoint"])


def runs_strict() -> bool:
    """Whether the server that runs is in strict mode."""
    return bool((server_info() or {}).get("strict"))


def makes_learners() -> bool:
    """Whether learners of the server that runs have roles of their own: in strict mode, and when calls are noted."""
    return bool((server_info() or {}).get("learners"))


def stop() -> bool:
    """Stop the server and everything it runs. False when none was running."""
    process = running()
    if process:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
    sweep()
    return process is not None


def sweep() -> int:
    """Kill what a killed server has left behind: processes that carry this installation's mark."""
    owner, count = mark(home()), 0
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid not in own and process.environ().get("LOCALCLOUD_OWNER") == owner:
                process.kill()
                count += 1
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return count


def reset() -> None:
    """Stop, then delete what a server has written here; not the image environments, which are only built software.

    Only known names are deleted: LOCALCLOUD_HOME may be a folder that holds other things, too.
    """
    stop()
    shutil.rmtree(runs_folder(home()), ignore_errors=True)
    for pattern in _STATE:
        for path in home().glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
