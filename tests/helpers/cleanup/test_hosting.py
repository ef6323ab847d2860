"""What a learner leaves running is found, deleted and proven gone; what is another's stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from sagemaker.core import image_uris

from helpers.aws import jobs
from helpers.cleanup import leftovers
from helpers.models import experiments

CODE = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


@pytest.fixture
def endpoint(trained: Any) -> Iterator[str]:
    """An endpoint of the learner, which is being made, and a model of another's whose name holds the learner's."""
    sagemaker, name = boto3.client("sagemaker"), trained.name("cleanup")
    recalled = experiments.chosen(trained)
    assert recalled
    container = {
        "Image": image_uris.retrieve("sklearn", trained.region, version="1.9-0", instance_type="ml.m5.large"),
        "ModelDataUrl": recalled[0]["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": CODE,
    }
    for model in (name, f"other-{name}"):
        sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=trained.role)
    machines = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variant = {"VariantName": "AllTraffic", "ModelName": name, **machines}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    yield name
    sagemaker.delete_model(ModelName=f"other-{name}")


def test_all_of_the_learner_is_found_and_deleted_and_nothing_of_another(trained: Any, endpoint: str) -> None:
    found = leftovers.hosting(trained)
    assert found["kind"].tolist() == ["endpoint", "endpoint configuration", "model"]
    assert set(found["name"]) == {endpoint}
    assert found["state"][0] == "Creating", "AWS deletes none that is being made: it is waited for"
    leftovers.delete_hosting(trained)
    assert leftovers.hosting(trained).empty
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"] == []
    assert [model["ModelName"] for model in sagemaker.list_models(NameContains=endpoint)["Models"]] == [
        f"other-{endpoint}"
    ]
    assert any("serving" in line for line in jobs.endpoint_log(endpoint)), "the log outlives the endpoint"


def test_deleting_where_nothing_is_does_nothing(workshop: Any) -> None:
    leftovers.delete_hosting(workshop)
    assert leftovers.hosting(workshop).columns.tolist() == ["kind", "name", "state"]
