"""Low-code beside code: an AutoML job followed to its end, and what is counted of each way."""

from __future__ import annotations

import time
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from helpers.aws import jobs
from helpers.models import automl, training

NEED_AN_IMAGE = {"finished"}

PRAISE, BLAME = ("a great film", "never dull", "so moving"), ("a boring film", "never funny", "so silly")
PARQUET = "x-application/vnd.amazon+parquet"


def start(workshop: Any, name: str, label: str = "sentiment") -> str:
    """Start an AutoML job on small texts, of which one opinion in ten is of the other kind; its name."""
    boto3.client("sagemaker").create_auto_ml_job_v2(**request(workshop, name, label))
    return name


def request(workshop: Any, name: str, label: str = "sentiment") -> dict[str, Any]:
    """The texts, put into S3, and the request for a job on them."""
    random = np.random.default_rng(0)
    texts = [" and ".join(random.choice(PRAISE if row % 2 else BLAME, 3)) for row in range(200)]
    frame = pd.DataFrame({"review": texts, label: np.where(np.arange(200) % 2, "positive", "negative")})
    key = f"{workshop.prefix}/lowcode/{name}/data.parquet"
    boto3.client("s3").put_object(Bucket=workshop.bucket, Key=key, Body=frame.to_parquet(index=False))
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{workshop.bucket}/{key}"}
    columns = {"ContentColumn": "review", "TargetLabelColumn": "sentiment"}
    return {
        "AutoMLJobName": name,
        "RoleArn": workshop.role,
        "AutoMLJobInputDataConfig": [{"ContentType": PARQUET, "DataSource": {"S3DataSource": source}}],
        "AutoMLProblemTypeConfig": {"TextClassificationJobConfig": columns},
        "OutputDataConfig": {"S3OutputPath": workshop.s3("lowcode")},
    }


@pytest.fixture(scope="module")
def finished(workshop: Any) -> dict[str, Any]:
    """The description of an AutoML job that has ended."""
    job = automl.run(request(workshop, training.search_name(workshop, "ml")))
    assert job
    return job


def test_the_candidates_are_listed_best_first_with_their_recipes(finished: dict[str, Any]) -> None:
    table = automl.candidates(finished)
    assert table.index[0] == finished["BestCandidate"]["CandidateName"]
    assert table["objective"].is_monotonic_decreasing
    assert (table["objective"] == table["Accuracy"]).all()
    assert {"logistic-regression", "linear-svc"} <= set(table["model"])
    assert (table["billed seconds"] >= 1).all()


def test_a_search_costs_the_sum_of_its_training_jobs() -> None:
    table = pd.DataFrame(
        {"instance": ["ml.m5.large", "ml.m5.xlarge", "ml.m5.large"], "instances": 1, "billed seconds": [60, 120, None]}
    )
    assert automl.dollars(table) == pytest.approx(0.115 / 60 + 2 * 0.23 / 60)


def test_a_machine_without_a_known_price_makes_the_sum_unknown() -> None:
    rows = [("ml.m5.large", 1, 60), ("ml.none.large", 1, 60)]
    assert np.isnan(automl.dollars(pd.DataFrame(rows, columns=["instance", "instances", "billed seconds"])))


@pytest.mark.image
def test_an_automl_job_that_fails_says_why(workshop: Any) -> None:
    name = start(workshop, training.search_name(workshop, "bad"), label="other")
    with pytest.raises(jobs.JobFailed, match="The column sentiment is not in the training data"):
        jobs.wait_for_automl(name)


@pytest.mark.image
def test_a_lesson_goes_on_without_a_job_that_fails(workshop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bad = request(workshop, training.search_name(workshop, "bad"), label="other")
    assert automl.run(bad) is None
    assert "goes on without it. Failed: The column sentiment is not in" in capsys.readouterr().out


def test_a_mistake_in_the_request_is_not_passed_over(workshop: Any) -> None:
    wrong = request(workshop, training.search_name(workshop, "wrong")) | {"RoleArn": "arn:aws:iam::1:role/none"}
    with pytest.raises(ClientError, match="ValidationException"):
        automl.run(wrong)


def test_without_a_job_there_are_no_candidates_and_they_cost_nothing() -> None:
    assert automl.candidates(None).empty
    assert automl.dollars(automl.candidates(None)) == 0


def three_lines(word: str) -> str:
    """Docstrings do not count,

    however long they are.
    """
    # nor do comments

    parts = ["a", word]
    return " ".join(parts)


def five_lines() -> str:
    text = """a
    text"""
    return three_lines(
        text)  # fmt: skip


def test_lines_of_code_are_counted_without_comments_docstrings_and_blanks() -> None:
    assert automl.lines(three_lines) == 3
    assert automl.lines(three_lines, five_lines) == 8


def test_work_is_timed_in_minutes() -> None:
    def work() -> float:
        time.sleep(0.3)
        return 0.5

    result, minutes = automl.timed(work)
    assert result == 0.5
    assert 0.3 / 60 <= minutes < 2 / 60


def test_a_notebook_is_billed_by_its_minutes() -> None:
    assert automl.notebook_dollars(60) == pytest.approx(0.05)
