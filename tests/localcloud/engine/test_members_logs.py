"""CloudWatch Logs: each member of a request acts; pages add up, what is too old or too new is told."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

from localcloud.store.state import ACCOUNT

GROUP = "/probes/logs"
ARN = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
NOW = int(time.time() * 1000) - 60_000
DAY = 24 * 3600 * 1000


@pytest.fixture(scope="module")
def logs(workshop: Any) -> Any:
    """Three groups; in one, three streams of four events, the last stream's the oldest; the client."""
    client = boto3.client("logs")
    for name in (GROUP, f"{GROUP}/b", f"{GROUP}/c"):
        client.create_log_group(logGroupName=name)
    for number, stream in enumerate(("one/a", "one/b", "two/a")):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        first = NOW - 1000 * number
        events = [{"timestamp": first + event, "message": f"{stream} {event}"} for event in range(4)]
        client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    return client


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


@probes("logs", "CreateLogGroup", "logGroupName", "tags")
@probes("logs", "DeleteLogGroup", "logGroupName")
@probes("logs", "TagResource", "resourceArn", "tags")
@probes("logs", "UntagResource", "resourceArn", "tagKeys")
@probes("logs", "ListTagsForResource", "resourceArn")
def test_a_group_and_its_tags(logs: Any) -> None:
    name, arn = f"{GROUP}/own", f"{ARN}/own"
    logs.create_log_group(logGroupName=name, tags={"course": "ds", "a": "1"})
    logs.tag_resource(resourceArn=arn, tags={"team": "a"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"course": "ds", "team": "a"}
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name)
    logs.delete_log_group(logGroupName=name)
    for call, more in (
        (logs.tag_resource, {"tags": {"a": "b"}}),
        (logs.untag_resource, {"tagKeys": ["a"]}),
        (logs.list_tags_for_resource, {}),
    ):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            call(resourceArn=arn, **more)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=name)


@probes("logs", "CreateLogStream", "logGroupName", "logStreamName")
@probes("logs", "DeleteLogStream", "logGroupName", "logStreamName")
def test_a_stream(logs: Any) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName="own")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=GROUP, logStreamName="own")
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="own")
    for group, stream in ((GROUP, "own"), ("/probes/none", "own")):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.create_log_stream(logGroupName="/probes/none", logStreamName="own")


@pytest.mark.parametrize("chosen", [{"logGroupNamePrefix": GROUP}, {"logGroupNamePattern": "probes/logs"}])
@probes("logs", "DescribeLogGroups", "limit", "nextToken")
def test_groups_come_in_pages(logs: Any, chosen: dict[str, str]) -> None:
    first = logs.describe_log_groups(**chosen, limit=2)
    rest = logs.describe_log_groups(**chosen, nextToken=first["nextToken"])
    found = [group["logGroupName"] for group in first["logGroups"] + rest["logGroups"]]
    assert (len(first["logGroups"]), found) == (2, [GROUP, f"{GROUP}/b", f"{GROUP}/c"])
    for wrong in ("wrong", "OTk="):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
            logs.describe_log_groups(**chosen, nextToken=wrong)


@probes("logs", "DescribeLogGroups", "logGroupNamePrefix", "logGroupNamePattern")
def test_groups_are_found_by_prefix_or_part(logs: Any) -> None:
    assert [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix=f"{GROUP}/b")["logGroups"]] == [
        f"{GROUP}/b"
    ]
    assert logs.describe_log_groups(logGroupNamePrefix="probes/logs")["logGroups"] == []
    assert len(logs.describe_log_groups(logGroupNamePattern="bes/logs")["logGroups"]) == 3
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.describe_log_groups(logGroupNamePrefix=GROUP, logGroupNamePattern="b")


@probes("logs", "DescribeLogStreams", "logGroupName", "logGroupIdentifier", "logStreamNamePrefix", "orderBy")
@probes("logs", "DescribeLogStreams", "descending", "limit", "nextToken")
def test_streams_in_either_order_and_in_pages(logs: Any) -> None:
    def streams(**asked: Any) -> list[str]:
        group = {} if "logGroupIdentifier" in asked else {"logGroupName": GROUP}
        return [stream["logStreamName"] for stream in logs.describe_log_streams(**{**group, **asked})["logStreams"]]

    assert streams(logStreamNamePrefix="one") == ["one/a", "one/b"]
    assert streams(logGroupIdentifier=ARN, descending=True) == ["two/a", "one/b", "one/a"]
    assert streams(orderBy="LastEventTime") == ["two/a", "one/b", "one/a"]
    assert streams(orderBy="LastEventTime", descending=True) == ["one/a", "one/b", "two/a"]
    assert streams(orderBy="LogStreamName") == ["one/a", "one/b", "two/a"]
    first = logs.describe_log_streams(logGroupName=GROUP, limit=2)
    assert len(first["logStreams"]) == 2
    assert streams(nextToken=first["nextToken"]) == ["two/a"]
    for wrong in ({"nextToken": "wrong"}, {"nextToken": "OTk="}, {"logGroupIdentifier": ARN, "logGroupName": GROUP}):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            streams(**wrong)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        streams(logGroupName="/probes/none")


