"""AWS Budgets: each member acts or is shown again, what is described can be sent back, and no token is guessed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

from localcloud.store.state import ACCOUNT

USD = {"Amount": "20", "Unit": "USD"}
PERIOD = {"Start": 1_767_225_600, "End": 1_798_761_600}
COST_TYPES = ("Tax", "Subscription", "Refund", "Credit", "Upfront", "Recurring", "OtherSubscription", "Support")
LIMITED: dict[str, Any] = {
    "BudgetName": "probe",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "TimePeriod": PERIOD,
    "BudgetLimit": USD,
    "CostFilters": {"Service": ["Amazon SageMaker"]},
    "CostTypes": {
        **{f"Include{name}": False for name in (*COST_TYPES, "Discount")},
        **{"UseBlended": True, "UseAmortized": False},
    },
}
SERVICE = {"Key": "SERVICE", "Values": ["Amazon SageMaker"], "MatchOptions": ["EQUALS"]}
COURSE = {"Key": "course", "Values": ["ds"], "MatchOptions": ["EQUALS"]}
TAG, CATEGORY = {"Tags": COURSE}, {"CostCategories": {"Key": "team", "Values": ["a"], "MatchOptions": ["EQUALS"]}}
PLANNED: dict[str, Any] = {
    "BudgetName": "probe",
    "BudgetType": "COST",
    "TimeUnit": "QUARTERLY",
    "PlannedBudgetLimits": {str(1_767_225_600 + quarter * 7_776_000): USD for quarter in range(4)},
    "Metrics": ["NetUnblendedCost"],
}
FILTERS = (
    {"Dimensions": SERVICE},
    TAG,
    CATEGORY,
    {"Not": TAG},
    {"And": [TAG, CATEGORY]},
    {"Or": [TAG, {"Not": CATEGORY}]},
)
SPENT: dict[str, Any] = {"CalculatedSpend": {"ActualSpend": {"Amount": "9", "Unit": "USD"}}}
ALERT: dict[str, Any] = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
LATER: dict[str, Any] = {**ALERT, "NotificationType": "FORECASTED", "Threshold": 5.0, "ThresholdType": "ABSOLUTE_VALUE"}
ANN, BEN = ({"SubscriptionType": "EMAIL", "Address": f"{name}@example.com"} for name in ("ann", "ben"))
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:budgets"}
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def budget(workshop: Any) -> Any:
    """Calls an operation for a budget of the test's own, by its name."""
    client, name = boto3.client("budgets"), f"probe-{uuid.uuid4().hex[:8]}"

    def call(operation: str, **members: Any) -> Any:
        for budget in ("Budget", "NewBudget"):
            if budget in members:
                members[budget] = {**members[budget], "BudgetName": name}
        named = {} if operation in ("create_budget", "update_budget", "describe_budgets") else {"BudgetName": name}
        return getattr(client, operation)(AccountId=ACCOUNT, **named, **members)

    yield call
    try:
        call("delete_budget")
    except client.exceptions.NotFoundException:
        pass


