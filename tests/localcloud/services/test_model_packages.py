"""The model registry: groups, versions, approval, and deployment from a version, over boto3 and the SDK."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoints import ECHO, Hosting
from own_cloud import PROJECT, OwnCloud
from training_jobs import IMAGE, Training, archive

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


@pytest.fixture(scope="module")
def client(training: Training) -> Any:
    return training.client


@pytest.fixture(scope="module")
def data(training: Training) -> str:
    """Model data of a model that answers `w:<item>`."""
    return training.put("registry/model.tar.gz", archive({"word.txt": "w", "code/inference.py": ECHO}))


@pytest.fixture
def group(client: Any) -> Iterator[str]:
    """A group that is empty and gone after the test."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    client.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="sentiment")
    yield name
    for package in client.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]:
        client.delete_model_package(ModelPackageName=package["ModelPackageArn"])
    client.delete_model_package_group(ModelPackageGroupName=name)


def specification(data: str, **container: Any) -> dict[str, Any]:
    return {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": data, **container}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def register(client: Any, group: str, data: str, **more: Any) -> str:
    """Register a version and return its ARN."""
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification(data), **more}
    arn: str = client.create_model_package(**request)["ModelPackageArn"]
    return arn


def approve(client: Any, arn: str) -> None:
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def create_model(hosting: Hosting, arn: str, **container: Any) -> str:
    name = f"model-{uuid.uuid4().hex[:8]}"
    container = {"ModelPackageName": arn, **container}
    hosting.client.create_model(ModelName=name, ExecutionRoleArn=hosting.training.role, PrimaryContainer=container)
    return name


# --- Groups ----------------------------------------------------------------------------------------------------


def test_a_group_is_described_by_name_and_by_arn(client: Any, group: str) -> None:
    for key in (group, f"{ARN}:model-package-group/{group}"):
        description = client.describe_model_package_group(ModelPackageGroupName=key)
        assert description["ModelPackageGroupArn"] == f"{ARN}:model-package-group/{group}"
        assert description["ModelPackageGroupDescription"] == "sentiment"
        assert description["ModelPackageGroupStatus"] == "Completed"


def test_a_groups_name_can_be_used_once(client: Any, group: str) -> None:
    with pytest.raises(ClientError, match="already exists") as error:
        client.create_model_package_group(ModelPackageGroupName=group)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_groups_are_listed_by_name(client: Any, group: str) -> None:
    listed = client.list_model_package_groups(NameContains=group.partition("-")[2])["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in listed] == [group]


def test_a_group_with_versions_cannot_be_deleted(client: Any, group: str, data: str) -> None:
    register(client, group, data)
    with pytest.raises(ClientError, match=r"has 1 model package\(s\)") as error:
        client.delete_model_package_group(ModelPackageGroupName=group)
    assert error.value.response["Error"]["Code"] == "ConflictException"


def test_a_group_that_is_not_there_is_said_so(client: Any, data: str) -> None:
    with pytest.raises(ClientError, match="model-package-group/none does not exist"):
        client.describe_model_package_group(ModelPackageGroupName="none")
    with pytest.raises(ClientError, match="model-package-group/none does not exist"):
        register(client, "none", data)


# --- Versions --------------------------------------------------------------------------------------------------


def test_versions_count_up_and_no_number_comes_twice(client: Any, group: str, data: str) -> None:
    arns = [register(client, group, data) for _ in range(3)]
    assert arns == [f"{ARN}:model-package/{group}/{number}" for number in (1, 2, 3)]
    client.delete_model_package(ModelPackageName=arns[2])
    assert register(client, group, data).endswith("/4")


def test_a_version_keeps_all_that_it_was_registered_with(client: Any, group: str, data: str) -> None:
    more = {
        "ModelPackageDescription": "n-grams",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/evaluation.json"}}
        },
        "CustomerMetadataProperties": {"accuracy": "0.91"},
        "MetadataProperties": {"CommitId": "abc", "GeneratedBy": "a pipeline"},
        "SourceUri": "s3://b/where-it-comes-from",
        "Domain": "NATURAL_LANGUAGE_PROCESSING",
        "Task": "CLASSIFICATION",
    }
    arn = register(client, group, data, **more)
    description = client.describe_model_package(ModelPackageName=arn)
    assert {key: description[key] for key in more} == more
    assert description["InferenceSpecification"] == specification(data)
    assert (description["ModelPackageGroupName"], description["ModelPackageVersion"]) == (group, 1)
    assert description["ModelPackageStatus"] == "Completed"
    assert description["ModelApprovalStatus"] == "PendingManualApproval"


def test_approval_is_given_with_its_reason(client: Any, group: str, data: str) -> None:
    arn = register(client, group, data)
    client.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="worse on long reviews"
    )
    description = client.describe_model_package(ModelPackageName=arn)
    assert description["ModelApprovalStatus"] == "Rejected"
    assert description["ApprovalDescription"] == "worse on long reviews"
    assert description["LastModifiedTime"] >= description["CreationTime"]


