"""At the end of the course all of a learner's is found, deleted and proven gone; what is another's stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.config import Config
from cleanup_account import LOGS, fill, model_of_a_pipeline, start_endless_job, still_there
from own_cloud import wait_until

from helpers import cleanup, costs, ledger

KINDS = {
    "rule", "trigger", "workflow", "pipeline", "training job", "endpoint configuration", "model", "model package",
    "model package group", "Glue job", "crawler", "database", "log group", "log streams", "alarm", "objects",
    "unfinished upload", "budget",
}  # fmt: skip


def learner(workshop: Any, name: str) -> Any:
    return replace(workshop, prefix=f"data-science-on-aws/{name}", database=f"dsaws_{name}")


@pytest.fixture(scope="module")
def others(workshop: Any) -> list[Any]:
    """Learners whose names begin or end as the one's who cleans up, each with one of everything."""
    found = [learner(workshop, name) for name in ("anna", "joann")]
    for other in found:
        fill(other)
    return found


@pytest.fixture(scope="module")
def everything(others: list[Any]) -> list[str]:
    return still_there(others[0])


@pytest.fixture(scope="module")
def ann(workshop: Any, others: list[Any]) -> Iterator[Any]:
    """A learner with one of everything, a job that runs, and a model that a pipeline has made."""
    ws = learner(workshop, "ann")
    fill(ws)
    start_endless_job(ws)
    model_of_a_pipeline(ws)
    wait_until(lambda: (cleanup.hosting(ws)["kind"] == "model").sum() and _pipeline_models())
    wait_until(lambda: _status(ws) == "InProgress")
    yield ws
    for each in (ws, *others):
        cleanup.delete_everything(each)


def _pipeline_models() -> list[str]:
    found = boto3.client("sagemaker").list_models(NameContains="pipelines-")["Models"]
    return [model["ModelName"] for model in found]


def _status(ws: Any) -> str:
    return str(boto3.client("sagemaker").describe_training_job(TrainingJobName=ws.name("endless"))["TrainingJobStatus"])


@pytest.fixture(scope="module")
def before(ann: Any) -> pd.DataFrame:
    return cleanup.everything(ann)


@pytest.fixture(scope="module")
def cleaned(ann: Any, before: pd.DataFrame) -> Any:
    cleanup.delete_everything(ann)
    return ann


@pytest.fixture
def receipts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where receipts go in a test: not into the project's own folder."""
    monkeypatch.setattr(cleanup, "PROJECT", tmp_path)
    monkeypatch.setattr(cleanup, "RECEIPTS", tmp_path / "out")
    return tmp_path / "out"


def test_every_kind_is_found_before_anything_is_deleted(before: pd.DataFrame) -> None:
    assert set(before["kind"]) == KINDS


def test_looking_shows_what_is_of_this_learner_only(ann: Any, before: pd.DataFrame) -> None:
    assert not before["name"].str.contains("anna|joann").any()
    folders = before.loc[before["kind"] == "objects", "name"]
    assert f"s3://{ann.bucket}/{ann.prefix}/raw/" in set(folders)
    assert f"s3://{ann.bucket}/{ann.name('trial')}/" in set(folders), "what the tuner puts outside of the prefix"


def test_what_a_pipeline_has_named_itself_is_found_by_its_tag(before: pd.DataFrame) -> None:
    models = before.loc[before["kind"] == "model", "name"]
    assert models.str.startswith("pipelines-").sum() == 1


def test_all_is_deleted_and_nothing_of_another(cleaned: Any, others: list[Any], everything: list[str]) -> None:
    assert cleanup.everything(cleaned).empty
    assert still_there(cleaned) == []
    assert [still_there(other) for other in others] == [everything, everything]
    assert len(everything) > 14


def test_a_job_that_runs_is_stopped(cleaned: Any) -> None:
    assert _status(cleaned) == "Stopped"
    streams = boto3.client("logs").describe_log_streams(logGroupName=LOGS, logStreamNamePrefix=cleaned.name(""))
    assert streams["logStreams"] == []


