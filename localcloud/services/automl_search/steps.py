"""The jobs that an AutoML job consists of: one processing job for its data, one training job for each candidate.

All of them are ordinary SageMaker jobs, so they have a log, a bill and a name that a learner can look up. Everything
they leave lies below `<S3OutputPath>/<job>/`.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.services import training
from localcloud.services.automl_search.request import MINIMIZED, Question

Json = dict[str, Any]
RUNTIME = Path(__file__).resolve().parents[2] / "runtime"
CANDIDATE_CODE = ("automl_train.py", "automl_pipeline.py", "automl_inference.py")
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
INSTANCE = "ml.m5.large"  # on AWS, AutoML chooses the machine
SECONDS_OF_A_CANDIDATE = 24 * 3600
_LATENCY = "InferenceLatency"
_METRICS = (
    *("Accuracy", "BalancedAccuracy", "F1", "Precision", "Recall", "AUC", "F1macro", "PrecisionMacro", "RecallMacro"),
    *("MSE", "RMSE", "MAE", "R2", _LATENCY),
)


def folder(job: Json, *parts: str) -> str:
    """An address below the job's own folder of its output path."""
    return s3io.join_uri(job["OutputDataConfig"]["S3OutputPath"], job["AutoMLJobName"], *parts)


def upload_code(cloud: Cloud, job: Json) -> None:
    """Put the scripts of both kinds of job where they can be read.

    Raises:
        TransferFailed: the output path cannot be written.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in CANDIDATE_CODE:
            tar.add(RUNTIME / name, arcname=name)
    for address, content in (
        (folder(job, "data-processing", "automl_data.py"), (RUNTIME / "automl_data.py").read_bytes()),
        (_candidate_code(job), archive.getvalue()),
    ):
        bucket, key = s3io.parse_uri(address)
        try:
            cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        except Exception as error:
            raise s3io.TransferFailed(f"ClientError: Upload to {address} failed: {error}") from None


def _candidate_code(job: Json) -> str:
    return folder(job, "sagemaker-automl-candidates", "sourcedir.tar.gz")


def data_request(job: Json, question: Question, name: str) -> Json:
    """The CreateProcessingJob request that reads, checks and splits the input."""
    inputs = {"code": folder(job, "data-processing/")}
    for channel in job["AutoMLJobInputDataConfig"]:
        inputs[channel.get("ChannelType", "training")] = channel["DataSource"]["S3DataSource"]["S3Uri"]
    if question.specification:
        inputs["specification"] = question.specification
    root = "/opt/ml/processing"
    request = json.dumps(question.for_analysis())
    return {
        "ProcessingJobName": name,
        "RoleArn": job["RoleArn"],
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{root}/code/automl_data.py"],
            "ContainerArguments": [request, root, f"{root}/output", "/opt/ml/output/message"],
        },
        "ProcessingInputs": [
            {
                "InputName": key,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{root}/{key}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for key, uri in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "data",
                    "S3Output": {
                        "S3Uri": folder(job, "preprocessed-data"),
                        "LocalPath": f"{root}/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": INSTANCE, "VolumeSizeInGB": 30},
        },
        "AutoMLJobArn": job["AutoMLJobArn"],
    }


def schema(cloud: Cloud, job: Json) -> Json:
    """What the processing job has found out about the data."""
    bucket, key = s3io.parse_uri(folder(job, "preprocessed-data", "schema", "schema.json"))
    found: Json = json.loads(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def training_request(job: Json, recipe: dict[str, str], name: str, seconds: int | None) -> Json:
    """The CreateTrainingJob request of one candidate."""
    own = {"sagemaker_program": CANDIDATE_CODE[0], "sagemaker_submit_directory": _candidate_code(job)}
    channels = [
        {
            "ChannelName": part,
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": folder(job, "preprocessed-data", f"{part}/")}
            },
        }
        for part in ("train", "validation", "schema")
    ]
    metrics = [{"Name": metric, "Regex": f"validation:{metric}=(-?[0-9.e+-]+)"} for metric in _METRICS]
    return {
        "TrainingJobName": name,
        "RoleArn": job["RoleArn"],
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": metrics},
        "HyperParameters": {**{key: json.dumps(value) for key, value in own.items()}, **recipe},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": folder(job, "sagemaker-automl-candidates")},
        "ResourceConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds or SECONDS_OF_A_CANDIDATE},
        "Environment": {"OMP_NUM_THREADS": "1"},  # a core per candidate: threads of several would wait for each other
        "AutoMLJobArn": job["AutoMLJobArn"],
    }


def candidate(trial: Json, metric: str, *, text: bool, regression: bool) -> Json:
    """An AutoMLCandidate, by the training job that makes it."""
    status = trial["TrainingJobStatus"]
    values = {
        item["MetricName"]: float(item["Value"])
        for item in trial.get("FinalMetricDataList", [])
        if math.isfinite(item["Value"])
    }
    good = status == "Completed" and metric in values
    found: Json = {
        "CandidateName": trial["TrainingJobName"],
        "CandidateStatus": status,
        "ObjectiveStatus": "Succeeded" if good else "Failed" if status in training.TERMINAL else "Pending",
        "CandidateSteps": [
            {
                "CandidateStepType": "AWS::SageMaker::TrainingJob",
                "CandidateStepArn": trial["TrainingJobArn"],
                "CandidateStepName": trial["TrainingJobName"],
            }
        ],
        "CreationTime": trial["CreationTime"],
        "LastModifiedTime": trial["LastModifiedTime"],
        "EndTime": trial.get("TrainingEndTime"),
        "FailureReason": trial.get("FailureReason"),
    }
    if good:
        found |= {
            "FinalAutoMLJobObjectiveMetric": {
                "Type": "Minimize" if metric in MINIMIZED else "Maximize",
                "MetricName": metric,
                "Value": values[metric],
                "StandardMetricName": metric,
            },
            "CandidateProperties": {"CandidateMetrics": [_datum(name, value) for name, value in values.items()]},
            "InferenceContainers": [_container(trial, regression)],
        }
        if text:
            found["InferenceContainerDefinitions"] = {"CPU": found["InferenceContainers"]}
    return found


def _datum(name: str, value: float) -> Json:
    named = {"StandardMetricName": name, "Value": value, "Set": "Validation"}
    return named if name == _LATENCY else {"MetricName": name, **named}


def _container(trial: Json, regression: bool) -> Json:
    environment = {"SAGEMAKER_PROGRAM": CANDIDATE_CODE[2], "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    if not regression:
        environment["SAGEMAKER_INFERENCE_OUTPUT"] = "predicted_label"
        environment["SAGEMAKER_INFERENCE_SUPPORTED"] = "predicted_label,probability,probabilities,labels"
    return {
        "Image": IMAGE,
        "ModelDataUrl": trial["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": environment,
    }
