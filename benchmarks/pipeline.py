"""What a pipeline adds to the jobs that it runs.

`python benchmarks/pipeline.py [--steps 10] [--repeats 5]` runs, in turns, a pipeline of sequential processing steps
that do nothing and the same processing jobs started one after the other, and writes `results/pipeline.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psutil
from overheads import IMAGE, PROJECT, side_by_side

RESULTS = Path(__file__).parent / "results" / "pipeline.json"
POLL_SECONDS = 0.02


def request(ws: Any) -> dict[str, Any]:
    """A processing job that does nothing, without its name."""
    where = {
        "S3Uri": ws.s3("bench/script.py"),
        "LocalPath": "/opt/ml/processing/code",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {
        "RoleArn": ws.role,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/script.py"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "ProcessingInputs": [{"InputName": "code", "S3Input": where}],
    }


def measure(ws: Any, steps: int, repeats: int) -> dict[str, Any]:
    sagemaker = boto3.client("sagemaker")
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/bench/script.py", Body=b"print('nothing')")
    work = request(ws)

    def one_by_one() -> None:
        for _ in range(steps):
            name = f"bench-{time.time_ns()}"
            sagemaker.create_processing_job(ProcessingJobName=name, **work)
            while True:
                job = sagemaker.describe_processing_job(ProcessingJobName=name)
                if job["ProcessingJobStatus"] != "InProgress":
                    break
                time.sleep(POLL_SECONDS)
            assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")

    listed = [
        {"Name": f"Step{n}", "Type": "Processing", "Arguments": work, "DependsOn": [f"Step{n - 1}"] if n else []}
        for n in range(steps)
    ]
    definition = json.dumps({"Version": "2020-12-01", "Steps": listed})
    sagemaker.create_pipeline(PipelineName="bench", PipelineDefinition=definition, RoleArn=ws.role)

    def as_pipeline() -> None:
        execution = sagemaker.start_pipeline_execution(PipelineName="bench")["PipelineExecutionArn"]
        while True:
            found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
            if found["PipelineExecutionStatus"] != "Executing":
                break
            time.sleep(POLL_SECONDS)
        assert found["PipelineExecutionStatus"] == "Succeeded", found.get("FailureReason")

    results = side_by_side("jobs one by one", one_by_one, "pipeline", as_pipeline, repeats)
    return {"steps": steps, **results, "overhead_per_step_s": round(results["overhead_s"] / steps, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(PROJECT / ".localcloud" / "images"))
    home = tempfile.mkdtemp(prefix="bench-")
    os.environ["LOCALCLOUD_HOME"] = home
    from helpers.workshop import connect
    from localcloud import process

    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    machine += f", {psutil.virtual_memory().total / 2**30:.0f} GB"
    results: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "machine": machine}
    try:
        results["sequential steps"] = measure(connect(quiet=True), arguments.steps, arguments.repeats)
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
