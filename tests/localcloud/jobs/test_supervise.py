"""The supervisor of a job's process: its lifeline is standard input."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from localcloud.jobs import supervise

SLEEP = "import time; print('up', flush=True); time.sleep(300)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


def start(code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", supervise.__file__, sys.executable, "-c", code]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)


@pytest.fixture
def sleeping(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A supervisor and the child that it runs, which sleeps."""
    supervisor = start(request.param)
    assert supervisor.stdout is not None
    supervisor.stdout.readline()
    (child,) = psutil.Process(supervisor.pid).children()
    yield supervisor, child
    supervisor.kill()
    supervisor.wait()
    if child.is_running():
        child.kill()


@pytest.mark.parametrize(("code", "expected"), [("pass", 0), ("raise SystemExit(5)", 5)])
def test_the_exit_code_is_the_commands(code: str, expected: int) -> None:
    assert start(code).wait(20) == expected


def test_a_signal_becomes_128_and_its_number() -> None:
    assert start("import os; os.kill(os.getpid(), 9)").wait(20) == 137


def test_a_command_that_does_not_exist_is_127() -> None:
    done = subprocess.run(
        [sys.executable, "-I", supervise.__file__, "/no/such/command"],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 127
    assert "cannot start /no/such/command" in done.stdout


@pytest.mark.parametrize("sleeping", [SLEEP], indirect=True)
def test_stop_ends_the_command_at_once(sleeping: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    supervisor, child = sleeping
    began = time.monotonic()
    supervisor.communicate("stop\n", timeout=20)
    assert time.monotonic() - began < supervise.GRACE_SECONDS
    assert not child.is_running()


@pytest.mark.parametrize("sleeping", [STUBBORN], indirect=True)
def test_the_end_of_input_kills_even_the_stubborn(sleeping: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    supervisor, child = sleeping
    assert supervisor.stdin is not None
    began = time.monotonic()
    supervisor.stdin.close()
    supervisor.wait(20)
    assert time.monotonic() - began < supervise.GRACE_SECONDS
    assert not child.is_running()


@pytest.mark.parametrize("sleeping", [SLEEP], indirect=True)
def test_an_interrupt_of_the_terminal_does_not_reach_it(
    sleeping: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    supervisor, child = sleeping
    supervisor.send_signal(2)
    time.sleep(0.3)
    assert supervisor.poll() is None
    assert child.is_running()
