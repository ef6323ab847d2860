"""Lesson 01's search on the local AWS: measured as SageMaker says it, cheap to repeat, gone when it is tidied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from helpers.aws import athena, jobs
from helpers.models import parallel_search

NEED_AN_IMAGE = {"searched"}


@pytest.fixture(scope="module")
def placed(workshop: Any) -> Iterator[Any]:
    """The workshop with a hundred of the reviews in S3 and in the catalog."""
    parallel_search.put(workshop, parallel_search.small_reviews(100))
    parallel_search.describe(workshop, {"review": "string", "label": "bigint"})
    yield workshop
    parallel_search.tidy(workshop)


@pytest.fixture(scope="module")
def searched(placed: Any) -> parallel_search.Measured:
    """A search of two trials, one at a time, that has ended."""
    name = parallel_search.start(placed, "one", 1, penalties=("1", "10"))
    jobs.wait_for_tuning(name)
    return parallel_search.measure(name)


def test_the_small_reviews_are_clean_and_have_both_labels() -> None:
    reviews = parallel_search.small_reviews(300)
    assert len(reviews) == 300
    assert reviews["review"].is_unique
    assert 0.3 < reviews["label"].mean() < 0.7


def test_athena_reads_what_the_catalog_describes(placed: Any) -> None:
    found = athena.ask(placed, f"SELECT count(*) AS reviews FROM {parallel_search.TABLE}")
    assert found["reviews"].item() == 100


def test_a_table_that_exists_is_described_anew(placed: Any) -> None:
    parallel_search.describe(placed, {"review": "string", "label": "bigint"})
    table = boto3.client("glue").get_table(DatabaseName=placed.database, Name=parallel_search.TABLE)["Table"]
    assert table["StorageDescriptor"]["Location"] == placed.s3("01/reviews/")


def test_each_trial_is_asked_for_works_and_ends_within_the_search(searched: parallel_search.Measured) -> None:
    trials = searched.trials
    assert trials["penalty"].to_list() == [1, 10]
    assert (trials["asked"] <= trials["works"]).all()
    assert (trials["works"] < trials["ends"]).all()
    assert trials["asked"].min() >= 0
    assert trials["ends"].max() <= searched.seconds


def test_one_at_a_time_means_one_after_the_other(searched: parallel_search.Measured) -> None:
    assert searched.trials["asked"][1] >= searched.trials["ends"][0]


def test_the_price_is_that_of_the_billed_seconds(searched: parallel_search.Measured) -> None:
    assert searched.usd == pytest.approx(searched.billed_seconds / 3600 * 0.115)


def test_a_trial_says_how_many_reviews_it_has_read(searched: parallel_search.Measured) -> None:
    assert "100 reviews read" in jobs.training_log(searched.trials["job"][0])


@pytest.mark.image
def test_tidying_stops_a_search_that_nobody_waited_for(placed: Any) -> None:
    name = parallel_search.start(placed, "left", 1)
    parallel_search.tidy(placed)
    sagemaker = boto3.client("sagemaker")
    search = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert search["HyperParameterTuningJobStatus"] == "Stopped"
    assert parallel_search.stored(placed) == []
    keys = [found.key for found in boto3.resource("s3").Bucket(placed.bucket).objects.all()]
    assert not [key for key in keys if f"{placed.name(parallel_search.PLACE)}/" in key], (
        "the SDK's code of the search is left"
    )
    wanted = {"NameContains": name, "StatusEquals": "InProgress"}
    assert not sagemaker.list_training_jobs(**wanted)["TrainingJobSummaries"]


def test_tidying_leaves_no_object_and_no_table_and_can_be_repeated(workshop: Any) -> None:
    parallel_search.put(workshop, parallel_search.small_reviews(10))
    parallel_search.describe(workshop, {"review": "string", "label": "bigint"})
    parallel_search.tidy(workshop)
    parallel_search.tidy(workshop)
    prefix = f"{workshop.prefix}/{parallel_search.PLACE}/"
    assert boto3.client("s3").list_objects_v2(Bucket=workshop.bucket, Prefix=prefix)["KeyCount"] == 0
    tables = boto3.client("glue").get_tables(DatabaseName=workshop.database)["TableList"]
    assert parallel_search.TABLE not in {table["Name"] for table in tables}


def test_six_trials_cost_what_fifteen_minutes_cost() -> None:
    assert parallel_search.price().usd == pytest.approx(6 * 2.5 / 60 * 0.115)
