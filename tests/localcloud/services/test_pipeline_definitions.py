"""What CreatePipeline refuses, and how it says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pipeline_runs import (
    Pipelines,
    compare,
    condition,
    definition,
    fail,
    get,
    join,
    json_get,
    parameter,
    refused,
)
from training_jobs import Training


@pytest.fixture(scope="module")
def pipelines(training: Training) -> Pipelines:
    return Pipelines(training)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "It is not JSON"),
        ("[]", "an object with a list of Steps"),
        (json.dumps({"Version": "2020-12-01", "Steps": []}), "no steps"),
        (json.dumps({"Version": "2019-01-01", "Steps": [fail("A")]}), "The Version must be 2020-12-01"),
        (definition(fail("A"), fail("A")), "Duplicate step name [A]"),
        (definition(condition("C", compare("Equals", 1, 1), then=[fail("C")])), "Duplicate step name [C]"),
        (definition(fail("bad name")), "1 to 64 letters"),
        (definition({"Name": "A", "Type": "Fail"}), "Step [A] has no Arguments"),
        (definition(fail("A", {"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": 5}})), "a Path that is a text"),
        (definition({"Name": "A", "Type": "Fail", "Arguments": {"Message": "x"}}), "Unknown Argument member 'Message'"),
        (definition(fail("A", DependsOn=["B"])), "refers to the step [B], which the pipeline does not have"),
        (definition(fail("A", get("Parameters.Rate"))), "the parameter [Rate], which the pipeline does not define"),
        (definition(fail("A", get("Execution.Mood"))), "no execution variable Mood"),
        (definition(fail("A", get("Steps.B.X"))), "refers to the step [B]"),
        (definition(fail("A", get("Nonsense"))), "Get needs Parameters"),
        (definition(fail("A", {"Std:Split": {}})), "the function Std:Split is not known"),
        (definition(fail("A", {"Std:Join": {"On": "/"}})), "Std:Join needs a list of Values"),
        (definition(fail("A", {"Std:JsonGet": {"Path": "a"}})), "either a PropertyFile or an S3Uri"),
        (definition(fail("A", DependsOn=["B"]), fail("B", DependsOn=["A"])), "cyclic dependency"),
        (definition(condition("C", compare("Near", 1, 1))), "the unknown type 'Near'"),
        (definition(condition("C", {"Type": "Equals", "LeftValue": 1})), "no RightValue"),
        (definition(condition("C")), "has no Conditions"),
        (
            definition(fail("A", DependsOn=[{"Step": "B", "Trigger": "Failed"}]), fail("B")),
            "DependsOn with a Trigger is not offered",
        ),
        (definition(fail("A"), MlflowConfig={"MlflowResourceArn": "x"}), "MlflowConfig is not offered"),
        (definition({"Name": 3}), "A step's Name must be"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_reason(pipelines: Pipelines, text: str, message: str) -> None:
    assert message in pipelines.failure(text=text)


@pytest.mark.parametrize("kind", ["Lambda", "Callback", "EMR", "AutoML", "ClarifyCheck", "ForEach", "Nonsense"])
def test_a_step_type_that_does_not_run_here_is_named(pipelines: Pipelines, kind: str) -> None:
    step = {"Name": "A", "Type": kind, "Arguments": {}}
    assert f"Step [A]: steps of type {kind} are not offered by the local AWS" in pipelines.failure(step)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([parameter("P"), parameter("P")], "Duplicate parameter name [P]"),
        ([parameter("P", "Date")], "unknown type 'Date'"),
        ([parameter("P", "Integer", "three")], "is not of type Integer: 'three'"),
        ([parameter("P", "Integer", True)], "is not of type Integer: True"),
        ([parameter("P", "String", "c", EnumValues=["a", "b"])], "must be one of a, b"),
    ],
)
def test_a_wrong_parameter_is_refused(pipelines: Pipelines, declared: Any, message: str) -> None:
    assert message in pipelines.failure(fail("A"), parameters=declared)


def test_a_property_that_the_step_type_does_not_have_is_refused(pipelines: Pipelines) -> None:
    wrong = fail("A", get("Steps.Work.ModelArtifacts.S3ModelArtifacts"))
    message = pipelines.failure(pipelines.processing("Work"), wrong)
    assert "the step [Work] of type Processing has no property ModelArtifacts.S3ModelArtifacts" in message


def test_a_property_file_that_is_not_declared_is_refused(pipelines: Pipelines) -> None:
    message = pipelines.failure(pipelines.processing("Work"), fail("A", json_get("Work", "Report", "a")))
    assert "refers to the property file [Report], which step [Work] does not have" in message


def test_a_property_file_of_an_output_that_is_not_there_is_refused(pipelines: Pipelines) -> None:
    files = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "report.json"}]
    work = pipelines.processing("Work", outputs=["train"], PropertyFiles=files)
    assert "of the output [evaluation], which there is not" in pipelines.failure(
        work, fail("A", json_get("Work", "Report", "a"))
    )


def test_caching_without_an_age_limit_is_refused(pipelines: Pipelines) -> None:
    step = pipelines.processing("Work", CacheConfig={"Enabled": True})
    assert "CacheConfig needs an ExpireAfter like P30D" in pipelines.failure(step)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"ExceptionType": ["Bad.LUCK"]}, "the ExceptionType of a retry policy"),
        ({"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}, "MaxAttempts of a retry policy must be"),
        ({"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1, "ExpireAfterMin": 1}, "either MaxAttempts or"),
    ],
)
def test_a_wrong_retry_policy_is_refused(pipelines: Pipelines, policy: Any, message: str) -> None:
    assert message in pipelines.failure(pipelines.processing("Work", RetryPolicies=[policy]))


def test_a_pipeline_without_any_definition_is_refused(pipelines: Pipelines) -> None:
    with refused(pipelines.client, "ValidationException", "needs a PipelineDefinition"):
        pipelines.client.create_pipeline(PipelineName="nothing", RoleArn=pipelines.training.role)


def test_an_update_with_a_wrong_definition_changes_nothing(pipelines: Pipelines) -> None:
    name = pipelines.create(fail("A"))
    with refused(pipelines.client, "ValidationException", "Duplicate step name"):
        pipelines.client.update_pipeline(PipelineName=name, PipelineDefinition=definition(fail("A"), fail("A")))
    described = pipelines.client.describe_pipeline(PipelineName=name)
    assert described["PipelineDefinition"] == definition(fail("A"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Parameters [Rate] have no default value"),
        ({"Rate": "fast"}, "Parameter [Rate] is of type Float; 'fast' is not"),
        ({"Rate": "nan"}, "Parameter [Rate] is of type Float"),
        ({"Rate": "1", "Rows": "1.5"}, "Parameter [Rows] is of type Integer"),
        ({"Rate": "1", "Dry": "maybe"}, "Parameter [Dry] is of type Boolean"),
        ({"Rate": "1", "Mode": "slow"}, "must be one of a, b, not 'slow'"),
        ({"Rate": "1", "Speed": "2"}, "Parameters [Speed] are not defined"),
    ],
)
def test_a_start_with_wrong_parameters_is_refused(pipelines: Pipelines, given: dict[str, str], message: str) -> None:
    declared = [
        parameter("Rate", "Float"),
        parameter("Rows", "Integer", 3),
        parameter("Dry", "Boolean", False),
        parameter("Mode", "String", "a", EnumValues=["a", "b"]),
    ]
    name = pipelines.create(fail("A", join("", get("Parameters.Rate"))), parameters=declared)
    with refused(pipelines.client, "ValidationException", message):
        pipelines.start(name, given)
    assert pipelines.client.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"] == []