def shown(answer: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Of an answer what was wanted; times as numbers."""
    found = {name: answer.get(name) for name in wanted if name != "BudgetName"}
    if found.get("TimePeriod"):
        found["TimePeriod"] = {name: time.timestamp() for name, time in answer["TimePeriod"].items()}
    return found


def _variants(member: str, operation: str) -> list[Any]:
    wanted = [LIMITED, *({**PLANNED, "FilterExpression": expression} for expression in FILTERS)]
    return [
        pytest.param(one, marks=probes("budgets", operation, request={member: one, "AccountId": ""})) for one in wanted
    ]


@pytest.mark.parametrize("wanted", _variants("Budget", "CreateBudget"))
@probes("budgets", "DescribeBudget", "AccountId", "BudgetName", "ShowFilterExpression")
def test_a_budget_is_shown_as_it_was_made(budget: Any, wanted: dict[str, Any]) -> None:
    budget("create_budget", Budget={**wanted, **SPENT})
    found = budget("describe_budget", ShowFilterExpression=True)["Budget"]
    assert shown(found, wanted) == {name: value for name, value in wanted.items() if name != "BudgetName"}
    assert found["CalculatedSpend"]["ActualSpend"]["Amount"] == "0"
    assert "FilterExpression" not in budget("describe_budget")["Budget"]


@pytest.mark.parametrize("wanted", _variants("NewBudget", "UpdateBudget"))
def test_what_is_described_can_be_sent_back(budget: Any, wanted: dict[str, Any]) -> None:
    budget(
        "create_budget",
        Budget={**LIMITED, "TimeUnit": "ANNUALLY", "CostTypes": {}, "BudgetLimit": {**USD, "Amount": "1"}},
    )
    budget("update_budget", NewBudget=wanted)
    before = budget("describe_budget", ShowFilterExpression=True)["Budget"]
    assert shown(before, wanted) == {name: value for name, value in wanted.items() if name != "BudgetName"}
    budget("update_budget", NewBudget=before)
    after = budget("describe_budget", ShowFilterExpression=True)["Budget"]
    assert {**after, "LastUpdatedTime": 0} == {**before, "LastUpdatedTime": 0}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"BudgetLimit": None}, "needs a BudgetLimit"),
        ({"PlannedBudgetLimits": {"1767225600": USD}}, "not both"),
        ({"BudgetLimit": None, "PlannedBudgetLimits": {"1767225600": USD}}, "12 of a MONTHLY"),
        ({"TimePeriod": {"Start": PERIOD["End"], "End": PERIOD["Start"]}}, "before"),
        ({"FilterExpression": {**TAG, **CATEGORY}}, "has one of"),
        ({"FilterExpression": {"And": [TAG]}}, "two or more"),
        ({"AutoAdjustData": {"AutoAdjustType": "FORECAST"}}, "AutoAdjustData of CreateBudget is not offered"),
        ({"BillingViewArn": f"arn:aws:billing::{ACCOUNT}:billingview/primary"}, "no billing views"),
    ],
)
def test_what_contradicts_itself_is_refused(budget: Any, change: dict[str, Any], told: str) -> None:
    wanted = {name: value for name, value in {**LIMITED, **change}.items() if value is not None}
    with pytest.raises(ClientError, match=told):
        budget("create_budget", Budget=wanted)


CREATED = {"AccountId": "", "NotificationsWithSubscribers": [{"Notification": ALERT, "Subscribers": [ANN]}]}


@probes("budgets", "CreateBudget", "ResourceTags.Key", "ResourceTags.Value", request=CREATED)
@probes("budgets", "DescribeNotificationsForBudget", "AccountId", "BudgetName")
@probes("budgets", "TagResource", "ResourceARN", "ResourceTags.Key", "ResourceTags.Value")
@probes("budgets", "UntagResource", "ResourceARN", "ResourceTagKeys")
@probes("budgets", "ListTagsForResource", "ResourceARN")
def test_a_budget_is_made_with_alerts_and_tags(budget: Any) -> None:
    client = boto3.client("budgets")
    alerts = [{"Notification": {**ALERT, "NotificationState": "ALARM"}, "Subscribers": [ANN]}]
    tags = [{"Key": "course", "Value": "ds"}]
    budget("create_budget", Budget=LIMITED, NotificationsWithSubscribers=alerts, ResourceTags=tags)
    assert budget("describe_notifications_for_budget")["Notifications"] == [{**ALERT, "NotificationState": "OK"}]
    assert budget("describe_subscribers_for_notification", Notification=ALERT)["Subscribers"] == [ANN]
    name = budget("describe_budget")["Budget"]["BudgetName"]
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{name}"
    client.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "team", "Value": "a"}])
    client.untag_resource(ResourceARN=arn, ResourceTagKeys=["course"])
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "team", "Value": "a"}]
    for call in (client.tag_resource, client.untag_resource, client.list_tags_for_resource):
        more = {"tag_resource": {"ResourceTags": tags}, "untag_resource": {"ResourceTagKeys": ["a"]}}
        with pytest.raises(client.exceptions.NotFoundException):
            call(ResourceARN=f"{arn}-none", **more.get(call.__name__, {}))


def _of(operation: str, **request: Any) -> pytest.MarkDecorator:
    return probes("budgets", operation, request={"AccountId": "", "BudgetName": "", **request})


@_of("CreateNotification", Notification=ALERT, Subscribers=[ANN])
@_of("UpdateNotification", OldNotification=ALERT, NewNotification=LATER)
@_of("DeleteNotification", Notification=LATER)
@_of("CreateSubscriber", Notification=LATER, Subscriber=BEN)
@_of("UpdateSubscriber", Notification=LATER, OldSubscriber=ANN, NewSubscriber=TOPIC)
@_of("DeleteSubscriber", Notification=LATER, Subscriber=BEN)
@_of("DescribeSubscribersForNotification", Notification=LATER)
@_of("DeleteBudget")
def test_alerts_and_subscribers_are_found_by_what_they_are(budget: Any) -> None:
    def subscribers() -> Any:
        return budget("describe_subscribers_for_notification", Notification=LATER)["Subscribers"]

    budget("create_budget", Budget=LIMITED)
    budget("create_notification", Notification=ALERT, Subscribers=[ANN])
    budget("update_notification", OldNotification=ALERT, NewNotification=LATER)
    assert budget("describe_notifications_for_budget")["Notifications"] == [{**LATER, "NotificationState": "OK"}]
    for member, other in ("NotificationType", "ACTUAL"), ("Threshold", 6.0), ("ThresholdType", "PERCENTAGE"):
        with pytest.raises(ClientError, match="NotFoundException"):
            budget("delete_notification", Notification={**LATER, member: other})
    budget("create_subscriber", Notification=LATER, Subscriber=BEN)
    budget("update_subscriber", Notification=LATER, OldSubscriber=ANN, NewSubscriber=TOPIC)
    assert subscribers() == [TOPIC, BEN]
    budget("delete_subscriber", Notification=LATER, Subscriber=BEN)
    assert subscribers() == [TOPIC]
    budget("delete_notification", Notification=LATER)
    with pytest.raises(ClientError, match="NotFoundException"):
        subscribers()
    budget("delete_budget")
    with pytest.raises(ClientError, match="NotFoundException"):
        budget("describe_budget")


@probes("budgets", "DescribeNotificationsForBudget", "MaxResults", "NextToken")
@probes("budgets", "DescribeSubscribersForNotification", "MaxResults", "NextToken")
@probes("budgets", "DescribeBudgets", "AccountId", "MaxResults", "NextToken", "ShowFilterExpression")
def test_lists_come_in_pages_and_a_wrong_token_is_an_error(budget: Any) -> None:
    alerts = [{"Notification": {**ALERT, "Threshold": float(n)}, "Subscribers": [ANN, BEN, TOPIC]} for n in (1, 2, 3)]
    budget("create_budget", Budget={**PLANNED, "FilterExpression": TAG}, NotificationsWithSubscribers=alerts)
    client, names = boto3.client("budgets"), [f"probe-page-{number}" for number in range(2)]
    for name in names:
        client.create_budget(AccountId=ACCOUNT, Budget={**LIMITED, "BudgetName": name})
    for operation, listed, chosen in (
        ("describe_notifications_for_budget", "Notifications", {}),
        ("describe_subscribers_for_notification", "Subscribers", {"Notification": alerts[0]["Notification"]}),
        ("describe_budgets", "Budgets", {}),
    ):
        whole = budget(operation, **chosen)[listed]
        first = budget(operation, **chosen, MaxResults=2)
        rest = budget(operation, **chosen, NextToken=first["NextToken"])
        assert (len(first[listed]), first[listed] + rest[listed]) == (2, whole)
        for wrong in ("wrong", "9999"):
            with pytest.raises(ClientError, match="InvalidNextToken"):
                budget(operation, **chosen, NextToken=wrong)
    filters = [one.get("FilterExpression") for one in budget("describe_budgets", ShowFilterExpression=True)["Budgets"]]
    assert TAG in filters
    for name in names:
        client.delete_budget(AccountId=ACCOUNT, BudgetName=name)


@pytest.mark.parametrize("operation", ["DescribeBudgets", "DescribeBudget", "CreateBudget", "DeleteBudget"])
def test_another_account_is_refused(workshop: Any, operation: str) -> None:
    client = boto3.client("budgets")
    more = {"CreateBudget": {"Budget": LIMITED}, "DescribeBudgets": {}}.get(operation, {"BudgetName": "probe"})
    with pytest.raises(client.exceptions.AccessDeniedException):
        client._make_api_call(operation, {"AccountId": "999999999999", **more})
