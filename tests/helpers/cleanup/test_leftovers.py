"""At the end of the course all of a learner's is found, deleted and proven gone; what is another's stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.config import Config
from cleanup_account import LOGS, fill, run_a_pipeline, start_endless_job, still_there, streams_of
from own_cloud import wait_until
from sagemaker.core import image_uris

from helpers.aws import jobs
from helpers.cleanup import finders, leftovers, stored
from helpers.cleanup.left import NotDeleted
from helpers.models import experiments
from helpers.money import costs, ledger

NEED_AN_IMAGE = {"ann", "forbidden"}

KINDS = {
    "rule", "trigger", "workflow", "pipeline", "training job", "endpoint configuration", "model", "model package",
    "model package group", "Glue job", "crawler", "database", "log group", "log streams", "alarm", "folder of objects",
    "unfinished upload", "budget",
}  # fmt: skip
Executions = dict[str, str]  # the pipelines' executions by learner


def learner(workshop: Any, name: str) -> Any:
    return replace(workshop, learner=name, workgroup=f"dsaws-{name}")


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
def executions(workshop: Any, others: list[Any]) -> Executions:
    """Pipelines of Ann and of Anna, which have run."""
    found = {name: run_a_pipeline(learner(workshop, name)) for name in ("ann", "anna")}
    for execution in found.values():
        wait_until(lambda execution=execution: _ended(execution), 60)  # type: ignore[misc]
        assert len(streams_of(execution)) == 1
    return found


def _ended(execution: str) -> bool:
    described = boto3.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=execution)
    return str(described["PipelineExecutionStatus"]) == "Succeeded"


@pytest.fixture(scope="module")
def ann(workshop: Any, others: list[Any], executions: Executions) -> Iterator[Any]:
    """A learner with one of everything, a job that runs, and what a pipeline has made."""
    ws = learner(workshop, "ann")
    fill(ws)
    start_endless_job(ws)
    wait_until(lambda: _status(ws) == "InProgress")
    yield ws
    for each in (ws, *others):
        leftovers.delete_everything(each)


def _status(ws: Any) -> str:
    return str(boto3.client("sagemaker").describe_training_job(TrainingJobName=ws.name("endless"))["TrainingJobStatus"])


@pytest.fixture(scope="module")
def before(ann: Any) -> pd.DataFrame:
    return leftovers.everything(ann)


@pytest.fixture(scope="module")
def cleaned(ann: Any, before: pd.DataFrame) -> Any:
    leftovers.delete_everything(ann)
    return ann


@pytest.fixture
def receipts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where receipts go in a test: not into the project's own folder."""
    monkeypatch.setattr(leftovers, "PROJECT", tmp_path)
    monkeypatch.setattr(leftovers, "RECEIPTS", tmp_path / "out")
    return tmp_path / "out"


def test_every_kind_is_found_before_anything_is_deleted(before: pd.DataFrame) -> None:
    assert set(before["kind"]) == KINDS


def test_looking_shows_what_is_of_this_learner_only(ann: Any, before: pd.DataFrame) -> None:
    assert not before["name"].str.contains("anna|joann").any()
    folders = before.loc[before["kind"] == "folder of objects", "name"]
    assert f"s3://{ann.bucket}/{ann.prefix}/raw/" in set(folders)
    assert f"s3://{ann.bucket}/{ann.name('trial')}/" in set(folders), "what the tuner puts outside of the prefix"


def test_what_a_pipeline_has_named_itself_is_found_by_its_tag(before: pd.DataFrame) -> None:
    models = before.loc[before["kind"] == "model", "name"]
    assert models.str.startswith("pipelines-").sum() == 1


def test_all_is_deleted_and_nothing_of_another(cleaned: Any, others: list[Any], everything: list[str]) -> None:
    assert leftovers.everything(cleaned).empty
    assert still_there(cleaned) == []
    assert [still_there(other) for other in others] == [everything, everything]
    assert len(everything) > 14


def test_the_logs_of_a_pipelines_jobs_are_deleted_and_not_those_of_anothers(
    cleaned: Any, executions: Executions
) -> None:
    assert streams_of(executions["ann"]) == []
    assert len(streams_of(executions["anna"])) == 1


def test_a_job_that_runs_is_stopped(cleaned: Any) -> None:
    assert _status(cleaned) == "Stopped"
    streams = boto3.client("logs").describe_log_streams(logGroupName=LOGS, logStreamNamePrefix=cleaned.name(""))
    assert streams["logStreams"] == []


