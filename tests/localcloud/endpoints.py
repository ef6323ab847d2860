"""Models, endpoint configurations and endpoints for the tests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
import psutil
from own_cloud import wait_until
from training_jobs import IMAGE, Training, archive

GROUP = "/aws/sagemaker/Endpoints"

ECHO = """
    import json, os, time

    def model_fn(model_dir):
        print("loading the model")
        return open(os.path.join(model_dir, "word.txt")).read()

    def input_fn(body, content_type):
        if content_type == "application/json":
            data = json.loads(body)
            return data if isinstance(data, list) else [data]
        if content_type == "application/jsonlines":
            return [json.loads(line) for line in body.splitlines()]
        if content_type == "text/csv":
            return body.splitlines()
        raise ValueError(f"{content_type} is not understood")

    def predict_fn(data, model):
        if "sleep" in data:
            time.sleep(1.0)
        if "crash" in data:
            os._exit(3)
        if "bug" in data:
            raise KeyError("a bug in the model")
        return [f"{model}:{item}" for item in data]

    def output_fn(prediction, accept):
        if accept == "application/jsonlines":
            return "\\n".join(json.dumps(item) for item in prediction), accept
        if accept == "text/csv":
            return "\\n".join(prediction), accept
        return json.dumps(prediction), "application/json"
"""


class Hosting:
    """Creates what an endpoint needs, each with a name of its own, and removes it all at the end."""

    def __init__(self, training: Training, clients: Any = boto3.client) -> None:
        self.training = training
        self.client, self.runtime = clients("sagemaker"), clients("sagemaker-runtime")
        self.endpoints: set[str] = set()

    def model(self, script: str = ECHO, *, word: str = "w", files: Mapping[str, str | bytes] | None = None) -> str:
        """A model of a script and a file word.txt, or of exactly these files. Returns its name."""
        name = f"model-{uuid.uuid4().hex[:8]}"
        content = files if files is not None else {"word.txt": word, "code/inference.py": script}
        data = self.training.put(f"endpoints/{name}/model.tar.gz", archive(content))
        container = {"Image": IMAGE, "ModelDataUrl": data}
        self.client.create_model(ModelName=name, ExecutionRoleArn=self.training.role, PrimaryContainer=container)
        return name

    def config(self, *models: str, weights: tuple[float, ...] = (), **more: Any) -> str:
        """A configuration of one variant per model: v0, v1, ..., and of whatever more. Returns its name."""
        name = f"config-{uuid.uuid4().hex[:8]}"
        variants = [
            {
                "VariantName": f"v{number}",
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weights[number] if weights else 1.0,
            }
            for number, model in enumerate(models)
        ]
        self.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **more)
        return name

    def serverless_config(self, model: str, *, memory: int = 1024, concurrency: int = 5, **more: Any) -> str:
        """A configuration of one serverless variant, v0. Returns its name."""
        name = f"config-{uuid.uuid4().hex[:8]}"
        serverless = {"MemorySizeInMB": memory, "MaxConcurrency": concurrency}
        variant = {"VariantName": "v0", "ModelName": model, "ServerlessConfig": serverless, **more}
        self.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def create(self, config: str, name: str = "") -> str:
        """Start an endpoint and return its name; it is Creating."""
        name = name or f"endpoint-{uuid.uuid4().hex[:8]}"
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.endpoints.add(name)
        return name

    def serve(self, config: str) -> str:
        name = self.create(config)
        assert self.settled(name)["EndpointStatus"] == "InService", self.describe(name).get("FailureReason")
        return name

    def describe(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.describe_endpoint(EndpointName=name)
        return description

    def settled(self, name: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the endpoint is no longer Creating or Updating; return its description."""
        wait_until(lambda: self.describe(name)["EndpointStatus"] not in ("Creating", "Updating"), seconds)
        return self.describe(name)

    def delete(self, name: str) -> None:
        """Delete an endpoint and wait until it is gone."""
        self.client.delete_endpoint(EndpointName=name)
        wait_until(lambda: name not in self.names())
        self.endpoints.discard(name)

    def names(self) -> list[str]:
        return [one["EndpointName"] for one in self.client.list_endpoints(MaxResults=100)["Endpoints"]]

    def invoke(self, name: str, data: Any, **more: Any) -> Any:
        """Send JSON, return the decoded answer."""
        body = json.dumps(data).encode()
        answer = self.runtime.invoke_endpoint(EndpointName=name, ContentType="application/json", Body=body, **more)
        return json.loads(answer["Body"].read())

    def log(self, name: str) -> list[str]:
        """All lines of all variants of an endpoint."""
        logs, lines = self.training.logs, []
        for stream in logs.describe_log_streams(logGroupName=f"{GROUP}/{name}")["logStreams"]:
            events = logs.get_log_events(
                logGroupName=f"{GROUP}/{name}", logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in events["events"]]
        return lines

    def processes(self, name: str) -> list[psutil.Process]:
        """The model servers of an endpoint, without their supervisors."""
        found = []
        for process in psutil.process_iter():
            try:
                line = process.cmdline()
                if any("model_server.py" in part for part in line[:3]) and name in " ".join(line):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def clean_up(self) -> None:
        for name in sorted(self.endpoints):
            self.delete(name)
