"""The operations on pipelines and their executions, over boto3."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from own_cloud import OwnCloud, wait_until
from pipeline_runs import Pipelines, definition, fail, get, join, parameter, refused
from training_jobs import Training


@pytest.fixture(scope="module")
def pipelines(training: Training) -> Pipelines:
    return Pipelines(training)


@pytest.fixture(scope="module")
def failed(pipelines: Pipelines) -> tuple[str, str]:
    """A pipeline and an execution of it that is over."""
    name = pipelines.create(fail("End", join(" ", "rate", get("Parameters.Rate"))), parameters=RATE)
    execution = pipelines.start(name, {"Rate": "0.25"}, PipelineExecutionDisplayName="try")
    pipelines.ended(execution)
    return name, execution


RATE = [parameter("Rate", "Float", 0.5), parameter("Dry", "Boolean", True)]


def test_a_pipeline_is_described_as_it_was_created(pipelines: Pipelines) -> None:
    name = pipelines.create(fail("A"), PipelineDescription="what", name=f"Pipe-{uuid.uuid4().hex[:8]}")
    found = pipelines.client.describe_pipeline(PipelineName=name)
    assert found["PipelineArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{name.lower()}"
    assert (found["PipelineName"], found["PipelineDisplayName"], found["PipelineDescription"]) == (name, name, "what")
    assert found["PipelineDefinition"] == definition(fail("A"))
    assert found["PipelineStatus"] == "Active"
    assert pipelines.client.describe_pipeline(PipelineName=found["PipelineArn"])["PipelineName"] == name


def test_a_name_is_taken_once(pipelines: Pipelines) -> None:
    name = pipelines.create(fail("A"))
    with refused(pipelines.client, "ValidationException", "already exists"):
        pipelines.create(fail("A"), name=name)
    with refused(pipelines.client, "ValidationException", "already exists"):
        pipelines.create(fail("A"), name=name.upper())


def test_a_create_that_is_sent_again_succeeds(pipelines: Pipelines) -> None:
    token = uuid.uuid4().hex
    name = pipelines.create(fail("A"), ClientRequestToken=token)
    assert pipelines.create(fail("A"), name=name, ClientRequestToken=token) == name


def test_a_definition_is_read_from_s3(pipelines: Pipelines) -> None:
    address = pipelines.training.put("pipeline/definition.json", definition(fail("FromS3")))
    bucket, _, key = address.removeprefix("s3://").partition("/")
    name = f"pipe-{uuid.uuid4().hex[:10]}"
    pipelines.client.create_pipeline(
        PipelineName=name,
        RoleArn=pipelines.training.role,
        PipelineDefinitionS3Location={"Bucket": bucket, "ObjectKey": key},
    )
    assert pipelines.client.describe_pipeline(PipelineName=name)["PipelineDefinition"] == definition(fail("FromS3"))


def test_a_definition_that_is_not_on_s3_is_refused(pipelines: Pipelines) -> None:
    location = {"Bucket": pipelines.training.bucket, "ObjectKey": "not/there.json"}
    with refused(pipelines.client, "ValidationException", "cannot be read"):
        pipelines.client.create_pipeline(
            PipelineName="from-nowhere", RoleArn=pipelines.training.role, PipelineDefinitionS3Location=location
        )


def test_an_update_makes_a_new_version(pipelines: Pipelines) -> None:
    name = pipelines.create(fail("A"))
    updated = pipelines.client.update_pipeline(
        PipelineName=name, PipelineDefinition=definition(fail("B")), PipelineDescription="new"
    )
    assert updated["PipelineVersionId"] == 2
    found = pipelines.client.describe_pipeline(PipelineName=name)
    assert (found["PipelineDefinition"], found["PipelineDescription"]) == (definition(fail("B")), "new")
    first = pipelines.client.describe_pipeline(PipelineName=name, PipelineVersionId=1)
    assert first["PipelineDefinition"] == definition(fail("A"))
    versions = pipelines.client.list_pipeline_versions(PipelineName=name)["PipelineVersionSummaries"]
    assert [one["PipelineVersionId"] for one in versions] == [2, 1]
    execution = pipelines.start(name, PipelineVersionId=1)
    pipelines.ended(execution)
    assert list(pipelines.steps(execution)) == ["A"]


def test_pipelines_are_listed_by_prefix_name_and_page(pipelines: Pipelines) -> None:
    prefix = f"list-{uuid.uuid4().hex[:8]}"
    names = [pipelines.create(fail("A"), name=f"{prefix}-{letter}") for letter in "abc"]
    ask = {"PipelineNamePrefix": prefix, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    page = pipelines.client.list_pipelines(**ask)
    assert [one["PipelineName"] for one in page["PipelineSummaries"]] == names[:2]
    rest = pipelines.client.list_pipelines(**ask, NextToken=page["NextToken"])
    assert [one["PipelineName"] for one in rest["PipelineSummaries"]] == names[2:]


def test_a_pipeline_has_tags(pipelines: Pipelines) -> None:
    name = pipelines.create(fail("A"), Tags=[{"Key": "course", "Value": "imdb"}])
    address = pipelines.client.describe_pipeline(PipelineName=name)["PipelineArn"]
    pipelines.client.add_tags(ResourceArn=address, Tags=[{"Key": "more", "Value": "yes"}])
    tags = pipelines.client.list_tags(ResourceArn=address)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"course": "imdb", "more": "yes"}


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.describe_pipeline(PipelineName="nobody"),
        lambda client: client.update_pipeline(PipelineName="nobody"),
        lambda client: client.delete_pipeline(PipelineName="nobody"),
        lambda client: client.start_pipeline_execution(PipelineName="nobody"),
        lambda client: client.list_pipeline_executions(PipelineName="nobody"),
        lambda client: client.describe_pipeline_execution(PipelineExecutionArn=NOBODY),
        lambda client: client.stop_pipeline_execution(PipelineExecutionArn=NOBODY),
        lambda client: client.retry_pipeline_execution(PipelineExecutionArn=NOBODY),
        lambda client: client.list_pipeline_execution_steps(PipelineExecutionArn=NOBODY),
    ],
)
def test_what_does_not_exist_is_not_found(pipelines: Pipelines, call: Any) -> None:
    with refused(pipelines.client, "ResourceNotFound", "does not exist"):
        call(pipelines.client)


NOBODY = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/nobody/execution/abcdefghijkl"


def test_an_execution_is_described_and_listed(pipelines: Pipelines, failed: tuple[str, str]) -> None:
    name, execution = failed
    found = pipelines.describe(execution)
    assert execution.startswith(f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{name}/execution/")
    assert found["PipelineExecutionDisplayName"] == "try"
    assert found["PipelineExecutionStatus"] == "Failed"
    assert found["FailureReason"] == "Step failure: One or multiple steps failed."
    listed = pipelines.client.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert [(one["PipelineExecutionArn"], one["PipelineExecutionStatus"]) for one in listed] == [(execution, "Failed")]
    assert listed[0]["PipelineExecutionFailureReason"] == found["FailureReason"]


def test_an_execution_keeps_its_parameters_and_definition(pipelines: Pipelines, failed: tuple[str, str]) -> None:
    name, execution = failed
    listed = pipelines.client.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution)
    assert listed["PipelineParameters"] == [{"Name": "Rate", "Value": "0.25"}, {"Name": "Dry", "Value": "true"}]
    pipelines.client.update_pipeline(PipelineName=name, PipelineDefinition=definition(fail("Other")))
    kept = pipelines.client.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)
    assert '"Name": "End"' in kept["PipelineDefinition"]


def test_an_execution_gets_another_name(pipelines: Pipelines, failed: tuple[str, str]) -> None:
    pipelines.client.update_pipeline_execution(PipelineExecutionArn=failed[1], PipelineExecutionDescription="noted")
    assert pipelines.describe(failed[1])["PipelineExecutionDescription"] == "noted"


def test_a_start_that_is_sent_again_starts_nothing(pipelines: Pipelines) -> None:
    name, token = pipelines.create(fail("A")), uuid.uuid4().hex
    first = pipelines.start(name, ClientRequestToken=token)
    assert pipelines.start(name, ClientRequestToken=token) == first
    assert pipelines.start(name) != first
    assert len(pipelines.client.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]) == 2


@pytest.mark.parametrize("member", [{"SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": "A"}]}}])
def test_a_selective_execution_is_refused_by_name(pipelines: Pipelines, member: Any) -> None:
    with refused(pipelines.client, "ValidationException", "SelectiveExecutionConfig is not offered"):
        pipelines.start(pipelines.create(fail("A")), **member)


def test_a_pipeline_that_runs_is_deleted_only_after_a_stop(pipelines: Pipelines) -> None:
    name = pipelines.create(pipelines.processing("Sleep", "import time; time.sleep(60)"))
    execution = pipelines.start(name)
    with refused(pipelines.client, "ConflictException", "Stop all running executions"):
        pipelines.client.delete_pipeline(PipelineName=name)
    pipelines.client.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert pipelines.ended(execution, 10)["PipelineExecutionStatus"] == "Stopped"
    pipelines.client.delete_pipeline(PipelineName=name)
    with refused(pipelines.client, "ResourceNotFound", "does not exist"):
        pipelines.describe(execution)


@pytest.fixture
def own_pipelines(own_cloud: OwnCloud) -> Pipelines:
    return Pipelines(Training("sagemaker-us-east-1-123456789012", ROLE, clients=own_cloud.client))


ROLE = "arn:aws:iam::123456789012:role/DataScienceOnAWSExecutionRole"


def _again(cloud: OwnCloud) -> Pipelines:
    cloud.start()
    return Pipelines(Training("sagemaker-us-east-1-123456789012", ROLE, clients=cloud.client))


@pytest.mark.image
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_pipelines_survive_an_end_of_the_server_and_go_on_by_a_retry(
    own_cloud: OwnCloud, own_pipelines: Pipelines, how: str
) -> None:
    first = own_pipelines.processing("First", "print('done')")
    second = own_pipelines.processing("Second", "import time; time.sleep(3)", DependsOn=["First"])
    name = own_pipelines.create(first, second)
    execution = own_pipelines.start(name)
    wait_until(lambda: own_pipelines.statuses(execution).get("Second") == "Executing")
    getattr(own_cloud, how)()
    after = _again(own_cloud)
    assert after.client.describe_pipeline(PipelineName=name)["PipelineStatus"] == "Active"
    found = after.ended(execution, 10)
    assert found["PipelineExecutionStatus"] == "Failed"
    assert "The local AWS was stopped" in found["FailureReason"]
    assert after.statuses(execution) == {"First": "Succeeded", "Second": "Failed"}
    job = after.job(execution, "First")
    after.client.retry_pipeline_execution(PipelineExecutionArn=execution)
    assert after.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    assert after.job(execution, "First") == job
    assert after.steps(execution)["Second"]["AttemptCount"] == 2
