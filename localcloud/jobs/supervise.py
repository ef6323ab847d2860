"""Run one command as a container would: `python supervise.py [--isolated] COMMAND...`, started by `container.py`.

Standard input is the lifeline. A line "stop" asks the command to end (SIGTERM, then SIGKILL after the grace period);
the end of input means that the local AWS itself is gone, and the command is killed at once. When the command ends, by
itself or not, whatever it left running is killed too. The exit code is the command's, or 128 + signal. Isolated, it
has a network of its own (Linux only), where nothing is but itself; files and Unix sockets stay.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

GRACE_SECONDS = 5.0
ISOLATED = "--isolated"


def adopt_orphans() -> None:
    """On Linux a child that detaches itself becomes ours, not init's, so that it can be found and ended."""
    if sys.platform.startswith("linux"):
        pr_set_child_subreaper = 36
        ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def isolate() -> None:
    """Leave the machine's network for an empty one with a loopback. While this process has one thread only.

    Raises:
        OSError: the system does not let its users do that.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOTSUP, "only Linux can do that")
    user, group, new_user, new_network = os.getuid(), os.getgid(), 0x10000000, 0x40000000
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(new_user | new_network):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(content)
    set_flags, up_and_running = 0x8914, 0x41
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up_and_running))


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill_everything() -> None:
    for _ in range(20):
        alive = [child for child in psutil.Process().children(recursive=True) if _is_alive(child)]
        if not alive:
            return
        for child in alive:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs(alive, timeout=0.5)


def watch(child: subprocess.Popen[bytes]) -> None:
    line = sys.stdin.readline()
    if line.strip() == "stop":
        try:
            os.killpg(child.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + GRACE_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    kill_everything()


def main(command: list[str]) -> int:
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if command[0] == ISOLATED:
        try:
            isolate()
        except OSError as error:
            print(f"cannot leave the network: {error.strerror}", flush=True)
            return 126
        command = command[1:]
    adopt_orphans()
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", flush=True)
        return 127
    threading.Thread(target=watch, args=(child,), daemon=True).start()
    code = child.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # what it left in its group; macOS has no subreaper
    kill_everything()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the lifeline's thread still waits on standard input
