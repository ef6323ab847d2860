"""Network isolation: what runs isolated reaches itself and nothing else, and what SageMaker does around it works."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest
from endpoints import Hosting
from own_cloud import wait_until
from training_jobs import IMAGE, Training

from localcloud.jobs import container, supervise
from localcloud.protocol import ServiceError

if_possible = pytest.mark.skipif(not container.can_isolate(), reason="this system does not let its users isolate")

# Prints what it can reach: itself, the local AWS, and whether it has credentials for it.
TRY = """
import os, socket
def reaches(port):
    try:
        socket.create_connection(("127.0.0.1", port), 3).close()
    except OSError:
        return False
    return True
def found():
    own = socket.create_server(("127.0.0.1", 0))
    there = int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    credentials = "AWS_ACCESS_KEY_ID" in os.environ
    return f"itself {reaches(own.getsockname()[1])}, AWS {reaches(there)}, credentials {credentials}"
"""
ALONE, FREE = "itself True, AWS False, credentials False", "itself True, AWS True, credentials True"
PREDICT = """
def model_fn(folder):
    return None
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return found()
def output_fn(prediction, accept):
    return '"' + prediction + '"', "application/json"
"""


@if_possible
@pytest.mark.parametrize("isolated", [True, False])
def test_an_isolated_command_reaches_itself_alone(isolated: bool) -> None:
    options = [supervise.ISOLATED] if isolated else []
    command = [sys.executable, "-I", supervise.__file__, *options, sys.executable, "-c", TRY + "print(found())"]
    with socket.create_server(("127.0.0.1", 0)) as outside:
        address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{outside.getsockname()[1]}"}
        with subprocess.Popen(
            command, env=address, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            assert process.stdout.read() == f"itself True, AWS {not isolated}, credentials False\n"


@if_possible
@pytest.mark.parametrize(("isolated", "expected"), [(True, ALONE), (False, FREE)])
def test_a_training_job(training: Training, isolated: bool, expected: str) -> None:
    script = TRY + "print(found())\nopen(os.environ['SM_MODEL_DIR'] + '/model', 'w').write('m')"
    job = training.run(script, EnableNetworkIsolation=isolated)
    assert job["TrainingJobStatus"] == "Completed", job
    assert expected in training.log(job["TrainingJobName"])
    assert "ModelArtifacts" in job


@if_possible
def test_a_processing_job(training: Training) -> None:
    name, code = "isolated", training.put("isolated/try.py", TRY + "print(found())")
    place = {"LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix", "S3InputMode": "File", "S3Uri": code}
    training.client.create_processing_job(
        ProcessingJobName=name,
        RoleArn=training.role,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/try.py"]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        ProcessingInputs=[{"InputName": "code", "S3Input": place}],
        NetworkConfig={"EnableNetworkIsolation": True},
    )
    describe = training.client.describe_processing_job
    wait_until(lambda: describe(ProcessingJobName=name)["ProcessingJobStatus"] == "Completed")
    group = {"logGroupName": "/aws/sagemaker/ProcessingJobs"}
    (stream,) = training.logs.describe_log_streams(**group, logStreamNamePrefix=f"{name}/")["logStreams"]
    events = training.logs.get_log_events(**group, logStreamName=stream["logStreamName"])["events"]
    assert [event["message"] for event in events] == [ALONE]


@if_possible
@pytest.mark.parametrize("by", ["model", "configuration"])
def test_an_endpoint(hosting: Hosting, by: str) -> None:
    isolated: dict[str, Any] = {"EnableNetworkIsolation": True}
    model = hosting.model(TRY + PREDICT)
    if by == "model":
        container = hosting.client.describe_model(ModelName=model)["PrimaryContainer"]
        model = f"{model}-isolated"
        role = hosting.training.role
        hosting.client.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer=container, **isolated)
    endpoint = hosting.serve(hosting.config(model, **(isolated if by == "configuration" else {})))
    assert hosting.invoke(endpoint, "any") == ALONE


def test_where_it_cannot_be_had_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "can_isolate", lambda: False)
    container.check_isolation(None)
    with pytest.raises(ServiceError, match="EnableNetworkIsolation is not offered"):
        container.check_isolation(True)
