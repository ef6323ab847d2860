"""An instructor sets a stage in the middle of a lesson: a search, an endpoint, a pipeline, from clean reviews alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import few_reviews
import pytest

from helpers import catch_up
from helpers.cleanup import leftovers
from helpers.models import experiments

pytestmark = pytest.mark.image


@pytest.fixture(scope="module")
def late(workshop: Any, sklearn_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A learner of whom there are clean reviews, and nothing else."""
    ws = replace(workshop, learner="late")
    few_reviews.put(ws, tmp_path_factory.mktemp("clean"), ("train", "validation", "test"))
    yield ws
    leftovers.delete_automation(ws)
    leftovers.delete_hosting(ws)
    boto3.resource("s3").Bucket(ws.bucket).objects.filter(Prefix=ws.prefix).delete()


def test_a_search_is_caught_up_from_clean_reviews_and_said_with_its_price(
    late: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(catch_up, "TRIALS", 2)
    catch_up.catch_up(late, "tuned")
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("Catching up")] == [
        "Catching up: model, as in lesson 05 …",
        "Catching up: tuned, as in lesson 06 …",
    ]
    assert said.count("on AWS about $") == 2
    pair = experiments.chosen(late)
    assert [bool(job.get("TuningJobArn")) for job in pair].count(True) == 1


def test_an_endpoint_is_caught_up_once_and_answers(late: Any, capsys: Any) -> None:
    for expected in (1, 0):
        catch_up.catch_up(late, "endpoint")
        assert capsys.readouterr().out.count("is billed until it is deleted") == expected
    asked = {"EndpointName": late.name("sentiment"), "ContentType": "application/json", "Body": '["a great film"]'}
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(**asked)["Body"].read()
    assert 0 <= json.loads(answer)[0]["score"] <= 1


def test_a_pipeline_is_caught_up_with_a_version_that_waits_for_a_person(late: Any, capsys: Any) -> None:
    for expected in (1, 0):
        catch_up.catch_up(late, "pipeline")
        assert capsys.readouterr().out.count("Catching up: pipeline") == expected
    sagemaker = boto3.client("sagemaker")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=late.name("sentiment"))["ModelPackageSummaryList"]
    assert [version["ModelApprovalStatus"] for version in listed] == ["PendingManualApproval"]
