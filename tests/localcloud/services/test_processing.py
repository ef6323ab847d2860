"""Processing jobs over boto3 and the SDK: inputs in, a script really runs, outputs out."""

from __future__ import annotations

import json
import textwrap
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until
from training_jobs import IMAGE, Training

ENDED = ("Completed", "Failed", "Stopped")
COPY = """
    import pathlib, sys
    source, target = pathlib.Path("/opt/ml/processing/input"), pathlib.Path("/opt/ml/processing/output")
    for file in sorted(source.rglob("*.txt")):
        (target / file.name).write_text(file.read_text().upper() + " ".join(sys.argv[1:]))
    print("copied", flush=True)
"""


class Processing:
    """Starts processing jobs in one local AWS and reads how they went."""

    def __init__(self, training: Training) -> None:
        self.training, self.client = training, training.client

    def request(self, script: str, **changes: Any) -> dict[str, Any]:
        """A CreateProcessingJob request for a script; `inputs` {local name: uri}, `outputs` [local name]."""
        name = f"p-{uuid.uuid4().hex[:12]}"
        code = self.training.put(f"code/{name}/process.py", textwrap.dedent(script))
        inputs = {"code": code, **changes.pop("inputs", {})}
        outputs = changes.pop("outputs", ["output"])
        mode = changes.pop("upload_mode", "EndOfJob")
        command = ["python3", "/opt/ml/processing/code/process.py"]
        return {
            "ProcessingJobName": name,
            "RoleArn": self.training.role,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": command,
                **changes.pop("application", {}),
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
            },
            "ProcessingInputs": [
                {
                    "InputName": key,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/{key}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for key, uri in inputs.items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": key,
                        "S3Output": {
                            "S3Uri": self.target(name, key),
                            "LocalPath": f"/opt/ml/processing/{key}",
                            "S3UploadMode": mode,
                        },
                    }
                    for key in outputs
                ]
            },
            **changes,
        }

    def target(self, name: str, output: str = "output") -> str:
        return self.training.s3_uri(f"processed/{name}/{output}")

    def start(self, script: str, **changes: Any) -> str:
        request = self.request(script, **changes)
        self.client.create_processing_job(**request)
        return str(request["ProcessingJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.describe_processing_job(ProcessingJobName=name)
        return answer

    def wait(self, name: str, seconds: float = 60) -> dict[str, Any]:
        wait_until(lambda: self.describe(name)["ProcessingJobStatus"] in ENDED, seconds)
        return self.describe(name)

    def run(self, script: str, **changes: Any) -> dict[str, Any]:
        return self.wait(self.start(script, **changes))

    def output(self, name: str, file: str) -> str:
        bucket, _, key = f"{self.target(name)}/{file}".removeprefix("s3://").partition("/")
        return str(self.training.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    def log(self, name: str) -> str:
        group = "/aws/sagemaker/ProcessingJobs"
        streams = self.training.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
        stream = streams["logStreams"][0]["logStreamName"]
        events = self.training.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return "\n".join(event["message"] for event in events["events"])


@pytest.fixture(scope="session")
def processing(training: Training) -> Processing:
    """Starts processing jobs in the session's local AWS."""
    return Processing(training)


@pytest.fixture(scope="session")
def copied(processing: Processing) -> dict[str, Any]:
    """A job that has read two inputs and written two outputs."""
    processing.training.put("in/one.txt", "one ")
    processing.training.put("in/sub/two.txt", "two ")
    return processing.run(
        COPY,
        inputs={"input": processing.training.s3_uri("in/")},
        application={"ContainerArguments": ["with", "arguments"]},
    )


def test_a_job_reads_its_input_and_its_output_lies_in_s3(processing: Processing, copied: dict[str, Any]) -> None:
    assert copied["ProcessingJobStatus"] == "Completed"
    name = copied["ProcessingJobName"]
    assert processing.output(name, "one.txt") == "ONE with arguments"
    assert processing.output(name, "two.txt") == "TWO with arguments"


def test_times_are_recorded_in_their_order(copied: dict[str, Any]) -> None:
    assert copied["CreationTime"] <= copied["ProcessingStartTime"] <= copied["ProcessingEndTime"]


def test_what_the_script_prints_is_in_cloudwatch(processing: Processing, copied: dict[str, Any]) -> None:
    assert "copied" in processing.log(copied["ProcessingJobName"])


def test_jobs_are_listed_by_name_and_status(processing: Processing, copied: dict[str, Any]) -> None:
    name = copied["ProcessingJobName"]
    listed = processing.client.list_processing_jobs(NameContains=name, StatusEquals="Completed")
    assert [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]] == [name]


def test_a_job_has_tags(processing: Processing, copied: dict[str, Any]) -> None:
    arn = copied["ProcessingJobArn"]
    processing.client.add_tags(ResourceArn=arn, Tags=[{"Key": "lesson", "Value": "04"}])
    assert processing.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "lesson", "Value": "04"}]


