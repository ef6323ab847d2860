"""SageMaker's Search over training jobs: conditions, order, pages, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import OwnCloud

from localcloud.store.resources import Store

NOW = time.time()


def job(number: int, **other: Any) -> dict[str, Any]:
    then = NOW - 3600 * (10 - number)
    return {
        "TrainingJobName": f"search-{number}",
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/search-{number}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": then,
        "LastModifiedTime": then,
        "AlgorithmSpecification": {"TrainingImage": "sklearn", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {"alpha": f"0.{number}"},
        "BillableTimeInSeconds": 10 * number,
        "EnableManagedSpotTraining": number == 5,
        "_private": "not for callers",
        **other,
    }


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[Any]:
    """A local AWS of this module with five training jobs that have ended."""
    cloud = OwnCloud()
    try:
        cloud.start()
        cloud.stop()
        store = Store(cloud.home / "store.db")
        for number in range(1, 5):
            store.insert("training-job", f"search-{number}", job(number))
        tagged = job(5, TrainingJobStatus="Failed", FailureReason="x", Tags=[{"Key": "lesson", "Value": "05"}])
        store.insert("training-job", "search-5", tagged)
        store.close()
        cloud.start()
        yield cloud.client("sagemaker")
    finally:
        cloud.remove()


def found(sagemaker: Any, *conditions: tuple[str, str, str], operator: str = "And", **more: Any) -> list[str]:
    filters = [
        {"Name": name, "Operator": how, **({"Value": value} if value else {})} for name, how, value in conditions
    ]
    expression = {"Filters": filters, "Operator": operator} if filters else {}
    order = {"SortBy": "CreationTime", "SortOrder": "Ascending", **more}
    pages = sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", **({"SearchExpression": expression} if expression else {}), **order
    )
    return [one["TrainingJob"]["TrainingJobName"][-1] for page in pages for one in page["Results"]]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (("TrainingJobName", "Contains", "SEARCH-3"), "3"),
        (("TrainingJobName", "Equals", "search-3"), "3"),
        (("TrainingJobName", "In", "search-1,search-4"), "14"),
        (("TrainingJobStatus", "NotEquals", "Completed"), "5"),
        (("BillableTimeInSeconds", "GreaterThan", "30"), "45"),
        (("BillableTimeInSeconds", "LessThanOrEqualTo", "20"), "12"),
        (("HyperParameters.alpha", "Equals", "0.2"), "2"),
        (("ResourceConfig.InstanceType", "Equals", "ml.m5.large"), "12345"),
        (("Tags.lesson", "Equals", "05"), "5"),
        (("Tags.lesson", "NotExists", ""), "1234"),
        (("FailureReason", "Exists", ""), "5"),
        (("EnableManagedSpotTraining", "Equals", "True"), "5"),
        (("EnableManagedSpotTraining", "NotEquals", "true"), "1234"),
    ],
)
def test_a_condition_finds_the_jobs_that_fit(sagemaker: Any, condition: tuple[str, str, str], names: str) -> None:
    assert "".join(found(sagemaker, condition)) == names


def test_a_time_is_compared_as_a_time(sagemaker: Any) -> None:
    since = datetime.fromtimestamp(NOW - 3600 * 6.5, UTC).isoformat()
    for text in (since, since.removesuffix("+00:00")):  # without a zone it is UTC
        assert found(sagemaker, ("CreationTime", "GreaterThanOrEqualTo", text)) == ["4", "5"]


def test_conditions_are_joined_by_and_or_or(sagemaker: Any) -> None:
    two = (("TrainingJobName", "Equals", "search-1"), ("TrainingJobStatus", "Equals", "Failed"))
    assert found(sagemaker, *two) == []
    assert found(sagemaker, *two, operator="Or") == ["1", "5"]


def test_without_conditions_all_jobs_come_newest_change_first(sagemaker: Any) -> None:
    answer = sagemaker.search(Resource="TrainingJob")
    assert [one["TrainingJob"]["TrainingJobName"][-1] for one in answer["Results"]] == list("54321")


def test_small_pages_together_are_all(sagemaker: Any) -> None:
    assert found(sagemaker, PaginationConfig={"PageSize": 2}) == list("12345")


def test_a_result_is_the_whole_description(sagemaker: Any) -> None:
    wanted = {"Filters": [{"Name": "TrainingJobName", "Operator": "Equals", "Value": "search-5"}]}
    (result,) = sagemaker.search(Resource="TrainingJob", SearchExpression=wanted)["Results"]
    assert result["TrainingJob"]["Tags"] == [{"Key": "lesson", "Value": "05"}]
    assert result["TrainingJob"]["BillableTimeInSeconds"] == 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"Resource": "Endpoint"}, "Endpoint is searched on AWS only"),
        (
            {"Resource": "TrainingJob", "VisibilityConditions": [{"Key": "Tags.a", "Value": "b"}]},
            "VisibilityConditions is not offered",
        ),
        (
            {"Resource": "TrainingJob", "SearchExpression": {"SubExpressions": [{"Filters": [{"Name": "x"}]}]}},
            "SubExpressions is not offered",
        ),
        (
            {
                "Resource": "TrainingJob",
                "SearchExpression": {
                    "Filters": [{"Name": "BillableTimeInSeconds", "Operator": "LessThan", "Value": "x"}]
                },
            },
            "'x' does not fit the property BillableTimeInSeconds",
        ),
    ],
)
def test_what_is_not_offered_or_makes_no_sense_is_named(sagemaker: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ClientError, match=words) as failure:
        sagemaker.search(**arguments)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
