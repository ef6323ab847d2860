"""Waiting and price of fixed and elastic machines, by hand calculation and by queueing theory."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.money import elasticity


def test_twenty_trials_at_once_cost_what_twenty_after_each_other_cost() -> None:
    one, many = elasticity.search(20, 1, 1, 0.115), elasticity.search(20, 1, 20, 0.115)
    assert one.usd == many.usd == pytest.approx(2.3)
    assert (one.hours, many.hours) == (20, 1)


def test_seven_trials_on_four_machines_are_two_rounds() -> None:
    assert elasticity.search(7, 0.5, 4, 1).hours == 1.0


def test_the_start_of_a_machine_is_waited_for_and_paid() -> None:
    plan = elasticity.search(4, 1, 4, 2, startup_hours=0.1)
    assert (plan.hours, plan.usd) == (pytest.approx(1.1), pytest.approx(4 * 1.1 * 2))


@pytest.mark.parametrize(("trials", "machines"), [(0, 1), (1, 0)])
def test_a_search_of_nothing_is_refused(trials: int, machines: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        elasticity.search(trials, 1, machines, 1)


@pytest.mark.parametrize(("jobs", "machines", "rounds"), [(60, 8, 8), (64, 8, 8), (5, 30, 1)])
def test_the_last_of_a_burst_waits_for_all_rounds_but_its_own(jobs: int, machines: int, rounds: int) -> None:
    assert elasticity.queue([9.0] * jobs, 0.5, machines)["waits"].max() == (rounds - 1) * 0.5


def test_three_jobs_at_one_machine_wait_by_hand() -> None:
    served = elasticity.queue([0, 0.5, 3], 1, 1)
    assert served["starts"].to_list() == [0, 1, 3]
    assert served["waits"].to_list() == [0, 0.5, 0]


def test_four_jobs_at_two_machines_go_two_by_two() -> None:
    assert elasticity.queue([0, 0, 0, 0], 2, 2)["waits"].to_list() == [0, 0, 2, 2]


def test_a_steady_queue_waits_as_theory_says() -> None:
    """One machine, jobs by chance, all of one length: the mean wait is load / (2 (1 - load)) lengths (M/D/1)."""
    coming = elasticity.arrivals(per_hour=0.7, hours=60_000, seed=1)
    assert elasticity.queue(coming, 1, 1)["waits"].mean() == pytest.approx(0.7 / (2 * 0.3), rel=0.05)


def test_jobs_must_come_to_some_machine() -> None:
    with pytest.raises(ValueError, match="a machine"):
        elasticity.queue([1], 1, 0)


def test_on_demand_every_job_waits_for_its_machine_only() -> None:
    served = elasticity.elastic([0, 0, 5], 1, 0.1)
    assert served["waits"].to_list() == pytest.approx([0.1, 0.1, 0.1])


def test_arrivals_are_sorted_the_same_every_time_and_hold_the_burst() -> None:
    coming = elasticity.arrivals(2, 24, burst=60, burst_at=9)
    assert coming == elasticity.arrivals(2, 24, burst=60, burst_at=9) == sorted(coming)
    assert sum(9 <= when <= 9.5 for when in coming) >= 60


def test_the_comparison_prices_waits_and_idle_hours() -> None:
    found = elasticity.compare([0.0, 0.0], 1, [1, 2], hours=10, hourly=1, startup_hours=0)
    assert found.loc["1 machines", ["longest wait", "usd", "at work"]].to_list() == [1, 10, 0.2]
    assert found.loc["2 machines", ["longest wait", "usd", "at work"]].to_list() == [0, 20, 0.1]
    assert found.loc["on demand", ["longest wait", "usd", "at work"]].to_list() == [0, 2, 1]
    waited = elasticity.compare([0, 0, 5], 1, [1], hours=10, hourly=2, startup_hours=0.1).loc["on demand"]
    assert waited["usd"] == pytest.approx(3 * 1.1 * 2), "the start of a machine is paid"


def test_who_waits_is_counted_between_coming_and_beginning() -> None:
    served = elasticity.queue([0, 0, 0], 1, 1)
    assert elasticity.waiting(served, [0, 0.5, 1, 1.5, 2]) == [2, 2, 1, 1, 0]
    assert np.all(served["starts"] >= served["comes"])


def test_a_lead_time_lies_in_its_range_and_is_verified_only_with_a_date_and_without_an_assumption() -> None:
    for row in elasticity.lead_times().itertuples():
        low, high = map(float, row.range.split(" to "))
        assert low <= row.weeks <= high
        assert row.source
        told = row.date[:4].isdecimal() and "assumption" not in row.source
        assert (row.checked == "verified") == told
