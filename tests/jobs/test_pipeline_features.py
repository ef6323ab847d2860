"""The features step: a snapshot of good data, and a sentence about bad data."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn_job import make_reviews, write

SCRIPT = Path(__file__).parents[2] / "jobs" / "pipeline" / "features.py"


def splits(root: Path, **changes: pd.DataFrame) -> Path:
    """Clean reviews of three splits without a shared title, as the Glue job leaves them; `changes` replace a split."""
    for seed, name in enumerate(("train", "validation", "test")):
        reviews = make_reviews(120, seed=seed).assign(rating=1)
        reviews["title_id"] = f"tt{seed}" + reviews["title_id"]
        write(changes.get(name, reviews), root / "clean" / f"split={name}")
    return root


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_snapshot_has_what_a_model_learns_from_and_says_which_data_it_is(tmp_path):
    done = run(splits(tmp_path), "--data-version", "jr_1")
    assert done.returncode == 0, done.stderr
    train = pd.read_parquet(tmp_path / "snapshot" / "train" / "reviews.parquet")
    assert (list(train), len(train)) == (["review", "label", "title_id"], 120)
    report = json.loads((tmp_path / "snapshot" / "report.json").read_text())
    assert report["data_version"] == "jr_1"
    assert report["splits"]["test"]["positive"] == 0.5


def test_the_order_of_files_and_rows_does_not_matter(tmp_path):
    splits(tmp_path / "one")
    splits(tmp_path / "two")
    folder = tmp_path / "two" / "clean" / "split=train"
    reviews = pd.read_parquet(folder / "part-0.parquet").sample(frac=1, random_state=1)
    write(reviews[:50], folder, "part-0.parquet")
    write(reviews[50:], folder, "part-1.parquet")
    for name in ("one", "two"):
        assert run(tmp_path / name).returncode == 0
    snapshots = [pd.read_parquet(tmp_path / name / "snapshot" / "train") for name in ("one", "two")]
    pd.testing.assert_frame_equal(*snapshots)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda good: good[:10], "validation has 10 reviews"),
        (lambda good: good.assign(label=1), r"labels \[1\]"),
        (lambda good: good.assign(review=[" ", *good["review"][1:]]), "empty reviews"),
        (lambda good: good.drop(columns="label"), "no table of review, label, title_id"),
        (lambda good: make_reviews(120, seed=0).assign(title_id="tt0" + good["title_id"].str[3:]), "a leak"),
    ],
)
def test_bad_data_stops_the_step_with_a_sentence(tmp_path, wrong, sentence):
    good = make_reviews(120, seed=1)
    done = run(splits(tmp_path, validation=wrong(good.assign(title_id="tt1" + good["title_id"]))))
    assert done.returncode != 0
    assert pd.Series(done.stderr.splitlines()[-1]).str.contains(sentence).all(), done.stderr
    assert not (tmp_path / "snapshot").exists()


def test_no_files_at_all_is_said(tmp_path):
    (tmp_path / "clean" / "split=train").mkdir(parents=True)
    assert "no .parquet files in split=train" in run(tmp_path).stderr
