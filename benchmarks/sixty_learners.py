"""Sixty learners of one account, in strict mode, each with roles of their own: their lessons, and that they stay apart.

`python benchmarks/sixty_learners.py [--home FOLDER]` writes `benchmarks/results/sixty_learners.json`. Each learner runs
the lessons one after the other, as `course.py run --strict` does; then each tries what is another's (`sixty_apart.py`);
then the host's sweep takes everything. With `--home` what is done is kept there, and the same command goes on from it;
`kill -TERM` stops it. Times, memory and calls are `sixty_figures.py`'s.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from sixty_figures import calls, servers, times, watched

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
RESULTS = Path(__file__).parent / "results" / "sixty_learners.json"
# Names that begin alike, are written alike, say nothing in ASCII, or are what the course itself calls something.
ALIKE = [
    *("ann", "anna", "ann.b", "Ann-B", "annb", "ANN", "Ann", "joann", "ann1", "ann01", "a", "aa"),
    *("maximilianmuster", "maximilianmusterm", "maximilianmustermann1", "maximilianmustermann2"),
    *("ann@example.com", "ann@example.org", "Änn", "Ånn", "张伟", "李伟"),
    *("notebook", "jobs", "events", "raw", "sentiment", "primary", "dsaws", "123456789012"),
]


def names(number: int) -> list[str]:
    """So many learners, as they are called where they log in."""
    return (ALIKE + [f"learner{n:02}" for n in range(1, number)])[:number]


def once(path: Path, work: Callable[[], Any]) -> Any:
    """What the work gives, kept in a file: done before, it is not done again."""
    if not path.exists():
        found = json.dumps(work(), indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").write_text(found)
        path.with_suffix(".new").replace(path)
    return json.loads(path.read_text())


def say(text: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {text}", flush=True)


class Lessons:
    """The lessons of all learners, each in a process of its own."""

    def __init__(self, home: Path, lessons: list[Path]) -> None:
        self.home, self.lessons, self.children = home, lessons, set[subprocess.Popen[bytes]]()

    def run(self, learners: list[str], at_a_time: int) -> list[str]:
        """Run what is not done, with a line for each learner; returns what went wrong."""
        problems, began, pool = [], time.monotonic(), ThreadPoolExecutor(at_a_time)
        try:
            for number, problem in enumerate(pool.map(self._of, learners), 1):
                problems += [problem] if problem else []
                minutes = (time.monotonic() - began) / 60
                say(f"{number} of {len(learners)}: {problem or learners[number - 1] + ' is done'}; {minutes:.0f} min")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(self.children):
                child.terminate()
            raise
        pool.shutdown()
        return problems

    def _of(self, learner: str) -> str:
        from helpers.workshop import short_name

        done, out = (self.home / folder / short_name(learner) for folder in ("done", "out"))
        out.mkdir(parents=True, exist_ok=True)
        for lesson in self.lessons:
            try:
                once(done / f"{lesson.stem}.json", lambda at=lesson: self._execute(learner, at, out))
            except subprocess.CalledProcessError:
                return f"{learner}: lesson {lesson.stem} failed, see {out / lesson.stem}.log"
        return ""

    def _execute(self, learner: str, lesson: Path, out: Path) -> dict[str, float]:
        """Execute a lesson as `course.py run` does. Returns seconds: by the clock, and of the processor."""
        from kit.environment import child_environment

        env = child_environment(sys.executable, COURSE_DATA="sample", COURSE_LEARNER=learner)
        command = [sys.executable, "-m", "kit.run_lessons", "--out", str(out), str(lesson)]
        began = time.monotonic()
        with (out / f"{lesson.stem}.log").open("wb") as log:
            child = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=log, stderr=log)
            self.children.add(child)
            _, status, used = os.wait4(child.pid, 0)  # with the kernel, which its parent has waited for
        child.returncode = os.waitstatus_to_exitcode(status)
        self.children.discard(child)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        return {"wall_s": time.monotonic() - began, "cpu_s": used.ru_utime + used.ru_stime}


def start(cloud: Path, **more: str) -> None:
    """The local AWS of this run, started anew with these variables and no others of its own."""
    from localcloud import process

    process.stop()
    for name in [name for name in os.environ if name.startswith(("AWS_", "COURSE_", "LOCALCLOUD_"))]:
        if name != "LOCALCLOUD_IMAGES":
            del os.environ[name]
    os.environ |= {"LOCALCLOUD_HOME": str(cloud), "COURSE_CLOUD": "local", **more}
    process.start()


def swept(log: Path) -> dict[str, Any]:
    """The host's sweep: a look, the deletion, a look again; and what plain listings have after it."""
    import sixty_apart

    began, done = time.monotonic(), []
    for words in ([], ["--delete", "--yes"], []):
        command = [sys.executable, "-m", "kit.sweep", *words]
        done.append(subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False))
    seconds = round(time.monotonic() - began)
    log.write_text("".join(each.stdout + each.stderr for each in done))
    [found] = re.findall(r"^\d+ things of .+(?=\.$)", done[0].stdout, re.MULTILINE)
    codes, end = [each.returncode for each in done], done[-1].stdout.splitlines()[-1]
    return {"found": found, "exit_codes": codes, "end": end, "seconds": seconds, "left": sixty_apart.left()}


