"""What a run of many learners took: times, memory, calls and errors, from files that it leaves.

`sixty_learners.py` is the run.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

LINE = re.compile(r"localcloud: (\S+) (\S+) (.+) (\d+)(?: (\w+))? \d+ ms$")


@contextmanager
def watched(path: Path) -> Iterator[None]:
    """Keep in a file, server by server, the most memory, the processor's time, and the machine's load."""
    from localcloud import process

    ended = threading.Event()

    def look(kept: dict[str, Any]) -> None:
        server = process.running()
        if not server:
            return
        seen = kept.setdefault(f"{server.pid}-{server.create_time():.0f}", {"mb": 0, "with_jobs_mb": 0, "loads": []})
        own, below = server.memory_info().rss / 2**20, 0.0
        for child in server.children(recursive=True):
            try:
                below += child.memory_info().rss / 2**20
            except psutil.NoSuchProcess:
                continue
        seen |= {"mb": max(seen["mb"], own), "with_jobs_mb": max(seen["with_jobs_mb"], own + below)}
        used = server.cpu_times()
        seen |= {"cpu_s": used.user + used.system, "jobs_cpu_s": used.children_user + used.children_system}
        seen["loads"].append(round(os.getloadavg()[0], 1))

    def watch() -> None:
        kept = json.loads(path.read_text()) if path.exists() else {}
        while not ended.wait(5):
            try:
                look(kept)
            except psutil.NoSuchProcess:
                continue
            path.with_suffix(".new").write_text(json.dumps(kept))
            path.with_suffix(".new").replace(path)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def servers(path: Path) -> dict[str, Any]:
    """Of all starts of the local AWS in strict mode: memory at its highest, processor's time in all."""
    seen = list(json.loads(path.read_text()).values())
    most = {name: round(max(one[name] for one in seen)) for name in ("mb", "with_jobs_mb")}
    used = {name: round(sum(one[name] for one in seen)) for name in ("cpu_s", "jobs_cpu_s")}
    load = statistics.median(load for one in seen for load in one["loads"])
    return {"starts": len(seen), **most, **used, "load": load}


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, nine in ten, and largest, in seconds."""
    ordered = sorted(values)
    tenth = ordered[max(0, -(-len(ordered) * 9 // 10) - 1)]
    found = {"median": statistics.median(ordered), "p90": tenth, "max": ordered[-1]}
    return {name: round(value, 1) for name, value in found.items()}


def times(done: Path) -> dict[str, Any]:
    """Of the learners' own processes, by lesson and in all; what jobs take is the server's."""
    every = [{at.stem: json.loads(at.read_text()) for at in sorted(each.iterdir())} for each in done.iterdir()]
    for learner in every:
        learner["all"] = {unit: sum(one[unit] for one in learner.values()) for unit in ("wall_s", "cpu_s")}
    lessons = every[0]
    return {at: {unit: spread(one[at][unit] for one in every) for unit in lessons[at]} for at in lessons}


def calls(log: Path) -> dict[str, Any]:
    """How often each operation was called, and each error's code by operation; S3 and live endpoints by method."""
    every, errors = Counter[str](), Counter[str]()
    for line in log.read_text(errors="replace").splitlines():
        if found := LINE.search(line):
            method, service, what, status, code = found.groups()
            operation = f"{service} {method if what.startswith('/') else what}"
            every[operation] += 1
            if int(status) >= 400:
                errors[f"{operation} {code or status}"] += 1
    throttled = sum(count for name, count in errors.items() if "Throttling" in name)
    ordered = [dict(counted.most_common()) for counted in (every, errors)]
    return {"in_all": every.total(), "throttled": throttled, "errors": ordered[1], "by_operation": ordered[0]}
