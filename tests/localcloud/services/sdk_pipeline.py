"""A program that uses pipelines as the SDK v3's users do. It prints what it saw as one line of JSON; the tests read it.

Two pipelines: data -> training -> report -> gate -> registered model and endpoint; and tuning -> the best model's file.
"""

# ruff: noqa: E402 -- connect() comes before the SDK's imports

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import boto3

from helpers.workshop import connect

ws = connect(quiet=True)  # before the SDK's imports: some of its modules make a client, which needs a region
from sagemaker.core import image_uris
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.training.configs import Compute, InputData, MetricDefinition, OutputDataConfig, SourceCode
from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow import (
    ConditionGreaterThanOrEqualTo,
    ExecutionVariables,
    Join,
    JsonGet,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
    PropertyFile,
)
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow import (
    CacheConfig,
    ConditionStep,
    EndpointConfigStep,
    EndpointStep,
    FailStep,
    ModelStep,
    ParallelismConfiguration,
    Pipeline,
    ProcessingStep,
    TrainingStep,
    TransformStep,
    TuningStep,
)
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

INSTANCE = "ml.m5.large"
CODE = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}

jobs = Path(sys.argv[1])
session = PipelineSession(
    boto3.Session(region_name=ws.region), default_bucket=ws.bucket, default_bucket_prefix=ws.prefix
)
image = image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type=INSTANCE)
seen: dict[str, Any] = {}

source = ParameterString("Source", default_value=ws.s3("sdk-pipeline/raw/"))
rows = ParameterInteger("Rows", default_value=2)
rate = ParameterFloat("Rate", default_value=0.9)
gate = ParameterFloat("Gate", default_value=0.8)
boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/sdk-pipeline/raw/rows.txt", Body=b'"a"\n"b"\n"c"\n')


def processor(name: str) -> ScriptProcessor:
    return ScriptProcessor(
        image_uri=image, command=["python3"], role=ws.role, instance_type=INSTANCE, instance_count=1,
        base_job_name=name, sagemaker_session=session,
    )  # fmt: skip