def test_the_configuration_lies_where_a_container_finds_it(processing: Processing) -> None:
    script = """
        import json, os, pathlib
        config = pathlib.Path("/opt/ml/config")
        job = json.loads((config / "processingjobconfig.json").read_text())
        resources = json.loads((config / "resourceconfig.json").read_text())
        found = {"name": job["ProcessingJobName"], "host": resources["current_host"], "color": os.environ["COLOR"]}
        pathlib.Path("/opt/ml/processing/output/found.json").write_text(json.dumps(found))
    """
    job = processing.run(script, Environment={"COLOR": "blue"})
    name = job["ProcessingJobName"]
    assert json.loads(processing.output(name, "found.json")) == {"name": name, "host": "algo-1", "color": "blue"}


def test_the_exit_message_is_what_the_script_has_written(processing: Processing) -> None:
    script = """
        import pathlib
        pathlib.Path("/opt/ml/output/message").write_text("42 rows were odd")
    """
    job = processing.run(script)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "42 rows were odd")


def test_the_reason_of_a_script_that_fails_is_its_code_and_the_log_says_why(processing: Processing) -> None:
    job = processing.run("raise SystemExit('no such column: stars')")
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", "AlgorithmError: , exit code: 1")
    assert "no such column: stars" in processing.log(job["ProcessingJobName"])


def test_a_failed_job_leaves_no_output(processing: Processing) -> None:
    script = """
        open("/opt/ml/processing/output/half.txt", "w").write("half")
        raise SystemExit(1)
    """
    job = processing.run(script)
    with pytest.raises(ClientError, match="NoSuchKey"):
        processing.output(job["ProcessingJobName"], "half.txt")


def test_a_continuous_output_is_there_before_the_job_ends(processing: Processing) -> None:
    script = """
        import time
        open("/opt/ml/processing/output/early.txt", "w").write("early")
        time.sleep(120)
    """
    name = processing.start(script, upload_mode="Continuous")

    def there() -> bool:
        try:
            return processing.output(name, "early.txt") == "early"
        except ClientError:
            return False

    wait_until(there, 30)
    assert processing.describe(name)["ProcessingJobStatus"] == "InProgress"
    processing.client.stop_processing_job(ProcessingJobName=name)
    assert processing.wait(name)["ProcessingJobStatus"] == "Stopped"


def test_files_that_go_while_they_are_uploaded_and_pipes_do_no_harm(processing: Processing) -> None:
    script = """
        import os, time
        folder = "/opt/ml/processing/output/"
        os.mkfifo(folder + "pipe")
        end = time.time() + 7
        while time.time() < end:
            for number in range(200):
                open(f"{folder}{number}.tmp", "w").write("half")
            for number in range(200):
                os.replace(f"{folder}{number}.tmp", f"{folder}{number}.txt")
    """
    job = processing.run(script, upload_mode="Continuous")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert processing.output(job["ProcessingJobName"], "199.txt") == "half"


def test_a_stopped_job_ends_within_ten_seconds(processing: Processing) -> None:
    name = processing.start("import time\ntime.sleep(300)")
    wait_until(lambda: "ProcessingStartTime" in processing.describe(name))
    began = time.monotonic()
    processing.client.stop_processing_job(ProcessingJobName=name)
    assert processing.wait(name)["ProcessingJobStatus"] == "Stopped"
    assert time.monotonic() - began < 10


def test_a_job_that_has_ended_cannot_be_stopped(processing: Processing, copied: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="cannot be stopped"):
        processing.client.stop_processing_job(ProcessingJobName=copied["ProcessingJobName"])


