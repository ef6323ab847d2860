"""The course's training job, as lesson 05 builds it step by step, for the lessons after it, and for its searches."""

from __future__ import annotations

import time
from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.shapes import Tag
from sagemaker.core.training.configs import (
    Compute,
    InputData,
    MetricDefinition,
    OutputDataConfig,
    SourceCode,
    StoppingCondition,
)
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from helpers import PROJECT
from helpers.workshop import Workshop

INSTANCE = "ml.m5.large"
METRICS = [
    MetricDefinition(name=f"{part}:{value}", regex=f"{part}:{value}=([0-9.]+)")
    for part in ("train", "validation")
    for value in ("accuracy", "f1", "auc")
]
# The tuner of the SDK wants them anew: it does not take over those of its trainer.
METRIC_DEFINITIONS = [{"Name": metric.name, "Regex": metric.regex} for metric in METRICS]
_LONGEST = 32  # characters of the name of a tuning or an AutoML job: their trials' names, of 63, begin with it


def trainer(ws: Workshop, what: str, hyperparameters: dict[str, Any]) -> ModelTrainer:
    """A trainer for one training job, named after `what`; hyperparameters as jobs/sklearn/train.py names them."""
    name = f"sentiment-{what}"
    return sklearn_trainer(ws, "sklearn/train.py", name, hyperparameters).with_metric_definitions(METRICS)


def sklearn_trainer(
    ws: Workshop,
    script: str,
    name: str,
    hyperparameters: dict[str, Any] | None = None,
    *,
    output: str = "models",
    session: Any = None,
) -> ModelTrainer:
    """A trainer for a script below `jobs`, on one machine, in the scikit-learn container, ten minutes at most.

    Args:
        name, output: of the job, and of the folder for its model, both without the learner's part.
        session: of the SDK; in a pipeline's session jobs are described, not started, and AWS makes them later.
    """
    folder, _, entry = script.rpartition("/")
    return ModelTrainer(
        training_image=image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type=INSTANCE),
        source_code=SourceCode(source_dir=str(PROJECT / "jobs" / folder), entry_script=entry),
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=ws.s3(output)),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        hyperparameters=hyperparameters,
        role=ws.role,
        base_job_name=ws.name(name),
        sagemaker_session=session or ws.session,
        tags=[Tag(key=key, value=value) for key, value in ws.tags.items()] if session else None,
    )


def image_of(ws: Workshop, framework: str, version: str, scope: str) -> str:
    """AWS's image of a framework, for `scope` "training" or "inference", on the machine of the lessons."""
    uri = image_uris.retrieve(framework, ws.region, version=version, instance_type=INSTANCE, image_scope=scope)
    return f"{uri}-sagemaker" if framework == "tensorflow" else str(uri)  # what AWS adds to TensorFlow's tags


def tuner(
    ws: Workshop, strategy: str, space: dict[str, Any], trials: int | None, at_once: int, seed: int = 7, **more: Any
) -> HyperparameterTuner:
    """A search by validation accuracy, as lesson 06 writes out the first; its trials are jobs of `trainer`.

    Args:
        trials: at most so many; None for a grid, which has as many as it has.
        more: of the SDK's tuner, such as `warm_start_config`.
    """
    return HyperparameterTuner(
        trainer(ws, "trial", {}),
        "validation:accuracy",
        space,
        METRIC_DEFINITIONS,
        strategy=strategy,
        max_jobs=trials,
        max_parallel_jobs=at_once,
        random_seed=seed,
        **more,
    )


def channels(ws: Workshop) -> list[InputData]:
    """The clean reviews as the channels train and validation; the test split stays out."""
    return [
        InputData(channel_name=name, data_source=ws.s3(f"clean/reviews/split={name}/"))
        for name in ("train", "validation")
    ]


def job_name(trainer: ModelTrainer) -> str:
    """The name of the job that a trainer has started last; the SDK keeps it in a private attribute only."""
    return str(trainer._latest_training_job.training_job_name)


def search_name(ws: Workshop, what: str) -> str:
    """A new name for a tuning or AutoML job, such as `dsaws-ada-random-692205a1`: the learner, what for, the time."""
    stamp = f"-{int(time.time()):x}"
    return ws.name(what)[: _LONGEST - len(stamp)].rstrip("-") + stamp
