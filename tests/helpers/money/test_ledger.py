"""The ledger of one learner: each kind of work by hand calculation, nothing of another's, a thousand jobs in time."""

from __future__ import annotations

import io
import json
import math
import os
import re
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError
from ledger_records import MANY, fill, write_logs_and_objects
from own_cloud import OwnCloud, wait_until
from sagemaker.core import image_uris

from helpers import PROJECT
from helpers.aws import jobs
from helpers.cleanup import leftovers
from helpers.money import at_home, ledger
from helpers.money.ledger_endpoints import Life, Machines, _life_of
from helpers.money.ledger_entries import lesson_of
from localcloud.store.resources import Store

NEED_AN_IMAGE = {"endpoint"}
CENT = 0.01
JOB, ENDPOINT = 60 * at_home.MINUTES["Training"], 60 * at_home.MINUTES["Hosting"]  # seconds of loading on AWS


@pytest.fixture(scope="module")
def ann() -> Iterator[Any]:
    """The workshop of a learner with a past, in a local AWS of this module."""
    cloud = OwnCloud()
    # The tests' own check of each answer takes several times as long as the answer.
    del cloud.environment["LOCALCLOUD_CHECK_ANSWERS"]
    try:
        cloud.start()
        cloud.stop()
        store = Store(cloud.home / "store.db")
        fill(store)
        store.close()
        with sqlite3.connect(cloud.home / "store.db") as db:
            assert db.execute("SELECT count(*) FROM resources").fetchone()[0] > MANY
        cloud.start()
        with patch.dict(os.environ, COURSE_CLOUD="local", COURSE_LEARNER="ann", LOCALCLOUD_HOME=str(cloud.home)):
            from helpers.workshop import connect

            ws = connect(quiet=True)
            write_logs_and_objects(ws)
            yield ws
    finally:
        boto3.setup_default_session()
        cloud.remove()


@pytest.fixture(scope="module")
def table(ann: Any) -> pd.DataFrame:
    return ledger.read(ann)


def one(table: pd.DataFrame, name: str, kind: str | None = None) -> pd.Series:
    (found,) = (row for _, row in table[table["name"] == name].iterrows() if kind in (None, row["kind"]))
    return found


