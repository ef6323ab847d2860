"""Training jobs for the tests: started as boto3 users start them, in script mode."""

from __future__ import annotations

import io
import json
import tarfile
import textwrap
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
from own_cloud import wait_until

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
ENDED = ("Completed", "Failed", "Stopped")


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """A .tar.gz of files: name -> content. Names are written as given, `../` too."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def members(address: str, s3: Any = None) -> dict[str, bytes]:
    """The files of a .tar.gz on S3: name -> content."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    data = (s3 or boto3.client("s3")).get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {item.name: tar.extractfile(item).read() for item in tar if item.isfile()}  # type: ignore[union-attr]


class Training:
    """Starts training jobs in one local AWS and reads how they went."""

    def __init__(self, bucket: str, role: str, prefix: str = "tests", clients: Any = boto3.client) -> None:
        self.bucket, self.role, self.prefix = bucket, role, prefix
        self.client, self.s3, self.logs = clients("sagemaker"), clients("s3"), clients("logs")

    def s3_uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}/{key}"

    def put(self, key: str, content: bytes | str) -> str:
        """Store an object below the tests' prefix; return its address."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=content)
        return self.s3_uri(key)

    def request(self, script: str | Mapping[str, str | bytes], **changes: Any) -> dict[str, Any]:
        """A CreateTrainingJob request for a script, or for source files of which `train.py` is the program."""
        name = changes.pop("name", f"test-{uuid.uuid4().hex[:12]}")
        files = {"train.py": script} if isinstance(script, str) else script
        source = self.put(f"code/{name}/sourcedir.tar.gz", archive(files))
        own = {key: json.dumps(value) for key, value in changes.pop("hyperparameters", {}).items()}
        channels = changes.pop("channels", {})
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", **changes.pop("algorithm", {})}
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": algorithm,
            "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": source, **own},
            "InputDataConfig": [channel(key, uri) for key, uri in channels.items()],
            "OutputDataConfig": {"S3OutputPath": self.s3_uri("models")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 120},
            **changes,
        }
        return {key: value for key, value in request.items() if value not in (None, [])}

    def start(self, script: str | Mapping[str, str | bytes], **changes: Any) -> str:
        """Start a job and return its name."""
        request = self.request(script, **changes)
        self.client.create_training_job(**request)
        return str(request["TrainingJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.describe_training_job(TrainingJobName=name)
        return description

    def ended(self, name: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for the end of a job and return its description."""
        wait_until(lambda: self.describe(name)["TrainingJobStatus"] in ENDED, seconds)
        return self.describe(name)

    def run(self, script: str | Mapping[str, str | bytes], **changes: Any) -> dict[str, Any]:
        return self.ended(self.start(script, **changes))

    def reaches(self, name: str, text: str, seconds: float = 30) -> None:
        """Wait until a line of the job's log holds the text."""
        wait_until(lambda: any(text in line for line in self.log(name)), seconds)

    def log(self, name: str) -> list[str]:
        """All lines of the job's CloudWatch log."""
        try:
            streams = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/")
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        lines = []
        for stream in streams["logStreams"]:
            events = self.logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in events["events"]]
        return lines


def channel(name: str, uri: str, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}