def test_properties_are_added_changed_and_removed(client: Any, group: str, data: str) -> None:
    arn = register(client, group, data, CustomerMetadataProperties={"a": "1", "b": "2"})
    client.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"b": "3", "c": "4"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    description = client.describe_model_package(ModelPackageName=arn)
    assert description["CustomerMetadataProperties"] == {"b": "3", "c": "4"}


def test_versions_are_listed_by_group_and_approval(client: Any, group: str, data: str) -> None:
    arns = [register(client, group, data) for _ in range(3)]
    approve(client, arns[1])

    def listed(**more: Any) -> list[int]:
        answer = client.list_model_packages(ModelPackageGroupName=group, **more)
        return [one["ModelPackageVersion"] for one in answer["ModelPackageSummaryList"]]

    assert listed() == [1, 2, 3]
    assert listed(SortBy="CreationTime", SortOrder="Descending", MaxResults=1) == [3]
    assert listed(ModelApprovalStatus="Approved") == [2]
    assert listed(ModelApprovalStatus="Rejected") == []


def test_pages_of_versions_are_complete(client: Any, group: str, data: str) -> None:
    for _ in range(5):
        register(client, group, data)
    pages = client.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )
    found = [[one["ModelPackageVersion"] for one in page["ModelPackageSummaryList"]] for page in pages]
    assert found == [[1, 2], [3, 4], [5]]


def test_a_package_without_a_group_has_a_name_and_no_approval(client: Any, data: str) -> None:
    name = f"alone-{uuid.uuid4().hex[:8]}"
    client.create_model_package(ModelPackageName=name, InferenceSpecification=specification(data))
    assert "ModelApprovalStatus" not in client.describe_model_package(ModelPackageName=name)
    listed = client.list_model_packages(NameContains=name)["ModelPackageSummaryList"]
    assert [one["ModelPackageName"] for one in listed] == [name]
    with pytest.raises(ClientError, match="unversioned"):
        approve(client, f"{ARN}:model-package/{name}")
    client.delete_model_package(ModelPackageName=name)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_model_package(ModelPackageName=name)


def test_a_version_is_cloned_from_another_one_or_made_from_a_model(
    client: Any, group: str, data: str, hosting: Hosting
) -> None:
    first = register(client, group, data)
    clone = client.create_model_package(ModelPackageGroupName=group, SourceUri=first)["ModelPackageArn"]
    assert client.describe_model_package(ModelPackageName=clone)["InferenceSpecification"] == specification(data)
    model = client.describe_model(ModelName=hosting.model())
    made = client.create_model_package(ModelPackageGroupName=group, SourceUri=model["ModelArn"])["ModelPackageArn"]
    (container,) = client.describe_model_package(ModelPackageName=made)["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == model["PrimaryContainer"]["ModelDataUrl"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelPackageName": "both"}, "Give either"),
        ({"ModelApprovalStatus": "approved"}, "enum value set"),
        ({"InferenceSpecification": None}, "Give an InferenceSpecification"),
        ({"CertifyForMarketplace": True}, "no Marketplace"),
    ],
)
def test_what_is_no_version_is_refused(
    client: Any, group: str, data: str, changes: dict[str, Any], message: str
) -> None:
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification(data), **changes}
    with pytest.raises(ClientError, match=message):
        client.create_model_package(**{key: value for key, value in request.items() if value is not None})


def test_groups_and_versions_have_tags(client: Any, group: str, data: str) -> None:
    tag = {"Key": "team", "Value": "reviews"}
    arns = [f"{ARN}:model-package-group/{group}", register(client, group, data, Tags=[tag])]
    client.add_tags(ResourceArn=arns[0], Tags=[tag])
    assert [client.list_tags(ResourceArn=arn)["Tags"] for arn in arns] == [[tag], [tag]]
    client.delete_tags(ResourceArn=arns[1], TagKeys=["team"])
    assert client.list_tags(ResourceArn=arns[1])["Tags"] == []


# --- Deployment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_is_not_approved_cannot_be_deployed(
    hosting: Hosting, client: Any, group: str, data: str, status: str
) -> None:
    arn = register(client, group, data, ModelApprovalStatus=status)
    with pytest.raises(ClientError, match=f"its ModelApprovalStatus is {status}, not Approved") as error:
        create_model(hosting, arn)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_an_approved_version_is_deployed_and_answers(hosting: Hosting, client: Any, group: str, data: str) -> None:
    arn = register(client, group, data)
    approve(client, arn)
    model = create_model(hosting, arn)
    assert client.describe_model(ModelName=model)["PrimaryContainer"]["ModelPackageName"] == arn
    endpoint = hosting.serve(hosting.config(model))
    assert hosting.invoke(endpoint, ["x"]) == ["w:x"]


def test_a_model_of_containers_takes_a_package_too(hosting: Hosting, client: Any, group: str, data: str) -> None:
    arn = register(client, group, data, ModelApprovalStatus="Approved")
    name = f"model-{uuid.uuid4().hex[:8]}"
    client.create_model(ModelName=name, ExecutionRoleArn=hosting.training.role, Containers=[{"ModelPackageName": arn}])
    assert hosting.invoke(hosting.serve(hosting.config(name)), ["x"]) == ["w:x"]


