"""Accuracy by operating cost: ways of serving by hand calculation, the front, and what a mistake must cost."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from sagemaker.core.parameter import CategoricalParameter
from sagemaker.train.tuner import HyperparameterTuner

from helpers.aws import jobs
from helpers.models import experiments, training
from helpers.money import costs, pareto, serverless


def models(**columns: Any) -> pd.DataFrame:
    """Two models; the better one is dearer to train."""
    table = {"accuracy": [0.8, 0.9], "training_usd": [1.0, 3.0], "ms": [1.0, 1.0], "per_second": [1000.0, 1000.0]}
    return pd.DataFrame(table | columns, index=["plain", "good"])


def test_an_endpoint_that_is_always_on_costs_a_month_of_one_machine_at_least() -> None:
    assert pareto.serving("always on", 1, 1, 1000) == pytest.approx(0.115 * 730)


def test_machines_are_counted_for_the_peak() -> None:
    # 1,000 requests a second on the average, ten times that at the peak, 5 ms each: 50 cores, filled to 70 %, two each.
    requests = 1000 * 730 * 3600
    assert pareto.machines(requests, 5 - serverless.OVERHEAD_MS) == 36  # 50 / 1.4 = 35.7


def test_serverless_is_paid_by_memory_and_time() -> None:
    found = pareto.serving("serverless", 1_000_000, 1.1, 1)
    assert found == pytest.approx(1_000_000 * (1.1 + 0.9) / 1000 * 2 * 0.00002)


def test_nightly_batches_are_paid_by_their_starts_and_their_reviews() -> None:
    hours = (30 * 300 + 7_200_000 / 1000) / 3600
    hourly = costs.price("SageMaker AI", "ml.m5.large Batch Transform").usd
    assert pareto.serving("nightly batch", 7_200_000, 1, 1000) == pytest.approx(hours * hourly)


def test_a_way_whose_price_is_unverified_has_a_star() -> None:
    mark = costs.price("SageMaker AI", "ml.m5.large Batch Transform").mark
    assert pareto.label("nightly batch").endswith(" *") is bool(mark)
    assert pareto.label("serverless") == "serverless"


def test_a_way_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no way 'fax'"):
        pareto.serving("fax", 1, 1, 1)


def test_the_front_holds_whom_nobody_beats() -> None:
    #                   cheap   beaten  best    as cheap, worse
    assert pareto.front([1.0, 3.0, 2.0, 1.0], [0.8, 0.9, 0.9, 0.7]) == [True, False, True, False]


def test_equals_are_both_on_the_front() -> None:
    assert pareto.front([1.0, 1.0], [0.8, 0.8]) == [True, True]


def test_a_step_up_says_what_a_mistake_must_cost() -> None:
    found = pareto.steps(pareto.operations(models(), requests=1000), requests=1000)
    assert found["model"].to_list() == ["plain", "good"]
    assert found.loc[1, "fewer_errors"] == pytest.approx(100)
    assert found.loc[1, "usd_more"] == pytest.approx(2)
    assert found.loc[1, "usd_per_error"] == pytest.approx(0.02)


def test_dear_mistakes_make_the_dear_model_the_cheap_one() -> None:
    table = pareto.operations(models(), requests=1000)
    assert pareto.with_errors(table, 1000, 0.01)["model"].iloc[0] == "plain"
    dear = pareto.with_errors(table, 1000, 0.03).iloc[0]
    assert dear["model"] == "good"
    assert dear["total_usd"] == pytest.approx(dear["usd"] + 100 * 0.03)


def test_the_budget_of_tuning_is_paid_trial_by_trial() -> None:
    with pytest.raises(ValueError, match="trials is 0"):
        pareto.measured(trials=0)
    one, twenty = pareto.measured(), pareto.measured(trials=20)
    assert twenty["training_usd"].to_list() == pytest.approx((20 * one["training_usd"]).to_list())
    assert one.loc["3-grams with ratio", "training_usd"] == pytest.approx(0.115 * (30 + 120) / 3600)


def test_the_dearer_models_are_those_of_the_benchmark_and_really_dearer() -> None:
    table, stored = pareto.dearer(), json.loads(serverless.DEARER.read_text())
    assert set(table.index) == set(stored["models"])
    assert table["ms"].is_monotonic_increasing
    for name, row in table.iterrows():
        assert round(serverless.price(1e6, row["ms"]).usd, 3) == stored["models"][name]["usd_per_1M_serverless"]
    assert f"{stored['held_out_reviews']:,}" in pareto.dearer_where()


def test_the_interval_of_an_accuracy_is_that_of_lesson_07() -> None:
    assert pareto.margin(0.9, 10_000) == pytest.approx(1.96 * 0.003)


def test_what_the_learner_has_trained_is_read_from_the_api(trained: Any) -> None:
    table = pareto.trained(trained)
    chosen = experiments.chosen(trained)
    assert chosen is not None
    assert {"three", "words"} <= set(table.index)
    assert table["accuracy"].is_monotonic_decreasing
    assert table.loc["three", "training_usd"] > 0
    assert jobs.final_metrics(chosen[0])[pareto.METRIC] in table["accuracy"].to_list()


def test_a_search_is_one_model_that_cost_all_its_trials(trained: Any) -> None:
    name = training.search_name(trained, "search")
    HyperparameterTuner(
        training.trainer(trained, "trial", {}), pareto.METRIC,
        {"min-df": CategoricalParameter(["2", "1000000"])}, training.METRIC_DEFINITIONS,
        strategy="Grid", max_jobs=None, max_parallel_jobs=2,
    ).tune(training.channels(trained), job_name=name, wait=False)  # fmt: skip
    jobs.wait_for_tuning(name)
    trials = experiments.runs(tuning=[name])
    row = pareto.trained(trained).loc["search"]
    assert set(trials["status"]) == {"Completed", "Failed"}
    assert row["accuracy"] == trials[pareto.METRIC].max()
    assert row["training_usd"] == pytest.approx(trials["USD"].sum())  # the failed trial is paid, too
    assert row["runs"] == 2
