"""What a call needs: IAM's actions on their resources, from AWS's reference and the request's own members."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.access import calls
from localcloud.engine.operations import OFFERED
from localcloud.services import AWAITED, OPERATIONS

HERE = "us-east-1:123456789012"
NAMED = sorted({*OPERATIONS, *AWAITED, *((service, name) for service, names in OFFERED.items() for name in names)})


def needs(service: str, operation: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    found = calls.needs(service, operation, params, lambda identity: {"q-1": "ann", "n-1": "bob"}[identity])
    return [(need.action, need.resource) for need in found]


@pytest.mark.parametrize(("service", "operation"), [pair for pair in NAMED if pair[0] != "s3"])
def test_each_operation_that_is_offered_is_an_action_of_the_reference(service: str, operation: str) -> None:
    actions = [action for action, _ in needs(service, operation, {})]
    assert bool(actions) == (operation != "GetCallerIdentity")  # which no policy can deny


@pytest.mark.parametrize(
    ("service", "operation", "params", "wanted"),
    [
        ("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "Mine"}, [f"sagemaker:{HERE}:training-job/mine"]),
        (
            "sagemaker",
            "CreateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            [f"sagemaker:{HERE}:endpoint/e", f"sagemaker:{HERE}:endpoint-config/c"],
        ),
        (
            "sagemaker",
            "DescribePipelineExecution",
            {"PipelineExecutionArn": f"arn:aws:sagemaker:{HERE}:pipeline/p/execution/x1"},
            [f"sagemaker:{HERE}:pipeline/p/execution/x1"],
        ),
        (
            "sagemaker",
            "CreateModelPackage",
            {"ModelPackageGroupName": "stars"},
            [f"sagemaker:{HERE}:model-package/stars/*"],
        ),
        ("sagemaker", "StopAutoMLJob", {"AutoMLJobName": "auto"}, [f"sagemaker:{HERE}:automl-job/auto"]),
        (
            "glue",
            "GetTable",
            {"DatabaseName": "lake", "Name": "reviews"},
            [f"glue:{HERE}:database/lake", f"glue:{HERE}:catalog", f"glue:{HERE}:table/lake/reviews"],
        ),
        (
            "glue",
            "DeleteDatabase",
            {"Name": "lake"},
            [
                f"glue:{HERE}:database/lake",
                f"glue:{HERE}:catalog",
                f"glue:{HERE}:table/lake/*",
                f"glue:{HERE}:userDefinedFunction/lake/*",
            ],
        ),
        (
            "glue",
            "BatchDeleteTable",
            {"DatabaseName": "lake", "TablesToDelete": ["a", "b"]},
            [
                f"glue:{HERE}:database/lake",
                f"glue:{HERE}:catalog",
                f"glue:{HERE}:table/lake/a",
                f"glue:{HERE}:table/lake/b",
            ],
        ),
        ("glue", "StartTrigger", {"Name": "t"}, [f"glue:{HERE}:trigger/t"]),
        ("athena", "StartQueryExecution", {"QueryString": "select 1"}, [f"athena:{HERE}:workgroup/primary"]),
        ("athena", "GetQueryResults", {"QueryExecutionId": "q-1"}, [f"athena:{HERE}:workgroup/ann"]),
        (
            "athena",
            "BatchGetNamedQuery",
            {"NamedQueryIds": ["n-1", "n-1"]},
            [f"athena:{HERE}:workgroup/bob"],
        ),
        (
            "logs",
            "GetLogEvents",
            {"logGroupName": "/g", "logStreamName": "s"},
            [f"logs:{HERE}:log-group:/g:log-stream:s"],
        ),
        ("logs", "DescribeLogStreams", {"logGroupName": "/g"}, [f"logs:{HERE}:log-group:/g:log-stream:"]),
        ("monitoring", "DeleteAlarms", {"AlarmNames": ["a"]}, [f"cloudwatch:{HERE}:alarm:a"]),
        ("events", "PutRule", {"Name": "r"}, [f"events:{HERE}:rule/r"]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "own"}, [f"events:{HERE}:rule/own/r"]),
        ("budgets", "UpdateBudget", {"NewBudget": {"BudgetName": "b"}}, ["budgets::123456789012:budget/b"]),
        ("iam", "GetRole", {"RoleName": "r"}, ["iam::123456789012:role/r"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_resources_are_the_requests_own(
    service: str, operation: str, params: dict[str, Any], wanted: list[str]
) -> None:
    found = needs(service, operation, params)
    assert [resource.removeprefix("arn:aws:") for _, resource in found] == wanted


def test_what_is_read_or_changed_of_a_budget_are_two_actions() -> None:
    assert needs("budgets", "DescribeBudget", {"BudgetName": "b"})[0][0] == "budgets:ViewBudget"
    assert needs("budgets", "CreateSubscriber", {"BudgetName": "b"})[0][0] == "budgets:ModifyBudget"


def test_a_role_in_a_request_is_passed_to_the_service() -> None:
    target = {"Id": "1", "Arn": f"arn:aws:glue:{HERE}:workflow/w", "RoleArn": "arn:aws:iam::123456789012:role/rules"}
    found = calls.needs("events", "PutTargets", {"Rule": "r", "Targets": [target]}, str)
    assert [need.action for need in found] == ["events:PutTargets", "iam:PassRole"]
    assert found[0].keys["events:TargetArn"] == [target["Arn"]]
    assert found[1].resource == target["RoleArn"]
    assert found[1].keys == {"iam:PassedToService": "events.amazonaws.com"}
    assert ("iam:PassRole", "arn:aws:iam::123456789012:role/jobs") in needs("glue", "CreateJob", {"Role": "jobs"})


def test_tags_at_the_making_are_an_action_of_their_own() -> None:
    tags = [{"Key": "learner", "Value": "ann"}]
    found = calls.needs("sagemaker", "CreateModel", {"ModelName": "m", "Tags": tags}, str)
    assert [need.action for need in found] == ["sagemaker:CreateModel", "sagemaker:AddTags"]
    assert found[0].keys == {"aws:RequestTag/learner": "ann", "aws:TagKeys": ["learner"]}
    database = needs("glue", "CreateDatabase", {"DatabaseInput": {"Name": "lake"}, "Tags": {"learner": "ann"}})
    assert database[-1] == ("glue:TagResource", f"arn:aws:glue:{HERE}:database/lake")
    rule = needs("events", "PutRule", {"Name": "r", "Tags": tags})
    assert rule[-1] == ("events:TagResource", f"arn:aws:events:{HERE}:rule/r")
    crawler = needs("glue", "CreateCrawler", {"Name": "c", "Tags": {"learner": "ann"}})
    assert crawler == [("glue:CreateCrawler", "*"), ("glue:TagResource", f"arn:aws:glue:{HERE}:crawler/c")]


def test_a_requests_instance_types_are_a_condition_key() -> None:
    configuration = {"ProductionVariants": [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.c5.large"}]}
    [need] = calls.needs("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "c", **configuration}, str)
    assert need.keys == {"sagemaker:InstanceTypes": ["ml.c5.large", "ml.m5.large"]}
