"""What CreateTrainingJob and its neighbours refuse at once, and how jobs are listed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from training_jobs import Training, channel


def refused(training: Training, **changes: Any) -> ClientError:
    """The error of a CreateTrainingJob request with these changes; no job of that name exists afterwards."""
    request = training.request("pass", **changes)
    with pytest.raises(ClientError) as error:
        training.client.create_training_job(**request)
    with pytest.raises(ClientError, match="not found"):
        training.describe(request["TrainingJobName"])
    return error.value


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def test_an_unknown_image_is_refused_and_the_offered_ones_are_named(training: Training) -> None:
    error = refused(training, algorithm={"TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/my-own:latest"})
    assert code(error) == "ValidationException"
    assert "sagemaker-scikit-learn:1.9-0" in str(error)


def test_a_cluster_is_refused(training: Training) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
    assert code(refused(training, ResourceConfig=resources)) == "ResourceLimitExceeded"


def test_pipe_mode_is_refused(training: Training) -> None:
    pipe = [channel("train", training.s3_uri("data"), InputMode="Pipe")]
    assert "File or FastFile mode" in str(refused(training, InputDataConfig=pipe))


def test_a_metric_that_is_no_regular_expression_is_refused(training: Training) -> None:
    error = refused(training, algorithm={"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9"}]})
    assert "loss" in str(error)


@pytest.mark.parametrize("path", ["/tmp/checkpoints", "/opt/ml/../../etc"])
def test_checkpoints_outside_opt_ml_are_refused(training: Training, path: str) -> None:
    config = {"S3Uri": training.s3_uri("checkpoints"), "LocalPath": path}
    assert "below /opt/ml" in str(refused(training, CheckpointConfig=config))


def test_a_name_can_be_used_once(training: Training) -> None:
    job = training.run("pass")
    with pytest.raises(ClientError) as error:
        training.start("pass", name=job["TrainingJobName"])
    assert code(error.value) == "ResourceInUse"


def test_the_name_of_a_deleted_job_can_be_used_again_at_once(training: Training) -> None:
    name = training.run("print('the first')")["TrainingJobName"]
    training.client.delete_training_job(TrainingJobName=name)
    job = training.run("print('the second')", name=name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_running_job_cannot_be_deleted(training: Training) -> None:
    name = training.start("import time; time.sleep(300)")
    try:
        with pytest.raises(ClientError) as error:
            training.client.delete_training_job(TrainingJobName=name)
        assert code(error.value) == "ResourceInUse"
    finally:
        training.client.stop_training_job(TrainingJobName=name)
        training.ended(name)


def test_a_job_that_does_not_exist_is_not_found(training: Training) -> None:
    for operation in (training.client.describe_training_job, training.client.stop_training_job):
        with pytest.raises(ClientError, match="Requested resource not found") as error:
            operation(TrainingJobName="no-such-job")
        assert code(error.value) == "ValidationException"


@pytest.fixture(scope="module")
def three(training: Training) -> list[str]:
    """Three finished jobs: two completed, one failed."""
    names = ["listed-a", "listed-b", "listed-c"]
    for name, script in zip(names, ["pass", "raise SystemExit(1)", "pass"], strict=True):
        training.run(script, name=name)
    return names


def listed(training: Training, **filters: Any) -> list[str]:
    summaries = training.client.list_training_jobs(NameContains="listed-", **filters)["TrainingJobSummaries"]
    return [summary["TrainingJobName"] for summary in summaries]


def test_jobs_are_listed_by_name_and_status(training: Training, three: list[str]) -> None:
    assert sorted(listed(training)) == three
    assert listed(training, StatusEquals="Failed") == ["listed-b"]
    assert listed(training, SortBy="Name", SortOrder="Ascending") == three
    assert listed(training, SortBy="CreationTime", SortOrder="Descending") == three[::-1]


def test_jobs_are_listed_by_time(training: Training, three: list[str]) -> None:
    second = training.describe("listed-b")["CreationTime"]
    assert sorted(listed(training, CreationTimeAfter=second)) == ["listed-b", "listed-c"]
    assert sorted(listed(training, CreationTimeBefore=second)) == ["listed-a", "listed-b"]


def test_a_long_list_comes_in_pages(training: Training, three: list[str]) -> None:
    pages = training.client.get_paginator("list_training_jobs").paginate(
        NameContains="listed-", PaginationConfig={"PageSize": 1}
    )
    counts = [len(page["TrainingJobSummaries"]) for page in pages]
    assert counts == [1, 1, 1]


def test_a_made_up_page_token_is_refused(training: Training) -> None:
    for token in ("x", "-1"):
        with pytest.raises(ClientError, match="NextToken"):
            training.client.list_training_jobs(NextToken=token)
