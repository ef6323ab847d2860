"""Compares trained models, chooses one by validation, and measures that one on the test part.

A SageMaker processing script. Each model is asked through its own `code/inference.py`, so what is measured is what an
endpoint will answer. The test part judges the chosen model only: it has no say in the choice.

Input:  models/<name>/model.tar.gz, one folder a candidate, and snapshot/{validation,test}/reviews.parquet
Output: evaluation/evaluation.json, in the form that the model registry shows, and chosen/model.tar.gz
"""

import argparse
import importlib
import json
import math
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

ROOT = Path("/opt/ml/processing")
MODULES = ("inference", "messages", "text")  # of each model's own code


class BadModel(ValueError):
    """A model file is not what a training job of this course writes."""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate.py", allow_abbrev=False)
    parser.add_argument("--root", type=Path, default=ROOT, help="where inputs and outputs lie")
    return parser.parse_args(arguments)


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a model.tar.gz. Raises BadModel for what is no such archive, or has members that lead out of it."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
                    raise BadModel(f"{archive.name} holds {member.name!r}, which is no file of a model")
                source = tar.extractfile(member)
                if source is not None:
                    target = folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with source, target.open("wb") as file:
                        shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadModel(f"{archive.name} is no archive of a model: {error}") from error


def scores_of(model: Path, reviews: list[str]) -> NDArray[np.float64]:
    """Asks an unpacked model as an endpoint does: the probability of positive for each review, shape (reviews,).

    Loading the model runs what is in its pickle, so give it models of your own training jobs only.
    """
    sys.path.insert(0, str(model / "code"))
    try:
        for name in MODULES:  # the other candidate's
            sys.modules.pop(name, None)
        serving = importlib.import_module("inference")
        answers = serving.predict_fn(reviews, serving.model_fn(str(model)))
    except (ImportError, FileNotFoundError) as error:
        raise BadModel(f"{model.name} cannot be served: {error}") from error
    finally:
        sys.path.pop(0)
    return np.array([answer["score"] for answer in answers])


def measure(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Accuracy with its standard deviation, F1 and AUC, in the registry's form: {metric: {"value": ...}}."""
    classes = scores > 0.5
    accuracy = float(accuracy_score(labels, classes))
    return {
        "accuracy": {"value": accuracy, "standard_deviation": math.sqrt(accuracy * (1 - accuracy) / len(labels))},
        "f1": {"value": float(f1_score(labels, classes))},
        "auc": {"value": float(roc_auc_score(labels, scores))},
    }


def evaluate(models: dict[str, Path], snapshot: Path) -> dict[str, Any]:
    """The report about unpacked models. The first of equally good ones is chosen."""
    parts = {name: pd.read_parquet(snapshot / name / "reviews.parquet") for name in ("validation", "test")}
    labels = {name: part["label"].to_numpy() for name, part in parts.items()}
    candidates = {}
    for name, model in models.items():
        metrics = measure(labels["validation"], scores_of(model, parts["validation"]["review"].tolist()))
        candidates[name] = {metric: values["value"] for metric, values in metrics.items()}
    chosen = max(candidates, key=lambda name: candidates[name]["accuracy"])
    return {
        "binary_classification_metrics": measure(
            labels["test"], scores_of(models[chosen], parts["test"]["review"].tolist())
        ),
        "chosen": chosen,
        "candidates": candidates,
        "reviews": {name: len(part) for name, part in parts.items()},
    }


def main() -> None:
    root: Path = parse_arguments().root
    archives = {path.parent.name: path for path in sorted((root / "models").glob("*/model.tar.gz"))}
    if not archives:
        raise BadModel("there is no models/<name>/model.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        models = {name: Path(folder) / name for name in archives}
        for name, archive in archives.items():
            unpack(archive, models[name])
        report = evaluate(models, root / "snapshot")
    for name in ("evaluation", "chosen"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "evaluation" / "evaluation.json").write_text(json.dumps(report, indent=2))
    shutil.copyfile(archives[report["chosen"]], root / "chosen" / "model.tar.gz")
    for name, metrics in report["candidates"].items():
        print(f"{name}: validation:accuracy={metrics['accuracy']:.4f}")
    print(
        f"chosen: {report['chosen']}, test:accuracy={report['binary_classification_metrics']['accuracy']['value']:.4f}"
    )


if __name__ == "__main__":
    main()
