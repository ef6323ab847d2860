"""SimulatePrincipalPolicy: each action on each resource, in a context, within a boundary."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

TRUSTED = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
BUCKET, OTHER = "arn:aws:s3:::lake/a", "arn:aws:s3:::other/a"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.fixture(scope="module")
def source(workshop: Any) -> str:
    """A role that may read one bucket, start machines of one kind, and use encrypted connections."""
    iam = boto3.client("iam")
    role = iam.create_role(RoleName="simulated", Path="/probes/", AssumeRolePolicyDocument=policy(TRUSTED))["Role"]
    statements = (
        allow("s3:GetObject", "arn:aws:s3:::lake/*"),
        allow("sagemaker:CreateTrainingJob", StringEquals={"sagemaker:InstanceTypes": "ml.m5.large"}),
        allow("sagemaker:AddTags", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["course", "team"]}}),
        allow("glue:StartJobRun", NumericLessThan={"glue:Workers": "5"}),
        allow("athena:*", Bool={"aws:SecureTransport": "true"}),
    )
    iam.put_role_policy(RoleName="simulated", PolicyName="some", PolicyDocument=policy(*statements))
    return str(role["Arn"])


def decisions(source: str, *actions: str, **members: Any) -> list[str]:
    answer = boto3.client("iam").simulate_principal_policy(PolicySourceArn=source, ActionNames=actions, **members)
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def entry(name: str, kind: str, *values: str) -> dict[str, Any]:
    return {"ContextEntries": [{"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": values}]}


@probes("iam", "SimulatePrincipalPolicy", "PolicySourceArn", "ActionNames", "ResourceArns")
def test_each_action_is_asked_of_each_resource(source: str) -> None:
    asked = {"ActionNames": ["s3:GetObject", "s3:PutObject"], "ResourceArns": [BUCKET, OTHER]}
    answer = boto3.client("iam").simulate_principal_policy(PolicySourceArn=source, **asked)
    found = [
        (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in answer["EvaluationResults"]
    ]
    assert found == [
        ("s3:GetObject", BUCKET, "allowed"),
        ("s3:GetObject", OTHER, "implicitDeny"),
        ("s3:PutObject", BUCKET, "implicitDeny"),
        ("s3:PutObject", OTHER, "implicitDeny"),
    ]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        decisions(source.replace("/probes/", "/"), "s3:GetObject")
    with pytest.raises(ClientError, match="service:Action"):
        decisions(source, "GetObject")


@pytest.mark.parametrize(
    ("action", "context", "decision"),
    [
        ("sagemaker:CreateTrainingJob", entry("sagemaker:InstanceTypes", "string", "ml.m5.large"), "allowed"),
        ("sagemaker:CreateTrainingJob", entry("SAGEMAKER:InstanceTypes", "string", "ml.m5.large"), "allowed"),
        ("sagemaker:CreateTrainingJob", entry("sagemaker:InstanceTypes", "string", "ml.p4d.24xlarge"), "implicitDeny"),
        ("sagemaker:CreateTrainingJob", {}, "implicitDeny"),
        ("sagemaker:AddTags", entry("aws:TagKeys", "stringList", "course", "team"), "allowed"),
        ("sagemaker:AddTags", entry("aws:TagKeys", "stringList", "course", "other"), "implicitDeny"),
        ("glue:StartJobRun", entry("glue:Workers", "numeric", "4"), "allowed"),
        ("glue:StartJobRun", entry("glue:Workers", "numeric", "10"), "implicitDeny"),
        ("athena:GetWorkGroup", entry("aws:SecureTransport", "boolean", "true"), "allowed"),
        ("athena:GetWorkGroup", {}, "implicitDeny"),
    ],
)
def test_conditions_hold_in_the_context_that_is_given(
    source: str, action: str, context: dict[str, Any], decision: str
) -> None:
    assert decisions(source, action, **context) == [decision]


@probes("iam", "SimulatePrincipalPolicy", request=entry("k", "string", "v"))
def test_the_context_is_read_by_its_types(source: str) -> None:
    answer = boto3.client("iam").simulate_principal_policy(
        PolicySourceArn=source, ActionNames=["athena:GetWorkGroup"], **entry("aws:SecureTransport", "boolean", "true")
    )
    missing = answer["EvaluationResults"][0]["MissingContextValues"]
    assert missing == ["aws:TagKeys", "glue:Workers", "sagemaker:InstanceTypes"]
    for wrong, told in (
        (entry("aws:TagKeys", "string", "a", "b"), "stringList"),
        (entry("glue:Workers", "numeric", "many"), "no number"),
    ):
        with pytest.raises(ClientError, match=told):
            decisions(source, "glue:StartJobRun", **wrong)


@probes("iam", "SimulatePrincipalPolicy", "PolicyInputList")
def test_policies_of_the_request_are_added(source: str) -> None:
    added = [policy(allow("s3:PutObject")), policy(allow("s3:GetObject", effect="Deny"))]
    assert decisions(source, "s3:PutObject", "s3:GetObject", PolicyInputList=added) == ["allowed", "explicitDeny"]
    with pytest.raises(ClientError, match="malformed"):
        decisions(source, "s3:PutObject", PolicyInputList=["{}"])


@probes("iam", "SimulatePrincipalPolicy", "PermissionsBoundaryPolicyInputList")
def test_a_boundary_limits(source: str) -> None:
    boundary = [policy(allow("s3:PutObject"))]
    asked = {"ResourceArns": [BUCKET], "PermissionsBoundaryPolicyInputList": boundary}
    assert decisions(source, "s3:GetObject", "s3:PutObject", **asked) == ["implicitDeny", "implicitDeny"]
    with pytest.raises(ClientError, match="one permissions boundary"):
        decisions(source, "s3:GetObject", PermissionsBoundaryPolicyInputList=boundary * 2)


def test_the_boundary_of_a_role_limits_it(workshop: Any) -> None:
    iam = boto3.client("iam")
    boundary = iam.create_policy(PolicyName="only-s3", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    trust = policy(TRUSTED)
    bounded = iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)["Role"]
    iam.put_role_policy(RoleName="bounded", PolicyName="all", PolicyDocument=policy(allow("*")))
    answer = iam.simulate_principal_policy(PolicySourceArn=bounded["Arn"], ActionNames=["s3:GetObject", "glue:GetJob"])
    found = [
        (one["EvalDecision"], one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"])
        for one in answer["EvaluationResults"]
    ]
    assert found == [("allowed", True), ("implicitDeny", False)]