def test_the_time_limit_ends_a_job(processing: Processing) -> None:
    job = processing.run("import time\ntime.sleep(300)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntime" in job["ExitMessage"]


@pytest.mark.parametrize("uri", ["s3://sagemaker-us-east-1-123456789012/nothing/here/", "s3://No Bucket/x"])
def test_an_input_that_does_not_exist_fails_the_job_by_its_address(processing: Processing, uri: str) -> None:
    job = processing.run(COPY, inputs={"input": uri})
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:")
    assert uri in job["FailureReason"]


def test_an_output_that_cannot_be_uploaded_fails_the_job_with_paths_as_it_sees_them(processing: Processing) -> None:
    request = processing.request("open('/opt/ml/processing/output/a.txt', 'w').write('1')")
    request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = "s3://no-such-bucket/x"
    processing.client.create_processing_job(**request)
    reason = processing.wait(request["ProcessingJobName"])["FailureReason"]
    assert "Upload to s3://no-such-bucket/x/a.txt failed: NoSuchBucket" in reason
    assert "NoSuchBucket" in reason


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"application": {"ImageUri": "123.dkr.ecr.us-east-1.amazonaws.com/mine:1"}}, "not found"),
        (
            {
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                }
            },
            "one instance",
        ),
        ({"outputs": ["../escape"]}, "below /opt/ml/processing"),
        ({"inputs": {"a/../../b": "s3://somewhere/x"}}, "below /opt/ml/processing"),
        ({"outputs": ["code"]}, r"names must be globally unique: \[code\]"),
        ({"inputs": {"code/": "s3://somewhere/x"}}, "Two inputs have the LocalPath /opt/ml/processing/code"),
    ],
)
def test_what_cannot_run_is_refused_at_once(processing: Processing, change: dict[str, Any], what: str) -> None:
    with pytest.raises(ClientError, match=what):
        processing.client.create_processing_job(**processing.request(COPY, **change))


def test_a_name_is_used_once(processing: Processing) -> None:
    request = processing.request("print(1)")
    processing.client.create_processing_job(**request)
    with pytest.raises(processing.client.exceptions.ResourceInUse):
        processing.client.create_processing_job(**request)
    processing.wait(request["ProcessingJobName"])


@pytest.mark.image
def test_what_a_killed_server_left_has_failed(own_cloud: OwnCloud) -> None:
    from localcloud.store.state import BUCKET, ROLE_ARN

    processing = Processing(Training(BUCKET, ROLE_ARN, clients=own_cloud.client))
    name = processing.start("import time\ntime.sleep(300)")
    wait_until(lambda: "ProcessingStartTime" in processing.describe(name))
    own_cloud.kill()
    own_cloud.start()
    job = Processing(Training(BUCKET, ROLE_ARN, clients=own_cloud.client)).describe(name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "was stopped while this job was running" in job["FailureReason"]


def output(target: str) -> Any:
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output

    where = ProcessingS3Output(s3_uri=target, local_path="/opt/ml/processing/output", s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name="output", s3_output=where)


def test_the_script_processor_of_the_sdk_runs_a_script(processing: Processing, workshop: Any, tmp_path: Path) -> None:
    from sagemaker.core.processing import ScriptProcessor

    script = tmp_path / "hello.py"
    script.write_text("import sys; open('/opt/ml/processing/output/hello.txt', 'w').write(sys.argv[1])")
    processor = ScriptProcessor(
        image_uri=IMAGE,
        command=["python3"],
        instance_type="ml.m5.large",
        instance_count=1,
        role=workshop.role,
        sagemaker_session=workshop.session,
    )
    name = f"sdk-{uuid.uuid4().hex[:8]}"
    processor.run(
        code=str(script), outputs=[output(processing.target(name))], arguments=["world"], wait=False, job_name=name
    )
    assert processing.wait(name)["ProcessingJobStatus"] == "Completed"
    assert processing.output(name, "hello.txt") == "world"


def test_the_framework_processor_of_the_sdk_takes_a_folder(
    processing: Processing, workshop: Any, tmp_path: Path
) -> None:
    from sagemaker.core.processing import FrameworkProcessor

    (tmp_path / "words.py").write_text("GREETING = 'from a module'")
    (tmp_path / "hello.py").write_text(
        "from words import GREETING\nopen('/opt/ml/processing/output/hello.txt', 'w').write(GREETING)"
    )
    processor = FrameworkProcessor(
        image_uri=IMAGE,
        command=["python3"],
        instance_type="ml.m5.large",
        instance_count=1,
        role=workshop.role,
        sagemaker_session=workshop.session,
    )
    name = f"sdk-{uuid.uuid4().hex[:8]}"
    processor.run(
        code="hello.py",
        source_dir=str(tmp_path),
        outputs=[output(processing.target(name))],
        wait=False,
        job_name=name,
    )
    job = processing.wait(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert processing.output(name, "hello.txt") == "from a module"
