"""The PyTorch and the TensorFlow job for their tests: each runs in the Python of its own image."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from own_cloud import PROJECT, images_folder
from sklearn_job import environment

from localcloud.jobs import images

IMAGES = {"pytorch": "pytorch-2.13", "tensorflow": "tensorflow-2.21"}


def python(job: str) -> Path:
    """The Python of the job's image, built first when it is not there."""
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(images_folder()))
    return images.ensure(IMAGES[job])


def run_python(job: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of the job's Python, in another folder, its output captured."""
    return subprocess.run(
        [str(python(job)), "-B", *arguments],
        env={**os.environ, **variables},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def train(job: str, opt_ml: Path, *arguments: str, **channels: Path) -> subprocess.CompletedProcess[str]:
    """Runs the job's train.py as the container does."""
    script = str(PROJECT / "jobs" / job / "train.py")
    return run_python(job, script, *arguments, **environment(opt_ml, **channels))


def metrics(opt_ml: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((opt_ml / "output/data/metrics.json").read_text())
    return found


SERVE = {
    "pytorch": """
        import inference
        data = inference.input_fn(body, kind)
        print(inference.output_fn(inference.predict_fn(data, inference.model_fn(model)), accept)[0])
    """,
    "tensorflow": """
        import io, types, inference
        sys.path.insert(0, runtime)
        from tensorflow_server import SavedModel
        context = types.SimpleNamespace(request_content_type=kind, accept_header=accept)
        request = inference.input_handler(io.BytesIO(body.encode()), context)
        answer = SavedModel(__import__("pathlib").Path(model)).post(request)
        print(inference.output_handler(answer, context)[0])
    """,
}


def ask(job: str, model: Path, reviews: list[str], **variables: str) -> list[dict[str, Any]]:
    """What the packed code answers to a JSON request, in a process that has nothing but the model's folder."""
    names = {"kind": "application/json", "accept": "application/json", "body": json.dumps(reviews), "model": str(model)}
    names["runtime"] = str(PROJECT / "localcloud" / "runtime")
    lines = [f"{name} = {value!r}" for name, value in names.items()]
    program = "\n".join(["import sys", *lines, f"sys.path.insert(0, {str(model / 'code')!r})"])
    program += "\n" + "\n".join(line.strip() for line in SERVE[job].splitlines())
    run = run_python(job, "-c", program, **variables)
    assert run.returncode == 0, run.stderr
    answers: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return answers
