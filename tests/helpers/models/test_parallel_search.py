"""Lesson 01's search on the local AWS: priced as it runs, gone when it is tidied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import nbformat
import pytest

from helpers.models import parallel_search

LESSON = Path(__file__).resolve().parents[3] / "notebooks" / "01_why_cloud.ipynb"


def as_in_the_lesson(ws: Any, *cells: str) -> dict[str, Any]:
    """Run some of the lesson's cells by their ids, connected already, and return their names."""
    source = {cell.id: cell.source for cell in nbformat.read(LESSON, as_version=4).cells}
    names: dict[str, Any] = {}
    exec(source["connect"].replace('connect(lesson="01")', "None"), names)
    names |= {"ws": ws, "my_machines": ...}
    for cell in cells:
        exec(source[cell], names)
    return names


def tables(ws: Any) -> set[str]:
    """The names of the learner's tables."""
    return {table["Name"] for table in boto3.client("glue").get_tables(DatabaseName=ws.database)["TableList"]}


def test_the_small_reviews_are_clean_and_have_both_labels() -> None:
    reviews = parallel_search.small_reviews(300)
    assert len(reviews) == 300
    assert reviews["review"].is_unique
    assert 0.3 < reviews["label"].mean() < 0.7


@pytest.mark.image
def test_tidying_stops_a_search_that_nobody_waited_for(workshop: Any) -> None:
    name = as_in_the_lesson(workshop, "put", "search")["search"]
    parallel_search.tidy(workshop)
    sagemaker = boto3.client("sagemaker")
    search = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert search["HyperParameterTuningJobStatus"] == "Stopped"
    assert parallel_search.stored(workshop) == []
    keys = [found.key for found in boto3.resource("s3").Bucket(workshop.bucket).objects.all()]
    assert not [key for key in keys if f"{workshop.name(parallel_search.PLACE)}/" in key], (
        "the SDK's code of the search is left"
    )
    wanted = {"NameContains": name, "StatusEquals": "InProgress"}
    assert not sagemaker.list_training_jobs(**wanted)["TrainingJobSummaries"]


def test_tidying_leaves_no_object_and_no_table_and_can_be_repeated(workshop: Any) -> None:
    as_in_the_lesson(workshop, "put", "catalog", "create-table", "create-table")
    assert parallel_search.TABLE in tables(workshop)
    parallel_search.tidy(workshop)
    parallel_search.tidy(workshop)
    prefix = f"{workshop.prefix}/{parallel_search.PLACE}/"
    assert boto3.client("s3").list_objects_v2(Bucket=workshop.bucket, Prefix=prefix)["KeyCount"] == 0
    assert parallel_search.TABLE not in tables(workshop)


def test_the_search_costs_what_fifteen_minutes_cost_however_many_trials_run_at_a_time() -> None:
    for at_once in (1, 2, 6):
        assert parallel_search.plan(at_once).usd == pytest.approx(6 * 2.5 / 60 * 0.115)
    assert parallel_search.price().usd == pytest.approx(parallel_search.plan(1).usd)
