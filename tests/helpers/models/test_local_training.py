"""A job's script as a plain process, in an environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helpers.models import local_training

SCRIPT = """
import argparse, pathlib, sys
parser = argparse.ArgumentParser()
for name in ("--train", "--model-dir", "--output-data-dir", "--epochs"):
    parser.add_argument(name)
given = parser.parse_args()
print("python of its own:", sys.prefix != sys.base_prefix, sys.prefix)
print("reads", *(path.name for path in pathlib.Path(given.train).iterdir()))
if given.epochs == "0":
    raise ValueError("nothing to learn")
sum(range(3_000_000))
pathlib.Path(given.model_dir).mkdir(parents=True)
pathlib.Path(given.model_dir, "model.txt").write_text(given.epochs)
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one job that needs no packages; gives a channel's folder."""
    folder = tmp_path / "jobs" / "tiny"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text("")
    (folder / "outside.txt").write_text("-r requirements.txt\n")
    (tmp_path / "requirements.lock").write_text("")
    monkeypatch.setattr(local_training, "PROJECT", tmp_path)
    monkeypatch.setattr(local_training, "ENVIRONMENTS", tmp_path / ".outside")
    (tmp_path / "channel").mkdir()
    (tmp_path / "channel" / "part-0.parquet").touch()
    return tmp_path / "channel"


def test_a_script_runs_in_an_environment_of_its_own_and_leaves_a_model(job: Path, tmp_path: Path) -> None:
    run = local_training.train("tiny", tmp_path / "work", "--epochs", "3", train=job)
    assert run.lines[0].startswith("python of its own: True")
    assert str(tmp_path) in run.lines[0]
    assert sys.prefix not in run.lines[0]
    assert run.lines[1] == "reads part-0.parquet"
    assert (tmp_path / "work" / "model" / "model.txt").read_text() == "3"
    assert 0 < run.cpu_seconds < run.seconds + 1


def test_the_environment_is_made_once_and_anew_for_other_requirements(job: Path, tmp_path: Path) -> None:
    first = local_training.environment("tiny")
    made = (first.parents[1] / ".ready").stat().st_mtime_ns
    assert local_training.environment("tiny") == first
    assert (first.parents[1] / ".ready").stat().st_mtime_ns == made
    (tmp_path / "jobs" / "tiny" / "requirements.txt").write_text("# more\n")
    assert local_training.environment("tiny") != first


def test_a_script_that_fails_says_why(job: Path, tmp_path: Path) -> None:
    with pytest.raises(local_training.Failed, match="ValueError: nothing to learn"):
        local_training.train("tiny", tmp_path / "work", "--epochs", "0", train=job)


def test_a_package_that_cannot_be_had_says_why_and_leaves_no_ready_environment(job: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing-1.0-py3-none-any.whl"
    (tmp_path / "jobs" / "tiny" / "outside.txt").write_text(f"missing @ {missing.as_uri()}\n")
    with pytest.raises(local_training.Failed, match="missing"):
        local_training.environment("tiny")
    assert not list((tmp_path / ".outside").rglob(".ready"))
