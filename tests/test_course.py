"""The front door, run as a learner runs it: as a command, in a copy of the project in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course import lesson_numbers  # noqa: E402
from kit.environment import read_pins, unmet_pins  # noqa: E402

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the front door needs, in a folder with a space and an accent in its name."""
    copy = tmp_path / "mon café"
    (copy / "notebooks").mkdir(parents=True)
    for folder in ("helpers", "kit", "localcloud", "pricelist"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("course.py", "requirements.lock"):
        shutil.copy(ROOT / file, copy / file)
    return copy


def course(project: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(project / "course.py"), *words],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(project),
        stdin=subprocess.DEVNULL,
    )


def environment(project: Path) -> dict[str, str]:
    """This environment with the local AWS's state kept inside the copy."""
    return {**os.environ, "LOCALCLOUD_HOME": str(project / ".localcloud"), "PYTHONIOENCODING": "utf-8"}


def lesson(project: Path, name: str, *cells: str) -> None:
    notebook = new_notebook(cells=[new_markdown_cell(f"# {name}"), *map(new_code_cell, cells)])
    nbformat.write(notebook, project / "notebooks" / f"{name}.ipynb")


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


# --- the command line -------------------------------------------------------------------------------


def test_help_names_every_command(project: Path) -> None:
    answer = course(project, "--help")
    assert answer.returncode == 0
    for command in ("open", "run", "test", "setup", "status", "stop", "reset", "doctor", "prices"):
        assert f"\n  {command} " in answer.stdout


def test_an_unknown_command_suggests_the_nearest(project: Path) -> None:
    answer = course(project, "docter")
    assert answer.returncode == 2
    assert "no command 'docter'. Did you mean 'doctor'?" in answer.stderr


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("03", [3]), ("02-07", [2, 3, 4, 5, 6, 7]), ("02,05", [2, 5]), ("05, 2-3,3", [2, 3, 5]), ("0", [0])],
)
def test_lessons_are_chosen_by_number_range_or_list(text: str, numbers: list[int]) -> None:
    assert lesson_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "7-2", "two", "03-", "-3", "3,,4", "003"])
def test_a_choice_of_lessons_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write 03, 02-07 or 02,05"):
        lesson_numbers(text)


def test_a_lesson_that_does_not_exist_is_answered_with_those_that_do(project: Path) -> None:
    lesson(project, "02_here", "1")
    answer = course(project, "run", "--lessons", "09")
    assert answer.returncode == 1
    assert "There are: 02" in answer.stderr


def test_doctor_works_before_anything_is_installed(project: Path) -> None:
    answer = course(project, "doctor", python=base_python())
    assert "not set up yet" in answer.stdout
    assert "Glue jobs" in answer.stdout or "java         17" in answer.stdout


def test_reset_deletes_nothing_without_a_yes(project: Path) -> None:
    kept = project / ".localcloud" / "store.db"
    kept.parent.mkdir()
    kept.write_bytes(b"buckets")
    answer = course(project, "reset")
    assert answer.returncode == 1
    assert "Nothing was deleted" in answer.stdout
    assert kept.read_bytes() == b"buckets"


# --- the lock and the set-up ------------------------------------------------------------------------


def base_python() -> str:
    """The interpreter that this environment was made from, which has none of the packages."""
    if sys.prefix == sys.base_prefix:
        pytest.skip("this interpreter is not in a virtual environment, so there is no bare one to start from")
    return str(Path(sys.base_prefix, "python.exe" if os.name == "nt" else "bin/python3"))


def test_an_environment_that_matches_the_lock_lacks_nothing() -> None:
    assert unmet_pins(LOCK) == []


def test_another_version_and_an_absent_package_are_both_unmet() -> None:
    assert unmet_pins("papermill==0.0.1\nno-such-package==1.0\npip_is.fine==2 # note") == [
        "papermill==0.0.1",
        "no-such-package==1.0",
        "pip-is-fine==2",
    ]


def test_a_pin_for_other_platforms_may_be_absent_but_not_of_another_version() -> None:
    assert unmet_pins("no-such-package==1.0 ; sys_platform == 'win32'") == []
    assert unmet_pins("papermill==0.0.1 ; python_full_version < '3.12'") == ["papermill==0.0.1"]


def test_a_package_may_meet_any_of_the_pins_for_several_python_versions() -> None:
    installed = next(version for name, version, _ in read_pins(LOCK) if name == "papermill")
    lock = f"papermill==0.0.1 ; python_version < '3'\npapermill=={installed} ; python_version >= '3'"
    assert unmet_pins(lock) == []


