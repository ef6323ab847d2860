"""Train outside SageMaker: run a job's script as a plain process, in an environment of its own.

The environment is made once, by uv, from the job's `outside.txt`, with the versions of `requirements.lock` where that
names any. The notebook's own environment stays as it is: no torch, no TensorFlow in it. It works in Studio as at home.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from helpers import PROJECT
from helpers.show.progress import Progress
from helpers.workshop import Workshop

ENVIRONMENTS = PROJECT / ".outside"
_INDEX_SETTINGS = ("FIND_LINKS", "INDEX_URL", "EXTRA_INDEX_URL", "INDEX", "DEFAULT_INDEX", "NO_INDEX", "TORCH_BACKEND")


class Failed(RuntimeError):
    """A process ended without success; the message holds its last lines."""


@dataclass(frozen=True)
class Run:
    """What a script has done: the lines it printed, its time by the clock and on processors, both in seconds."""

    lines: list[str]
    seconds: float
    cpu_seconds: float


def environment(job: str) -> Path:
    """The Python of the environment for `jobs/<job>`, made on first use.

    Raises:
        Failed: a package cannot be installed.
    """
    folder = _folder(job)
    python = folder / "bin" / "python"
    progress = Progress(f"Environment for jobs/{job}")
    ENVIRONMENTS.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second notebook waits until the first has made it
        if not is_ready(job):
            try:
                _uv(progress.update, "venv", "--allow-existing", "--python", sys.executable, str(folder))
                _install(progress.update, python, PROJECT / "jobs" / job / "outside.txt")
            except Failed:
                progress.end("failed", good=False)
                raise
            (folder / ".ready").touch()
    progress.end("ready", good=True)
    return python


def is_ready(job: str) -> bool:
    """Whether the environment for `jobs/<job>` is there."""
    return (_folder(job) / ".ready").exists()


def _folder(job: str) -> Path:
    requirements = PROJECT / "jobs" / job / "outside.txt"
    recipe = requirements.read_bytes() + requirements.with_name("requirements.txt").read_bytes() + sys.version.encode()
    return ENVIRONMENTS / f"{job}-{hashlib.sha256(recipe).hexdigest()[:8]}"


def train(job: str, folder: Path, *arguments: str, **channels: Path) -> Run:
    """Run `jobs/<job>/train.py` on folders of reviews; the model goes to `folder/model`.

    Args:
        channels: `train`, and `validation` if there is one: folders with Parquet files.
    Raises:
        Failed: the script failed.
    """
    command = [str(environment(job)), "-u", str(PROJECT / "jobs" / job / "train.py"), *arguments]
    for name, path in channels.items():
        command += [f"--{name}", str(path)]
    command += ["--model-dir", str(folder / "model"), "--output-data-dir", str(folder / "output")]
    progress = Progress(f"jobs/{job}/train.py on this machine")
    began, used = time.monotonic(), _cpu_seconds()
    try:
        lines = _run(command, progress.update, {"PYTHONDONTWRITEBYTECODE": "1"})
    except Failed:
        progress.end("failed", good=False)
        raise
    progress.end("done", good=True)
    return Run(lines, time.monotonic() - began, _cpu_seconds() - used)


def download(ws: Workshop, prefix: str, folder: Path) -> Path:
    """Copy the objects below a prefix of this learner into a folder, and return it."""
    for item in boto3.resource("s3").Bucket(ws.bucket).objects.filter(Prefix=f"{ws.prefix}/{prefix}"):
        target = folder / item.key.removeprefix(f"{ws.prefix}/{prefix}")
        if not item.key.endswith("/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            item.Object().download_file(str(target))
    return folder


def _install(tell: Callable[[str], None], python: Path, requirements: Path) -> None:
    """On Linux the package index has PyTorch for graphics cards only, gigabytes: ask PyTorch's own index first."""
    install = ["pip", "install", "--python", str(python), "-r", str(requirements)]
    install += ["--constraint", str(PROJECT / "requirements.lock")]
    configured = any(os.environ.get(f"{tool}_{name}") for tool in ("UV", "PIP") for name in _INDEX_SETTINGS)
    if sys.platform == "linux" and not configured:
        try:
            _uv(tell, *install, "--torch-backend", "cpu")
            return
        except Failed:
            tell("PyTorch's own index does not answer; taking the package index")
    _uv(tell, *install)


def _uv(tell: Callable[[str], None], *arguments: str) -> None:
    settings = {"NO_COLOR": "1"}
    for name in _INDEX_SETTINGS[:3]:  # what pip is told, uv must be told by its own names
        if f"PIP_{name}" in os.environ:
            settings.setdefault(f"UV_{name}", os.environ[f"PIP_{name}"])
    _run([sys.executable, "-m", "uv", *arguments], tell, settings)


def _run(command: Sequence[str], tell: Callable[[str], None], settings: Mapping[str, str]) -> list[str]:
    """Run a command to its end and return its lines; it ends when the notebook's cell is interrupted."""
    variables: dict[str, Any] = {**settings, **os.environ}
    variables.pop("VIRTUAL_ENV", None)
    lines: list[str] = []
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            tell(lines[-1][:100])
        code = process.wait()
    finally:
        process.kill()
        process.wait()
    if code != 0:
        raise Failed("\n".join([f"{Path(command[0]).name} ended with code {code}:", *lines[-15:]]))
    return lines


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
