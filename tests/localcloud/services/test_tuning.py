"""Tuning jobs over boto3: every trial is a training job, the search is real, the best is found."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import OwnCloud, wait_until
from training_jobs import Training
from tuning_jobs import KINDS, PARABOLA, Tuning

ENDLESS = """
    import time
    print("score=1", flush=True)
    time.sleep(300)
"""


@pytest.fixture(scope="session")
def tuning(training: Training) -> Tuning:
    """Starts tuning jobs in the session's local AWS."""
    return Tuning(training)


@pytest.fixture(scope="session")
def finished(tuning: Tuning) -> dict[str, Any]:
    """A random search of four trials that has ended."""
    return tuning.run(limits={"MaxNumberOfTrainingJobs": 4})


def value(trial: dict[str, Any]) -> float:
    return float(trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


def test_a_tuning_job_runs_its_budget_and_says_so(finished: dict[str, Any]) -> None:
    assert finished["HyperParameterTuningJobStatus"] == "Completed"
    assert finished["TrainingJobStatusCounters"]["Completed"] == 4
    assert finished["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert finished["HyperParameterTuningEndTime"] >= finished["CreationTime"]


def test_the_best_training_job_is_the_one_with_the_best_value(tuning: Tuning, finished: dict[str, Any]) -> None:
    trials = tuning.trials(finished["HyperParameterTuningJobName"])
    best = max(trials, key=value)
    assert finished["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]


def test_each_trial_ran_with_the_values_that_it_is_said_to_have(tuning: Tuning, finished: dict[str, Any]) -> None:
    for trial in tuning.trials(finished["HyperParameterTuningJobName"]):
        x = float(trial["TunedHyperParameters"]["x"])
        assert value(trial) == pytest.approx(-((x - 3) ** 2), abs=1e-4)


def test_a_trial_is_a_training_job_that_names_its_tuning_job(tuning: Tuning, finished: dict[str, Any]) -> None:
    trial = tuning.training.describe(finished["BestTrainingJob"]["TrainingJobName"])
    assert trial["TuningJobArn"] == finished["HyperParameterTuningJobArn"]
    assert trial["HyperParameters"]["_tuning_objective_metric"] == "score"
    assert trial["BillableTimeInSeconds"] >= 1


def test_trials_are_listed_by_their_result_in_both_orders(tuning: Tuning, finished: dict[str, Any]) -> None:
    name = finished["HyperParameterTuningJobName"]
    up, down = (
        [value(t) for t in tuning.trials(name, SortBy="FinalObjectiveMetricValue", SortOrder=order)]
        for order in ("Ascending", "Descending")
    )
    assert up == sorted(up)
    assert down == up[::-1]


def test_trials_come_in_pages(tuning: Tuning, finished: dict[str, Any]) -> None:
    name = finished["HyperParameterTuningJobName"]
    paginator = tuning.client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    pages = paginator.paginate(HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 3})
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [3, 1]


def test_tuning_jobs_are_listed_with_their_strategy(tuning: Tuning, finished: dict[str, Any]) -> None:
    name = finished["HyperParameterTuningJobName"]
    listed = tuning.client.list_hyper_parameter_tuning_jobs(NameContains=name)["HyperParameterTuningJobSummaries"]
    assert [(job["HyperParameterTuningJobName"], job["Strategy"]) for job in listed] == [(name, "Random")]


def test_minimize_looks_for_the_lowest_value(tuning: Tuning) -> None:
    job = tuning.run(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "score"})
    trials = tuning.trials(job["HyperParameterTuningJobName"])
    assert job["BestTrainingJob"]["TrainingJobName"] == min(trials, key=value)["TrainingJobName"]


def test_a_grid_runs_each_combination_once(tuning: Tuning) -> None:
    job = tuning.run(ranges=KINDS, Strategy="Grid", limits={"MaxNumberOfTrainingJobs": None})
    trials = tuning.trials(job["HyperParameterTuningJobName"])
    assert sorted(trial["TunedHyperParameters"]["kind"] for trial in trials) == ["a", "b", "c"]


def test_no_more_trials_run_at_once_than_asked_for(tuning: Tuning) -> None:
    slow = PARABOLA + "\n    import time; time.sleep(1)\n"
    job = tuning.run(slow, limits={"MaxParallelTrainingJobs": 1})
    trials = sorted(tuning.trials(job["HyperParameterTuningJobName"]), key=lambda trial: trial["TrainingStartTime"])
    for before, after in pairwise(trials):
        assert after["TrainingStartTime"] >= before["TrainingEndTime"]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_trials_run_side_by_side(tuning: Tuning) -> None:
    slow = PARABOLA + "\n    import time; time.sleep(3)\n"
    job = tuning.run(slow, limits={"MaxNumberOfTrainingJobs": 2})
    one, two = tuning.trials(job["HyperParameterTuningJobName"])
    assert two["TrainingStartTime"] < one["TrainingEndTime"]
    assert one["TrainingStartTime"] < two["TrainingEndTime"]


def test_a_failed_trial_does_not_fail_the_job(tuning: Tuning) -> None:
    picky = PARABOLA + "\n    assert given.kind != 'b'\n"
    job = tuning.run(picky, ranges=KINDS, Strategy="Grid", limits={"MaxNumberOfTrainingJobs": None})
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 1}


