"""Start a query's process, wait for it, stop it. Spare processes stand by: Python and DuckDB take time to start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from localcloud.sql.task import Done, Task

TIMEOUT = "Query timeout"
SPARES = 2
_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")


class Running:
    """A query's process. `wait` may be called by one thread, `stop` by any."""

    def __init__(self, process: subprocess.Popen[bytes], task: Task) -> None:
        self._process, self._task = process, task
        self._started = time.monotonic()
        self._stopped = False
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> Done:
        """How it ended; a process that was stopped, ran too long or died says so in `error`."""
        timer = threading.Timer(self._task.limits.seconds, self._kill)
        timer.daemon = True
        timer.start()
        assert self._process.stdout
        assert self._process.stdin
        line = self._process.stdout.readline()
        timer.cancel()
        late = time.monotonic() - self._started >= self._task.limits.seconds
        self._kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        _spares.prepare()
        if line.endswith(b"\n"):
            return _done(line)
        Path(f"{self._task.output.path}.partial").unlink(missing_ok=True)
        milliseconds = round((time.monotonic() - self._started) * 1000)
        if self._stopped:
            error = ("", "Query cancelled", 2)
        elif late:
            error = ("", TIMEOUT, 2)
        elif self._process.returncode == -signal.SIGKILL:  # the system's own way with memory that runs out
            error = ("", "Query exhausted resources at this scale factor", 2)
        else:
            error = ("GENERIC_INTERNAL_ERROR", "The query's process ended unexpectedly", 1)
        return Done(error, milliseconds=milliseconds)

    def stop(self) -> None:
        """End it now; `wait` then answers that it was cancelled."""
        self._stopped = True
        self._kill()

    def _kill(self) -> None:
        with self._lock:
            if self._process.poll() is None:
                self._process.kill()


def _done(line: bytes) -> Done:
    data = json.loads(line)
    files = tuple((name, tuple(values)) for name, values in data["files"])
    error = tuple(data["error"]) if data["error"] else None
    return Done(**{**data, "files": files, "error": error})


class _Spares:
    """Processes that have started and wait for their tasks: two, so that queries can follow each other at once."""

    def __init__(self) -> None:
        self._waiting: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def take(self) -> subprocess.Popen[bytes]:
        """The one that has waited longest, or a new one."""
        with self._lock:
            while self._waiting:
                spare = self._waiting.pop(0)
                if spare.poll() is None:
                    return spare
        return _process()

    def prepare(self) -> None:
        """Start what is missing."""
        with self._lock:
            self._waiting = [spare for spare in self._waiting if spare.poll() is None]
            while len(self._waiting) < SPARES:
                self._waiting.append(_process())

    def end(self) -> None:
        with self._lock:
            spares, self._waiting = self._waiting, []
        for spare in spares:
            spare.communicate()  # the end of its input is its end


_spares = _Spares()


def _process() -> subprocess.Popen[bytes]:
    """No credentials in its environment, a session of its own; it ends when its standard input does."""
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    environment |= {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", "")}
    return subprocess.Popen(
        [sys.executable, "-m", "localcloud.sql.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=_ROOT,
        start_new_session=True,
    )


def start(task: Task) -> Running:
    """Start a query; its process ends with it, with `stop`, or with this one."""
    process = _spares.take()
    assert process.stdin
    try:
        process.stdin.write(task.to_json().encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it died; `wait` says so
    return Running(process, task)


def prepare() -> None:
    """Have processes ready for the first queries."""
    _spares.prepare()


def end() -> None:
    """Let the spare processes go."""
    _spares.end()
