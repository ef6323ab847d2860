"""Every lesson executes once, from an empty account, and answers what is committed; some run again over that.

The first run writes each call down, so its learner has the roles of `infra/policies` and no more rights than these; the
second is in strict mode.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from denied_calls import GOES_ON_WITHOUT, SHOWN
from nbformat.v4 import new_code_cell, new_notebook, new_output
from real_reviews import REAL_REVIEWS
from stored_outputs import differences, read

from kit import permissions

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def environment(home: str, **more: str) -> dict[str, str]:
    """A new account of the local AWS in `home`; only the built images are shared with the learner's own."""
    images = os.environ.get("LOCALCLOUD_IMAGES") or str(PROJECT / ".localcloud" / "images")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COURSE_"))}
    course = {
        "COURSE_DATA": "sample",
        "COURSE_LEARNER": "learner",
        "LOCALCLOUD_HOME": home,
        "LOCALCLOUD_IMAGES": images,
    }
    return {**kept, **course, "PYTHONPATH": str(PROJECT), **more}


def run(arguments: list[str], variables: dict[str, str]) -> None:
    """Run a command of this Python in the project and fail with the end of its output."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    home = tempfile.mkdtemp(prefix="lessons-")
    yield home
    subprocess.run([sys.executable, "-m", "localcloud", "stop"], cwd=PROJECT, env=environment(home), check=True)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def executed(account: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `course.py run` has left all lessons, executed one after the other."""
    out = tmp_path_factory.mktemp("out")
    # A job that builds its image says so in its log, and the stored lessons had their images.
    run(["-m", "localcloud", "image", "build"], environment(account))
    record = {"LOCALCLOUD_RECORD": str(out / "calls.jsonl")}
    run(["course.py", "run", "--data", "sample", "--out", str(out)], environment(account, **record))
    return out


def test_all_lessons_execute_one_after_the_other_from_an_empty_account(executed: Path) -> None:
    for notebook in NOTEBOOKS:
        assert (executed / notebook.name).exists()
        assert (executed / f"{notebook.stem}.html").stat().st_size > 10_000
    assert (executed / "index.html").exists()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_run_gives_the_committed_outputs(notebook: Path, executed: Path, request: pytest.FixtureRequest) -> None:
    """What must vary (times, ids) is masked in sanitize.cfg."""
    found = differences(request.session, notebook, read(executed / notebook.name))
    assert not found, "\n\n".join(found)


def test_what_the_lessons_asked_stands_in_the_record_that_the_policies_are_held_against(executed: Path) -> None:
    asked = permissions.needs((executed / "calls.jsonl").read_text(encoding="utf-8").splitlines())
    stored = [json.loads(line) for line in permissions.STORED.read_text(encoding="utf-8").splitlines()]
    assert [need for need in asked if need not in stored] == [], "make it anew: python -m kit.permissions"


def test_nothing_was_denied_but_what_a_lesson_shows(executed: Path) -> None:
    calls = [json.loads(line) for line in (executed / "calls.jsonl").read_text(encoding="utf-8").splitlines()]
    denied = {(call["role"].rpartition("-")[2], call["denied"]) for call in calls if "denied" in call}
    assert denied == {*SHOWN, *GOES_ON_WITHOUT}


def test_lessons_run_again_over_what_the_first_run_has_left(account: str, executed: Path, tmp_path: Path) -> None:
    """The way from raw reviews to an endpoint, in strict mode; on the real reviews where they are."""
    data, reviews = ("real", {"COURSE_REVIEWS": str(REAL_REVIEWS)}) if REAL_REVIEWS.exists() else ("sample", {})
    words = ["course.py", "run", "--lessons", "02,03,05,07", "--data", data, "--strict", "--out", str(tmp_path)]
    run(words, environment(account, **reviews))
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize(
    ("answer", "differs"),
    [("accuracy 0.8712", False), ("accuracy 0.8713", True), ("", True), ("accuracy 0.8712\nand more", True)],
)
def test_another_answer_than_the_stored_one_is_a_difference(
    answer: str, differs: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def notebook(text: str) -> object:
        outputs = [new_output("stream", text=text)] if text else []
        return new_notebook(cells=[new_code_cell("print(score)", id="score", execution_count=1, outputs=outputs)])

    nbformat.write(notebook("accuracy 0.8712"), tmp_path / "01_stored.ipynb")
    found = differences(request.session, tmp_path / "01_stored.ipynb", notebook(answer))
    assert bool(found) == differs
