"""EventBridge's own operations: rules, buses and targets that are none, pages, and each field of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes
from own_cloud import wait_until

from localcloud.store.state import ACCOUNT

RULES = ("probe-a", "probe-b", "probe-c")
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/DataScienceOnAWSExecutionRole"
WORKFLOW = f"arn:aws:glue:us-east-1:{ACCOUNT}:workflow/probed"


@pytest.fixture(scope="module")
def events(workshop: Any) -> Any:
    """Three rules with a target, the first with three; the client."""
    client = boto3.client("events")
    for name in RULES:
        client.put_rule(Name=name, EventPattern='{"source": ["probes"]}', Tags=[{"Key": "rule", "Value": name}])
        ids = ("1", "2", "3") if name == "probe-a" else ("1",)
        client.put_targets(Rule=name, Targets=[{"Id": one, "Arn": WORKFLOW, "RoleArn": ROLE} for one in ids])
    yield client
    for name in RULES:
        for target in client.list_targets_by_rule(Rule=name)["Targets"]:
            client.remove_targets(Rule=name, Ids=[target["Id"]])
        client.delete_rule(Name=name)


# operation -> what it lists, the members that choose the list
PAGED: dict[str, tuple[str, dict[str, Any]]] = {
    "list_rules": ("Rules", {"NamePrefix": "probe-", "EventBusName": BUS}),
    "list_rule_names_by_target": ("RuleNames", {"TargetArn": WORKFLOW, "EventBusName": "default"}),
    "list_targets_by_rule": ("Targets", {"Rule": "probe-a", "EventBusName": "default"}),
}


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("list_rules", marks=probes("events", "ListRules", "NamePrefix", "Limit", "NextToken")),
        pytest.param(
            "list_rule_names_by_target",
            marks=probes("events", "ListRuleNamesByTarget", "TargetArn", "Limit", "NextToken"),
        ),
        pytest.param("list_targets_by_rule", marks=probes("events", "ListTargetsByRule", "Rule", "Limit", "NextToken")),
    ],
)
def test_a_list_is_three_and_comes_in_pages(events: Any, call: str) -> None:
    listed, chosen = PAGED[call]
    first = getattr(events, call)(**chosen, Limit=2)
    rest = getattr(events, call)(**chosen, NextToken=first["NextToken"])
    assert "NextToken" not in rest
    assert first[listed] + rest[listed] == getattr(events, call)(**chosen)[listed]
    assert (len(first[listed]), len(rest[listed])) == (2, 1)
    for wrong in ("wrong", "OTk"):
        with pytest.raises(ClientError, match="NextToken"):
            getattr(events, call)(**chosen, NextToken=wrong)
    with pytest.raises(ClientError, match=r"[lL]imit"):
        getattr(events, call)(**chosen, Limit=101)


@probes("events", "ListEventBuses", "NamePrefix", "Limit", "NextToken")
@probes("events", "DescribeEventBus", "Name")
def test_there_is_one_bus(events: Any) -> None:
    assert [bus["Name"] for bus in events.list_event_buses(NamePrefix="def", Limit=1)["EventBuses"]] == ["default"]
    assert events.list_event_buses(NamePrefix="no")["EventBuses"] == []
    with pytest.raises(ClientError, match="NextToken"):
        events.list_event_buses(NextToken="wrong")
    assert events.describe_event_bus(Name="default") | {"ResponseMetadata": 0} == events.describe_event_bus(
        Name=BUS
    ) | {"ResponseMetadata": 0}
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_event_bus(Name="other")


OF_A_RULE: dict[str, dict[str, Any]] = {
    "DescribeRule": {"Name": "probe-a"},
    "DisableRule": {"Name": "probe-a"},
    "EnableRule": {"Name": "probe-a"},
    "RemoveTargets": {"Rule": "probe-a", "Ids": ["none"]},
    "ListTargetsByRule": {"Rule": "probe-a"},
    "ListRules": {},
    "ListRuleNamesByTarget": {"TargetArn": WORKFLOW},
}


@pytest.mark.parametrize(
    "operation", [pytest.param(one, marks=probes("events", one, "EventBusName")) for one in OF_A_RULE]
)
def test_a_bus_or_a_rule_that_is_none_is_an_error(events: Any, operation: str) -> None:
    call = getattr(events, "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_"))
    call(**OF_A_RULE[operation], EventBusName=BUS)
    for bus in ("other", BUS.replace("default", "other"), BUS.replace("us-east-1", "eu-west-1")):
        with pytest.raises(events.exceptions.ResourceNotFoundException):
            call(**OF_A_RULE[operation], EventBusName=bus)
    for member in {"Name", "Rule"} & set(OF_A_RULE[operation]):
        with pytest.raises(events.exceptions.ResourceNotFoundException, match="probe-none"):
            call(**{**OF_A_RULE[operation], member: "probe-none"})


@probes("events", "DescribeRule", "Name")
@probes("events", "DisableRule", "Name")
@probes("events", "EnableRule", "Name")
@probes("events", "RemoveTargets", "Rule", "Ids")
def test_a_rule_is_switched_and_loses_a_target(events: Any) -> None:
    events.disable_rule(Name="probe-b")
    assert [events.describe_rule(Name=name)["State"] for name in RULES] == ["ENABLED", "DISABLED", "ENABLED"]
    events.enable_rule(Name="probe-b")
    assert events.describe_rule(Name="probe-b")["State"] == "ENABLED"
    events.remove_targets(Rule="probe-c", Ids=["1"])
    assert events.list_targets_by_rule(Rule="probe-c")["Targets"] == []
    events.put_targets(Rule="probe-c", Targets=[{"Id": "1", "Arn": WORKFLOW, "RoleArn": ROLE}])


@probes("events", "TagResource", "ResourceARN", "Tags.Key", "Tags.Value")
@probes("events", "UntagResource", "ResourceARN", "TagKeys")
@probes("events", "ListTagsForResource", "ResourceARN")
def test_tags_of_a_rule(events: Any) -> None:
    arn = events.describe_rule(Name="probe-a")["Arn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "course", "Value": "ds"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["rule"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "course", "Value": "ds"}]
    for call, more in (
        (events.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (events.untag_resource, {"TagKeys": ["a"]}),
        (events.list_tags_for_resource, {}),
    ):
        with pytest.raises(events.exceptions.ResourceNotFoundException):
            call(ResourceARN=f"{arn}-none", **more)


ENTRY: dict[str, Any] = {
    "Source": "probes.events",
    "DetailType": "Probe",
    "Detail": '{"n": 1}',
    "Resources": ["arn:a", "arn:b"],
    "Time": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "EventBusName": BUS,
}


@probes("events", "PutEvents", request={"Entries": [ENTRY]})
def test_a_target_gets_the_event_as_it_was_put(events: Any) -> None:
    """A pipeline fails with what it finds in the event."""
    sagemaker, name, pattern = boto3.client("sagemaker"), "probe-events", {"source": [ENTRY["Source"]]}
    fields = {
        "Source": "$.source",
        "Type": "$.detail-type",
        "Time": "$.time",
        "Resources": "$.resources",
        "N": "$.detail",
    }
    said: dict[str, Any] = {"Std:Join": {"On": " ", "Values": [{"Get": f"Parameters.{field}"} for field in fields]}}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": field, "Type": "String"} for field in fields],
        "Steps": [{"Name": "Say", "Type": "Fail", "Arguments": {"ErrorMessage": said}}],
    }
    made = sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=ROLE)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    listed = [{"Name": field, "Value": path} for field, path in fields.items()]
    target = {"Id": "1", "Arn": made["PipelineArn"], "RoleArn": ROLE}
    events.put_targets(
        Rule=name, Targets=[{**target, "SageMakerPipelineParameters": {"PipelineParameterList": listed}}]
    )
    assert events.put_events(Entries=[ENTRY])["FailedEntryCount"] == 0

    def said_at_the_end() -> Any:
        for one in sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]:
            arn = one["PipelineExecutionArn"]
            steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
            return [step["FailureReason"] for step in steps if "FailureReason" in step]

    (reason,) = wait_until(said_at_the_end)
    assert reason == 'probes.events Probe 2026-03-01T12:00:00Z ["arn:a", "arn:b"] {"n": 1}'
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
    sagemaker.delete_pipeline(PipelineName=name)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        *(({member: None}, "InvalidArgument") for member in ("Source", "DetailType", "Detail")),
        *(({"Detail": text}, "MalformedDetail") for text in ("{", "[1]", '"text"', "1")),
        ({"DetailType": "x" * 129}, "InvalidArgument"),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
        ({"EventBusName": "other"}, "ResourceNotFoundException"),
    ],
)
def test_a_bad_entry_fails_alone(events: Any, change: dict[str, Any], code: str) -> None:
    wrong = {name: value for name, value in {**ENTRY, **change}.items() if value is not None}
    answer = events.put_events(Entries=[wrong, ENTRY])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert answer["Entries"][1]["EventId"]


def test_the_entries_of_a_request_are_ten_and_small(events: Any) -> None:
    half = {**ENTRY, "Detail": json.dumps({"text": "x" * 128 * 1024})}
    assert events.put_events(Entries=[half])["FailedEntryCount"] == 0
    for many in ([half, half], [ENTRY] * 11):
        with pytest.raises(ClientError, match="ValidationException"):
            events.put_events(Entries=many)


EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "account": ACCOUNT,
    "region": "us-east-1",
    "source": "my.shop",
    "detail-type": "Sale",
    "time": "2026-03-01T12:00:00Z",
    "resources": ["arn:aws:s3:::lake", "arn:aws:s3:::logs"],
    "detail": {
        "film": {"title": "Alien.mp4", "year": 1979, "tags": ["space", "horror"]},
        "address": "10.0.0.7",
        "price": 9.5,
        "none": None,
        "empty": "",
        "sold": True,
    },
}


@pytest.mark.parametrize(
    ("fits", "fits_not"),
    [
        ({"source": ["my.shop"]}, {"source": ["My.shop"]}),
        ({"source": ["a", "my.shop"], "detail-type": ["Sale"]}, {"source": ["my.shop"], "detail-type": ["Loss"]}),
        ({"resources": ["arn:aws:s3:::logs"]}, {"resources": ["arn:aws:s3:::l"]}),
        ({"time": [{"prefix": "2026-03"}]}, {"time": [{"prefix": "2025"}]}),
        ({"detail": {"film": {"tags": ["horror"]}}}, {"detail": {"film": {"tags": ["comedy"]}}}),
        ({"detail": {"sold": [True]}}, {"detail": {"sold": ["true"]}}),
        ({"detail": {"none": [None]}}, {"detail": {"empty": [None]}}),
        ({"detail": {"empty": [""]}}, {"detail": {"none": [""]}}),
        ({"detail": {"film": {"year": [1979]}}}, {"detail": {"film": {"year": ["1979"]}}}),
        ({"source": [{"prefix": "my."}]}, {"source": [{"prefix": "shop"}]}),
        ({"source": [{"prefix": {"equals-ignore-case": "MY."}}]}, {"source": [{"prefix": "MY."}]}),
        ({"detail": {"film": {"title": [{"suffix": ".mp4"}]}}}, {"detail": {"film": {"title": [{"suffix": "Alien"}]}}}),
        (
            {"detail": {"film": {"title": [{"suffix": {"equals-ignore-case": ".MP4"}}]}}},
            {"detail": {"film": {"title": [{"suffix": ".MP4"}]}}},
        ),
        ({"source": [{"equals-ignore-case": "MY.SHOP"}]}, {"source": [{"equals-ignore-case": "MY."}]}),
        ({"source": [{"wildcard": "my.*p"}]}, {"source": [{"wildcard": "*my"}]}),
        ({"source": [{"anything-but": "x"}]}, {"source": [{"anything-but": "my.shop"}]}),
        ({"source": [{"anything-but": ["x", "y"]}]}, {"source": [{"anything-but": ["x", "my.shop"]}]}),
        ({"source": [{"anything-but": {"prefix": "x"}}]}, {"source": [{"anything-but": {"prefix": "my"}}]}),
        ({"source": [{"anything-but": {"suffix": "x"}}]}, {"source": [{"anything-but": {"suffix": "shop"}}]}),
        ({"source": [{"anything-but": {"wildcard": "x*"}}]}, {"source": [{"anything-but": {"wildcard": "my*"}}]}),
        (
            {"source": [{"anything-but": {"equals-ignore-case": "x"}}]},
            {"source": [{"anything-but": {"equals-ignore-case": ["MY.SHOP"]}}]},
        ),
        (
            {"detail": {"film": {"year": [{"anything-but": 1980}]}}},
            {"detail": {"film": {"year": [{"anything-but": 1979}]}}},
        ),
        ({"detail": {"price": [{"numeric": ["=", 9.5]}]}}, {"detail": {"price": [{"numeric": ["=", 9]}]}}),
        ({"detail": {"price": [{"numeric": [">", 9, "<=", 9.5]}]}}, {"detail": {"price": [{"numeric": [">", 9.5]}]}}),
        ({"detail": {"price": [{"numeric": ["<", 10]}]}}, {"detail": {"empty": [{"numeric": ["<", 10]}]}}),
        ({"detail": {"price": [{"exists": True}]}}, {"detail": {"price": [{"exists": False}]}}),
        ({"detail": {"other": [{"exists": False}]}}, {"detail": {"other": [{"exists": True}]}}),
        ({"detail": {"address": [{"cidr": "10.0.0.0/24"}]}}, {"detail": {"address": [{"cidr": "10.0.1.0/24"}]}}),
        (
            {"$or": [{"source": ["x"]}, {"detail": {"price": [{"numeric": [">", 9]}]}}]},
            {"$or": [{"source": ["x"]}, {"detail-type": ["y"]}]},
        ),
        (
            {"detail": {"$or": [{"sold": [False]}, {"price": [9.5]}]}},
            {"source": ["x"], "$or": [{"region": ["us-east-1"]}, {"id": ["1"]}]},
        ),
    ],
)
@probes("events", "TestEventPattern", "EventPattern", "Event")
def test_a_pattern_fits_what_it_says(events: Any, fits: dict[str, Any], fits_not: dict[str, Any]) -> None:
    def test(pattern: dict[str, Any]) -> Any:
        return events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))["Result"]

    assert test(fits) is True
    assert test(fits_not) is False


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        "{}",
        '{"source": "my.shop"}',
        '{"source": []}',
        '{"source": [{"prefix": 1}]}',
        '{"source": [{"like": "x"}]}',
        '{"source": [{"numeric": [">"]}]}',
        '{"source": [{"numeric": ["about", 1]}]}',
        '{"source": [{"exists": "yes"}]}',
        '{"source": [{"cidr": "10.0.0.0/40"}]}',
        '{"source": [{"wildcard": "a**b"}]}',
        '{"source": [{"anything-but": []}]}',
        '{"source": [{"prefix": "a", "suffix": "b"}]}',
    ],
)
def test_a_pattern_that_is_none_is_refused(events: Any, pattern: str) -> None:
    for call, more in (
        (events.test_event_pattern, {"Event": json.dumps(EVENT)}),
        (events.put_rule, {"Name": "probe-wrong"}),
    ):
        with pytest.raises(events.exceptions.InvalidEventPatternException):
            call(EventPattern=pattern, **more)


@pytest.mark.parametrize("left_out", ["id", "account", "source", "time", "region", "resources", "detail-type"])
def test_an_event_that_is_not_whole_is_refused(events: Any, left_out: str) -> None:
    event = {name: value for name, value in EVENT.items() if name != left_out}
    with pytest.raises(ClientError, match=left_out):
        events.test_event_pattern(EventPattern='{"source": ["x"]}', Event=json.dumps(event))
