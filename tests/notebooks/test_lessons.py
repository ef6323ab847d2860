"""Every lesson executes once, from an empty account, and answers what is committed; some run again over that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from real_reviews import REAL_REVIEWS
from stored_outputs import differences, read

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
    run(["course.py", "run", "--data", "sample", "--out", str(out)], environment(account))
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


def test_lessons_run_again_over_what_the_first_run_has_left(account: str, executed: Path, tmp_path: Path) -> None:
    """The way from raw reviews to an endpoint, a second time; on the real reviews where they are."""
    data, reviews = ("full", {"COURSE_REVIEWS": str(REAL_REVIEWS)}) if REAL_REVIEWS.exists() else ("sample", {})
    words = ["course.py", "run", "--lessons", "02,03,05,07", "--data", data, "--out", str(tmp_path)]
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
