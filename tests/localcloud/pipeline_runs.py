"""Pipelines for the tests: definitions as JSON, whose steps are tiny jobs in the scikit-learn image."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from own_cloud import wait_until
from training_jobs import IMAGE, Training

ENDED = ("Succeeded", "Failed", "Stopped")


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(on: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(step: str, file: str, path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{file}"), "Path": path}}


def definition(*steps: dict[str, Any], parameters: Any = (), **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps), **more})


def parameter(name: str, kind: str = "String", default: Any = None, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, **({} if default is None else {"DefaultValue": default}), **more}


def condition(name: str, *conditions: Any, then: Any = (), otherwise: Any = (), **more: Any) -> dict[str, Any]:
    arguments = {"Conditions": list(conditions), "IfSteps": list(then), "ElseSteps": list(otherwise)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **more}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def fail(name: str, message: Any = "no", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **more}


class Pipelines:
    """Makes pipelines in one local AWS, starts them and reads how they went."""

    def __init__(self, training: Training) -> None:
        self.training, self.client = training, training.client

    def processing(
        self, name: str, script: str = "", *, arguments: Any = (), outputs: Any = (), inputs: Any = (), **more: Any
    ) -> dict[str, Any]:
        """A processing step that runs a script; `outputs` are names of folders below /opt/ml/processing."""
        code = self.training.put(f"pipeline/{uuid.uuid4().hex[:12]}/script.py", script)
        taken = [("code", code), *inputs]
        request = {
            "RoleArn": self.training.role,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/script.py"],
                **({"ContainerArguments": list(arguments)} if arguments else {}),
            },
            "ProcessingInputs": [_input(*one) for one in taken],
            "ProcessingOutputConfig": {"Outputs": [self._output(one) for one in outputs]},
        }
        return {"Name": name, "Type": "Processing", "Arguments": request, **more}

    def _output(self, name: str) -> dict[str, Any]:
        uri = join("/", self.training.s3_uri("pipeline-out"), get("Execution.PipelineExecutionId"), name)
        where = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3UploadMode": "EndOfJob"}
        return {"OutputName": name, "S3Output": where}

    def train(self, name: str, script: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
        """A training step: `arguments` are changes of the CreateTrainingJob request, expressions too."""
        request = self.training.request(script)
        del request["TrainingJobName"]
        return {"Name": name, "Type": "Training", "Arguments": {**request, **(arguments or {})}, **more}

    def create(self, *steps: dict[str, Any], parameters: Any = (), **more: Any) -> str:
        """Create a pipeline of steps and return its name."""
        name = more.pop("name", f"pipe-{uuid.uuid4().hex[:10]}")
        text = more.pop("text", None) or definition(*steps, parameters=parameters)
        self.client.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=self.training.role, **more)
        return str(name)

    def start(self, pipeline: str, given: dict[str, str] | None = None, **more: Any) -> str:
        """Start an execution and return its ARN."""
        parameters = [{"Name": name, "Value": value} for name, value in (given or {}).items()]
        answer = self.client.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=parameters, **more)
        return str(answer["PipelineExecutionArn"])

    def describe(self, execution: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.describe_pipeline_execution(PipelineExecutionArn=execution)
        return description

    def ended(self, execution: str, seconds: float = 60) -> dict[str, Any]:
        wait_until(lambda: self.describe(execution)["PipelineExecutionStatus"] in ENDED, seconds)
        return self.describe(execution)

    def steps(self, execution: str) -> dict[str, dict[str, Any]]:
        """The steps of an execution, by name."""
        listed = self.client.list_pipeline_execution_steps(PipelineExecutionArn=execution)
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def statuses(self, execution: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(execution).items()}

    def run(self, *steps: dict[str, Any], parameters: Any = (), given: dict[str, str] | None = None) -> str:
        """Create a pipeline, start it and wait for its end. Returns the execution's ARN."""
        execution = self.start(self.create(*steps, parameters=parameters), given)
        self.ended(execution)
        return execution

    def job(self, execution: str, step: str) -> str:
        """The name of the processing or training job of a step."""
        metadata = self.steps(execution)[step]["Metadata"]
        return str(next(iter(metadata.values()))["Arn"].rpartition("/")[2])

    def failure(self, *steps: dict[str, Any], text: str | None = None, parameters: Any = ()) -> str:
        """The message with which CreatePipeline refuses a definition."""
        with pytest.raises(self.client.exceptions.ClientError) as refusal:
            self.create(*steps, text=text, parameters=parameters)
        error = refusal.value.response["Error"]
        assert error["Code"] == "ValidationException"
        return str(error["Message"])


def _input(name: str, uri: Any) -> dict[str, Any]:
    where = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": where}


@contextmanager
def refused(client: Any, code: str, text: str) -> Iterator[None]:
    """The call inside is refused with an error code and a message that holds a text."""
    with pytest.raises(client.exceptions.ClientError) as refusal:
        yield
    error = refusal.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error