def taken(name: str, uri: Any) -> ProcessingInput:
    where = ProcessingS3Input(
        s3_uri=uri, local_path=f"/opt/ml/processing/{name}", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    return ProcessingInput(input_name=name, s3_input=where)


def left(name: str) -> ProcessingOutput:
    uri = Join(on="/", values=[ws.s3("sdk-pipeline"), ExecutionVariables.PIPELINE_EXECUTION_ID, name])
    where = ProcessingS3Output(s3_uri=uri, local_path=f"/opt/ml/processing/{name}", s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=name, s3_output=where)


def trainer(**hyperparameters: Any) -> ModelTrainer:
    return ModelTrainer(
        training_image=image,
        source_code=SourceCode(source_dir=str(jobs), entry_script="train.py"),
        compute=Compute(instance_type=INSTANCE, instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=ws.s3("sdk-pipeline/models")),
        hyperparameters=hyperparameters,
        role=ws.role,
        base_job_name="sdk-pipeline",
        sagemaker_session=session,
    ).with_metric_definitions([MetricDefinition(name="accuracy", regex="accuracy=([0-9.]+)")])


prepare = ProcessingStep(
    "Prepare",
    step_args=processor("prepare").run(
        code=str(jobs / "prepare.py"),
        inputs=[taken("input", source)],
        outputs=[left("train")],
        arguments=["--rows", rows.to_string()],
    ),
    cache_config=CacheConfig(enable_caching=True, expire_after="PT1H"),
)
prepared = prepare.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
train = TrainingStep(
    "Train",
    step_args=trainer(rate=rate.to_string()).train(
        input_data_config=[InputData(channel_name="train", data_source=prepared)]
    ),
)
model_data = train.properties.ModelArtifacts.S3ModelArtifacts
report = PropertyFile(name="Report", output_name="evaluation", path="evaluation.json")
evaluate = ProcessingStep(
    "Evaluate",
    step_args=processor("evaluate").run(
        code=str(jobs / "evaluate.py"), inputs=[taken("model", model_data)], outputs=[left("evaluation")]
    ),
    property_files=[report],
)


def builder() -> ModelBuilder:
    return ModelBuilder(
        image_uri=image, s3_model_data_url=model_data, env_vars=CODE, role_arn=ws.role, sagemaker_session=session
    )


register = ModelStep(
    "Register",
    step_args=builder().register(
        model_package_group_name="sdk-pipeline",
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=[INSTANCE],
        transform_instances=[INSTANCE],
        approval_status="Approved",
    ),
)
create_model = ModelStep("CreateModel", step_args=builder().build())
transformer = Transformer(
    model_name=create_model.properties.ModelName,
    instance_count=1,
    instance_type=INSTANCE,
    strategy="SingleRecord",
    assemble_with="Line",
    accept="application/json",
    output_path=Join(on="/", values=[ws.s3("sdk-pipeline"), ExecutionVariables.PIPELINE_EXECUTION_ID, "scored"]),
    sagemaker_session=session,
)
score = TransformStep(
    "Score", step_args=transformer.transform(data=source, content_type="application/json", split_type="Line")
)
variant = {
    "VariantName": "AllTraffic",
    "ModelName": create_model.properties.ModelName,
    "InstanceType": INSTANCE,
    "InitialInstanceCount": 1,
}
configure = EndpointConfigStep(
    "Configure",
    step_args=session.create_endpoint_config(
        name=Join(on="-", values=["sdk-pipeline", ExecutionVariables.PIPELINE_EXECUTION_ID]),
        production_variants=[variant],
    ),
)
deploy = EndpointStep(
    "Deploy",
    step_args=session.create_endpoint(
        endpoint_name="sdk-pipeline", config_name=configure.properties.EndpointConfigName
    ),
)
accuracy = JsonGet(step_name="Evaluate", property_file=report, json_path="metrics.accuracy")
check = ConditionStep(
    "Gate",
    conditions=[ConditionGreaterThanOrEqualTo(left=accuracy, right=gate)],
    if_steps=[register, create_model, score, configure, deploy],
    else_steps=[FailStep("TooWeak", error_message=Join(on=" ", values=["only", accuracy]))],
)
pipeline = Pipeline(
    name="sdk-pipeline",
    parameters=[source, rows, rate, gate],
    steps=[prepare, train, evaluate, check],
    sagemaker_session=session,
)
pipeline.upsert(role_arn=ws.role)

small = Pipeline(name="sdk-upsert", steps=[FailStep("Never")], sagemaker_session=session)  # the SDK compiles at each
seen["created"] = small.upsert(role_arn=ws.role, tags=[{"Key": "course", "Value": "imdb"}])["PipelineArn"]
seen["updated"] = small.upsert(role_arn=ws.role, description="again", tags=[{"Key": "more", "Value": "yes"}])[
    "PipelineVersionId"
]
seen["tags"] = sorted(tag["Key"] for tag in boto3.client("sagemaker").list_tags(ResourceArn=seen["created"])["Tags"])


def run(name: str, one: Pipeline, **start: Any) -> None:
    execution = one.start(**start)
    try:
        execution.wait(delay=1, max_attempts=90)
    except Exception as error:
        seen[f"{name} raised"] = type(error).__name__
    steps = {step["StepName"]: step for step in execution.list_steps()}
    seen[name] = {
        "status": execution.describe()["PipelineExecutionStatus"],
        "parameters": {one["Name"]: one["Value"] for one in execution.list_parameters()["PipelineParameters"]},
        "statuses": {key: step["StepStatus"] for key, step in steps.items()},
        "reasons": {key: step["FailureReason"] for key, step in steps.items() if "FailureReason" in step},
        "cached": [key for key, step in steps.items() if "CacheHitResult" in step],
        "metadata": {key: next(iter(step["Metadata"]), None) for key, step in steps.items() if "Metadata" in step},
    }


def answer() -> Any:
    reply = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="sdk-pipeline", ContentType="application/json", Body=b'"x"'
    )
    return json.loads(reply["Body"].read())


run("good", pipeline, parallelism_config=ParallelismConfiguration(2))
seen["answer"] = answer()
run("better", pipeline, parameters={"Rate": 0.95})
seen["answer of the update"] = answer()
run("weak", pipeline, parameters={"Gate": 0.99, "Rows": 1})
boto3.client("sagemaker").delete_endpoint(EndpointName="sdk-pipeline")

tuner = HyperparameterTuner(
    model_trainer=trainer(),
    objective_metric_name="accuracy",
    hyperparameter_ranges={"rate": ContinuousParameter(0.1, 0.9)},
    metric_definitions=[{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
    strategy="Random",
    max_jobs=2,
    max_parallel_jobs=2,
)
tune = TuningStep("Tune", step_args=tuner.tune(inputs=[InputData(channel_name="train", data_source=source)]))
best = tune.get_top_model_s3_uri(0, ws.bucket, prefix=f"{ws.prefix}/sdk-pipeline/models")
read = ProcessingStep(
    "Read",
    step_args=processor("read").run(
        code=str(jobs / "evaluate.py"), inputs=[taken("model", best)], outputs=[left("evaluation")]
    ),
    property_files=[report],
)
value = JsonGet(step_name="Read", property_file=report, json_path="metrics.accuracy")
other = tune.properties.TrainingJobSummaries[1].FinalHyperParameterTuningJobObjectiveMetric.Value
better = ConditionStep(
    "BestIsBest", conditions=[ConditionGreaterThanOrEqualTo(left=value, right=other)], else_steps=[FailStep("Wrong")]
)
tuning = Pipeline(name="sdk-tuning", parameters=[source], steps=[tune, read, better], sagemaker_session=session)
tuning.upsert(role_arn=ws.role)
run("tuned", tuning)

stopped = pipeline.start(parameters={"Rate": 0.5})
stopped.stop()
seen["stop"] = stopped.describe()["PipelineExecutionStatus"]
print("SEEN " + json.dumps(seen))
