"""Low-code: an AutoML job followed to its end, and what ran."""

from __future__ import annotations

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


def test_the_best_candidate_says_that_it_stood_in_for_amazons(finished: dict[str, Any]) -> None:
    tried = automl.candidates(finished)
    assert automl.what_ran(tried) == f"open {tried['model'].iloc[0]} in place of Amazon's"


def test_a_candidate_without_a_recipe_of_scikit_learn_is_amazons() -> None:
    assert automl.what_ran(pd.DataFrame({"instance": ["ml.g5.xlarge"]})) == "Amazon's model, trained on ml.g5.xlarge"
    assert automl.what_ran(pd.DataFrame({"objective": [0.9]})) == "Amazon's model"


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


def test_without_a_job_there_are_no_candidates() -> None:
    assert automl.candidates(None).empty
    assert automl.what_ran(automl.candidates(None)) == "nothing"
