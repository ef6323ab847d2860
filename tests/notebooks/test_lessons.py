"""Every lesson executes from an empty account, unattended, and then again with the outputs that are committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
REAL_REVIEWS = PROJECT.parent / "shared" / "data" / "imdb" / "train.parquet"


def environment(home: str, **more: str) -> dict[str, str]:
    """A new account of the local AWS in `home`; only the built images are shared with the learner's own."""
    images = os.environ.get("LOCALCLOUD_IMAGES") or str(PROJECT / ".localcloud" / "images")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COURSE_"))}
    course = {"COURSE_LEARNER": "learner", "LOCALCLOUD_HOME": home, "LOCALCLOUD_IMAGES": images}
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


def test_all_lessons_execute_one_after_the_other_from_an_empty_account(account: str, tmp_path: Path) -> None:
    run(["course.py", "run", "--data", "sample", "--out", str(tmp_path)], environment(account))
    for notebook in NOTEBOOKS:
        assert (tmp_path / notebook.name).exists()
        assert (tmp_path / f"{notebook.stem}.html").stat().st_size > 10_000
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_second_run_gives_the_committed_outputs(notebook: Path, account: str) -> None:
    """nbval compares every output; what must vary (times, ids) is masked in sanitize.cfg."""
    masks = Path(__file__).with_name("sanitize.cfg")
    arguments = [
        "-m",
        "pytest",
        "--nbval",
        str(notebook),
        "--nbval-sanitize-with",
        str(masks),
        "-q",
        "-p",
        "no:timeout",
    ]
    run(arguments, environment(account))


@pytest.mark.skipif(not REAL_REVIEWS.exists(), reason="needs the real reviews in ../shared/data/imdb")
def test_the_way_from_raw_reviews_to_an_endpoint_works_on_the_real_ones(tmp_path: Path) -> None:
    home = tempfile.mkdtemp(prefix="lessons-")
    variables = environment(home, COURSE_REVIEWS=str(REAL_REVIEWS))
    try:
        run(["course.py", "run", "--lessons", "02,03,05,07", "--data", "full", "--out", str(tmp_path)], variables)
    finally:
        subprocess.run([sys.executable, "-m", "localcloud", "stop"], cwd=PROJECT, env=variables, check=True)
        shutil.rmtree(home)
    assert (tmp_path / "index.html").exists()
