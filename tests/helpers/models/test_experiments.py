"""The table of runs, from real training and tuning jobs of the local AWS."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from sagemaker.core.parameter import ContinuousParameter

from helpers.aws import jobs
from helpers.models import experiments, training
from helpers.money import costs

METRIC = "validation:accuracy"


def tune(ws: Any, name: str, **hyperparameters: Any) -> str:
    """A tuning job of two trials over C, ended."""
    space = {"C": ContinuousParameter(0.1, 10, scaling_type="Logarithmic")}
    tuner = training.tuner(ws, "Random", space, trials=2, at_once=2)
    tuner.model_trainer = training.trainer(ws, name, hyperparameters)
    name = f"{name}-{time.time_ns() % 10**9}"
    tuner.tune(training.channels(ws), job_name=name, wait=False)
    sagemaker = boto3.client("sagemaker")
    while True:
        job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        if job["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
            return name
        time.sleep(0.2)


@pytest.fixture(scope="module")
def searches(trained: Any) -> tuple[str, str]:
    """Two ended tuning jobs of two trials each; in the second all trials fail."""
    return tune(trained, "good"), tune(trained, "bad", **{"min-df": 10**6})


def test_the_trials_of_a_tuning_job_are_rows_with_parameters_metrics_and_price(searches: tuple[str, str]) -> None:
    table = experiments.runs(tuning=[searches[0]])
    assert len(table) == 2
    assert set(table["source"]) == {searches[0]}
    assert table["C"].dtype.kind == table[METRIC].dtype.kind == "f"
    for row in table.to_dict("records"):
        job = boto3.client("sagemaker").describe_training_job(TrainingJobName=row["job"])
        assert row[METRIC] == jobs.final_metrics(job)[METRIC]
        assert row["C"] == float(job["HyperParameters"]["C"])
    prices = [costs.training("ml.m5.large", seconds / 60).usd for seconds in table["billed seconds"]]
    assert table["USD"].tolist() == pytest.approx(prices)
    assert table["started"].is_monotonic_increasing
    assert "_tuning_objective_metric" not in table


def test_failed_trials_are_rows_without_a_metric(searches: tuple[str, str]) -> None:
    table = experiments.runs(tuning=searches)
    assert table.groupby("source")[METRIC].count().to_dict() == {searches[0]: 2, searches[1]: 0}
    assert (table["status"] == "Failed").sum() == 2


def test_the_trials_of_a_search_have_its_label_as_their_source(searches: tuple[str, str]) -> None:
    table = experiments.runs(tuning={"random": searches[0], "bayes": searches[1]})
    assert table["source"].value_counts().to_dict() == {"random": 2, "bayes": 2}


def test_of_a_trial_and_a_job_of_its_own_the_untuned_is_the_latter(searches: tuple[str, str], trained: Any) -> None:
    pair = experiments.chosen(trained)
    assert pair is not None
    own = pair[0]["TrainingJobName"]
    assert experiments.untuned(trained)["TrainingJobName"] == own
    trial = experiments.runs(tuning=[searches[0]])["job"].iloc[0]
    try:
        experiments.choose(trained, chosen=trial, runner_up=own)
        assert experiments.untuned(trained)["TrainingJobName"] == own
        tuned, untuned = experiments.chosen(trained) or ({}, {})
        table = experiments.side_by_side({"untuned": untuned, "tuned": tuned})
        assert table.loc["made by"].tolist() == ["a job of its own", "a search"]
        assert table.loc["C", "untuned"] == "default"
        assert float(table.loc["validation accuracy", "tuned"]) == round(jobs.final_metrics(tuned)[METRIC], 4)
    finally:
        experiments.choose(trained, *(job["TrainingJobName"] for job in pair))


def test_jobs_are_found_by_name_and_those_without_a_tuning_job_have_no_source(
    searches: tuple[str, str], trained: Any
) -> None:
    assert set(experiments.runs(searches[0])["source"]) == {searches[0]}
    assert set(experiments.runs(trained.name("sentiment"))["source"]) == {""}


def test_a_run_on_an_instance_of_unknown_price_has_none(trained: Any) -> None:
    chosen = experiments.chosen(trained)
    assert chosen is not None
    kept = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "StoppingCondition")
    request = {key: chosen[0][key] for key in kept}
    compute = {**chosen[0]["ResourceConfig"], "InstanceType": "ml.trn1.2xlarge"}
    name = f"unpriced-{time.time_ns() % 10**9}"
    boto3.client("sagemaker").create_training_job(TrainingJobName=name, ResourceConfig=compute, **request)
    jobs.wait_for_training(name)
    with pytest.raises(costs.UnknownPrice):
        costs.training("ml.trn1.2xlarge", 1)
    assert experiments.runs(name)["USD"].isna().all()


def test_the_chosen_model_is_opened_and_judges(trained: Any) -> None:
    model = experiments.open_chosen(trained)
    assert set(model.predict(["I loved it", "The worst of all"])) <= {0, 1}


def test_no_jobs_are_an_empty_table(workshop: Any) -> None:
    assert experiments.runs("no-job-has-this-name").empty


def test_an_unknown_tuning_job_is_an_error(workshop: Any) -> None:
    with pytest.raises(ClientError, match="not found"):
        experiments.runs(tuning=["nobody"])
