"""The course's training job, as lesson 05 builds it step by step, for the lessons after it."""

from __future__ import annotations

from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.training.configs import (
    Compute,
    InputData,
    MetricDefinition,
    OutputDataConfig,
    SourceCode,
    StoppingCondition,
)
from sagemaker.train import ModelTrainer

from helpers import PROJECT
from helpers.workshop import Workshop

CODE = PROJECT / "jobs" / "sklearn"
INSTANCE = "ml.m5.large"
METRICS = [
    MetricDefinition(name=f"{part}:{value}", regex=f"{part}:{value}=([0-9.]+)")
    for part in ("train", "validation")
    for value in ("accuracy", "f1", "auc")
]


def trainer(ws: Workshop, what: str, hyperparameters: dict[str, Any]) -> ModelTrainer:
    """A trainer for one training job, named after `what`; hyperparameters as jobs/sklearn/train.py names them."""
    return ModelTrainer(
        training_image=image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type=INSTANCE),
        source_code=SourceCode(source_dir=str(CODE), entry_script="train.py"),
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=ws.s3("models")),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        hyperparameters=hyperparameters,
        role=ws.role,
        base_job_name=ws.name(f"sentiment-{what}"),
        sagemaker_session=ws.session,
    ).with_metric_definitions(METRICS)


def channels(ws: Workshop) -> list[InputData]:
    """The clean reviews as the channels train and validation; the test split stays out."""
    return [
        InputData(channel_name=name, data_source=ws.s3(f"clean/reviews/split={name}/"))
        for name in ("train", "validation")
    ]


def job_name(trainer: ModelTrainer) -> str:
    """The name of the job that a trainer has started last; the SDK keeps it in a private attribute only."""
    return str(trainer._latest_training_job.training_job_name)
