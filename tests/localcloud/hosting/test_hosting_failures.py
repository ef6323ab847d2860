"""Models and endpoints that cannot work: refused at once, or Failed with the real reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from endpoints import ECHO, Hosting
from own_cloud import wait_until
from training_jobs import IMAGE

from localcloud.hosting.variant import Variant


def reason(hosting: Hosting, script: str = ECHO, files: Mapping[str, str | bytes] | None = None) -> str:
    """Why an endpoint of this model fails."""
    endpoint = hosting.create(hosting.config(hosting.model(script, files=files)))
    description = hosting.settled(endpoint)
    assert description["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError, match="is in status Failed"):
        hosting.invoke(endpoint, ["x"])
    return str(description["FailureReason"])


def test_a_model_fn_that_raises(hosting: Hosting) -> None:
    text = reason(hosting, "def model_fn(d):\n    raise ValueError('made by scikit-learn 0.23')")
    assert "did not pass the ping health check" in text
    assert "ValueError: made by scikit-learn 0.23" in text


def test_a_script_without_model_fn(hosting: Hosting) -> None:
    assert "inference.py has no model_fn" in reason(hosting, "pass")


def test_a_model_without_a_script(hosting: Hosting) -> None:
    assert "model.tar.gz holds no code/inference.py" in reason(hosting, files={"word.txt": "w"})


def test_a_module_that_is_missing(hosting: Hosting) -> None:
    assert "No module named 'torch'" in reason(hosting, "import torch\ndef model_fn(d): pass")


def test_a_process_that_dies_while_loading(hosting: Hosting) -> None:
    assert "exit code 137" in reason(hosting, "import os\ndef model_fn(d):\n    os.kill(os.getpid(), 9)")


def test_an_archive_with_members_that_climb_out(hosting: Hosting) -> None:
    text = reason(hosting, files={"code/inference.py": ECHO, "../../../climbed.txt": "escaped"})
    assert "refused" in text
    assert "climbed.txt" in text


def test_model_data_that_is_no_archive(hosting: Hosting) -> None:
    model = hosting.model()
    data = hosting.client.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    hosting.training.put(data.partition("/tests/")[2], b"no archive")
    endpoint = hosting.create(hosting.config(model))
    assert "not a readable .tar.gz archive" in hosting.settled(endpoint)["FailureReason"]


def test_model_data_that_was_deleted_meanwhile(hosting: Hosting) -> None:
    model = hosting.model()
    data = hosting.client.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    bucket, _, key = data.removeprefix("s3://").partition("/")
    hosting.training.s3.delete_object(Bucket=bucket, Key=key)
    endpoint = hosting.create(hosting.config(model))
    assert data in hosting.settled(endpoint)["FailureReason"]


def test_the_reason_is_in_the_endpoints_log_too(hosting: Hosting) -> None:
    endpoint = hosting.create(hosting.config(hosting.model("raise ImportError('not here')")))
    hosting.settled(endpoint)
    wait_until(lambda: any("ImportError: not here" in line for line in hosting.log(endpoint)), 5)


def test_a_failed_endpoint_can_only_be_deleted(hosting: Hosting) -> None:
    endpoint = hosting.create(hosting.config(hosting.model("pass")))
    hosting.settled(endpoint)
    with pytest.raises(ClientError, match="Cannot update"):
        hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config(hosting.model()))
    hosting.delete(endpoint)


# --- Refused at once -------------------------------------------------------------------------------------------


def container(hosting: Hosting, **changes: str) -> dict[str, str]:
    return {"Image": IMAGE, "ModelDataUrl": hosting.training.s3_uri("none/model.tar.gz"), **changes}


def test_a_model_of_an_unknown_image(hosting: Hosting) -> None:
    unknown = container(hosting, Image="1.dkr.ecr.us-east-1.amazonaws.com/own:1")
    with pytest.raises(ClientError, match="not found"):
        hosting.client.create_model(
            ModelName="unknown", ExecutionRoleArn=hosting.training.role, PrimaryContainer=unknown
        )


@pytest.mark.parametrize("uri", ["s3://no-such-bucket-here/model.tar.gz", "s3://sagemaker-us-east-1-123456789012/none"])
def test_a_model_of_data_that_is_not_there(hosting: Hosting, uri: str) -> None:
    with pytest.raises(ClientError, match="Could not find model data") as error:
        hosting.client.create_model(
            ModelName="absent",
            ExecutionRoleArn=hosting.training.role,
            PrimaryContainer=container(hosting, ModelDataUrl=uri),
        )
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_configuration_of_an_unknown_model(hosting: Hosting) -> None:
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.config("no-such-model")


def test_an_endpoint_of_an_unknown_configuration(hosting: Hosting) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint-config"):
        hosting.client.create_endpoint(EndpointName="e", EndpointConfigName="no-such-config")


def test_a_configuration_whose_model_is_gone(hosting: Hosting) -> None:
    model = hosting.model()
    config = hosting.config(model)
    serving = hosting.serve(hosting.config(hosting.model()))
    hosting.client.delete_model(ModelName=model)
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.client.create_endpoint(EndpointName="e", EndpointConfigName=config)
    assert "e" not in hosting.names()
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.client.update_endpoint(EndpointName=serving, EndpointConfigName=config)
    assert hosting.describe(serving)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    "more",
    [
        {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/k"}}},
        {"ExplainerConfig": {"ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {}}}}},
    ],
    ids=["asynchronous", "explained"],
)
def test_what_is_not_offered_is_refused_and_not_ignored(hosting: Hosting, more: dict[str, object]) -> None:
    with pytest.raises(ClientError, match="not offered by the local AWS"):
        hosting.config(hosting.model(), **more)


def test_automatic_scaling_is_not_pretended() -> None:
    scaling = boto3.client("application-autoscaling")
    with pytest.raises(ClientError, match="RegisterScalableTarget is not offered by the local AWS") as error:
        scaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId="endpoint/e/variant/v",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=2,
        )
    assert error.value.response["Error"]["Code"] == "UnknownOperationException"


def test_model_data_that_does_not_come_in_time(tmp_path: Path) -> None:
    cloud: Any = SimpleNamespace(home=tmp_path)
    model = {"PrimaryContainer": {"Image": IMAGE}}
    never_started = Variant(cloud, "endpoint", {"VariantName": "v0"}, model)
    assert never_started.wait_ready(60, download=0.1) == "the model data was not downloaded within 0 s"
