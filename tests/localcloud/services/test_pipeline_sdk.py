"""Pipelines through the SageMaker SDK v3, unchanged. One program does everything; the tests look at its parts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from own_cloud import PROJECT, OwnCloud

pytestmark = pytest.mark.image

PREPARE = """
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int)
lines = pathlib.Path("/opt/ml/processing/input/rows.txt").read_text().splitlines()[: parser.parse_args().rows]
pathlib.Path("/opt/ml/processing/train/rows.txt").write_text("\\n".join(lines))
"""
TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
rate = parser.parse_known_args()[0].rate  # a tuning job adds an argument of its own
rows = len(pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.txt").read_text().splitlines())
folder = pathlib.Path(os.environ["SM_MODEL_DIR"])
(folder / "model.json").write_text(json.dumps({"rows": rows, "rate": rate}))
(folder / "code").mkdir()
(folder / "code" / "inference.py").write_text(
    "import json\\n"
    "def model_fn(d): return json.load(open(d + '/model.json'))\\n"
    "def predict_fn(data, model): return model\\n"
)
print(f"accuracy={rate}")
"""
EVALUATE = """
import json, pathlib, tarfile
with tarfile.open("/opt/ml/processing/model/model.tar.gz") as archive:
    name = next(name for name in archive.getnames() if name.endswith("model.json"))
    model = json.load(archive.extractfile(name))
report = {"metrics": {"accuracy": model["rate"]}}
pathlib.Path("/opt/ml/processing/evaluation/evaluation.json").write_text(json.dumps(report))
"""


@pytest.fixture(scope="module")
def seen(local_aws: OwnCloud, workshop: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program saw."""
    folder = tmp_path_factory.mktemp("sdk-pipeline")
    for name, script in (("prepare", PREPARE), ("train", TRAIN), ("evaluate", EVALUATE)):
        (folder / f"{name}.py").write_text(script)
    environment = {
        **local_aws.environment,
        "COURSE_CLOUD": "local",
        "COURSE_LEARNER": "sdk",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("sdk_pipeline.py")), str(folder)],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    result: dict[str, Any] = json.loads(done.stdout.rpartition("SEEN ")[2].splitlines()[0])
    return result


def test_upsert_creates_then_updates(seen: dict[str, Any]) -> None:
    assert seen["created"].endswith(":pipeline/sdk-upsert")
    assert seen["updated"] == 2
    assert seen["tags"] == ["course", "learner", "more"]  # the learner's is from `connect()`


def test_a_pipeline_goes_from_data_to_a_registered_model_and_an_endpoint(seen: dict[str, Any]) -> None:
    names = ("Prepare", "Train", "Evaluate", "Gate", "Register", "CreateModel", "Score", "Configure", "Deploy")
    assert seen["good"]["reasons"] == {}
    assert seen["good"]["statuses"] == dict.fromkeys(names, "Succeeded")
    assert seen["good"]["status"] == "Succeeded"


def test_the_endpoint_serves_the_model_of_the_pipeline(seen: dict[str, Any]) -> None:
    assert seen["answer"] == {"rows": 2, "rate": 0.9}


def test_the_next_execution_updates_the_endpoint_and_reuses_the_cached_step(seen: dict[str, Any]) -> None:
    assert seen["answer of the update"] == {"rows": 2, "rate": 0.95}
    assert seen["better"]["cached"] == ["Prepare"]
    assert seen["better"]["parameters"]["Rate"] == "0.95"


def test_each_step_has_the_metadata_of_its_type(seen: dict[str, Any]) -> None:
    assert seen["good"]["metadata"] == {
        "Prepare": "ProcessingJob",
        "Train": "TrainingJob",
        "Evaluate": "ProcessingJob",
        "Gate": "Condition",
        "Register": "RegisterModel",
        "CreateModel": "Model",
        "Score": "TransformJob",
        "Configure": "EndpointConfig",
        "Deploy": "Endpoint",
    }


def test_a_model_below_the_gate_fails_the_execution_with_the_steps_message(seen: dict[str, Any]) -> None:
    assert seen["weak"]["status"] == "Failed"
    assert seen["weak raised"] == "WaiterError"
    assert seen["weak"]["reasons"] == {"TooWeak": "only 0.9"}
    assert seen["weak"]["cached"] == []


def test_the_best_model_of_a_tuning_step_is_read_by_a_later_step(seen: dict[str, Any]) -> None:
    assert seen["tuned"]["reasons"] == {}
    assert seen["tuned"]["statuses"] == dict.fromkeys(("Tune", "Read", "BestIsBest"), "Succeeded")


def test_an_execution_stops_when_asked(seen: dict[str, Any]) -> None:
    assert seen["stop"] in ("Stopping", "Stopped")