@probes("logs", "FilterLogEvents", "logGroupName", "logGroupIdentifier", "logStreamNames", "logStreamNamePrefix")
@probes("logs", "FilterLogEvents", "startTime", "endTime", "filterPattern")
def test_events_are_found_by_stream_time_and_pattern(logs: Any) -> None:
    def found(**asked: Any) -> list[str]:
        group = {} if "logGroupIdentifier" in asked else {"logGroupName": GROUP}
        return messages(logs.filter_log_events(**{**group, **asked}))

    assert found() == [f"{stream} {event}" for stream in ("two/a", "one/b", "one/a") for event in range(4)]
    assert found(logGroupIdentifier=ARN, logStreamNames=["two/a"], filterPattern='"a 3"') == ["two/a 3"]
    assert found(logStreamNamePrefix="one/b", startTime=NOW - 998) == ["one/b 2", "one/b 3"]
    assert found(logStreamNamePrefix="one/a", endTime=NOW + 1) == ["one/a 0", "one/a 1"]
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        found(logGroupName="/probes/none")
    for wrong in (
        {"logStreamNames": ["two/a"], "logStreamNamePrefix": "t"},
        {"logGroupIdentifier": ARN, "logGroupName": GROUP},
    ):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            found(**wrong)


@probes("logs", "FilterLogEvents", "limit", "nextToken")
def test_what_is_found_comes_in_pages(logs: Any) -> None:
    pages = [logs.filter_log_events(logGroupName=GROUP, limit=5)]
    while "nextToken" in pages[-1]:
        pages.append(logs.filter_log_events(logGroupName=GROUP, limit=5, nextToken=pages[-1]["nextToken"]))
    assert [len(page["events"]) for page in pages] == [5, 5, 2]
    assert [message for page in pages for message in messages(page)] == messages(
        logs.filter_log_events(logGroupName=GROUP)
    )
    for wrong in ("wrong", "OTk="):
        with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken"):
            logs.filter_log_events(logGroupName=GROUP, nextToken=wrong)


@probes("logs", "GetLogEvents", "logGroupName", "logGroupIdentifier", "logStreamName", "startTime", "endTime")
@probes("logs", "GetLogEvents", "nextToken", "limit", "startFromHead")
def test_the_events_of_a_stream_from_either_end(logs: Any) -> None:
    def get(**asked: Any) -> dict[str, Any]:
        group = {} if "logGroupIdentifier" in asked else {"logGroupName": GROUP}
        found: dict[str, Any] = logs.get_log_events(**{**group, "logStreamName": "one/a", **asked})
        return found

    assert messages(get(logGroupIdentifier=ARN, logStreamName="two/a", limit=1)) == ["two/a 3"]
    first = get(startFromHead=True, limit=3)
    assert messages(first) == ["one/a 0", "one/a 1", "one/a 2"]
    rest = get(startFromHead=True, limit=3, nextToken=first["nextForwardToken"])
    assert messages(rest) == ["one/a 3"]
    assert get(nextToken=rest["nextForwardToken"])["nextForwardToken"] == rest["nextForwardToken"]
    last = get(limit=2)
    assert messages(get(limit=2, nextToken=last["nextBackwardToken"])) == ["one/a 0", "one/a 1"]
    assert messages(get(startTime=NOW + 1, endTime=NOW + 3)) == ["one/a 1", "one/a 2"]
    for wrong in ({"logStreamName": "none"}, {"logGroupName": "/probes/none"}):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            get(**wrong)
    for wrong in ({"nextToken": "wrong"}, {"logGroupIdentifier": ARN, "logGroupName": GROUP}):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            get(**wrong)


@probes("logs", "PutLogEvents", "logGroupName", "logStreamName", "logEvents.timestamp", "logEvents.message")
def test_events_that_are_too_old_or_too_new_are_told(logs: Any) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName="put")
    stream = {"logGroupName": GROUP, "logStreamName": "put"}

    def put(*times: int, message: str = "kept") -> dict[str, Any]:
        events = [{"timestamp": moment, "message": message} for moment in times]
        found: dict[str, Any] = logs.put_log_events(**stream, logEvents=events).get("rejectedLogEventsInfo", {})
        return found

    assert put(NOW, NOW + 1) == {}
    edge = int(time.time() * 1000) - 14 * DAY
    assert put(edge - 60_000, edge + 60_000, message="old") == {"tooOldLogEventEndIndex": 1}
    assert put(NOW, NOW + DAY // 2, message="new") == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.get_log_events(**stream)) == ["old", "kept", "new", "kept"]
    for times, told in (((NOW, NOW - 1), "chronological"), ((NOW - DAY - 1, NOW), "24 hours")):
        with pytest.raises(ClientError, match=told):
            put(*times)
    with pytest.raises(ClientError, match="too large"):
        put(NOW, NOW, message="x" * 2**19)
    logs.delete_log_stream(**stream)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        put(NOW)
