"""Training jobs as the lessons see them: real jobs on the local AWS, read back through AWS's own APIs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sagemaker.core.training.configs import InputData
from sagemaker.core.utils.exceptions import FailedStatusError

from helpers import catch_up
from helpers.aws import jobs
from helpers.models import experiments, training


def chosen(ws: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    recalled = experiments.chosen(ws)
    assert recalled is not None
    return recalled


def test_catching_up_trains_two_models_and_chooses_the_better_on_validation(trained: Any) -> None:
    first, second = (jobs.final_metrics(job)["validation:accuracy"] for job in chosen(trained))
    assert first >= second > 0.6


def test_catching_up_again_trains_nothing(trained: Any) -> None:
    before = len(experiments.runs(trained.name("sentiment")))
    catch_up.catch_up(trained, "model")
    assert len(experiments.runs(trained.name("sentiment"))) == before


def test_an_unknown_stage_names_those_there_are(workshop: Any) -> None:
    with pytest.raises(ValueError, match="raw, clean, model"):
        catch_up.catch_up(workshop, "served")


def test_a_choice_of_a_job_that_does_not_exist_is_refused(trained: Any) -> None:
    with pytest.raises(ClientError, match="not found"):
        experiments.choose(trained, "no-such-job", "no-such-job")


def test_a_choice_whose_model_file_is_gone_is_no_choice(trained: Any) -> None:
    bucket, _, key = chosen(trained)[1]["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    file = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        assert experiments.chosen(trained) is None
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=file)


def test_a_table_of_jobs_has_their_hyperparameters_and_metrics_in_the_order_asked_for(trained: Any) -> None:
    names = [str(job["TrainingJobName"]) for job in chosen(trained)]
    table = jobs.training_table(only=names)
    assert table["job"].tolist() == names
    assert set(table["ngram-max"]) == {"1", "3"}
    assert {"billed seconds", "validation:accuracy", "train:auc"} <= set(table)


def test_a_job_that_failed_has_no_metrics_and_still_a_row(trained: Any) -> None:
    failing = failed_job(trained, "table")
    row = jobs.training_table(only=[failing]).iloc[0]
    assert row["status"] == "Failed"
    assert row["billed seconds"] >= 0


def test_two_hundred_jobs_are_read_in_a_few_seconds(
    trained: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(chosen(trained)[0]["TrainingJobName"])
    started = time.monotonic()
    assert len(jobs.training_table([name] * 200)) == 200
    assert time.monotonic() - started < 10
    monkeypatch.setattr(jobs, "_QUIET_SECONDS", 0.0)
    jobs.training_table([name] * 3)
    assert "Reading the jobs: 3 of 3" in capsys.readouterr().out


def test_the_history_of_a_job_has_each_status_with_its_seconds(trained: Any) -> None:
    history = jobs.status_history(chosen(trained)[0]).set_index("status")
    assert [s for s in history.index if s != "Pending"] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert history.loc["Training", "seconds"] > 0


def failed_job(ws: Any, what: str) -> str:
    """A job whose train channel holds JSON Lines, ended."""
    trainer = training.trainer(ws, what, {})
    raw = InputData(channel_name="train", data_source=ws.s3("raw/reviews/"))
    trainer.train(input_data_config=[raw], wait=False, logs=False)
    with pytest.raises(jobs.JobFailed):
        jobs.wait_for_training(training.job_name(trainer))
    return training.job_name(trainer)


def test_waiting_for_a_job_that_fails_raises_with_the_reason_and_the_end_of_its_log(trained: Any) -> None:
    trainer = training.trainer(trained, "wait", {"C": -1})
    trainer.train(input_data_config=training.channels(trained), wait=False, logs=False)
    with pytest.raises(jobs.JobFailed, match=r"(?s)Failed: AlgorithmError.*exit code: 2"):
        jobs.wait_for_training(training.job_name(trainer))
    assert "train.py: error: argument -C/--C: '-1' is not a number above 0" in jobs.training_log(
        training.job_name(trainer)
    )


def test_the_log_below_a_cell_is_the_script_s_own_without_the_set_up_of_the_sdk(
    trained: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = training.trainer(trained, "log", {})
    raw = InputData(channel_name="train", data_source=trained.s3("raw/reviews/"))
    with pytest.raises(FailedStatusError):
        trainer.train(input_data_config=[raw], wait=True, logs=True)
    shown = capsys.readouterr().out
    assert f"Training Job Name: {training.job_name(trainer)}" in shown
    assert "ValueError: there are no .parquet files" in shown
    assert "Final Resource Status: Failed" in shown
    for noise in ("SM_CHANNEL_TRAIN=", "++ ", "No region provided", "/algo-1", "Waiting for TrainingJob"):
        assert noise not in shown
    assert any("SM_CHANNEL_TRAIN=" in line for line in jobs.training_log(training.job_name(trainer)))


def test_a_job_or_endpoint_without_a_log_has_no_lines(workshop: Any) -> None:
    assert jobs.training_log("no-such-job") == []
    assert jobs.endpoint_log("no-such-endpoint") == []


def test_a_log_is_read_past_empty_pages_to_where_the_token_comes_back(stubbed: Callable[[str], Stubber]) -> None:
    logs = stubbed("logs")
    wanted = {"logGroupName": "group", "logStreamName": "stream", "startFromHead": True}
    pages = [("t1", []), ("t2", ["one"]), ("t3", []), ("t4", ["two"]), ("t4", [])]
    for number, (token, messages) in enumerate(pages):
        sent = {"nextToken": pages[number - 1][0]} if number else {}
        answer = {"events": [{"message": text} for text in messages], "nextForwardToken": token}
        logs.add_response("get_log_events", answer, wanted | sent)
    assert jobs.log_lines("group", "stream") == ["one", "two"]
    logs.assert_no_pending_responses()


def test_a_log_that_comes_late_is_waited_for() -> None:
    reads = iter([[], ["starting"], ["starting", "4 rows in"]])
    assert jobs.wait_for_line(lambda: next(reads), "rows in") == ["starting", "4 rows in"]


def test_a_line_that_never_comes_ends_the_wait_with_what_there_is() -> None:
    assert jobs.wait_for_line(lambda: ["starting"], "rows in", seconds=0) == ["starting"]