def test_a_script_that_prints_no_metric_fails_the_job_and_says_which(tuning: Tuning) -> None:
    job = tuning.run("print('nothing to report')", limits={"MaxNumberOfTrainingJobs": 2})
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "score" in job["FailureReason"]
    assert job["ObjectiveStatusCounters"]["Failed"] == 2
    assert "BestTrainingJob" not in job


def test_a_goal_that_is_reached_ends_the_search(tuning: Tuning) -> None:
    job = tuning.run(
        limits={"MaxNumberOfTrainingJobs": 30, "MaxParallelTrainingJobs": 1},
        TuningJobCompletionCriteria={"TargetObjectiveMetricValue": -30.0},
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert value(job["BestTrainingJob"]) >= -30
    assert job["TrainingJobStatusCounters"]["Completed"] < 30


def test_early_stopping_stops_a_poor_trial_while_it_runs(tuning: Tuning) -> None:
    # The first five trials are good; the others are poor from their second value on, and never end by themselves.
    script = """
        import argparse, time
        parser = argparse.ArgumentParser()
        parser.add_argument("--kind")
        given, _ = parser.parse_known_args()
        good = given.kind in "abcde"
        for epoch in range(3):
            print(f"score={0.9 if good else 0.1}", flush=True)
        if not good:
            time.sleep(120)
    """
    kinds = {"CategoricalParameterRanges": [{"Name": "kind", "Values": list("abcdefgh")}]}
    name = tuning.start(
        script,
        ranges=kinds,
        Strategy="Grid",
        TrainingJobEarlyStoppingType="Auto",
        limits={"MaxNumberOfTrainingJobs": None, "MaxParallelTrainingJobs": 2},
    )
    try:
        wait_until(lambda: tuning.describe(name)["TrainingJobStatusCounters"]["Stopped"] >= 1, 45)
    finally:
        if tuning.describe(name)["HyperParameterTuningJobStatus"] == "InProgress":
            tuning.client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        tuning.wait(name)


def test_a_warm_start_begins_with_what_its_parent_has_learned(tuning: Tuning) -> None:
    parent = tuning.run(Strategy="Bayesian", limits={"MaxNumberOfTrainingJobs": 8})
    request = tuning.request(Strategy="Bayesian", limits={"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1})
    parents = [{"HyperParameterTuningJobName": parent["HyperParameterTuningJobName"]}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    tuning.client.create_hyper_parameter_tuning_job(**request, WarmStartConfig=warm)
    child = tuning.wait(request["HyperParameterTuningJobName"])
    cold = tuning.run(Strategy="Bayesian", limits={"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1})
    names = (child["HyperParameterTuningJobName"], cold["HyperParameterTuningJobName"])
    asked = [[trial["TunedHyperParameters"]["x"] for trial in tuning.trials(name)] for name in names]
    assert asked[0] != asked[1]  # the same seed, another beginning
    assert child["WarmStartConfig"] == warm


def warm_start(tuning: Tuning, parent: dict[str, Any], kind: str) -> dict[str, Any]:
    """A request that goes on from a parent, with data of its own."""
    request = tuning.request(limits={"MaxNumberOfTrainingJobs": 1})
    source = {"S3DataType": "S3Prefix", "S3Uri": tuning.training.put("warm/data.csv", "1")}
    request["TrainingJobDefinition"]["InputDataConfig"] = [
        {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    ]
    name = {"HyperParameterTuningJobName": parent["HyperParameterTuningJobName"]}
    request["WarmStartConfig"] = {"ParentHyperParameterTuningJobs": [name], "WarmStartType": kind}
    return request


def test_other_data_is_for_transfer_learning(tuning: Tuning, finished: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="WarmStartType is TransferLearning"):
        tuning.client.create_hyper_parameter_tuning_job(**warm_start(tuning, finished, "IdenticalDataAndAlgorithm"))
    request = warm_start(tuning, finished, "TransferLearning")
    tuning.client.create_hyper_parameter_tuning_job(**request)
    assert "OverallBestTrainingJob" not in tuning.wait(request["HyperParameterTuningJobName"])


def test_the_overall_best_training_job_may_be_a_parents(tuning: Tuning, finished: dict[str, Any]) -> None:
    request = warm_start(tuning, finished, "IdenticalDataAndAlgorithm")
    del request["TrainingJobDefinition"]["InputDataConfig"]
    request["HyperParameterTuningJobConfig"]["ParameterRanges"] = {
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "100", "MaxValue": "101"}]
    }
    tuning.client.create_hyper_parameter_tuning_job(**request)
    job = tuning.wait(request["HyperParameterTuningJobName"])
    overall = job["OverallBestTrainingJob"]
    assert overall["TrainingJobName"] == finished["BestTrainingJob"]["TrainingJobName"]
    assert overall["TuningJobName"] == finished["HyperParameterTuningJobName"]
    assert value(overall) > value(job["BestTrainingJob"])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"StaticHyperParameters": {"n": "1"}}, "must be as many"), ({}, "The objective metric must be")],
)
def test_what_every_warm_start_shares_with_its_parents(
    tuning: Tuning, finished: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    request = warm_start(tuning, finished, "TransferLearning")
    request["TrainingJobDefinition"] |= change
    if not change:
        request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["Type"] = "Minimize"
    with pytest.raises(ClientError, match=said):
        tuning.client.create_hyper_parameter_tuning_job(**request)


def test_a_stopped_job_ends_within_ten_seconds_with_its_trials(tuning: Tuning) -> None:
    name = tuning.start(ENDLESS)
    wait_until(lambda: tuning.describe(name)["TrainingJobStatusCounters"]["InProgress"] == 2)
    began = time.monotonic()
    tuning.client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = tuning.wait(name)
    assert time.monotonic() - began < 10
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert {trial["TrainingJobStatus"] for trial in tuning.trials(name)} == {"Stopped"}


def test_a_job_that_has_ended_cannot_be_stopped(tuning: Tuning, finished: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="cannot be stopped"):
        tuning.client.stop_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=finished["HyperParameterTuningJobName"]
        )


def test_a_name_is_used_once_and_free_again_after_deletion(tuning: Tuning) -> None:
    request = tuning.request(limits={"MaxNumberOfTrainingJobs": 1})
    tuning.client.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(tuning.client.exceptions.ResourceInUse):
        tuning.client.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    tuning.wait(name)
    tuning.client.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    tuning.client.create_hyper_parameter_tuning_job(**request)
    assert tuning.wait(name)["HyperParameterTuningJobStatus"] == "Completed"


def refused(tuning: Tuning, request: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as caught:
        tuning.client.create_hyper_parameter_tuning_job(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return str(caught.value.response["Error"]["Message"])


def test_a_metric_that_no_expression_finds_is_refused(tuning: Tuning) -> None:
    request = tuning.request(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "beauty"})
    assert "beauty" in refused(tuning, request)


def test_a_range_that_is_empty_is_refused(tuning: Tuning) -> None:
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "2", "MaxValue": "1"}]}
    assert "range of x is empty" in refused(tuning, tuning.request(ranges=ranges))


