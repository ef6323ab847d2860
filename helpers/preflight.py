"""What would go wrong, before it does: Python, Java, disk, memory, images, AWS."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from helpers import PROJECT
from helpers.models import local_training
from helpers.studio import on_aws

GOOD, NOTE, PROBLEM = "ok", "note", "problem"
DISK_GB, DISK_WITHOUT_LESSON_08_GB, DISK_WHEN_BUILT_GB, MEMORY_GB = 12.0, 6.0, 1.0, 4.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `level` is ok, note or problem; a problem says what to do."""

    level: str
    what: str
    text: str


def _python() -> Finding:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding(PROBLEM, "Python", f"{version}; the course needs 3.11 to 3.13. Run `python3 course.py` again.")
    return Finding(GOOD, "Python", version)


def _disk() -> Finding:
    free = shutil.disk_usage(PROJECT).free / 2**30
    built = all(map(local_training.is_ready, ("pytorch", "tensorflow"))) and (on_aws() or all(_images_built().values()))
    least = DISK_WHEN_BUILT_GB if built or on_aws() else DISK_WITHOUT_LESSON_08_GB
    if free < least:
        return Finding(PROBLEM, "Disk", f"{free:.1f} GB free here; {least:.0f} GB are needed. Free some space.")
    if free < DISK_GB and not built:
        text = (
            f"{free:.1f} GB free here; lesson 08 builds PyTorch and TensorFlow, for which {DISK_GB:.0f} GB are better."
        )
        return Finding(NOTE, "Disk", text)
    return Finding(GOOD, "Disk", f"{free:.0f} GB free")


def _memory() -> Finding:
    total = psutil.virtual_memory().total / 2**30
    if total < MEMORY_GB:
        return Finding(NOTE, "Memory", f"{total:.1f} GB; the full reviews need about {MEMORY_GB:.0f} GB.")
    return Finding(GOOD, "Memory", f"{total:.0f} GB, {os.cpu_count()} cores")


def _java() -> Finding:
    from localcloud.jobs import images, spark

    python = images.folder("glue-5.1") / "bin" / "python3"
    try:
        spark.find_java(python)
        return Finding(GOOD, "Java", "found on this machine")
    except (spark.NoJava, OSError):
        return Finding(GOOD, "Java", "none on this machine; the Glue image brings its own")


def _images_built() -> dict[str, bool]:
    """Whether each image of the local AWS is ready on this machine, by name."""
    from localcloud.jobs import images

    return {name: images.is_ready(name) for name in images.names()}


def environments() -> list[str]:
    """The environments that the course has built on this machine, by name."""
    own = [] if on_aws() else [name for name, built in _images_built().items() if built]
    return own + [f"{name} (training outside)" for name in ("pytorch", "tensorflow") if local_training.is_ready(name)]


def _images() -> Finding:
    built = _images_built()
    missing = [name for name, ready in built.items() if not ready]
    if missing:
        return Finding(NOTE, "Images", f"{', '.join(missing)}: built once, when a lesson first needs it (1-3 minutes)")
    return Finding(GOOD, "Images", ", ".join(built) + " are ready")


def _cloud() -> Finding:
    from localcloud import process
    from localcloud.store import state

    if not process.running():
        return Finding(NOTE, "Local AWS", "not running; connect() starts it")
    return Finding(GOOD, "Local AWS", f"runs on {(state.server_info() or {})['endpoint']}")


def _credentials() -> Finding:
    here = os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE")
    if on_aws():
        return Finding(NOTE, "AWS", "the lessons use the AWS account at hand and cost what each of them states")
    if here or (Path.home() / ".aws").exists():
        return Finding(GOOD, "AWS", "settings found, not used; COURSE_CLOUD=aws would use them")
    return Finding(GOOD, "AWS", "no account needed: everything runs on this machine")


CHECKS: tuple[Callable[[], Finding], ...] = (_python, _disk, _memory, _java, _images, _cloud, _credentials)
OF_THE_LOCAL_AWS = {_java, _images, _cloud}


def findings() -> list[Finding]:
    """Run every check. A check that itself fails is a problem with its error, not an exception."""
    results = []
    for check in CHECKS:
        if check in OF_THE_LOCAL_AWS and on_aws():
            continue
        try:
            results.append(check())
        except Exception as error:
            results.append(Finding(PROBLEM, check.__name__.strip("_"), f"{type(error).__name__}: {error}"))
    return results
