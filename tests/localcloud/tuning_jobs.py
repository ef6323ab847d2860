"""Tuning jobs for the tests: a small script whose metric is a known function of its hyperparameters."""

from __future__ import annotations

import uuid
from typing import Any

from own_cloud import wait_until
from training_jobs import Training

ENDED = ("Completed", "Failed", "Stopped")
# score = -(x - 3)^2, best at 3; a parabola that every search can climb
PARABOLA = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("-x", "--x", type=float, default=0)
    parser.add_argument("-n", "--n", type=int, default=0)
    parser.add_argument("--kind", default="a")
    given, _ = parser.parse_known_args()
    print(f"score={-(given.x - 3) ** 2 - given.n:.6f}")
"""
X = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10"}]}
KINDS = {"CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b", "c"]}]}


class Tuning:
    """Starts tuning jobs in one local AWS and reads how they went."""

    def __init__(self, training: Training) -> None:
        self.training, self.client = training, training.client

    def request(self, script: str = PARABOLA, ranges: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """A CreateHyperParameterTuningJob request; `changes` go into its HyperParameterTuningJobConfig."""
        plain = self.training.request(script)
        definition = {key: value for key, value in plain.items() if key not in ("TrainingJobName", "HyperParameters")}
        definition["StaticHyperParameters"] = plain["HyperParameters"]
        definition["AlgorithmSpecification"] = {
            **plain["AlgorithmSpecification"],
            "MetricDefinitions": [{"Name": "score", "Regex": r"score=(-?[0-9.]+)"}],
        }
        limits = {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2, **changes.pop("limits", {})}
        config = {
            "Strategy": "Random",
            "RandomSeed": 7,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {key: value for key, value in limits.items() if value is not None},
            "ParameterRanges": ranges or X,
            **changes,
        }
        return {
            "HyperParameterTuningJobName": f"t-{uuid.uuid4().hex[:12]}",
            "HyperParameterTuningJobConfig": config,
            "TrainingJobDefinition": definition,
        }

    def start(self, *arguments: Any, **changes: Any) -> str:
        request = self.request(*arguments, **changes)
        self.client.create_hyper_parameter_tuning_job(**request)
        return str(request["HyperParameterTuningJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return answer

    def wait(self, name: str, seconds: float = 60) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job = self.describe(name)
            return job if job["HyperParameterTuningJobStatus"] in ENDED else None

        job: dict[str, Any] = wait_until(ended, seconds)
        return job

    def run(self, *arguments: Any, **changes: Any) -> dict[str, Any]:
        return self.wait(self.start(*arguments, **changes))

    def trials(self, name: str, **filters: Any) -> list[dict[str, Any]]:
        answer = self.client.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, **filters
        )
        found: list[dict[str, Any]] = answer["TrainingJobSummaries"]
        return found
