"""Lesson 01's trial runs as SageMaker would start it, and prints a share that depends on the penalty."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.models.parallel_search import METRIC, small_reviews

SCRIPT = Path(__file__).resolve().parents[2] / "jobs" / "search" / "trial.py"


def trial(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SM_CHANNEL_REVIEWS": str(folder)}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviews")
    small_reviews(200).to_parquet(folder / "reviews.parquet", index=False)
    return folder


def accuracy(done: subprocess.CompletedProcess[str]) -> float:
    assert done.returncode == 0, done.stderr
    (found,) = re.findall(f"{METRIC}=([0-9.]+)", done.stdout)
    return float(found)


def test_a_trial_says_what_it_has_read_and_how_good_it_is(channel: Path) -> None:
    done = trial(channel, "--penalty", "1", "--_tuning_objective_metric", METRIC)
    assert 0.5 < accuracy(done) < 1
    assert done.stdout.startswith("200 reviews read\n")


def test_too_strong_a_penalty_learns_nothing(channel: Path) -> None:
    share = small_reviews(200)["label"].mean()
    assert accuracy(trial(channel, "--penalty", "1e9")) == pytest.approx(max(share, 1 - share), abs=0.02)


def test_a_trial_without_a_penalty_ends_with_an_error(channel: Path) -> None:
    done = trial(channel)
    assert done.returncode != 0
    assert "--penalty" in done.stderr
