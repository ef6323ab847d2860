"""What lesson 10 builds its two pipelines of: from clean reviews to a registered, then deployed model.

The lesson writes the first step of each kind itself; `Steps` has what they share, and makes the second ones. The first
pipeline takes a snapshot of the data, trains two models side by side, evaluates, and registers the better one if it is
good enough. The second, `deployment`, puts an approved version of the registry behind an endpoint.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import pandas as pd
from sagemaker.core import image_uris
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.training.configs import InputData
from sagemaker.core.workflow import ExecutionVariables, Join, PropertyFile
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.pipeline_definition_config import PipelineDefinitionConfig
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep
from sagemaker.mlops.workflow.steps import TrainingStep as SageMakerTrainingStep

from helpers import PROJECT
from helpers.aws import tags
from helpers.aws.client import listed
from helpers.models import training
from helpers.models.training import INSTANCE
from helpers.workshop import Workshop

JOBS = PROJECT / "jobs"
SERVING = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
_FORMATS = ["application/json", "application/jsonlines", "text/csv"]
# What a version of the registry may be asked in, what it answers, and on which machines it may run.
SERVED = {
    "content_types": _FORMATS,
    "response_types": _FORMATS,
    "inference_instances": [INSTANCE],
    "transform_instances": [INSTANCE],
}
ACCURACY = "binary_classification_metrics.accuracy.value"  # in evaluation.json
CACHE = CacheConfig(enable_caching=True, expire_after="P7D")  # a week: how long a result may stand in for a new run
_OPT = "/opt/ml/processing"
logging.getLogger().setLevel(logging.WARNING)  # the SDK's import has set it to INFO, for all packages
# The SDK says at each step that nothing is started: that is what a pipeline's session is for.
warnings.filterwarnings("ignore", message="Running within a PipelineSession")


@dataclass(frozen=True)
class Steps:
    """What the steps of one pipeline share, and further ones; each job is named after the learner and the step."""

    ws: Workshop

    @cached_property
    def session(self) -> PipelineSession:
        """In this session a job is described, not started. With the bucket named, it asks AWS nothing else."""
        return PipelineSession(
            boto3.Session(region_name=self.ws.region),
            default_bucket=self.ws.bucket,
            default_bucket_prefix=self.ws.prefix,
        )

    @cached_property
    def image(self) -> str:
        return str(image_uris.retrieve("sklearn", self.ws.region, version="1.9-0", instance_type=INSTANCE))

    def process(
        self,
        name: str,
        script: str,
        takes: Mapping[str, Any],
        leaves: Sequence[str],
        arguments: Sequence[Any] = (),
        report: PropertyFile | None = None,
    ) -> ProcessingStep:
        """A processing job that runs a script of jobs/pipeline.

        Args:
            takes: folder below /opt/ml/processing -> address in S3, or a property of an earlier step.
            leaves: folders there that go to S3, below an address of this execution's own.
            report: a file in one of them that conditions can look into.
        """
        processor = ScriptProcessor(
            image_uri=self.image,
            command=["python3"],
            role=self.ws.role,
            instance_type=INSTANCE,
            instance_count=1,
            max_runtime_in_seconds=600,
            base_job_name=self.ws.name(name.lower()),
            sagemaker_session=self.session,
            tags=tags.pairs(self.ws.tags),
        )
        request = processor.run(
            code=script_of(script),
            inputs=[taken(folder, uri) for folder, uri in takes.items()],
            outputs=[self.left(name, folder) for folder in leaves],
            arguments=list(arguments) or None,
        )
        files = [report] if report else None
        return ProcessingStep(name, step_args=request, property_files=files, cache_config=CACHE)

    def left(self, step: str, folder: str) -> ProcessingOutput:
        """A folder of a processing job that goes to S3, below an address of this execution's own."""
        uri = Join(
            on="/", values=[self.ws.s3("pipeline").rstrip("/"), ExecutionVariables.PIPELINE_EXECUTION_ID, step, folder]
        )
        where = ProcessingS3Output(s3_uri=uri, local_path=f"{_OPT}/{folder}", s3_upload_mode="EndOfJob")
        return ProcessingOutput(output_name=folder, s3_output=where)

    def train(self, name: str, hyperparameters: dict[str, Any], channels: Mapping[str, Any]) -> TrainingStep:
        """The training job of lesson 05 as a step; `channels`: name -> address in S3, or a property of a step."""
        trainer = training.sklearn_trainer(
            self.ws, "sklearn/train.py", name.lower(), hyperparameters, session=self.session
        ).with_metric_definitions(training.METRICS)
        inputs = [InputData(channel_name=channel, data_source=source) for channel, source in channels.items()]
        return TrainingStep(name, step_args=trainer.train(input_data_config=inputs), cache_config=CACHE)

    def pipeline(self, name: str, parameters: Sequence[Any], steps: Sequence[Any]) -> Pipeline:
        """A pipeline whose jobs keep the learner's names, so that the learner can find them."""
        return Pipeline(
            name=self.ws.name(name),
            parameters=list(parameters),
            steps=list(steps),
            sagemaker_session=self.session,
            pipeline_definition_config=PipelineDefinitionConfig(use_custom_job_prefix=True),
            pipeline_experiment_config=None,
        )


