"""Lesson 10's pipeline `retrain`, for whoever needs it again: the lesson writes each of its steps in full."""

from __future__ import annotations

from typing import Any

from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.workflow import Join, ParameterFloat, ParameterString, PropertyFile
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.serve.model_builder import ModelBuilder

from helpers.pipeline import build
from helpers.workshop import Workshop

NAME = "retrain"


def pipeline(ws: Workshop) -> Pipeline:
    """Create or update it: Features -> TrainWords, TrainThree -> Evaluate -> GoodEnough -> Register or TooWeak.

    Its parameters: CleanReviews (an address in S3), DataVersion, Threshold (of the accuracy on the test, 0 to 1).
    """
    steps = build.Steps(ws)
    data = ParameterString("CleanReviews", default_value=ws.s3("clean/reviews/"))
    version = ParameterString("DataVersion", default_value="by-hand")
    threshold = ParameterFloat("Threshold", default_value=0.8)
    features = steps.process("Features", "features.py", {"clean": data}, ["snapshot"], ["--data-version", version])
    channels = {split: build.output(features, "snapshot", split) for split in ("train", "validation")}
    words = steps.train("TrainWords", {"ngram-max": 1}, channels)
    three = steps.train("TrainThree", {"ngram-max": 3}, channels)
    report = PropertyFile(name="Report", output_name="evaluation", path="evaluation.json")
    takes = {
        "models/words": words.properties.ModelArtifacts.S3ModelArtifacts,
        "models/three": three.properties.ModelArtifacts.S3ModelArtifacts,
        "snapshot": build.output(features, "snapshot"),
    }
    evaluate = steps.process("Evaluate", "evaluate.py", takes, ["evaluation", "chosen"], report=report)
    accuracy = JsonGet(step_name=evaluate.name, property_file=report, json_path=build.ACCURACY)
    sentence = Join(on=" ", values=["The test accuracy", accuracy, "is below the threshold of", threshold])
    gate = ConditionStep(
        "GoodEnough",
        conditions=[ConditionGreaterThanOrEqualTo(left=accuracy, right=threshold)],
        if_steps=[_register(ws, steps, evaluate, version)],
        else_steps=[FailStep("TooWeak", error_message=sentence)],
    )
    made = steps.pipeline(NAME, [data, version, threshold], [features, words, three, evaluate, gate])
    made.upsert(role_arn=ws.role)
    return made


def _register(ws: Workshop, steps: build.Steps, evaluate: Any, version: Any) -> ModelStep:
    """The chosen model as a version of the registry that waits for a person."""
    builder = ModelBuilder(
        image_uri=steps.image,
        s3_model_data_url=build.output(evaluate, "chosen", "model.tar.gz"),
        env_vars=build.SERVING,
        role_arn=ws.role,
        sagemaker_session=steps.session,
    )
    figures = build.output(evaluate, "evaluation", "evaluation.json")
    request = builder.register(
        model_package_group_name=build.group(ws),
        approval_status="PendingManualApproval",
        model_metrics=ModelMetrics(model_statistics=MetricsSource(content_type="application/json", s3_uri=figures)),
        customer_metadata_properties={"DataVersion": version},
        **build.SERVED,
    )
    return ModelStep("Register", step_args=build.tagged(ws, request))
