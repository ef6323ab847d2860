"""After an event nothing of any learner is left: each kind is planted, found, priced, deleted, looked for again."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from cleanup_account import fill, start_endless_jobs
from own_cloud import OwnCloud, wait_until

from helpers.cleanup import leftovers
from helpers.money import costs
from helpers.pipeline import event_chain
from kit import sweep

NEED_AN_IMAGE = {"planted"}
KINDS = {
    "rule", "trigger", "workflow", "pipeline", "AutoML job", "tuning job", "training job", "processing job",
    "transform job", "endpoint", "endpoint configuration", "model", "model package", "model package group", "Glue job",
    "crawler", "database", "log group", "log streams", "alarm", "folder of objects", "unfinished upload",
    "old versions", "budget", "bucket notification", "workgroup", "named query", "prepared statement",
}  # fmt: skip
BUDGET = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "5", "Unit": "USD"}}


@pytest.fixture(scope="module")
def ws() -> Iterator[Any]:
    """The host's workshop, in a local AWS of this module: a sweep takes everybody's."""
    cloud = OwnCloud()
    try:
        cloud.build_image("sklearn-1.9-0")
        cloud.start()
        with patch.dict(os.environ, COURSE_CLOUD="local", COURSE_LEARNER="host", LOCALCLOUD_HOME=str(cloud.home)):
            from helpers.workshop import connect

            yield connect(quiet=True)
    finally:
        boto3.setup_default_session()
        cloud.remove()


@pytest.fixture(scope="module")
def planted(ws: Any) -> list[Any]:
    """Two learners with one of everything, the second with what runs; a thing with the tag alone; others' things."""
    boto3.client("s3").put_bucket_versioning(Bucket=ws.bucket, VersioningConfiguration={"Status": "Enabled"})
    ann, ben = map(_learner, ("ann", "ben"))
    for learner in (ann, ben):
        fill(learner)
    start_endless_jobs(ben)
    sagemaker, name = boto3.client("sagemaker"), ben.name("left")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    event_chain.announce_objects(ws)
    _queries(ben)
    for group, course in (("by-tag", "data-science-on-aws"), ("not-ours", "another")):
        tags = [{"Key": "course", "Value": course}]
        sagemaker.create_model_package_group(ModelPackageGroupName=group, Tags=tags)
    boto3.client("s3").put_object(Bucket=ws.bucket, Key="other/x", Body=b"x")
    boto3.client("budgets").create_budget(AccountId=ws.account, Budget={**BUDGET, "BudgetName": "dsaws-event-stop"})
    wait_until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService", 60)
    _automl(ben)
    return [ann, ben]


def _learner(name: str) -> Any:
    from helpers.workshop import connect

    with patch.dict(os.environ, COURSE_LEARNER=name):
        return connect(quiet=True)


def _queries(ws: Any) -> None:
    athena = boto3.client("athena")
    athena.create_work_group(Name=ws.name("more"))
    athena.create_named_query(Name=ws.name("count"), Database="default", QueryString="SELECT 1")
    athena.create_prepared_statement(StatementName=f"{ws.database}_one", WorkGroup="primary", QueryStatement="SELECT 1")


def _automl(ws: Any) -> None:
    rows = "".join(f'"a film {number}",{number % 2}\n' for number in range(60))
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/automl/a.csv", Body=f"review,label\n{rows}")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": ws.s3("automl/")}}
    channel = {"ChannelType": "training", "ContentType": "text/csv;header=present", "DataSource": source}
    text = {"ContentColumn": "review", "TargetLabelColumn": "label"}
    boto3.client("sagemaker").create_auto_ml_job_v2(
        AutoMLJobName=ws.name("ml"),
        AutoMLJobInputDataConfig=[channel],
        OutputDataConfig={"S3OutputPath": ws.s3("automl-out/")},
        AutoMLProblemTypeConfig={"TextClassificationJobConfig": text},
        RoleArn=ws.role,
    )


@pytest.fixture(scope="module")
def dry(planted: list[Any]) -> tuple[int, str]:
    """The exit code and the output of a dry run."""
    return _run()


def _run(*arguments: str) -> tuple[int, str]:
    with redirect_stdout(io.StringIO()) as said:
        code = sweep.main(list(arguments))
    return code, said.getvalue()


def test_something_of_each_kind_is_found_and_nothing_is_deleted(dry: tuple[int, str], planted: list[Any]) -> None:
    code, said = dry
    assert {line.split(" · ")[0].strip() for line in said.splitlines() if line.startswith("    ")} == KINDS, said
    assert code == 1
    assert "Nothing was deleted: python3 course.py sweep --delete" in said
    assert [line for line in said.splitlines() if line.startswith("⚠️")] == []
    assert not leftovers.hosting(planted[0]).empty


def test_each_kind_says_how_many_learners_and_what_an_hour_costs(dry: tuple[int, str]) -> None:
    machine, job = costs.endpoint("ml.m5.large", 1).usd, costs.training("ml.m5.large", 60).usd
    assert f"· endpoints: 1 of 1 learner, {costs.dollars(machine)} an hour" in dry[1]
    assert "· databases: 2 of 2 learners, $0.00 an hour" in dry[1]
    assert f"training job · dsaws-ben-endless · InProgress · {costs.dollars(job)} an hour" in dry[1]


def test_what_has_only_the_tag_is_found_and_what_has_another_is_not(dry: tuple[int, str]) -> None:
    assert "model package group · by-tag" in dry[1]
    assert "not-ours" not in dry[1]


def test_without_anybody_to_ask_nothing_is_deleted(planted: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with patch.object(sys, "stdin", open(os.devnull)):
        assert sweep.main(["--delete"]) == 1
    assert "Nothing was deleted." in capsys.readouterr().out


def test_an_interrupt_says_how_much_is_deleted(
    planted: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    after_two = iter(["", ""])

    def interrupted(left: Any) -> str:
        for answer in after_two:
            return answer
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "delete", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep.main(["--delete", "--yes"])
    assert "Stopped: 2 things are deleted. The same command goes on" in capsys.readouterr().out


def test_everything_is_deleted_and_nothing_of_anybody_else(planted: list[Any], ws: Any) -> None:
    code, said = _run("--delete", "--yes")
    assert code == 0, said
    assert said.endswith("Nothing is left.\n")
    assert [leftovers.everything(learner).to_dict("records") for learner in planted] == [[], []]
    groups = boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["not-ours"]
    keys = [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=ws.bucket)["Contents"]]
    assert keys == ["other/x"]
    budgets = boto3.client("budgets").describe_budgets(AccountId=ws.account)["Budgets"]
    assert [budget["BudgetName"] for budget in budgets] == ["dsaws-event-stop"]  # it goes with its stack
    code, again = _run()
    assert (code, again.count(": none\n")) == (0, len(sweep.KINDS))


def test_a_rule_of_somebody_else_keeps_the_bucket_s_announcements(planted: list[Any], ws: Any) -> None:
    event_chain.announce_objects(ws)
    boto3.client("events").put_rule(Name="theirs", EventPattern='{"source": ["aws.s3"]}')
    assert "bucket notifications: none" in _run()[1]
    boto3.client("events").delete_rule(Name="theirs")
    assert "bucket notifications: 1 of" in _run()[1]
    assert _run("--delete", "--yes")[0] == 0
