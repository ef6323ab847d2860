"""Each member of IAM's lists and of Events' ListRules acts, or is refused by name; a new one cannot be forgotten.

Covered so far: the operations in `PROBED`. Not yet: the other operations of IAM and Events, and those of CloudWatch
metrics and Budgets. Logs and S3 have modules of their own (test_logs.py, test_s3_rules.py), which list no members.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from localcloud.engine.refused import REFUSED

TRUSTED = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [TRUSTED]})
READS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
ALLOWED = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
RULES = ("probe-a", "probe-b", "probe-c")


@pytest.fixture(scope="module")
def made(workshop: Any) -> dict[str, str]:
    """Roles below a path, one with policies of two kinds, tags and versions; by name what the probes ask for."""
    iam = boto3.client("iam")
    for name in RULES:
        iam.create_role(RoleName=name, Path="/probes/", AssumeRolePolicyDocument=TRUST)
        iam.tag_role(RoleName="probe-a", Tags=[{"Key": name, "Value": "1"}])
        iam.put_role_policy(RoleName="probe-a", PolicyName=name, PolicyDocument=ALLOWED)
        policy = iam.create_policy(PolicyName=name, Path="/probes/", PolicyDocument=ALLOWED)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="probe-a", PolicyArn=policy)
        if name != "probe-a":
            iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALLOWED)
            iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALLOWED)
    return {"RoleName": "probe-a", "PolicyArn": policy}


# operation -> what it lists, the members that choose the list; there are three
PAGED = {
    "ListRoles": ("Roles", {"PathPrefix": "/probes/"}),
    "ListPolicies": ("Policies", {"PathPrefix": "/probes/", "Scope": "Local"}),
    "ListRoleTags": ("Tags", {"RoleName": "probe-a"}),
    "ListAttachedRolePolicies": ("AttachedPolicies", {"RoleName": "probe-a"}),
    "ListRolePolicies": ("PolicyNames", {"RoleName": "probe-a"}),
    "ListPolicyVersions": ("Versions", {"PolicyArn": ""}),
}


@pytest.mark.parametrize("operation", PAGED)
def test_a_list_of_iam_is_three_and_comes_in_pages(made: dict[str, str], operation: str) -> None:
    listed, chosen = PAGED[operation]
    wanted = {name: value or made[name] for name, value in chosen.items()}
    call = getattr(boto3.client("iam"), "_".join(_words(operation)))
    first = call(**wanted, MaxItems=2)
    rest = call(**wanted, MaxItems=2, Marker=first["Marker"])
    whole = call(**wanted)[listed]
    assert (len(first[listed]), first["IsTruncated"], rest["IsTruncated"]) == (2, True, False)
    assert first[listed] + rest[listed] == whole
    assert len(whole) == 3
    with pytest.raises(ClientError, match="Marker"):
        call(**wanted, Marker="wrong")


def test_scope_tells_policies_apart(made: dict[str, str]) -> None:
    iam = boto3.client("iam")
    assert iam.list_policies(Scope="AWS", PathPrefix="/probes/")["Policies"] == []
    for refused in ({"OnlyAttached": True}, {"PolicyUsageFilter": "PermissionsBoundary"}):
        with pytest.raises(ClientError, match="not offered"):
            iam.list_policies(**refused)


@pytest.mark.parametrize("call", ["list_rules", "list_event_buses"])
def test_tokens_and_limits_of_events_are_not_guessed(workshop: Any, call: str) -> None:
    with pytest.raises(ClientError, match="NextToken"):
        getattr(boto3.client("events"), call)(NextToken="wrong")


def test_rules_come_in_pages(workshop: Any) -> None:
    events = boto3.client("events")
    for name in RULES:
        events.put_rule(Name=name, EventPattern='{"source": ["probes"]}')
    first = events.list_rules(NamePrefix="probe-", Limit=2)
    rest = events.list_rules(NamePrefix="probe-", Limit=2, NextToken=first["NextToken"])
    assert [rule["Name"] for rule in first["Rules"] + rest["Rules"]] == list(RULES)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.list_targets_by_rule(Rule="probe-none")
    assert events.list_targets_by_rule(Rule="probe-a", Limit=1)["Targets"] == []
    assert events.list_event_buses(NamePrefix="no")["EventBuses"] == []
    for name in RULES:
        events.delete_rule(Name=name)


def _words(operation: str) -> list[str]:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_").split("_")


# What a test above gives a value to, and sees the effect of.
PROBED = {
    **{("iam", operation): {*chosen, "MaxItems", "Marker"} for operation, (_, chosen) in PAGED.items()},
    ("events", "ListRules"): {"NamePrefix", "Limit", "NextToken"},
}
WITHOUT_PROBE = {("events", "ListRules"): {"EventBusName"}}  # there is one bus, "default"
COVERED = sorted(PROBED)


@pytest.mark.parametrize(("service", "operation"), COVERED)
def test_every_member_is_covered_once(service: str, operation: str) -> None:
    shape = get_session().get_service_model(service).operation_model(operation).input_shape
    where = (service, operation)
    groups = PROBED[where], set(REFUSED.get(where, {})), WITHOUT_PROBE.get(where, set())
    assert sorted(member for group in groups for member in group) == sorted(shape.members)
