"""Glue jobs for the tests."""

from __future__ import annotations

import textwrap
import uuid
from typing import Any

import boto3
from own_cloud import wait_until

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")


class Glue:
    """Creates and runs Glue jobs in one local AWS."""

    def __init__(self, bucket: str, role: str, clients: Any = boto3.client) -> None:
        self.bucket, self.role = bucket, role
        self.client, self.s3, self.logs = clients("glue"), clients("s3"), clients("logs")

    def put(self, key: str, content: str | bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=f"glue-tests/{key}", Body=content)
        return self.uri(key)

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/glue-tests/{key}"

    def job(self, script: str, **changes: Any) -> str:
        """Create a job for a script; return its name."""
        name = changes.pop("Name", f"job-{uuid.uuid4().hex[:8]}")
        location = self.put(f"scripts/{name}.py", textwrap.dedent(script))
        command = {"Name": "glueetl", "ScriptLocation": location, "PythonVersion": "3"}
        definition = {"Role": self.role, "Command": command, "GlueVersion": "5.1", "WorkerType": "G.1X"}
        self.client.create_job(Name=name, **{**definition, "NumberOfWorkers": 2, **changes})
        return str(name)

    def start(self, job: str, **changes: Any) -> str:
        return str(self.client.start_job_run(JobName=job, **changes)["JobRunId"])

    def describe(self, job: str, run: str) -> dict[str, Any]:
        description: dict[str, Any] = self.client.get_job_run(JobName=job, RunId=run)["JobRun"]
        return description

    def ended(self, job: str, run: str, seconds: float = 240) -> dict[str, Any]:
        wait_until(lambda: self.describe(job, run)["JobRunState"] in ENDED, seconds)
        return self.describe(job, run)

    def run(self, script: str, **changes: Any) -> dict[str, Any]:
        job = self.job(script, **changes)
        return self.ended(job, self.start(job))

    def log(self, run: str, kind: str = "output", groups: str = "/aws-glue/jobs") -> list[str]:
        group = f"{groups}/{kind}"
        try:
            events = self.logs.get_log_events(logGroupName=group, logStreamName=run, startFromHead=True)["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]
