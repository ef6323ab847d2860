"""Requests and answers by botocore's service models, without a server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localcloud import protocol
from localcloud.protocol import ServiceError


def problem(service: str, operation: str, params: dict[str, object]) -> str:
    with pytest.raises(ServiceError) as error:
        protocol.validate(service, operation, params)
    return str(error.value)


def test_a_null_member_counts_as_absent() -> None:
    protocol.validate("sagemaker", "ListTrainingJobs", {"NameContains": None})


def test_a_time_is_a_number_of_seconds() -> None:
    protocol.validate("sagemaker", "ListTrainingJobs", {"CreationTimeAfter": 1.7e9})
    assert "CreationTimeAfter" in problem("sagemaker", "ListTrainingJobs", {"CreationTimeAfter": 1e300})
    assert "CreationTimeAfter" in problem("sagemaker", "ListTrainingJobs", {"CreationTimeAfter": {}})


def test_problems_are_named_by_their_path() -> None:
    tags = [{"Key": "ok", "Value": "x"}, {"Key": "k" * 200, "Value": "x"}]
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model/m"
    assert "'Tags.2.Key'" in problem("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": tags})


def test_a_pattern_that_python_cannot_read_is_not_checked() -> None:
    protocol.validate("glue", "CreateDatabase", {"DatabaseInput": {"Name": "any name at all"}})


def test_an_answer_holds_only_what_the_model_has() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    body = {"ModelName": "m", "ModelArn": "a", "CreationTime": now, "_private": 1, "Tags": [], "FailureReason": None}
    shape = protocol.operation_model("sagemaker", "DescribeModel").output_shape
    assert protocol.serialise(body, shape) == {"ModelName": "m", "ModelArn": "a", "CreationTime": now.timestamp()}


def test_an_unknown_operation_is_an_error_of_the_caller() -> None:
    with pytest.raises(ServiceError) as error:
        protocol.operation_model("sagemaker", "Nonsense")
    assert (error.value.code, error.value.status) == ("UnknownOperationException", 400)


def test_a_signing_name_that_is_not_botocores_name_is_known() -> None:
    assert protocol.operation_model("monitoring", "PutMetricData").name == "PutMetricData"
