"""Expressions, conditions, durations and retry rules of pipelines, apart from any server."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol import ServiceError
from localcloud.services.pipeline import cache, conditions, retries
from localcloud.services.pipeline.values import Scope, Unresolved, parse_path, resolve

REPORT = b'{"metrics": {"accuracy": {"value": 0.875}}, "items": [5, 10], "odd name": 1}'


@pytest.fixture
def scope() -> Scope:
    outputs = [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}}]
    return Scope(
        parameters={"Rate": 0.5, "On": True, "Name": "x"},
        execution={"PipelineName": "pipe"},
        properties={"Prepare": {"ProcessingOutputConfig": {"Outputs": outputs}}, "Tune": {"Jobs": [{"Name": "best"}]}},
        property_file=lambda step, name: f"s3://b/{step}/{name}",
        read=lambda uri: REPORT if "Report" in uri else b"no json",
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Get": "Parameters.Rate"}, 0.5),
        ({"Get": "Execution.PipelineName"}, "pipe"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}, "s3://b/train"),
        ({"Get": "Steps.Tune.Jobs[0].Name"}, "best"),
        (
            {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.Rate"}, 3, {"Get": "Parameters.On"}]}},
            "a/0.5/3/true",
        ),
        ({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.S.PropertyFiles.Report"}, "Path": "items[1]"}}, 10),
        ({"Std:JsonGet": {"S3Uri": "s3://b/Report", "Path": "$.metrics['accuracy'].value"}}, 0.875),
        ({"Std:JsonGet": {"S3Uri": "s3://b/Report", "Path": "['odd name']"}}, 1),
        ({"deep": [{"Get": "Parameters.Name"}, 1]}, {"deep": ["x", 1]}),
    ],
)
def test_an_expression_becomes_its_value(scope: Scope, expression: Any, value: Any) -> None:
    assert resolve(expression, scope) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Get": "Steps.Prepare.Nothing"}, "Steps.Prepare.Nothing has no value"),
        ({"Get": "Steps.Tune.Jobs[7].Name"}, "has no value"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/Report", "Path": "metrics.f1"}}, "nothing at the path metrics.f1"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/text", "Path": "a"}}, "does not hold JSON"),
        ({"Std:Join": {"Values": [{"Get": "Steps.Tune.Jobs"}]}}, "joins texts and numbers"),
    ],
)
def test_an_expression_without_a_value_says_why(scope: Scope, expression: Any, reason: str) -> None:
    with pytest.raises(Unresolved, match=reason):
        resolve(expression, scope)


@pytest.mark.parametrize("path", ["", "a[*].b", "$..a", "a[?(@.b)]", "a["])
def test_a_path_that_is_no_path_of_names_and_indices_is_refused(path: str) -> None:
    with pytest.raises(Unresolved, match="not a path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ({"Type": "Equals", "LeftValue": 1, "RightValue": 1.0}, True),
        ({"Type": "Equals", "LeftValue": "a", "RightValue": "b"}, False),
        ({"Type": "GreaterThan", "LeftValue": 0.9, "RightValue": 0.9}, False),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": 0.9, "RightValue": 0.9}, True),
        ({"Type": "LessThan", "LeftValue": 1, "RightValue": 2}, True),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 3, "RightValue": 2}, False),
        ({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, True),
        ({"Type": "In", "QueryValue": True, "Values": [1]}, False),
        ({"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": 1, "RightValue": 1}}, False),
        (
            {"Type": "Or", "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": value} for value in (2, 1)]},
            True,
        ),
    ],
)
def test_a_condition_holds_or_does_not(condition: Any, true: bool) -> None:
    assert conditions.holds(condition) is true


@pytest.mark.parametrize(("left", "right"), [("0.9", 0.8), (True, 1), ([1], [1])])
def test_values_of_different_kinds_cannot_be_compared(left: Any, right: Any) -> None:
    with pytest.raises(Unresolved, match="cannot compare"):
        conditions.holds({"Type": "Equals", "LeftValue": left, "RightValue": right})


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("P30D", 30 * 86400), ("p1d", 86400), ("PT1H", 3600), ("T16m", 960), ("30dT5h", 30 * 86400 + 5 * 3600)],
)
def test_a_duration_has_its_length_with_and_without_the_p(duration: str, seconds: float) -> None:
    assert cache.seconds(duration) == seconds


@pytest.mark.parametrize("duration", ["", "P", "T", "1h", "-P1D", "soon"])
def test_what_is_no_duration_has_no_length(duration: str) -> None:
    assert cache.seconds(duration) is None


def test_the_cache_key_changes_with_what_counts_only() -> None:
    request = {"AppSpecification": {"ImageUri": "a"}, "Environment": {"A": "1"}, "ProcessingOutputConfig": {"x": 1}}
    same = cache.key("Processing", {**request, "ProcessingOutputConfig": {"x": 2}})
    other = cache.key("Processing", {**request, "Environment": {"A": "2"}})
    assert cache.key("Processing", request) == same != other


def test_retries_wait_longer_each_time_and_end() -> None:
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}
    waits = [retries.wait_before_next((policy,), "SageMaker.RESOURCE_LIMIT", n, 0) for n in range(3)]
    assert waits == [2, 6, None]


def test_a_failure_without_a_policy_for_its_type_is_not_retried() -> None:
    policy = {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2}
    assert retries.wait_before_next((policy,), "SageMaker.JOB_INTERNAL_ERROR", 0, 0) is None
    assert retries.wait_before_next((policy,), None, 0, 0) is None


def test_a_policy_that_expires_ends_with_its_minutes() -> None:
    policy = {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 10, "ExpireAfterMin": 1}
    ages = [retries.wait_before_next((policy,), "Step.THROTTLING", 0, age) for age in (0, 49, 55)]
    assert ages == [10, 10, None]


def test_failures_have_the_types_that_aws_documents() -> None:
    limit = ServiceError("ResourceLimitExceeded", "one instance")
    assert retries.type_of_refusal(limit) == "SageMaker.RESOURCE_LIMIT"
    assert retries.type_of_refusal(ServiceError("InternalFailure", "", 500)) == "Step.SERVICE_FAULT"
    assert retries.type_of_refusal(ServiceError("ValidationException", "wrong")) is None
    assert retries.type_of_failure("InternalServerError: disk", "Training") == "SageMaker.JOB_INTERNAL_ERROR"
    assert retries.type_of_failure("InternalServerError: disk", "Tuning") is None
    assert retries.type_of_failure("AlgorithmError: exit 1", "Training") is None
