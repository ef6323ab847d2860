"""FilterLogEvents and DescribeLog...: patterns, prefixes, pages; each member acts or is refused by name."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.engine.logs import NoPattern, matcher


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("", ["anything"], []),
        ("Failed", ["a Failed step"], ["a failed step"]),
        ("step Failed", ["Failed step 3"], ["Failed"]),
        ('"step 3"', ["at step 3 now"], ["step number 3"]),
        ("step -retry", ["step 1"], ["step 1, retry"]),
        ('-"no luck"', ["luck"], ["no luck"]),
        ("?red ?blue", ["blue", "red"], ["green"]),
        ("%s[a-z]{3}p%", ["stxxp sabcp"], ["stp"]),
        (r'"say \"hi\""', ['to say "hi" is'], ["say hi"]),
    ],
)
def test_a_pattern_fits_what_it_says(pattern: str, fitting: list[str], others: list[str]) -> None:
    fits = matcher(pattern)
    assert [message for message in fitting + others if fits(message)] == fitting


@pytest.mark.parametrize("pattern", ["{ $.level = 3 }", "[ip, user]", "a.b", "50%", '"open', "%[%"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(NoPattern):
        matcher(pattern)


@pytest.fixture(scope="module")
def group(workshop: Any) -> str:
    logs, name, now = boto3.client("logs"), "/tests/Pages", int(time.time() * 1000)
    logs.create_log_group(logGroupName=name)
    for stream in ("one/a", "one/b", "two/a"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        events = [{"timestamp": now + number, "message": f"{stream} {number}"} for number in range(4)]
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return name


def test_pages_add_up(group: str) -> None:
    logs = boto3.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 5})
    sizes = [len(page["events"]) for page in pages]
    assert sizes == [5, 5, 2]


def test_streams_are_chosen_by_prefix_or_by_name(group: str) -> None:
    def streams(**chosen: Any) -> list[str]:
        events = boto3.client("logs").filter_log_events(logGroupName=group, **chosen)["events"]
        return sorted({event["logStreamName"] for event in events})

    assert streams(logStreamNamePrefix="one/") == ["one/a", "one/b"]
    assert streams(logStreamNames=["two/a"]) == ["two/a"]
    assert streams(filterPattern='"two/a 3"') == ["two/a"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        streams(logStreamNames=["three"])


def test_groups_are_found_by_a_part_of_their_names(group: str) -> None:
    logs = boto3.client("logs")
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePattern="/Pages")["logGroups"]] == [group]
    assert logs.describe_log_groups(logGroupNamePattern="/pages")["logGroups"] == []


@pytest.mark.parametrize(
    ("call", "members", "named"),
    [
        ("describe_log_groups", {"nextToken": "wrong"}, "nextToken"),
        ("describe_log_groups", {"includeLinkedAccounts": True}, "includeLinkedAccounts"),
        ("describe_log_streams", {"logGroupName": "/tests/Pages", "nextToken": "wrong"}, "nextToken"),
        ("filter_log_events", {"logGroupName": "/tests/Pages", "nextToken": "wrong"}, "nextToken"),
        ("filter_log_events", {"logGroupName": "/tests/Pages", "filterPattern": "{ $.a = 1 }"}, "patterns of fields"),
        ("create_log_group", {"logGroupName": "k", "kmsKeyId": "arn:aws:kms:us-east-1:1:key/1"}, "kmsKeyId"),
    ],
)
def test_what_would_have_no_effect_is_refused(group: str, call: str, members: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named) as refused:
        getattr(boto3.client("logs"), call)(**members)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
