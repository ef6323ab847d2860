"""Strict mode: `${...}` in a policy stands for what is known of who asks; what is not known allows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from strict_cloud import StrictCloud, allow

from localcloud.store.state import ACCOUNT, BUCKET

HERE = f"arn:aws:s3:::{BUCKET}"
ALL = f"{HERE}/*"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StrictCloud]:
    cloud = StrictCloud()
    for key in ("ann/a", "bob/a"):
        cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"1")
    yield cloud
    cloud.remove()


def readable(cloud: StrictCloud, name: str, *statements: dict[str, Any], **tags: str) -> list[str]:
    """Which of the two objects a role with these statements may read."""
    cloud.role(name, *statements)
    if tags:
        cloud.client("iam").tag_role(RoleName=name, Tags=[{"Key": key, "Value": tags[key]} for key in tags])
    return [key for key in ("ann/a", "bob/a") if may_read(cloud, name, key)]


def may_read(cloud: StrictCloud, role: str, key: str) -> bool:
    s3 = cloud.acting_as(role, "s3")
    with suppress(ClientError):
        return bool(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"1")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=BUCKET, Key=key)
    return False


def test_a_tag_of_the_role_names_its_resources(cloud: StrictCloud) -> None:
    own = allow("s3:GetObject", f"{HERE}/${{aws:PrincipalTag/learner}}/*")
    assert readable(cloud, "tagged", own, learner="ann") == ["ann/a"]


def test_a_tag_that_is_not_there_allows_nothing_but_by_its_default(cloud: StrictCloud) -> None:
    assert readable(cloud, "untagged", allow("s3:GetObject", f"{HERE}/${{aws:PrincipalTag/learner}}/*")) == []
    default = f"{HERE}/${{aws:PrincipalTag/learner, 'bob'}}/*"
    assert readable(cloud, "default", allow("s3:GetObject", default)) == ["bob/a"]


def test_what_is_not_known_allows_nothing_whichever_way_it_is_written(cloud: StrictCloud) -> None:
    other = {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{HERE}/${{aws:username}}/*"}
    unequal = allow("s3:GetObject", ALL, StringNotEquals={"aws:PrincipalAccount": "${aws:ResourceTag/account}"})
    assert readable(cloud, "unknown", other, unequal) == []


def test_a_star_in_a_value_is_no_wildcard(cloud: StrictCloud) -> None:
    own = allow("s3:GetObject", f"{HERE}/${{aws:userid}}")
    cloud.role("star", own)
    assert not may_read(cloud, "star", "ann/a")
    assert readable(cloud, "literal", allow("s3:GetObject", f"{HERE}/${{*}}/a")) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/asks-*"),
        ("aws:PrincipalAccount", ACCOUNT),
        ("aws:PrincipalTag/learner", "ann"),
        ("aws:PrincipalType", "AssumedRole"),
        ("aws:userid", "AROA*:test"),
        ("aws:RequestedRegion", "us-east-1"),
    ],
)
def test_a_condition_may_ask_who_it_is(cloud: StrictCloud, key: str, value: str) -> None:
    name = f"asks-{key.rpartition(':')[2].replace('/', '-')}"
    assert readable(cloud, name, allow("s3:GetObject", ALL, StringLike={key: value}), learner="ann")
    assert not readable(cloud, f"{name}-2", allow("s3:GetObject", ALL, StringLike={key: "x"}), learner="ann")


def test_a_denial_by_the_clock_holds_after_a_simulation_too(cloud: StrictCloud) -> None:
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": ALL}
    ended = {**deny, "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}}
    role = cloud.role("ended", allow("s3:GetObject", ALL), ended)
    assert not may_read(cloud, "ended", "ann/a")
    cloud.client("iam").simulate_principal_policy(PolicySourceArn=role, ActionNames=["s3:GetObject"])
    assert not may_read(cloud, "ended", "ann/a")