class TrainingStep(SageMakerTrainingStep):
    """SageMaker's step whose job keeps the learner's name, for which the role may make it; the SDK (3.27) drops it."""

    @property
    def arguments(self) -> Any:
        return {**super().arguments, "TrainingJobName": self.step_args.func_args[0].base_job_name}


def script_of(name: str) -> str:
    """Where a script of jobs/pipeline lies on this machine; the SDK uploads it."""
    return str(JOBS / "pipeline" / name)


def group(ws: Workshop) -> str:
    """The learner's model package group."""
    return ws.name("sentiment")


def output(step: ProcessingStep, folder: str, *below: str) -> Any:
    """The address at which a processing step leaves a folder, or a file in it."""
    uri = step.properties.ProcessingOutputConfig.Outputs[folder].S3Output.S3Uri
    return Join(on="/", values=[uri, *below]) if below else uri


def deployment(ws: Workshop) -> str:
    """The definition of the pipeline that deploys an approved version: what the SDK writes is JSON like this, too.

    The endpoint is made when there is none, and updated without downtime when there is one.
    """
    name = ws.name("automatic")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Get": "Steps.Model.ModelName"},
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
    }
    mark = {"Tags": tags.pairs(ws.tags)}
    return json.dumps(
        {
            "Version": "2020-12-01",
            "Parameters": [{"Name": "ModelPackage", "Type": "String"}],
            "Steps": [
                _step(
                    "Model",
                    ModelName=name,
                    ExecutionRoleArn=ws.role,
                    PrimaryContainer={"ModelPackageName": {"Get": "Parameters.ModelPackage"}},
                    **mark,
                ),
                _step(
                    "EndpointConfig",
                    EndpointConfigName={
                        "Std:Join": {"On": "-", "Values": [name, {"Get": "Execution.PipelineExecutionId"}]}
                    },
                    ProductionVariants=[variant],
                    **mark,
                ),
                _step(
                    "Endpoint",
                    EndpointName=name,
                    EndpointConfigName={"Get": "Steps.EndpointConfig.EndpointConfigName"},
                    **mark,
                ),
            ],
        }
    )


def _step(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": kind, "Type": kind, "Arguments": arguments}


def taken(folder: str, uri: Any) -> ProcessingInput:
    """What a processing job takes: an address in S3, or a property of a step, and a folder below /opt/ml/processing."""
    where = ProcessingS3Input(s3_uri=uri, local_path=f"{_OPT}/{folder}", s3_data_type="S3Prefix", s3_input_mode="File")
    return ProcessingInput(input_name=folder.replace("/", "-"), s3_input=where)


def tagged(ws: Workshop, request: Any) -> Any:
    """What `ModelBuilder.register` gives for a step, with the learner's tags for the group, where the step makes it."""
    # Marketplace is nothing for a pipeline's step: the SDK would take it out itself, with a warning.
    request.create_model_package_request.pop("CertifyForMarketplace", None)
    request.create_model_package_request["Tags"] = tags.pairs(ws.tags)
    return request


def versions(ws: Workshop) -> pd.DataFrame:
    """The versions in the learner's group of the registry, newest first.

    Returns:
        Columns: version, data (how its DataVersion begins), approval, test accuracy (0 to 1, as its evaluation said).
    """
    sagemaker, rows = boto3.client("sagemaker"), []
    names = "ModelPackageSummaryList[].ModelPackageArn"
    for arn in listed(sagemaker, "list_model_packages", names, ModelPackageGroupName=group(ws), SortOrder="Descending"):
        one = sagemaker.describe_model_package(ModelPackageName=arn)
        report = pd.read_json(one["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"], typ="series")
        accuracy = report["binary_classification_metrics"]["accuracy"]["value"]
        data = one["CustomerMetadataProperties"]["DataVersion"][:16]
        rows.append((one["ModelPackageVersion"], data, one["ModelApprovalStatus"], accuracy))
    return pd.DataFrame(rows, columns=["version", "data", "approval", "test accuracy"])


def promises(pipeline: Pipeline) -> pd.DataFrame:
    """The steps of a pipeline as AWS keeps it, and whose results each is promised: so it must wait for these.

    Returns:
        Columns: type, step, waits for (names of steps, "nothing" for none), in the order of the definition.
    """
    rows = []
    for step in json.loads(pipeline.describe()["PipelineDefinition"])["Steps"]:
        inner = [*step["Arguments"].get("IfSteps", []), *step["Arguments"].get("ElseSteps", [])]
        for one in [{**step, "Arguments": step["Arguments"].get("Conditions", step["Arguments"])}, *inner]:
            named = sorted(set(re.findall(r'"Steps\.(\w+)', json.dumps(one["Arguments"]))))
            rows.append((one["Type"], one["Name"], ", ".join(named) or "nothing"))
    return pd.DataFrame(rows, columns=["type", "step", "waits for"])