def test_a_thousand_jobs_come_a_hundred_at_a_time_not_one_by_one(ann: Any) -> None:
    # How long that takes, benchmarks/ledger.py measures.
    asked: list[str] = []
    session = boto3.DEFAULT_SESSION or boto3.Session()
    session.events.register("before-send.sagemaker", lambda event_name, **_: asked.append(event_name.split(".")[-1]))
    try:
        assert len(ledger.read(ann)) > MANY
    finally:
        boto3.setup_default_session()
    assert asked.count("Search") == -(-MANY // 100) + 1  # with the learner's other jobs, and those of pipelines
    assert asked.count("ListTrainingJobs") == 1
    assert "DescribeTrainingJob" not in asked


def test_each_of_a_thousand_jobs_costs_its_billable_seconds(table: pd.DataFrame) -> None:
    many = table[table["name"].str.contains("sentiment-0")]
    assert len(many) == MANY
    assert set(many["lesson"]) == {"05"}
    assert many["usd"].sum() == pytest.approx(MANY * (36 + JOB) / 3600 * 0.115)


def test_on_aws_the_billed_seconds_are_what_counts_and_nothing_is_assumed(
    ann: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_CLOUD", "aws")
    real = ledger.read(ann)
    assert one(real, "dsaws-ann-sentiment-0007")["quantity"] == 36
    assert one(real, "dsaws-ann-ml-26-1")["usd"] == pytest.approx(36 / 3600 * 0.115)
    assert one(real, "dsaws-ann-sentiment")["usd"] == pytest.approx(83.95)
    assert ledger.assumed() == ""
    assert "together cost $" in ledger.title(real)


def test_a_spot_job_costs_what_was_billed_not_what_it_took(table: pd.DataFrame) -> None:
    assert one(table, "dsaws-ann-05-spot")["usd"] == pytest.approx((300 + JOB) / 3600 * 0.115)


def test_each_machine_of_a_job_is_counted(table: pd.DataFrame) -> None:
    pair = one(table, "dsaws-ann-05-pair")
    assert (pair["quantity"], pair["usd"]) == (72 + 2 * JOB, pytest.approx((72 + 2 * JOB) / 3600 * 0.115))


def test_a_tag_says_the_lesson(table: pd.DataFrame) -> None:
    assert one(table, "dsaws-ann-odd")["lesson"] == "06"


def test_trials_and_candidates_are_told_from_other_training(table: pd.DataFrame) -> None:
    trial, candidate = one(table, "dsaws-ann-random-1-002"), one(table, "dsaws-ann-ml-26-1")
    assert (trial["kind"], trial["lesson"]) == ("trial", "06")
    assert (candidate["kind"], candidate["lesson"]) == ("AutoML candidate", "04")


def test_an_automl_job_counts_once_what_it_is_taken_to_cost_on_aws(table: pd.DataFrame) -> None:
    candidates = table[table["kind"] == "AutoML candidate"]
    assert len(candidates) == 2
    assert candidates["usd"].sum() == pytest.approx(at_home.automl().usd)


def test_an_instance_without_a_price_is_listed_without_one_and_says_so(table: pd.DataFrame) -> None:
    rare = one(table, "dsaws-ann-08-rare")
    assert math.isnan(rare["usd"])
    assert rare["note"] == "not in the price table"


def test_a_pipeline_s_jobs_are_known_by_where_they_write(table: pd.DataFrame) -> None:
    pipelines = table[table["name"].str.startswith("pipelines-")]
    assert pipelines["name"].tolist() == ["pipelines-abcdefghijkl-TrainWords-1"]
    assert pipelines["lesson"].tolist() == ["10"]


def test_nothing_of_another_learner_is_in_it(table: pd.DataFrame) -> None:
    assert not table["name"].str.contains("joann").any()


def test_processing_costs_from_start_to_end_in_begun_seconds(table: pd.DataFrame) -> None:
    check = one(table, "dsaws-ann-10-check")
    assert (check["quantity"], check["usd"]) == (91 + JOB, pytest.approx((91 + JOB) / 3600 * 0.115))


def test_an_unverified_price_is_marked(table: pd.DataFrame) -> None:
    transform = one(table, "dsaws-ann-pytorch-1")
    assert (transform["lesson"], transform["note"]) == ("08", "unverified price")
    assert transform["usd"] == pytest.approx((36 + 300) / 3600 * 0.115)


def test_glue_runs_cost_by_the_second_and_a_minute_at_least(table: pd.DataFrame) -> None:
    runs = table[table["kind"] == "job run"].sort_values("usd")
    by_hand = [0.0, 2 * 60 / 3600 * 0.44, 2 * 61 / 3600 * 0.44, 2 * 120 / 3600 * 0.29]
    assert runs["usd"].tolist() == pytest.approx(sorted(by_hand))
    assert set(runs["lesson"]) == {"03"}


def test_crawls_come_from_their_log_and_cost_ten_minutes_at_least(table: pd.DataFrame) -> None:
    crawls = table[table["kind"] == "crawl"]
    assert crawls["usd"].tolist() == pytest.approx([2 * 10 / 60 * 0.44, 2 * 15 / 60 * 0.44])
    assert set(crawls["lesson"]) == {"02"}


def test_an_endpoint_left_on_for_a_month_costs_730_hours_though_it_is_deleted(table: pd.DataFrame) -> None:
    endpoint = one(table, "dsaws-ann-sentiment")
    assert endpoint["usd"] == pytest.approx(83.95 + ENDPOINT / 3600 * 0.115)
    assert endpoint["lesson"] == "07"


def test_a_serverless_endpoint_costs_the_time_of_its_answers(table: pd.DataFrame) -> None:
    # 10 answers of 50 ms and 10 of 150 ms with 2 GB: 2 s * 2 GB * 0.00002
    assert one(table, "dsaws-ann-sentiment-serverless")["usd"] == pytest.approx(0.00008)


def test_an_endpoint_that_nobody_noted_is_listed_from_its_log_without_a_price(table: pd.DataFrame) -> None:
    endpoint = one(table, "dsaws-ann-forgotten")
    assert math.isnan(endpoint["usd"])
    assert "not known any more" in endpoint["note"]


def test_a_query_costs_ten_megabytes_at_least_and_a_failed_one_nothing(table: pd.DataFrame) -> None:
    queries = table[table["kind"] == "query"].sort_values("usd")
    assert queries["usd"].tolist() == pytest.approx([0.0, 5 * 10 / 2**20])
    assert queries["lesson"].tolist() == ["other", "03"]


def test_what_is_stored_costs_by_the_month(table: pd.DataFrame) -> None:
    (stored,) = table[table["kind"] == "storage"].to_dict("records")
    assert stored["quantity"] >= 2**20
    assert stored["usd"] == pytest.approx(stored["quantity"] / 2**30 * 0.023)


def test_what_no_api_remembers_can_be_noted(table: pd.DataFrame) -> None:
    noted = one(table, "DetectSentiment")
    assert (noted["service"], noted["lesson"], noted["quantity"]) == ("Comprehend", "09", 3)
    assert noted["usd"] == pytest.approx(0.0003)


def test_the_sums_by_lesson_and_service_are_those_of_the_table(table: pd.DataFrame) -> None:
    sums = ledger.by(table)
    assert sums.loc["total", "total"] == pytest.approx(ledger.total(table))
    assert sums.loc["03", "Glue"] == pytest.approx(table[table["kind"] == "job run"]["usd"].sum())


def test_a_lesson_of_which_nothing_has_a_price_sums_to_zero(table: pd.DataFrame) -> None:
    sums = ledger.by(table[table["name"] == "dsaws-ann-08-rare"])
    assert sums.loc["08", "total"] == 0.0


def test_at_home_the_title_says_what_it_would_cost_on_aws(ann: Any, table: pd.DataFrame) -> None:
    assert "together would cost on AWS $" in ledger.title(table)
    assert "(2 without a price)" in ledger.title(table)


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied"])
def test_what_the_role_may_not_read_is_an_entry_that_says_so(code: str) -> None:
    def refused() -> Iterator[ledger.Entry]:
        yield ledger.Entry("03", "Glue", "job run", "before", None, 1.0, "DPU-second", 0.5)
        raise ClientError({"Error": {"Code": code, "Message": "not authorized"}}, "GetJobRuns")

    before, after = ledger._allowed("Glue", "job run", refused)
    assert before.name == "before"
    assert (after.name, after.note) == ("not readable", "your role may not GetJobRuns: there may be more")
    assert math.isnan(after.usd)


def test_another_error_than_a_refusal_is_not_hidden() -> None:
    def broken() -> Iterator[ledger.Entry]:
        raise ClientError({"Error": {"Code": "InternalFailure", "Message": "x"}}, "GetJobRuns")
        yield

    with pytest.raises(ClientError, match="InternalFailure"):
        list(ledger._allowed("Glue", "job run", broken))


def test_a_name_that_is_taken_again_within_a_minute_keeps_two_lives_apart() -> None:
    machines = (Machines("all", "ml.m5.large", 1),)
    first, second = (Life("dsaws-ann-a", began, began, machines, "07") for began in (1000.0, 1060.0))
    assert _life_of("dsaws-ann-a", 1001.0, [first, second]) == first
    assert _life_of("dsaws-ann-a", 1061.0, [first, second]) == second


def test_an_empty_ledger_has_the_columns(ann: Any) -> None:
    nobody = replace(ann, learner="nobody", workgroup="dsaws-nobody")
    empty = ledger.read(nobody)
    assert empty.columns.tolist() == ledger.COLUMNS
    assert ledger.total(empty) == 0


@pytest.fixture
def endpoint(ann: Any, tmp_path: Path) -> Iterator[str]:
    """An endpoint of ann's, in service, of the smallest model there is."""
    archive, name = tmp_path / "model.tar.gz", ann.name("05-live")
    script = (
        b"def model_fn(folder):\n    return 1\n\ndef transform_fn(model, body, kind, accept):\n    return '1', accept\n"
    )
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(script)
        tar.addfile(member, io.BytesIO(script))
    boto3.client("s3").upload_file(str(archive), ann.bucket, f"{ann.prefix}/model.tar.gz")
    sagemaker = boto3.client("sagemaker")
    container = {
        "Image": image_uris.retrieve("sklearn", ann.region, version="1.9-0", instance_type="ml.m5.large"),
        "ModelDataUrl": ann.s3("model.tar.gz"),
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    }
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ann.role)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    jobs.wait_for_endpoint(name)
    yield name
    leftovers.delete_hosting(ann)


def test_an_endpoint_costs_while_it_exists_and_is_remembered_when_it_is_gone(ann: Any, endpoint: str) -> None:
    created = boto3.client("sagemaker").describe_endpoint(EndpointName=endpoint)["CreationTime"].timestamp()
    before = time.time() - created
    alive = one(ledger.read(ann), endpoint)
    assert alive["note"] == "exists, and costs on"
    assert before - 0.1 <= alive["quantity"] - ENDPOINT <= time.time() - created
    assert alive["usd"] == pytest.approx(alive["quantity"] / 3600 * 0.23)
    time.sleep(1.0)
    asked = time.time() - created
    boto3.client("sagemaker").delete_endpoint(EndpointName=endpoint)
    wait_until(lambda: not boto3.client("sagemaker").list_endpoints(NameContains=endpoint)["Endpoints"])
    gone = one(ledger.read(ann), endpoint)
    assert gone["note"] == ""
    assert gone["quantity"] - ENDPOINT >= asked - 0.1, "its log says when it ended, though nobody looked at it then"
    assert gone["usd"] == pytest.approx(gone["quantity"] / 3600 * 0.23)
    time.sleep(1.1)
    assert one(ledger.read(ann), endpoint)["usd"] == gone["usd"], "it costs no more"


@pytest.mark.parametrize(
    ("name", "kind", "lesson"),
    [
        ("sentiment-three-20261122", "training", "05"),
        ("sentiment", "endpoint", "07"),
        ("sentiment-serverless", "endpoint", "07"),
        ("sentiment-pytorch-1", "training", "08"),
        ("three", "endpoint", "08"),
        ("11-whatever", "training", "11"),
        ("lesson-12-x", "processing", "12"),
        ("lab06-1122-0000", "trial", "06"),
        ("rawhide", "crawler", "other"),
        ("99-x", "training", "other"),
    ],
)
def test_a_name_says_its_lesson_or_other(name: str, kind: str, lesson: str) -> None:
    assert lesson_of(name, kind=kind) == lesson


def lesson(folder: Path, number: str, first: str) -> None:
    cell = {"cell_type": "markdown", "source": [f"# Lesson {number}\n", first]}
    (folder / f"{number}_name.ipynb").write_text(json.dumps({"cells": [cell]}))


def test_every_lesson_of_the_course_states_a_price_and_the_readme_their_sum() -> None:
    prices = ledger.stated()
    assert len(prices) == len(list(ledger.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")))
    assert (prices["with optional"] >= prices["stated for AWS"]).all()
    told = re.search(r"about \$([\d.]+) for all lessons", (PROJECT / "README.md").read_text(encoding="utf-8"))
    assert told
    assert float(told[1]) == pytest.approx(prices["with optional"].sum(), rel=0.05)


def launches(path: Path) -> tuple[float, float]:
    """Dollars of a lesson's launches, as its stored outputs say them: each was held against the budget.

    Returns those of the core path, and all.
    """
    core, every, optional = 0.0, 0.0, False
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown" and "".join(cell["source"]).startswith("## "):
            optional = "optional" in cell["metadata"].get("tags", [])
        usd = sum(
            float(found) for found in re.findall(r"this launch \$([\d.]+\d)", json.dumps(cell.get("outputs", [])))
        )
        core, every = core + usd * (not optional), every + usd
    return core, every


def test_what_a_lesson_states_is_what_the_price_table_says_of_its_launches() -> None:
    """A changed price changes the launches at the next execution, and then the first cell has to follow."""
    for path in sorted(ledger.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        stated, optional = ledger.stated().loc[path.name[:2]]
        core, every = launches(path)
        assert core <= stated + CENT, (path.name, stated, core)
        assert 0.8 * optional - CENT <= every <= optional + CENT, (path.name, optional, every)


def in_the_ledger(path: Path) -> float:
    """Dollars of a lesson in its ledger, as its stored outputs say them last; 0 where it has no such line."""
    text = json.dumps(json.loads(path.read_text(encoding="utf-8"))["cells"], ensure_ascii=False)
    lines = re.findall(rf"ledger: lesson {path.name[:2]} ([^;]*);", text)
    return sum(float(usd) for usd in re.findall(r"\$([\d.]+\d)", lines[-1])) if lines else 0.0


def test_the_ledger_of_a_lesson_is_within_what_the_lesson_states() -> None:
    prices = ledger.stated()["with optional"]
    paths = {path.name[:2]: path for path in ledger.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
    found = {number: in_the_ledger(path) for number, path in paths.items()}
    assert all(usd <= prices[number] + CENT for number, usd in found.items()), (found, prices)
    assert 0.3 < sum(found.values()) <= prices.sum()
    assert at_home.automl().usd <= prices["04"] + CENT


def test_about_less_than_and_none_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "NOTEBOOKS", tmp_path)
    lesson(tmp_path, "00", r"💰 **Cost on AWS: less than \$0.01** (five requests) · at home: \$0")
    lesson(tmp_path, "04", r"💰 **Cost on AWS: about \$0.75** (an hour) · at home: \$0")
    lesson(tmp_path, "11", r"💰 **Cost on AWS: \$0.00** · at home: \$0")
    lesson(tmp_path, "08", r"💰 **Cost on AWS: about \$0.01**, with the optional part **\$0.14** · ⚠️ **\$252** a month")
    assert ledger.stated()["stated for AWS"].to_dict() == {"00": 0.01, "04": 0.75, "08": 0.01, "11": 0.0}
    assert ledger.stated()["with optional"].to_dict() == {"00": 0.01, "04": 0.75, "08": 0.14, "11": 0.0}


def test_a_lesson_without_a_price_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "NOTEBOOKS", tmp_path)
    lesson(tmp_path, "05", "free, more or less")
    with pytest.raises(ValueError, match=r"05_name\.ipynb states no cost"):
        ledger.stated()