def test_a_parameter_that_is_static_and_tuned_is_refused(tuning: Tuning) -> None:
    request = tuning.request()
    request["TrainingJobDefinition"]["StaticHyperParameters"]["x"] = "1"
    assert "both static and tuned: x" in refused(tuning, request)


def test_a_search_without_a_budget_is_refused(tuning: Tuning) -> None:
    assert "MaxNumberOfTrainingJobs" in refused(tuning, tuning.request(limits={"MaxNumberOfTrainingJobs": None}))


def test_a_parent_that_does_not_exist_is_an_error(tuning: Tuning) -> None:
    warm = {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "nobody"}],
        "WarmStartType": "TransferLearning",
    }
    with pytest.raises(tuning.client.exceptions.ResourceNotFound):
        tuning.client.create_hyper_parameter_tuning_job(**tuning.request(), WarmStartConfig=warm)


def test_a_tuning_job_has_tags(tuning: Tuning, finished: dict[str, Any]) -> None:
    arn = finished["HyperParameterTuningJobArn"]
    tuning.client.add_tags(ResourceArn=arn, Tags=[{"Key": "lesson", "Value": "06"}])
    assert tuning.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "lesson", "Value": "06"}]


@pytest.mark.image
def test_what_a_killed_server_left_has_failed_and_its_trials_too(own_cloud: OwnCloud) -> None:
    from localcloud.store.state import BUCKET, ROLE_ARN

    tuning = Tuning(Training(BUCKET, ROLE_ARN, clients=own_cloud.client))
    name = tuning.start(ENDLESS)
    wait_until(lambda: tuning.describe(name)["TrainingJobStatusCounters"]["InProgress"] == 2)
    own_cloud.kill()
    own_cloud.start()
    tuning = Tuning(Training(BUCKET, ROLE_ARN, clients=own_cloud.client))
    job = tuning.describe(name)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "was stopped while this job was running" in job["FailureReason"]
    assert {trial["TrainingJobStatus"] for trial in tuning.trials(name)} == {"Failed"}


