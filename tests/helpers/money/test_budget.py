"""A budget that warns at 80 % and refuses a launch past it; and the one of AWS Budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from helpers.money import budget, costs, ledger


@pytest.fixture
def ws(workshop: Any) -> Iterator[Any]:
    """A learner of this test alone, who has set a budget and then spent one dollar."""
    learner = replace(workshop, learner="saver", workgroup="dsaws-saver")
    budget.set_budget(learner, usd=3)
    spend(learner, 1.0)
    yield learner
    boto3.resource("s3").Bucket(learner.bucket).objects.filter(Prefix=learner.prefix).delete()


def spend(ws: Any, usd: float) -> None:
    by_hand = costs.Estimate(usd, "by hand")
    ledger.record(ws, by_hand, service="Comprehend", lesson="09", what="x", quantity=1, unit="unit")


def launch(usd: float) -> costs.Estimate:
    return costs.Estimate(usd, "a test")


def test_a_launch_well_within_the_budget_says_what_is_spent(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    budget.set_budget(ws, usd=5)
    budget.check(ws, launch(0.5))
    assert "💰 so far on AWS $1.00, this launch $0.50, budget $5.00" in capsys.readouterr().out


def test_a_check_lists_training_jobs_once_and_filters_nothing(ws: Any) -> None:
    budget.set_budget(ws, usd=5)
    asked: list[dict[str, Any]] = []
    session = boto3.DEFAULT_SESSION or boto3.Session()
    session.events.register(
        "before-parameter-build.sagemaker.ListTrainingJobs", lambda params, **_: asked.append(dict(params))
    )
    try:
        budget.check(ws, launch(0.5))
    finally:
        boto3.setup_default_session()
    assert asked == [{"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}]


def test_each_price_of_a_launch_is_shown_before_the_budget(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    budget.set_budget(ws, usd=5)
    capsys.readouterr()
    budget.check(ws, launch(0.5), launch(0.25))
    first, second, line = capsys.readouterr().out.splitlines()
    assert [first, second] == ["💰 on AWS about $0.50: a test", "💰 on AWS about $0.25: a test"]
    assert "this launch $0.75" in line


def test_from_eighty_per_cent_on_there_is_a_warning(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    budget.set_budget(ws, usd=5)
    budget.check(ws, launch(2.9))
    assert "⚠️" not in capsys.readouterr().out
    budget.check(ws, launch(2), launch(1.01))
    assert "⚠️ 80% of the budget" in capsys.readouterr().out


def test_a_launch_past_the_budget_is_refused_with_the_way_on(ws: Any) -> None:
    budget.set_budget(ws, usd=5)
    with pytest.raises(budget.OverBudget, match=r"past your budget: so far on AWS \$1\.00.*`allow=True`"):
        budget.check(ws, launch(4.01))


def test_a_launch_past_the_budget_is_made_when_told_so(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    budget.set_budget(ws, usd=5)
    budget.check(ws, launch(4.5), allow=True)
    assert "⚠️ 110% of the budget" in capsys.readouterr().out


def test_a_budget_can_be_changed(ws: Any) -> None:
    budget.set_budget(ws, usd=5)
    budget.set_budget(ws, usd=12.5)
    assert budget.budget(ws) == 12.5
    assert budget.spent(ws) == pytest.approx(1.0), "a changed budget counts from when the first was set"


def test_what_was_spent_before_a_budget_is_set_does_not_count(ws: Any) -> None:
    new = replace(ws, learner="fresh")
    spend(new, 2.0)
    budget.set_budget(new, usd=5)
    spend(new, 0.25)
    assert budget.spent(new) == pytest.approx(0.25)
    boto3.resource("s3").Bucket(new.bucket).objects.filter(Prefix=new.prefix).delete()


def test_without_a_budget_nothing_is_refused(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(ws, learner="nobody")
    assert budget.budget(other) is None
    budget.check(other, launch(1000))
    assert "No budget is set" in capsys.readouterr().out


@pytest.mark.parametrize("usd", [0, -1, float("nan"), float("inf"), "5", None])
def test_what_is_no_amount_is_refused(ws: Any, usd: Any) -> None:
    with pytest.raises(ValueError, match="dollars above zero"):
        budget.set_budget(ws, usd=usd)


def test_aws_budgets_gets_a_monthly_budget_that_notifies_at_eighty_per_cent(ws: Any) -> None:
    budget.set_budget(ws, usd=20, email="ann@example.com")
    budgets = boto3.client("budgets")
    wanted = {"AccountId": ws.account, "BudgetName": ws.name("budget")}
    made = budgets.describe_budget(**wanted)["Budget"]
    assert float(made["BudgetLimit"]["Amount"]) == 20
    assert (made["TimeUnit"], made["BudgetType"]) == ("MONTHLY", "COST")
    (notification,) = budgets.describe_notifications_for_budget(**wanted)["Notifications"]
    assert (notification["Threshold"], notification["ThresholdType"]) == (80.0, "PERCENTAGE")
    told = budgets.describe_subscribers_for_notification(**wanted, Notification=notification)["Subscribers"]
    assert [one["Address"] for one in told] == ["ann@example.com"]


def test_without_an_email_aws_budgets_has_the_budget_and_writes_to_nobody(ws: Any) -> None:
    budget.set_budget(ws, usd=7)
    budgets, wanted = boto3.client("budgets"), {"AccountId": ws.account, "BudgetName": ws.name("budget")}
    assert float(budgets.describe_budget(**wanted)["Budget"]["BudgetLimit"]["Amount"]) == 7
    assert budgets.describe_notifications_for_budget(**wanted)["Notifications"] == []


def test_another_email_takes_the_place_of_the_first(ws: Any) -> None:
    budget.watch_account(ws, 20, "ann@example.com")
    budget.watch_account(ws, 30, "ben@example.com")
    budgets = boto3.client("budgets")
    wanted = {"AccountId": ws.account, "BudgetName": ws.name("budget")}
    (notification,) = budgets.describe_notifications_for_budget(**wanted)["Notifications"]
    told = budgets.describe_subscribers_for_notification(**wanted, Notification=notification)["Subscribers"]
    assert [one["Address"] for one in told] == ["ben@example.com"]
    assert float(budgets.describe_budget(**wanted)["Budget"]["BudgetLimit"]["Amount"]) == 30
