"""Resources of SageMaker are found by their tags, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

TAGS = [{"Key": "course", "Value": "tagged"}, {"Key": "learner", "Value": "ann"}]


@pytest.fixture(scope="module")
def groups(workshop: Any) -> Iterator[list[str]]:
    """The ARNs of three model package groups: two of the course, one of them Ann's, and one without tags."""
    sagemaker = boto3.client("sagemaker")
    made = {"Tagged-A": TAGS, "tagged-b": TAGS[:1], "tagged-c": []}
    arns = [
        sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=tags)["ModelPackageGroupArn"]
        for name, tags in made.items()
    ]
    yield arns
    for name in made:
        sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def found(**wanted: Any) -> list[str]:
    pages = boto3.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(**wanted)
    return list(pages.search("ResourceTagMappingList[].ResourceARN"))


def test_each_filter_must_fit_by_one_of_its_values(groups: list[str]) -> None:
    course = {"Key": "course", "Values": ["other", "tagged"]}
    assert found(TagFilters=[course], ResourcesPerPage=1) == groups[:2]
    assert found(TagFilters=[course, {"Key": "learner", "Values": ["ann"]}]) == groups[:1]
    assert found(TagFilters=[course, {"Key": "lesson"}]) == []
    assert groups[2] not in found()


def test_a_filter_by_type_is_refused_by_name(groups: list[str]) -> None:
    with pytest.raises(ClientError, match="ResourceTypeFilters of GetResources is not offered"):
        found(ResourceTypeFilters=["sagemaker"])
