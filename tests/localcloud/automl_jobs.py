"""AutoML jobs for the tests, on small data whose answer is known."""

from __future__ import annotations

import io
import uuid
from typing import Any

import numpy as np
import pandas as pd
from own_cloud import wait_until
from training_jobs import Training

ENDED = ("Completed", "Failed", "Stopped")
CSV, PARQUET = "text/csv;header=present", "x-application/vnd.amazon+parquet"
TEXT = {"ContentColumn": "review", "TargetLabelColumn": "sentiment"}
PRAISE, BLAME = ("a great film", "never dull", "so moving"), ("a boring film", "never funny", "so silly")


def texts(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """Reviews that say what they think of a film, with a comma and a line break, and their sentiment."""
    random, labels = np.random.default_rng(seed), ["negative", "positive"]
    opinions = [" and ".join(random.choice(PRAISE if row % 2 else BLAME, 3)) for row in range(rows)]
    return pd.DataFrame(
        {
            "review": [f"Well, {text},\nI say." for text in opinions],
            "sentiment": [labels[row % 2] for row in range(rows)],
        }
    )


def table(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Numbers, categories, dates and text; `label` depends on all of them but the id, `price` on the number."""
    random = np.random.default_rng(seed)
    size, colour = random.normal(size=rows), random.choice(["red", "green", "blue"], rows)
    label = np.where(size + (colour == "red") > 0.3, "yes", "no")
    frame = pd.DataFrame(
        {
            "size": size.round(4),
            "colour": colour,
            "bought": pd.date_range("2026-01-01", periods=rows, freq="h").strftime("%Y-%m-%d %H:%M:%S"),
            "remark": [f"we like this one, number {row}, quite a lot" for row in range(rows)],
            "label": label,
            "price": (10 * size + 3).round(3),
        }
    )
    frame.loc[frame.index % 50 == 0, ["size", "colour"]] = None
    return frame


class AutoML:
    """Starts AutoML jobs in one local AWS and reads how they went."""

    def __init__(self, training: Training) -> None:
        self.training, self.client = training, training.client

    def put(self, frame: pd.DataFrame, kind: str = CSV, compression: str | None = None) -> str:
        """Store a table as one object below a prefix of its own; return the prefix."""
        buffer, prefix = io.BytesIO(), f"automl/{uuid.uuid4().hex[:8]}/"
        if kind == PARQUET:
            frame.to_parquet(buffer, index=False)
        else:
            frame.to_csv(buffer, index=False, compression=compression)  # type: ignore[call-overload]
        self.training.put(f"{prefix}part-0", buffer.getvalue())
        return self.training.s3_uri(prefix)

    def channel(self, data: pd.DataFrame | str, kind: str = CSV, **more: Any) -> dict[str, Any]:
        uri = data if isinstance(data, str) else self.put(data, kind)
        return {
            "ChannelType": "training",
            "ContentType": kind,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            **more,
        }

    def request(self, channels: list[dict[str, Any]], problem: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A CreateAutoMLJobV2 request; `problem` is a text or tabular configuration, `limits` its criteria."""
        kind = "TextClassificationJobConfig" if "ContentColumn" in problem else "TabularJobConfig"
        limits = changes.pop("limits", {} if "ContentColumn" in problem else {"MaxCandidates": 2})
        return {
            "AutoMLJobName": f"a-{uuid.uuid4().hex[:12]}",
            "AutoMLJobInputDataConfig": channels,
            "OutputDataConfig": {"S3OutputPath": self.training.s3_uri("automl-output")},
            "AutoMLProblemTypeConfig": {kind: {**problem, "CompletionCriteria": limits}},
            "RoleArn": self.training.role,
            **changes,
        }

    def start(self, *arguments: Any, **changes: Any) -> str:
        request = self.request(*arguments, **changes)
        self.client.create_auto_ml_job_v2(**request)
        return str(request["AutoMLJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.describe_auto_ml_job_v2(AutoMLJobName=name)
        return description

    def ended(self, name: str, seconds: float = 120) -> dict[str, Any]:
        wait_until(lambda: self.describe(name)["AutoMLJobStatus"] in ENDED, seconds)
        return self.describe(name)

    def run(self, *arguments: Any, **changes: Any) -> dict[str, Any]:
        return self.ended(self.start(*arguments, **changes))

    def candidates(self, name: str, **more: Any) -> list[dict[str, Any]]:
        answer = self.client.list_candidates_for_auto_ml_job(AutoMLJobName=name, **more)
        return list(answer["Candidates"])

    def metrics(self, candidate: dict[str, Any]) -> dict[str, float]:
        assert candidate["CandidateStatus"] == "Completed", candidate.get("FailureReason")
        found = candidate["CandidateProperties"]["CandidateMetrics"]
        return {item["StandardMetricName"]: item["Value"] for item in found}