def test_the_sdk_tunes_a_trainer(tuning: Tuning, workshop: Any, tmp_path: Any) -> None:
    from textwrap import dedent

    from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
    from sagemaker.core.training.configs import Compute, SourceCode
    from sagemaker.train import ModelTrainer
    from sagemaker.train.tuner import HyperparameterTuner

    (tmp_path / "train.py").write_text(dedent(PARABOLA))
    trainer = ModelTrainer(
        training_image=tuning.training.request("")["AlgorithmSpecification"]["TrainingImage"],
        source_code=SourceCode(source_dir=str(tmp_path), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        role=workshop.role,
        sagemaker_session=workshop.session,
        hyperparameters={"kind": "a"},
    )
    tuner = HyperparameterTuner(
        trainer,
        "score",
        {"x": ContinuousParameter(0, 10), "n": IntegerParameter(0, 3)},
        metric_definitions=[{"Name": "score", "Regex": r"score=(-?[0-9.]+)"}],
        strategy="Bayesian",
        max_jobs=3,
        max_parallel_jobs=2,
    )
    tuner.tune(wait=False)
    name = tuner.latest_tuning_job.hyper_parameter_tuning_job_name
    assert tuning.wait(name)["HyperParameterTuningJobStatus"] == "Completed"
    assert tuner.best_training_job() == tuning.describe(name)["BestTrainingJob"]["TrainingJobName"]
