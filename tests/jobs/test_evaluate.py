"""The evaluation step: it chooses by validation, measures on test, and trusts no archive."""

import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from sklearn_job import make_reviews, run_job, write

SCRIPT = Path(__file__).parents[2] / "jobs" / "pipeline" / "evaluate.py"


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the step in this process and returns why it refuses its input."""
    spec = importlib.util.spec_from_file_location("evaluate_step", SCRIPT)
    step = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(step)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--root", str(root)])
    with pytest.raises(step.BadModel) as refusal:
        step.main()
    return str(refusal.value)


def pack(model: Path, archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(model.iterdir()):
            tar.add(path, arcname=path.name)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A good model and one that has learned the opposite, as unpacked model folders."""
    models = {}
    for name, turned in (("good", False), ("opposite", True)):
        opt_ml = tmp_path_factory.mktemp(name)
        reviews = make_reviews(300, seed=1)
        reviews["label"] = 1 - reviews["label"] if turned else reviews["label"]
        train = write(reviews, opt_ml / "input")
        assert run_job(opt_ml, "--ngram-max", "1", train=train, validation=train).returncode == 0
        models[name] = opt_ml / "model"
    return models


@pytest.fixture
def root(tmp_path, trained):
    """What the step finds: two candidates, and a snapshot whose test part is turned: it would choose otherwise."""
    for name, model in trained.items():
        pack(model, tmp_path / "models" / name / "model.tar.gz")
    write(make_reviews(200, seed=2), tmp_path / "snapshot" / "validation", "reviews.parquet")
    test = make_reviews(100, seed=3)
    write(test.assign(label=1 - test["label"]), tmp_path / "snapshot" / "test", "reviews.parquet")
    return tmp_path


def test_validation_chooses_and_the_test_part_measures_the_chosen_one(root):
    done = run(root)
    assert done.returncode == 0, done.stderr
    report = json.loads((root / "evaluation" / "evaluation.json").read_text())
    assert report["chosen"] == "good"
    assert report["candidates"]["good"]["accuracy"] > 0.9 > 0.1 > report["candidates"]["opposite"]["accuracy"]
    test = report["binary_classification_metrics"]["accuracy"]
    assert test["value"] < 0.1  # of the turned test part
    assert test["standard_deviation"] == pytest.approx((test["value"] * (1 - test["value"]) / 100) ** 0.5)
    assert report["reviews"] == {"validation": 200, "test": 100}
    assert (root / "chosen" / "model.tar.gz").read_bytes() == (root / "models" / "good" / "model.tar.gz").read_bytes()


def test_without_a_model_it_says_so(tmp_path, monkeypatch):
    assert refused(tmp_path, monkeypatch) == "there is no models/<name>/model.tar.gz"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("leads out", "holds '../out.py'"),
        ("a link", "holds 'model.joblib'"),
        ("no archive", "is no archive of a model"),
        ("no code", "good cannot be served"),
    ],
)
def test_a_model_file_that_is_none_stops_the_step(root, monkeypatch, kind, why):
    archive = root / "models" / "good" / "model.tar.gz"
    if kind == "no archive":
        archive.write_bytes(b"not a tar file")
    else:
        with tarfile.open(archive, "w:gz") as tar:
            member = tarfile.TarInfo({"leads out": "../out.py", "a link": "model.joblib"}.get(kind, "model.joblib"))
            if kind == "a link":
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/hosts"
            tar.addfile(member, io.BytesIO())
    assert why in refused(root, monkeypatch)
    assert not (root / "evaluation").exists()