def test_it_works_a_second_time(cleaned: Any, capsys: pytest.CaptureFixture[str]) -> None:
    leftovers.delete_everything(cleaned)
    assert "0 things deleted, 0 not" in capsys.readouterr().out


def test_the_receipt_says_that_nothing_is_left_and_keeps_the_bill(cleaned: Any, receipts: Path) -> None:
    spent = ledger.COLUMNS, [["05", "SageMaker AI", "training", "t", None, 36.0, "instance-second", 1.25, ""]]
    text = leftovers.receipt(cleaned, pd.DataFrame(spent[1], columns=spent[0]))
    assert "RECEIPT  Nothing of yours is left." in text
    assert "$1.25" in text
    (file,) = receipts.glob("receipt-ann-*.txt")
    assert f"saved    out/{file.name}" in text
    assert file.read_text().startswith(text)
    assert "SageMaker AI" in file.read_text(), "the bill by service is in the file"


def test_the_receipt_names_what_is_left(others: list[Any], receipts: Path) -> None:
    text = leftovers.receipt(others[0])
    assert "NOT CLEAN" in text
    assert f"found    model {others[0].name('left')}" in text


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets operations, such as `glue.GetCrawlers`, be refused, as all that a web page sends."""

    def from_a_page(request: Any, **_: Any) -> None:
        request.headers["Origin"] = "http://example.com"

    def forbid(*operations: str) -> None:
        for operation in operations:
            boto3.DEFAULT_SESSION.events.register(f"before-sign.{operation}", from_a_page)  # type: ignore[union-attr]

    boto3.setup_default_session()
    yield forbid
    boto3.setup_default_session()


def test_a_missing_permission_to_look_is_named_and_no_receipt_is_given(
    cleaned: Any, receipts: Path, forbidden: Callable[..., None]
) -> None:
    forbidden("glue.GetCrawlers")
    (row,) = leftovers.everything(cleaned).itertuples()
    assert (row.kind, row.state) == ("crawlers", "⚠️ not allowed: GetCrawlers")
    assert "NOT CLEAN" in leftovers.receipt(cleaned)


def test_a_missing_permission_to_delete_is_named_and_the_rest_is_deleted(
    workshop: Any, forbidden: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    forbidden("glue.GetCrawlers", "sagemaker.DeleteModel")
    ws = learner(workshop, "bob")
    fill(ws)
    leftovers.delete_everything(ws)
    assert f"model {ws.name('left')}: not allowed: DeleteModel" in capsys.readouterr().out
    assert still_there(ws) == ["crawler", "model"]
    boto3.setup_default_session()
    leftovers.delete_everything(ws)
    assert still_there(ws) == []


def test_what_is_found_before_a_refusal_is_still_deleted(
    workshop: Any, executions: Executions, forbidden: Callable[..., None]
) -> None:
    ws = learner(workshop, "carol")
    fill(ws)
    forbidden("sagemaker.ListTags")  # asked for Anna's model, which a pipeline has named
    kinds = leftovers.everything(ws).set_index("kind")["state"]
    assert kinds["models"] == "⚠️ not allowed: ListTags"
    assert "model" in kinds
    leftovers.delete_everything(ws)
    assert still_there(ws) == []


def test_the_log_of_a_job_that_nobody_knows_is_no_error_and_stays(workshop: Any) -> None:
    logs, stream = boto3.client("logs"), {"logGroupName": LOGS, "logStreamName": "pipelines-gone-train-1/algo-1"}
    logs.create_log_stream(**stream)
    assert leftovers.everything(learner(workshop, "dora")).empty
    logs.delete_log_stream(**stream)


def test_more_than_a_page_of_things_is_found_and_deleted(workshop: Any) -> None:
    ws, s3 = learner(workshop, "fay"), boto3.client("s3")
    with ThreadPoolExecutor(8) as pool:
        for number in range(1001):
            pool.submit(s3.put_object, Bucket=ws.bucket, Key=f"{ws.prefix}/many/{number}", Body=b"")
    for number in range(102):  # a hundred are a page
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=ws.name(str(number)))
    found = leftovers.everything(ws).set_index("kind")
    assert found.loc["folder of objects", "state"] == "1001 objects, 0.0 MB"
    assert len(found.loc["model package group"]) == 102
    leftovers.delete_everything(ws)
    assert leftovers.everything(ws).empty


def test_objects_that_cannot_be_deleted_are_counted_and_the_others_go(workshop: Any) -> None:
    ws, s3 = learner(workshop, "gil"), boto3.client("s3")
    stays, goes = f"{ws.prefix}/stays", f"{ws.prefix}/goes"
    for key in (stays, goes):
        s3.put_object(Bucket=ws.bucket, Key=key, Body=b"x")
    first = [{"Key": stays, "ETag": '"another"'}, *({"Key": f"{ws.prefix}/{number}"} for number in range(999))]
    with pytest.raises(NotDeleted, match=f"1 objects stay; the first is {stays}: PreconditionFailed"):
        stored._delete_objects(s3, ws.bucket, [*first, {"Key": goes}])
    assert leftovers.everything(ws)["name"].tolist() == [f"s3://{ws.bucket}/{stays}"]
    leftovers.delete_everything(ws)


def test_a_note_that_nobody_can_read_does_not_keep_an_endpoint(workshop: Any) -> None:
    ws = learner(workshop, "hal")
    key = f"{ws.prefix}/ledger/endpoints.json"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=key, Body=b"{")
    finders.note_endpoints(ws)
    leftovers.delete_everything(ws)


def test_old_versions_of_deleted_objects_are_found_and_deleted(workshop: Any) -> None:
    s3 = boto3.client("s3", config=Config())
    s3.create_bucket(Bucket="with-versions")
    s3.put_bucket_versioning(Bucket="with-versions", VersioningConfiguration={"Status": "Enabled"})
    ws = replace(learner(workshop, "eve"), bucket="with-versions")
    for text in (b"1", b"2"):
        s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/x", Body=text)
    s3.put_object(Bucket=ws.bucket, Key="data-science-on-aws/evelyn/x", Body=b"3")
    leftovers.delete_everything(ws)
    assert leftovers.everything(ws).empty
    left = s3.list_object_versions(Bucket=ws.bucket)
    assert [item["Key"] for item in left["Versions"]] == ["data-science-on-aws/evelyn/x"]
    assert "DeleteMarkers" not in left
    s3.delete_object(Bucket=ws.bucket, Key="data-science-on-aws/evelyn/x", VersionId=left["Versions"][0]["VersionId"])
    s3.delete_bucket(Bucket=ws.bucket)


@pytest.mark.image
def test_the_clean_up_of_endpoints_remembers_what_machines_they_were(workshop: Any) -> None:
    ws = learner(workshop, "ida")
    fill(ws)
    sagemaker, name = boto3.client("sagemaker"), ws.name("left")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", 60)
    leftovers.delete_hosting(ws)
    (entry,) = (row for row in ledger.read(ws).itertuples() if row.kind == "endpoint")
    assert entry.usd == pytest.approx(costs.endpoint("ml.m5.large", entry.quantity / 3600).usd)
    leftovers.delete_everything(ws)
    assert leftovers.everything(ws).empty


# --- hosting alone, as lessons 07 and 08 clean up

CODE = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


@pytest.fixture
def endpoint(trained: Any) -> Iterator[str]:
    """An endpoint of the learner, which is being made, and a model of another's whose name holds the learner's."""
    sagemaker, name = boto3.client("sagemaker"), trained.name("cleanup")
    recalled = experiments.chosen(trained)
    assert recalled
    container = {
        "Image": image_uris.retrieve("sklearn", trained.region, version="1.9-0", instance_type="ml.m5.large"),
        "ModelDataUrl": recalled[0]["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": CODE,
    }
    for model in (name, f"other-{name}"):
        sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=trained.role)
    machines = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variant = {"VariantName": "AllTraffic", "ModelName": name, **machines}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    yield name
    sagemaker.delete_model(ModelName=f"other-{name}")


def test_all_of_the_learner_is_found_and_deleted_and_nothing_of_another(trained: Any, endpoint: str) -> None:
    found = leftovers.hosting(trained)
    assert found["kind"].tolist() == ["endpoint", "endpoint configuration", "model"]
    assert set(found["name"]) == {endpoint}
    assert found["state"][0] == "Creating", "AWS deletes none that is being made: it is waited for"
    leftovers.delete_hosting(trained)
    assert leftovers.hosting(trained).empty
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"] == []
    assert [model["ModelName"] for model in sagemaker.list_models(NameContains=endpoint)["Models"]] == [
        f"other-{endpoint}"
    ]
    assert any("serving" in line for line in jobs.endpoint_log(endpoint)), "the log outlives the endpoint"


def test_deleting_where_nothing_is_does_nothing(workshop: Any) -> None:
    leftovers.delete_hosting(workshop)
    assert leftovers.hosting(workshop).columns.tolist() == ["kind", "name", "state"]
