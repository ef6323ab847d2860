"""One candidate of an AutoML job: fit the pipeline of a recipe, measure it, leave a model that can be deployed.

Runs as a training job in the scikit-learn image. The recipe is the job's hyperparameters (SM_HPS); the channels train,
validation and schema are what `automl_data.py` has written. Each metric is printed as `validation:<name>=<value>`.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from automl_pipeline import build, coerce
from sklearn import metrics

Json = dict[str, Any]
SERVING_CODE = ("automl_inference.py", "automl_pipeline.py")
LATENCY_ROWS = 20


def classification(truth: Any, said: Any, probabilities: Any, classes: list[str], known: list[str]) -> dict[str, float]:
    """The metrics of AWS's Autopilot. With two classes the positive one is the last in order, such as 1 of 0 and 1."""
    found = {
        "Accuracy": metrics.accuracy_score(truth, said),
        "BalancedAccuracy": metrics.balanced_accuracy_score(truth, said),
    }
    if len(classes) > 2:
        each: Json = {"average": "macro", "zero_division": 0}
        suffix = {"F1macro": metrics.f1_score, "PrecisionMacro": metrics.precision_score}
        suffix["RecallMacro"] = metrics.recall_score
    else:
        each = {"pos_label": classes[-1], "zero_division": 0}
        suffix = {"F1": metrics.f1_score, "Precision": metrics.precision_score, "Recall": metrics.recall_score}
        if len(set(truth)) == 2:
            found["AUC"] = metrics.roc_auc_score(truth == classes[-1], probabilities[:, known.index(classes[-1])])
    return {**found, **{name: measure(truth, said, **each) for name, measure in suffix.items()}}


def regression(truth: Any, said: Any) -> dict[str, float]:
    mse = metrics.mean_squared_error(truth, said)
    return {
        "MSE": mse,
        "RMSE": mse**0.5,
        "MAE": metrics.mean_absolute_error(truth, said),
        "R2": metrics.r2_score(truth, said),
    }


def latency(model: Any, rows: pd.DataFrame) -> float:
    """Seconds for one row, the median of some."""
    seconds = []
    for place in range(min(LATENCY_ROWS, len(rows))):
        started = time.perf_counter()
        model.predict(rows.iloc[place : place + 1])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def main() -> None:
    recipe = json.loads(os.environ["SM_HPS"])
    channels = {name: Path(os.environ[f"SM_CHANNEL_{name.upper()}"]) for name in ("train", "validation", "schema")}
    schema = json.loads((channels["schema"] / "schema.json").read_text())
    parts = {name: pd.read_parquet(channels[name] / "data.parquet") for name in ("train", "validation")}
    target = schema["target"]
    rows = {name: coerce(part, schema) for name, part in parts.items()}
    truth = parts["validation"][target].to_numpy()
    print(f"recipe: {json.dumps(recipe)}")
    model = build(recipe, schema).fit(rows["train"], parts["train"][target].to_numpy())
    said = model.predict(rows["validation"])
    if schema["problem"] == "Regression":
        found = regression(truth, said)
    else:
        probabilities = model.predict_proba(rows["validation"])
        found = classification(truth, said, probabilities, schema["classes"], list(model.classes_))
    found["InferenceLatency"] = latency(model, rows["validation"])
    for name, value in found.items():
        print(f"validation:{name}={float(value)!r}")
    folder = Path(os.environ["SM_MODEL_DIR"])
    (folder / "code").mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib", compress=3)
    (folder / "schema.json").write_text(json.dumps(schema))
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), folder / "code" / name)


if __name__ == "__main__":
    try:
        main()
    except Exception as problem:  # the file is the job's FailureReason
        Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text(f"{type(problem).__name__}: {problem}")
        raise