def measure(home: Path, learners: list[str], lessons: list[Path], at_a_time: int) -> dict[str, Any] | None:
    """All of it, in a folder; what was done there before is not done again. None where lessons failed."""
    import sixty_apart

    from localcloud import process

    record, log = home / "calls.jsonl", home / "aws" / "server.log"
    strict = {"LOCALCLOUD_STRICT": "1", "LOCALCLOUD_QUOTAS": f"{PROJECT / 'infra' / 'quotas.csv'}#needed_60"}
    try:
        start(home / "aws", **strict, LOCALCLOUD_RECORD=str(record), LOCALCLOUD_LOG="requests")
        with watched(home / "watch.json"):
            if problems := Lessons(home, lessons).run(learners, at_a_time):
                say("\n".join(["Not done; the same command tries again:", *problems]))
                return None
        asked = once(home / "asked.json", lambda: {**calls(log), **sixty_apart.recorded(record)})
        say("what each has")
        owned = once(home / "owned.json", lambda: [sixty_apart.owned(learner) for learner in learners])
        say("what each tries on the next one's")
        tried = once(home / "tried.json", lambda: sixty_apart.tried(owned))
        separate = once(home / "separate.json", lambda: sixty_apart.separate(owned))
        say("the sweep")
        start(home / "aws", COURSE_LEARNER="host")  # not strict: nobody asks the host
        sweep = once(home / "swept.json", lambda: swept(home / "sweep.log"))
    finally:
        process.stop()
    found = {"times": times(home / "done"), "servers": servers(home / "watch.json"), "calls": asked}
    return {**found, "separate": separate, "tried": tried, "sweep": sweep}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--learners", type=int, default=60)
    parser.add_argument("--at-a-time", type=int, default=2)
    parser.add_argument("--lessons", default="02,03,05,07")
    parser.add_argument("--home", type=Path, help="kept, and gone on from; default: a temporary one")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(PROJECT / ".localcloud" / "images"))
    os.environ["PYTHONPATH"] = str(PROJECT)  # kernels run in the lessons' folder; an installed course may be another
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped; with --home the same command goes on from here."))
    lessons = [next((PROJECT / "notebooks").glob(f"{number}_*.ipynb")) for number in args.lessons.split(",")]
    with tempfile.TemporaryDirectory(prefix="lc-sixty-") as temporary:
        found = measure((args.home or Path(temporary)).absolute(), names(args.learners), lessons, args.at_a_time)
    if found is None:
        return 1
    memory, packages = psutil.virtual_memory().total / 2**30, ("boto3", "ministack", "sagemaker")
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB",
        "beside": "other work on the same cores: what took how long by the clock is theirs, too",
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "learners": args.learners,
        "at_a_time": args.at_a_time,
        "lessons": args.lessons,
        "data": "sample",
        **found,
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    args.results.write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
