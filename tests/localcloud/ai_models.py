"""Processes of the models that stand behind the managed AI services, and pages to read, for the tests."""

from __future__ import annotations

import io
from typing import Any

import psutil
from matplotlib.figure import Figure
from own_cloud import OwnCloud


def once(cloud: OwnCloud, service: str) -> Any:
    """A client that does not try again."""
    return cloud.client(service, retries={"total_max_attempts": 1}, max_pool_connections=32)


def models(cloud: OwnCloud, program: str) -> list[psutil.Process]:
    """The processes of one model in one installation, without their supervisors."""
    found = []
    for process in psutil.process_iter():
        try:
            is_it = any(part.endswith(program) for part in process.cmdline()[:2])
            if is_it and process.environ()["HOME"].startswith(str(cloud.home)):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, KeyError):
            continue
    return found


def page(*lines: str, kind: str = "png", size: tuple[float, float] = (5, 2)) -> bytes:
    """A page of printed lines, drawn at 100 pixels an inch."""
    figure = Figure(figsize=size, dpi=100)
    for number, line in enumerate(lines):
        figure.text(0.05, 0.8 - 0.2 * number, line, fontsize=13)
    file = io.BytesIO()
    figure.savefig(file, format=kind)
    return file.getvalue()
