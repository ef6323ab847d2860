"""Batch transform jobs for the tests."""

from __future__ import annotations

import uuid
from typing import Any

from own_cloud import wait_until
from training_jobs import ENDED, Training

GROUP = "/aws/sagemaker/TransformJobs"

# Answers each line of its input as `word:line`; some lines are orders.
LINES = """
    import json, os, time

    def model_fn(model_dir):
        return os.environ.get("WORD", "w")

    def input_fn(body, content_type):
        if content_type not in ("text/csv", "application/jsonlines", "application/json"):
            raise ValueError(f"{content_type} is not understood")
        print(f"request of {len(body)} characters, {content_type}", flush=True)
        if content_type == "text/csv":
            return body.split("\\n")
        if content_type == "application/json":
            return [json.loads(body)]
        return [json.loads(line) for line in body.splitlines()]

    def predict_fn(data, word):
        if "sleep" in data:
            time.sleep(600)
        if "slow" in data:
            time.sleep(0.5)
        if "bad" in data:
            raise ValueError("a bad record")
        if "bug" in data:
            raise KeyError("a bug in the model")
        if "exit" in data:
            os._exit(3)
        return [f"{word}:{item}" if isinstance(item, str) else {"got": item} for item in data]

    def output_fn(prediction, accept):
        if accept == "text/csv":
            return "\\n".join(prediction), accept
        return "\\n".join(json.dumps(item) for item in prediction), accept
"""


class Transform:
    """Starts transform jobs of one model and reads what they wrote."""

    def __init__(self, training: Training, model: str) -> None:
        self.training, self.model = training, model
        self.client, self.s3, self.logs = training.client, training.s3, training.logs

    def request(self, files: dict[str, str | bytes], **changes: Any) -> dict[str, Any]:
        """A CreateTransformJob request for input files of text lines: a record a line, CSV."""
        name = changes.pop("name", f"test-{uuid.uuid4().hex[:12]}")
        for key, content in files.items():
            self.training.put(f"{name}/in/{key}", content)
        data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.training.s3_uri(f"{name}/in/")}}
        source = {"DataSource": data, "ContentType": "text/csv", "SplitType": "Line", **changes.pop("source", {})}
        target = {"Accept": "text/csv", "AssembleWith": "Line", **changes.pop("target", {})}
        return {
            "TransformJobName": name,
            "ModelName": self.model,
            "TransformInput": {key: value for key, value in source.items() if value},
            "TransformOutput": {"S3OutputPath": self.training.s3_uri(f"{name}/out"), **target},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **changes,
        }

    def start(self, files: dict[str, str | bytes], **changes: Any) -> str:
        request = self.request(files, **changes)
        self.client.create_transform_job(**request)
        return str(request["TransformJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.describe_transform_job(TransformJobName=name)
        return description

    def ended(self, name: str, seconds: float = 60) -> dict[str, Any]:
        wait_until(lambda: self.describe(name)["TransformJobStatus"] in ENDED, seconds)
        return self.describe(name)

    def run(self, files: dict[str, str | bytes], **changes: Any) -> dict[str, Any]:
        return self.ended(self.start(files, **changes))

    def outputs(self, name: str) -> dict[str, str]:
        """What a job has written: the key below its output path -> the content."""
        prefix = f"{self.training.prefix}/{name}/out/"
        found = self.s3.list_objects_v2(Bucket=self.training.bucket, Prefix=prefix).get("Contents", [])
        keys = [item["Key"] for item in found]
        read = (self.s3.get_object(Bucket=self.training.bucket, Key=key)["Body"].read().decode() for key in keys)
        return {key.removeprefix(prefix): content for key, content in zip(keys, read, strict=True)}

    def output(self, files: dict[str, str | bytes], **changes: Any) -> str:
        """Run a job of one input file and return what it wrote."""
        job = self.run(files, **changes)
        assert job["TransformJobStatus"] == "Completed", (job.get("FailureReason"), self.log(job["TransformJobName"]))
        (content,) = self.outputs(job["TransformJobName"]).values()
        return content

    def log(self, name: str) -> list[str]:
        """All lines of a job's streams: of its model, and its data-log."""
        try:
            streams = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        lines = []
        for stream in streams:
            events = self.logs.get_log_events(
                logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in events["events"]]
        return lines

    def requests(self, name: str) -> int:
        """How many requests the model has taken."""
        return sum("request of" in line for line in self.log(name))
