"""AutoML jobs that end before their search does: stopped, out of time, or without their server."""

from __future__ import annotations

import time
from typing import Any

import pytest
from automl_jobs import ENDED, PARQUET, TEXT, AutoML, table, texts
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until
from training_jobs import Training

BUCKET, ROLE = "sagemaker-us-east-1-123456789012", "arn:aws:iam::123456789012:role/DataScienceOnAWSExecutionRole"
LABEL = {"TargetAttributeName": "label"}


@pytest.fixture(scope="session")
def automl(training: Training) -> AutoML:
    """Starts AutoML jobs in the session's local AWS."""
    return AutoML(training)


def slow(rows: int = 20_000) -> Any:
    """A text on which a candidate takes much longer than a test."""
    words = " ".join(f"w{number % 997}x{number % 89}" for number in range(300))
    return texts(rows).assign(review=lambda frame: frame["review"] + " " + words + frame.index.map(str))


def trying(automl: AutoML, name: str) -> list[dict[str, Any]]:
    """Wait until candidates are in Training, and return them."""

    def running() -> list[dict[str, Any]]:
        found = automl.candidates(name)
        ready = [c for c in found if automl.training.describe(c["CandidateName"])["SecondaryStatus"] == "Training"]
        return found if ready else []

    return list(wait_until(running, 60))


def test_a_job_stops_in_time_with_all_its_candidates(automl: AutoML) -> None:
    name = automl.start([automl.channel(slow(), PARQUET)], TEXT)
    assert automl.describe(name)["AutoMLJobStatus"] == "InProgress"
    trying(automl, name)
    began = time.monotonic()
    automl.client.stop_auto_ml_job(AutoMLJobName=name)
    assert automl.describe(name)["AutoMLJobSecondaryStatus"] == "Stopping"
    job = automl.ended(name)
    assert time.monotonic() - began < 10
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Stopped", "Stopped")
    assert {c["CandidateStatus"] for c in automl.candidates(name)} == {"Stopped"}
    with pytest.raises(ClientError, match="status Stopped"):
        automl.client.stop_auto_ml_job(AutoMLJobName=name)


def test_a_job_stops_while_it_reads_its_data(automl: AutoML) -> None:
    name = automl.start([automl.channel(slow(), PARQUET)], TEXT)
    wait_until(lambda: automl.describe(name)["AutoMLJobSecondaryStatus"] == "AnalyzingData", 5)
    automl.client.stop_auto_ml_job(AutoMLJobName=name)
    job = automl.ended(name, seconds=10)
    assert job["AutoMLJobStatus"] == "Stopped"
    assert automl.candidates(name) == []


def test_time_limits_end_a_job_and_a_candidate(automl: AutoML) -> None:
    data = [automl.channel(slow(), PARQUET)]
    late = automl.run(data, TEXT, limits={"MaxAutoMLJobRuntimeInSeconds": 1})
    assert late["AutoMLJobStatus"] == "Failed"
    assert "MaxAutoMLJobRuntimeInSeconds" in late["FailureReason"]
    each = automl.run(data, TEXT, limits={"MaxRuntimePerTrainingJobInSeconds": 1, "MaxCandidates": 1})
    assert "MaxRuntimePerTrainingJobInSeconds" in each["FailureReason"]
    assert automl.candidates(each["AutoMLJobName"])[0]["CandidateStatus"] == "Stopped"


def test_a_job_whose_time_is_over_keeps_the_best_so_far(automl: AutoML) -> None:
    limits = {"MaxAutoMLJobRuntimeInSeconds": 12, "MaxCandidates": 750}
    job = automl.run([automl.channel(table(2000))], LABEL, limits=limits)
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "MaxAutoMLJobRuntimeReached")
    assert job["BestCandidate"]["CandidateStatus"] == "Completed"
    assert (job["EndTime"] - job["CreationTime"]).total_seconds() < 22


@pytest.mark.image
def test_a_killed_server_leaves_a_failed_job_and_its_candidates(own_cloud: OwnCloud) -> None:
    automl = AutoML(Training(BUCKET, ROLE, clients=own_cloud.client))
    done = automl.run([automl.channel(texts())], TEXT, limits={"MaxCandidates": 1})
    name = automl.start([automl.channel(slow(), PARQUET)], TEXT)
    before = [c["CandidateName"] for c in trying(automl, name)]
    own_cloud.kill()
    own_cloud.start()
    automl = AutoML(Training(BUCKET, ROLE, clients=own_cloud.client))
    job = automl.describe(name)
    assert job["AutoMLJobStatus"] == "Failed"
    assert "was stopped while this job was running" in job["FailureReason"]
    after = automl.candidates(name)
    assert [c["CandidateName"] for c in after] == before
    assert {c["CandidateStatus"] for c in after} <= set(ENDED)
    assert automl.describe(done["AutoMLJobName"])["BestCandidate"] == done["BestCandidate"]