def test_a_set_up_that_was_killed_recovers_at_the_next_start(project: Path) -> None:
    few = [f"{name}=={version}" for name, version, _ in read_pins(LOCK) if name in ("uv", "mypy-extensions")]
    (project / "requirements.lock").write_text("\n".join(few), encoding="utf-8")
    command = [base_python(), str(project / "course.py"), "setup"]
    log = project / "set-up.log"
    with log.open("wb") as file:
        first = subprocess.Popen(command, stdout=file, stderr=file, env=environment(project))
        wait_until(lambda: b"[2/3]" in log.read_bytes())
        for process in [*psutil.Process(first.pid).children(recursive=True), first]:
            process.kill()
        first.wait()

    second = course(project, "setup", python=base_python())
    assert second.returncode == 0, second.stderr
    assert "unfinished or unusable: making it anew" in second.stdout
    python = second.stdout.split("Ready: ")[1].strip()
    imports = "import mypy_extensions, kit.environment, localcloud"
    assert subprocess.run([python, "-c", imports], cwd=project.parent).returncode == 0

    third = course(project, "setup", python=base_python())
    assert third.stdout == f"Ready: {python}\n"


# --- running the lessons ----------------------------------------------------------------------------


def test_run_stops_at_the_first_failing_lesson_and_shows_its_cell(project: Path) -> None:
    lesson(project, "02_works", "import os", "print('data:', os.environ['COURSE_DATA'])")
    lesson(project, "03_breaks", "rows = 1", "rows / 0  # the culprit", "print('never')")
    lesson(project, "04_after", "print('never')")

    answer = course(project, "run", "--data", "sample", "--out", str(project / "pages"))

    assert answer.returncode == 1, answer.stderr
    lines = [line.split() for line in answer.stdout.splitlines()]
    results = [(line[0], line[-1]) for line in lines if line and line[-1] in ("ok", "FAILED")]
    assert results == [("02", "ok"), ("03", "FAILED")]
    assert "    rows / 0  # the culprit\n" in answer.stdout
    assert "ZeroDivisionError: division by zero" in answer.stdout
    page = (project / "pages" / "02_works.html").read_text(encoding="utf-8")
    assert "data: sample" in page
    assert not [link for link in ('src="http', "url(http", "import(") if link in page], "a page needs the network"
    index = (project / "pages" / "index.html").read_text(encoding="utf-8")
    assert "02_works.html" in index
    assert "04_after" not in index
    assert "not running" in course(project, "status").stdout


def test_where_the_real_reviews_cannot_be_had_a_run_says_so_and_goes_on_with_the_sample(project: Path) -> None:
    module = project / "helpers" / "data" / "reviews.py"
    module.write_text(re.sub(r'(ARCHIVE_URL = "https?://)[^/]+', r"\g<1>127.0.0.1:9", module.read_text()))
    lesson(project, "02_works", "import os", "print('data:', os.environ['COURSE_DATA'])")

    answer = course(project, "run", "--data", "real", "--out", str(project / "pages"))

    assert answer.returncode == 0, answer.stderr
    assert "cannot be reached, so the invented reviews of the synthetic sample take the place" in answer.stdout
    assert "data: sample" in (project / "pages" / "02_works.html").read_text(encoding="utf-8")
    assert not (project / "data" / "aclImdb_v1.tar.gz.part").exists()


def test_a_strict_run_has_the_rights_of_the_learners_role(project: Path) -> None:
    shutil.copytree(ROOT / "infra", project / "infra")
    asks = "import boto3\nfrom helpers.workshop import connect\nconnect()\nboto3.client('sts').get_caller_identity()"
    denied = "try:\n    boto3.client('iam').list_roles()\nexcept Exception as error:\n    print(error)"
    lesson(project, "02_asks", asks, denied)

    answer = course(project, "run", "--strict", "--out", str(project / "pages"))

    assert answer.returncode == 0, answer.stdout
    page = (project / "pages" / "02_asks.html").read_text(encoding="utf-8")
    assert re.search(r"assumed-role/dsaws-[a-z0-9]+-notebook/", page)
    assert "is not authorized to perform: iam:ListRoles" in page


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_no_kernel_and_no_local_aws(project: Path) -> None:
    lesson(project, "02_sleeps", "import os, time", "open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    command = [sys.executable, str(project / "course.py"), "run"]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(project),
        # As in a terminal, wherever the tests run: in the background of a shell, Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    pid = project / "notebooks" / "pid"
    wait_until(lambda: pid.exists() and bool(pid.read_text()))
    started = psutil.Process(running.pid).children(recursive=True)

    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "Stopped" in output
    wait_until(lambda: not psutil.pid_exists(int(pid.read_text())), 10)
    assert not [process for process in started if process.is_running()]
    assert "not running" in course(project, "status").stdout
