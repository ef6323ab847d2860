"""The two neural jobs: trained and served in processes of their images, on a small data set and on the real one."""

from __future__ import annotations

import re
import resource
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from framework_jobs import ask, metrics, train
from real_reviews import REAL_REVIEWS, needs_real_reviews
from sklearn_job import make_reviews, write

pytestmark = pytest.mark.image

FILES = {
    "pytorch": {"model.safetensors", "shape.json", "code/model.py", "code/requirements.txt"},
    "tensorflow": {
        *("1/saved_model.pb", "1/fingerprint.pb"),
        *("1/variables/variables.index", "1/variables/variables.data-00000-of-00001"),
    },
}
GOOD, BAD = "I loved it. The best story, so moving", "I hated it. The worst story, so silly"


@pytest.fixture(scope="module", params=["pytorch", "tensorflow"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, str]:
    """A finished job with both channels: its name, its folder and what it printed."""
    opt_ml = tmp_path_factory.mktemp(request.param)
    channels = {"train": make_reviews(seed=1), "validation": make_reviews(100, seed=2)}
    folders = {name: write(reviews, opt_ml / "input" / name) for name, reviews in channels.items()}
    run = train(request.param, opt_ml, "--bits", "12", "--epochs", "8", **folders)
    assert run.returncode == 0, run.stderr
    return request.param, opt_ml, run.stdout


def test_the_job_learns_and_prints_each_metric_on_a_line(trained: tuple[str, Path, str]) -> None:
    _, opt_ml, printed = trained
    measured = metrics(opt_ml)["validation"]
    assert 0.85 < measured["accuracy"] <= 1
    for name in ("accuracy", "f1", "auc"):
        found = re.findall(rf"^validation:{name}=([0-9.]+)$", printed, flags=re.MULTILINE)
        assert [float(value) for value in found] == [pytest.approx(measured[name], abs=1e-4)]


def test_the_model_folder_is_laid_out_as_its_container_wants_it(trained: tuple[str, Path, str]) -> None:
    job, opt_ml, _ = trained
    model = opt_ml / "model"
    files = {str(path.relative_to(model)) for path in model.rglob("*") if path.is_file()}
    assert files == FILES[job] | {"code/inference.py", "code/text.py", "code/messages.py"}
    assert not any(path.is_symlink() for path in model.rglob("*"))


def test_the_packed_code_gives_the_same_answer_in_every_process(trained: tuple[str, Path, str]) -> None:
    job, opt_ml, _ = trained
    reviews = [GOOD, BAD, "I loved it<br />I LOVED it &amp; more", ""]
    first, second = (ask(job, opt_ml / "model", reviews, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first == second
    assert [answer["label"] for answer in first[:3]] == ["positive", "negative", "positive"]
    assert all(0 <= answer["score"] <= 1 for answer in first)


@pytest.mark.parametrize("job", ["pytorch", "tensorflow"])
def test_wrong_input_ends_the_job_with_its_reason_as_the_last_line(job: str, tmp_path: Path) -> None:
    channel = write(make_reviews(20).drop(columns="label"), tmp_path / "train")
    run = train(job, tmp_path, train=channel)
    assert run.returncode == 1
    assert re.fullmatch(r"ValueError: .*no column label.*", run.stderr.splitlines()[-1])


@pytest.fixture(scope="module")
def real_reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reviews: Any = pd.read_parquet(REAL_REVIEWS, columns=["review", "sentiment", "title_id"])
    reviews["label"] = (reviews.pop("sentiment") == "positive").astype(int)
    return write(reviews, tmp_path_factory.mktemp("real"))


@needs_real_reviews
@pytest.mark.parametrize("job", ["pytorch", "tensorflow"])
def test_on_the_real_reviews_87_of_100_are_right_after_at_most_five_minutes_of_processor_time(
    job: str, real_reviews: Path, tmp_path: Path
) -> None:
    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    run = train(job, tmp_path, train=real_reviews)
    assert run.returncode == 0, run.stderr
    measured = metrics(tmp_path)["validation"]
    print(f"{job}: {measured['accuracy']:.4f} of {measured['reviews']:.0f}, {used() - before:.0f} CPU-seconds")
    assert measured["accuracy"] >= 0.87
    assert used() - before <= 300
