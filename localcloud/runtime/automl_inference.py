"""What a deployed AutoML candidate answers: labels, and on request probabilities, as text/csv or JSON.

The variable SAGEMAKER_INFERENCE_OUTPUT names what an answer holds, as in AWS's own AutoML containers: `predicted_label`
(the default), `probability` (of that label), `probabilities`, `labels`; separated by commas. Rows of text/csv have no
header, and the features in the order of the training data; JSON is a list of rows, or `{"instances": [...]}`.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from automl_pipeline import coerce

Json = dict[str, Any]
CSV, JSON = "text/csv", "application/json"
SUPPORTED = ("predicted_label", "probability", "probabilities", "labels")


def model_fn(model_dir: str) -> Json:
    wanted = [key.strip() for key in os.environ.get("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label").split(",")]
    unknown = sorted(set(wanted) - set(SUPPORTED))
    if unknown:
        raise ValueError(f"SAGEMAKER_INFERENCE_OUTPUT can hold {', '.join(SUPPORTED)}, not {', '.join(unknown)}")
    folder = Path(model_dir)
    schema = json.loads((folder / "schema.json").read_text())
    # The pickle is what the candidate's own training job wrote.
    return {"pipeline": joblib.load(folder / "model.joblib"), "schema": schema, "output": wanted}


def input_fn(body: str | bytes, content_type: str) -> list[Any]:
    """The rows of a request, as they came.

    Raises:
        ValueError: not text/csv or application/json, or not what it says.
    """
    text = body.decode() if isinstance(body, bytes) else body
    if content_type == CSV:
        rows: Any = [row for row in csv.reader(io.StringIO(text)) if row]
    elif content_type == JSON:
        rows = json.loads(text)
        rows = rows.get("instances", [rows]) if isinstance(rows, dict) else rows
    else:
        raise ValueError(f"content type {content_type!r} is not supported: send {CSV} or {JSON}")
    if not isinstance(rows, list) or not rows:
        raise ValueError("the body must hold a list of rows")
    return rows


def predict_fn(rows: list[Any], model: Json) -> list[Json]:
    """One dict a row, with the keys that SAGEMAKER_INFERENCE_OUTPUT names."""
    frame = coerce(_frame(rows, [feature["name"] for feature in model["schema"]["features"]]), model["schema"])
    pipeline = model["pipeline"]
    if model["schema"]["problem"] == "Regression":
        return [{"predicted_label": float(value)} for value in pipeline.predict(frame)]
    labels = [str(label) for label in pipeline.classes_]
    answers = []
    for shares in pipeline.predict_proba(frame).tolist():
        best = max(range(len(labels)), key=shares.__getitem__)
        everything = {
            "predicted_label": labels[best],
            "probability": shares[best],
            "probabilities": shares,
            "labels": labels,
        }
        answers.append({key: everything[key] for key in model["output"]})
    return answers


def output_fn(answers: list[Json], accept: str) -> tuple[str, str]:
    if accept == CSV:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(answer.values() for answer in answers)
        return text.getvalue(), CSV
    if accept in (JSON, "*/*", ""):
        return json.dumps({"predictions": answers}), JSON
    raise ValueError(f"accept type {accept!r} is not supported: accept {CSV} or {JSON}")


def _frame(rows: list[Any], names: list[str]) -> pd.DataFrame:
    if all(isinstance(row, dict) for row in rows):
        return pd.DataFrame(rows)
    lists = [row if isinstance(row, list) else [row] for row in rows]
    for number, row in enumerate(lists, start=1):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} columns, not {len(names)}: {', '.join(names)}")
    return pd.DataFrame(lists, columns=names).replace("", None)
