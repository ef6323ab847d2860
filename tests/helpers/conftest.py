"""A learner with two trained models, for the tests of the helpers around jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import few_reviews
import pytest

from helpers import catch_up


@pytest.fixture(scope="session")
def trained(workshop: Any, sklearn_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The workshop, after the stage `model` of catch_up on a few clean reviews."""
    few_reviews.put(workshop, tmp_path_factory.mktemp("clean"), ("train", "validation"))
    boto3.client("s3").put_object(
        Bucket=workshop.bucket, Key=f"{workshop.prefix}/raw/reviews/reviews-000.jsonl", Body=b"{}\n"
    )
    catch_up.catch_up(workshop, "model")
    yield workshop
    s3_objects = boto3.resource("s3").Bucket(workshop.bucket).objects.filter(Prefix=workshop.prefix)
    s3_objects.delete()