def test_it_works_a_second_time(cleaned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cleanup.delete_everything(cleaned)
    assert "0 things deleted, 0 not" in capsys.readouterr().out


def test_the_receipt_says_that_nothing_is_left_and_keeps_the_bill(cleaned: Any, receipts: Path) -> None:
    spent = ledger.COLUMNS, [["05", "SageMaker AI", "training", "t", None, 36.0, "instance-second", 1.25, ""]]
    text = cleanup.receipt(cleaned, pd.DataFrame(spent[1], columns=spent[0]))
    assert "RECEIPT  Nothing of yours is left." in text
    assert "$1.25" in text
    (file,) = receipts.glob("receipt-ann-*.txt")
    assert f"saved    out/{file.name}" in text
    assert file.read_text().startswith(text)
    assert "SageMaker AI" in file.read_text(), "the bill by service is in the file"


def test_the_receipt_names_what_is_left(others: list[Any], receipts: Path) -> None:
    text = cleanup.receipt(others[0])
    assert "NOT CLEAN" in text
    assert f"found    model {others[0].name('left')}" in text


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The list of crawlers and the deletion of models are refused, as all that a web page sends."""

    def from_a_page(request: Any, **_: Any) -> None:
        request.headers["Origin"] = "http://example.com"

    boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION.events  # type: ignore[union-attr]
    for operation in ("glue.GetCrawlers", "sagemaker.DeleteModel"):
        events.register(f"before-sign.{operation}", from_a_page)
    yield
    boto3.setup_default_session()


def test_a_missing_permission_to_look_is_named_and_no_receipt_is_given(
    cleaned: Any, receipts: Path, forbidden: None
) -> None:
    (row,) = cleanup.everything(cleaned).itertuples()
    assert (row.kind, row.state) == ("crawlers", "⚠️ not allowed: GetCrawlers")
    assert "NOT CLEAN" in cleanup.receipt(cleaned)


def test_a_missing_permission_to_delete_is_named_and_the_rest_is_deleted(
    workshop: Any, forbidden: None, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = learner(workshop, "bob")
    fill(ws)
    cleanup.delete_everything(ws)
    assert f"model {ws.name('left')}: not allowed: DeleteModel" in capsys.readouterr().out
    assert still_there(ws) == ["crawler", "model"]
    boto3.setup_default_session()
    cleanup.delete_everything(ws)
    assert still_there(ws) == []


def test_old_versions_of_deleted_objects_are_found_and_deleted(workshop: Any) -> None:
    s3 = boto3.client("s3", config=Config())
    s3.create_bucket(Bucket="with-versions")
    s3.put_bucket_versioning(Bucket="with-versions", VersioningConfiguration={"Status": "Enabled"})
    ws = replace(learner(workshop, "eve"), bucket="with-versions")
    for text in (b"1", b"2"):
        s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/x", Body=text)
    s3.put_object(Bucket=ws.bucket, Key="data-science-on-aws/evelyn/x", Body=b"3")
    cleanup.delete_everything(ws)
    assert cleanup.everything(ws).empty
    left = s3.list_object_versions(Bucket=ws.bucket)
    assert [item["Key"] for item in left["Versions"]] == ["data-science-on-aws/evelyn/x"]
    assert "DeleteMarkers" not in left
    s3.delete_object(Bucket=ws.bucket, Key="data-science-on-aws/evelyn/x", VersionId=left["Versions"][0]["VersionId"])
    s3.delete_bucket(Bucket=ws.bucket)


def test_the_clean_up_of_endpoints_remembers_what_machines_they_were(workshop: Any) -> None:
    ws = learner(workshop, "ida")
    fill(ws)
    sagemaker, name = boto3.client("sagemaker"), ws.name("left")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", 60)
    cleanup.delete_hosting(ws)
    (entry,) = (row for row in ledger.read(ws).itertuples() if row.kind == "endpoint")
    assert entry.usd == pytest.approx(costs.endpoint("ml.m5.large", entry.quantity / 3600).usd)
    cleanup.delete_everything(ws)
    assert cleanup.everything(ws).empty