def test_the_models_environment_adds_to_that_of_the_package(
    hosting: Hosting, client: Any, group: str, data: str
) -> None:
    own = specification(data, Environment={"A": "package", "B": "package"})
    arn = register(client, group, data, InferenceSpecification=own, ModelApprovalStatus="Approved")
    model = create_model(hosting, arn, Environment={"B": "model"})
    assert client.describe_model(ModelName=model)["PrimaryContainer"]["Environment"] == {"A": "package", "B": "model"}


def test_a_package_and_an_image_together_are_refused(hosting: Hosting, client: Any, group: str, data: str) -> None:
    arn = register(client, group, data, ModelApprovalStatus="Approved")
    with pytest.raises(ClientError, match="not both"):
        create_model(hosting, arn, Image=IMAGE)


def test_the_registry_survives_a_restart_and_a_kill(own_cloud: OwnCloud) -> None:
    first = own_cloud.client("sagemaker")
    first.create_model_package_group(ModelPackageGroupName="kept")
    arn = register(first, "kept", "s3://sagemaker-us-east-1-123456789012/m.tar.gz")
    approve(first, arn)
    own_cloud.kill()
    own_cloud.start()
    again = own_cloud.client("sagemaker")
    assert again.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"
    assert register(again, "kept", "s3://sagemaker-us-east-1-123456789012/m.tar.gz").endswith("kept/2")


# --- The SDK ---------------------------------------------------------------------------------------------------

PROGRAM = """
import json, sys

import boto3

from helpers.workshop import connect

ws = connect(quiet=True)
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, ModelPackage, ModelPackageGroup
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.serve import ModelBuilder

image, data, seen = sys.argv[1], sys.argv[2], {}
group = ModelPackageGroup.create(model_package_group_name=ws.name("sdk"), model_package_group_description="d")
builder = ModelBuilder(image_uri=image, s3_model_data_url=data, role_arn=ws.role, sagemaker_session=ws.session)
arn = builder.register(
    model_package_group_name=group.model_package_group_name,
    content_types=["application/json"],
    response_types=["application/json"],
    approval_status="PendingManualApproval",
)
package = ModelPackage.get(model_package_name=arn)
seen["version"], seen["status"] = package.model_package_version, package.model_approval_status
package.update(model_approval_status="Approved", approval_description="good enough")
again = ModelPackage.get(model_package_name=package.model_package_arn)
seen["approved"] = again.model_approval_status
found = ModelPackage.get_all(model_package_group_name=group.model_package_group_name)
seen["listed"] = [one.model_package_arn for one in found]
model = Model.create(
    model_name=ws.name("sdk"),
    primary_container=ContainerDefinition(model_package_name=package.model_package_arn),
    execution_role_arn=ws.role,
)
variant = ProductionVariant(
    variant_name="v", model_name=model.model_name, instance_type="ml.m5.large", initial_instance_count=1
)
config = EndpointConfig.create(endpoint_config_name=ws.name("sdk"), production_variants=[variant])
endpoint = Endpoint.create(endpoint_name=ws.name("sdk"), endpoint_config_name=config.endpoint_config_name)
endpoint.wait_for_status("InService")
answer = endpoint.invoke(body=json.dumps(["x"]), content_type="application/json", accept="application/json")
seen["answer"] = json.loads(answer.body.read())
endpoint.delete(); config.delete(); model.delete()
boto3.client("sagemaker").delete_model_package(ModelPackageName=arn)  # the SDK's delete() knows no versions
group.delete()
seen["groups"] = [one.model_package_group_name for one in ModelPackageGroup.get_all(name_contains="sdk")]
print(json.dumps(seen))
"""


def test_the_sdk_registers_approves_deploys_and_cleans_up(
    local_aws: OwnCloud, workshop: Any, client: Any, data: str
) -> None:
    environment = {**local_aws.environment, "COURSE_CLOUD": "local", "COURSE_LEARNER": "sdk-registry"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, IMAGE, data],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    listed = seen.pop("listed")
    assert [arn.rpartition("/")[2] for arn in listed] == ["1"]
    assert seen == {
        "version": 1,
        "status": "PendingManualApproval",
        "approved": "Approved",
        "answer": ["w:x"],
        "groups": [],
    }


def test_a_request_that_is_sent_again_registers_one_version(client: Any, group: str, data: str) -> None:
    token = {"ClientToken": uuid.uuid4().hex}
    first = register(client, group, data, **token)
    assert register(client, group, data, **token) == first
    assert register(client, group, data) != first


def test_an_update_that_is_sent_again_adds_nothing(client: Any, group: str, data: str) -> None:
    arn = register(client, group, data)
    more = {"AdditionalInferenceSpecificationsToAdd": [{"Name": "more", **specification(data)}]}
    for _ in range(2):
        client.update_model_package(ModelPackageArn=arn, ClientToken="0", **more)
    package = client.describe_model_package(ModelPackageName=arn)
    assert [one["Name"] for one in package["AdditionalInferenceSpecifications"]] == ["more"]
    with pytest.raises(ClientError, match="must be distinct"):
        client.update_model_package(ModelPackageArn=arn, **more)
