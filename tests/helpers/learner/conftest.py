"""A learner of these tests alone, in lesson 02."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from helpers.learner import predictions


@pytest.fixture
def ws(workshop: Any) -> Iterator[Any]:
    learner = replace(workshop, learner="guesser", lesson="02")
    predictions._measured.clear()
    yield learner
    boto3.resource("s3").Bucket(learner.bucket).objects.filter(Prefix=learner.prefix).delete()
