"""What the jobs share: the split, the metrics, and the links that put it into each job's folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_cloud import PROJECT
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit
from sklearn_job import make_reviews, write

JOBS = PROJECT / "jobs"
spec = importlib.util.spec_from_file_location("shared_reviews", JOBS / "sklearn" / "reviews.py")
assert spec is not None
assert spec.loader is not None
reviews_module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reviews_module)


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_titles_are_held_out_as_by_scikit_learn(seed: int) -> None:
    reviews = make_reviews(400, titles=33)
    reviews.loc[::50, "title_id"] = None
    titles = [title if pd.notna(title) else f"row {row}" for row, title in enumerate(reviews["title_id"])]
    split = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
    for ours, theirs in zip(
        reviews_module.hold_out(reviews, seed), next(split.split(reviews, groups=titles)), strict=True
    ):
        assert list(ours.index) == list(theirs)


def test_the_metrics_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 500)
    scores = (labels + random.normal(0, 1, 500)).round(1) - 0.5  # with ties
    expected = {
        "accuracy": accuracy_score(labels, scores > 0),
        "f1": f1_score(labels, scores > 0),
        "auc": roc_auc_score(labels, scores),
    }
    assert reviews_module.measure(labels, scores) == pytest.approx(expected)


def test_a_model_that_calls_nothing_positive_has_an_f1_of_zero() -> None:
    assert reviews_module.measure(np.array([0, 1]), np.array([-1.0, -2.0]))["f1"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 1}, "all labels in .* are 1"),
        ({"label": 5}, "must hold 0 and 1"),
        ({"review": None}, "values that are not text"),
    ],
)
def test_reviews_that_no_classifier_can_learn_from_are_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = write(make_reviews(20).assign(**change), tmp_path)
    with pytest.raises(ValueError, match=message):
        reviews_module.read_folder(folder, ["review", "label"])


@pytest.mark.parametrize("job", ["sklearn", "pytorch", "tensorflow", "container"])
def test_a_jobs_folder_is_complete_when_it_is_copied_alone(job: str, tmp_path: Path) -> None:
    import shutil

    copied = Path(shutil.copytree(JOBS / job, tmp_path / job))  # follows links, as the SDK's upload does
    assert not [path for path in copied.rglob("*") if path.is_symlink()]
    assert (copied / "messages.py").read_bytes() == (JOBS / "sklearn" / "messages.py").read_bytes()
    assert (copied / "text.py").read_bytes() == (JOBS / "sklearn" / "text.py").read_bytes()


def test_the_folder_that_is_tuned_has_no_links() -> None:
    """The SDK's tuner packs a folder with its links as they are: in the container they would lead nowhere."""
    assert not [path for path in (JOBS / "sklearn").iterdir() if path.is_symlink()]
