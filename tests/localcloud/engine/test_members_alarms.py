"""CloudWatch's alarms: each member acts on the state, is shown again, or finds the alarm."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

from localcloud.engine.alarms import state_of

NAMESPACE = "probes/alarms"
PLACE = [{"Name": "Place", "Value": "a"}]
ALARM: dict[str, Any] = {
    "AlarmName": "probe",
    "AlarmDescription": "too many & <too late>",
    "ActionsEnabled": False,
    "MetricName": "m",
    "Namespace": NAMESPACE,
    "Statistic": "Sum",
    "Dimensions": PLACE,
    "Period": 60,
    "Unit": "Count",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


@pytest.fixture
def alarm(workshop: Any) -> Any:
    """Makes an alarm on a metric of its own, with data in the last whole minutes, newest first; its state."""
    client, names = boto3.client("cloudwatch"), list[str]()
    now = time.time()
    if now % 60 > 50:
        time.sleep(61 - now % 60)  # the minute must not end within the test
    minute = time.time() // 60 * 60

    def make(values: list[float | None], data: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        name = f"m-{time.time_ns()}"
        for number, value in enumerate(values, 1):
            moment = datetime.fromtimestamp(minute - 60 * number, UTC)
            datum = {"MetricName": name, "Dimensions": PLACE, "Unit": "Count", **(data or {}), "Timestamp": moment}
            if value is not None:
                client.put_metric_data(Namespace=NAMESPACE, MetricData=[{"Value": value, **datum}])
        wanted = {**ALARM, "AlarmName": name, "MetricName": name, **members}
        client.put_metric_alarm(**{key: value for key, value in wanted.items() if value is not None})
        names.append(wanted["AlarmName"])
        found: dict[str, Any] = client.describe_alarms(AlarmNames=names[-1:])["MetricAlarms"][0]
        return found

    yield make
    client.delete_alarms(AlarmNames=names)


@probes("monitoring", "PutMetricAlarm", request=ALARM)
@probes("monitoring", "DescribeAlarms", "AlarmNames")
def test_an_alarm_is_shown_as_it_was_made_and_can_be_sent_back(alarm: Any) -> None:
    shown = alarm([])
    named = {"AlarmName": shown["AlarmName"], "MetricName": shown["AlarmName"]}
    assert {name: shown[name] for name in ALARM} == {**ALARM, **named}
    client = boto3.client("cloudwatch")
    members = client.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    client.put_metric_alarm(**{name: value for name, value in shown.items() if name in members})
    again = client.describe_alarms(AlarmNames=[shown["AlarmName"]])["MetricAlarms"][0]
    assert {**again, "AlarmConfigurationUpdatedTimestamp": 0} == {**shown, "AlarmConfigurationUpdatedTimestamp": 0}


@pytest.mark.parametrize(
    ("values", "members", "state"),
    [
        ([6.0, 6.0, 1.0], {}, "ALARM"),
        ([6.0, 1.0, 1.0], {}, "OK"),
        ([6.0, 1.0, 1.0], {"DatapointsToAlarm": 1}, "ALARM"),
        ([1.0, 1.0, 6.0], {"DatapointsToAlarm": 1}, "ALARM"),
        ([1.0, 1.0, 6.0], {"DatapointsToAlarm": 1, "EvaluationPeriods": 2}, "OK"),
        ([6.0, 6.0, 1.0], {"DatapointsToAlarm": None}, "OK"),
        ([6.0, 6.0, 6.0], {"DatapointsToAlarm": None}, "ALARM"),
        ([6.0, 6.0, 6.0], {"Threshold": 6.0}, "OK"),
        ([6.0, 6.0, 6.0], {"Threshold": 6.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "ALARM"),
        ([6.0, 6.0, 6.0], {"Threshold": 6.0, "ComparisonOperator": "LessThanThreshold"}, "OK"),
        ([6.0, 6.0, 6.0], {"Threshold": 6.0, "ComparisonOperator": "LessThanOrEqualToThreshold"}, "ALARM"),
        ([6.0, 6.0, 6.0], {"Dimensions": [{"Name": "Place", "Value": "b"}]}, "OK"),
        ([6.0, 6.0, 6.0], {"Dimensions": []}, "OK"),
        ([6.0, 6.0, 6.0], {"Unit": "Seconds"}, "OK"),
        ([6.0, 6.0, 6.0], {"Namespace": "probes/other"}, "OK"),
        ([6.0, 6.0, 6.0], {"MetricName": "other"}, "OK"),
        ([3.0] * 8, {"Period": 120, "DatapointsToAlarm": 1}, "ALARM"),
        ([], {"TreatMissingData": "breaching"}, "ALARM"),
        ([], {"TreatMissingData": "notBreaching"}, "OK"),
        ([], {"TreatMissingData": "missing"}, "INSUFFICIENT_DATA"),
        ([], {"TreatMissingData": None}, "INSUFFICIENT_DATA"),
        ([6.0], {"TreatMissingData": "missing"}, "ALARM"),
        ([6.0], {"TreatMissingData": "ignore"}, "INSUFFICIENT_DATA"),
        ([6.0, 6.0], {"TreatMissingData": "ignore"}, "ALARM"),
    ],
)
def test_the_state_is_that_of_the_last_periods(
    alarm: Any, values: list[float], members: dict[str, Any], state: str
) -> None:
    assert alarm(values, **members)["StateValue"] == state


@pytest.mark.parametrize(
    ("statistic", "state"),
    [("Sum", "ALARM"), ("Maximum", "ALARM"), ("Minimum", "OK"), ("Average", "OK"), ("SampleCount", "OK")],
)
def test_the_statistic_is_the_one_that_is_asked_for(alarm: Any, statistic: str, state: str) -> None:
    wanted = {"Statistic": statistic, "EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    made = alarm([], **wanted)
    client, moment = boto3.client("cloudwatch"), datetime.fromtimestamp(time.time() // 60 * 60 - 60, UTC)
    datum = {"MetricName": made["MetricName"], "Dimensions": PLACE, "Unit": "Count", "Timestamp": moment}
    client.put_metric_data(Namespace=NAMESPACE, MetricData=[{**datum, "Values": [1.0, 8.0], "Counts": [1.0, 1.0]}])
    assert client.describe_alarms(AlarmNames=[made["AlarmName"]])["MetricAlarms"][0]["StateValue"] == state


@probes("monitoring", "PutMetricAlarm", "ExtendedStatistic")
def test_an_alarm_on_a_percentile(alarm: Any) -> None:
    shown = alarm([6.0, 6.0, 6.0], Statistic=None, ExtendedStatistic="p90")
    assert (shown["StateValue"], shown["ExtendedStatistic"], "Statistic" in shown) == ("ALARM", "p90", False)


@pytest.mark.parametrize(
    ("treatment", "breaching", "present", "state"),
    [
        ("missing", 1, 1, "ALARM"),
        ("ignore", 1, 1, None),
        ("breaching", 1, 1, "ALARM"),
        ("notBreaching", 1, 1, "OK"),
        *((treatment, 0, 1, "OK") for treatment in ("missing", "ignore", "breaching", "notBreaching")),
        ("missing", 0, 0, "INSUFFICIENT_DATA"),
        ("ignore", 0, 0, None),
        ("breaching", 0, 0, "ALARM"),
        ("notBreaching", 0, 0, "OK"),
        *((treatment, 3, 3, "ALARM") for treatment in ("missing", "ignore", "breaching", "notBreaching")),
    ],
)
def test_missing_data_count_as_documented(treatment: str, breaching: int, present: int, state: str | None) -> None:
    """The rows of the documentation's table, for three datapoints out of three."""
    assert state_of(treatment, breaching, present, 3, 3) == state


@pytest.mark.parametrize(
    ("members", "told"),
    [
        *(({name: None}, name) for name in ("MetricName", "Namespace", "Period", "Threshold", "Statistic")),
        ({"ExtendedStatistic": "p50"}, "one of Statistic"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "percentiles"),
        ({"TreatMissingData": "sometimes"}, "TreatMissingData"),
        ({"DatapointsToAlarm": 4}, "EvaluationPeriods"),
        ({"Period": 45}, "Period"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:topic"]}, "AlarmActions of PutMetricAlarm"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "anomaly detection"),
    ],
)
def test_an_alarm_that_could_not_ring_is_refused(alarm: Any, members: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        alarm([], **members)


@probes("monitoring", "PutMetricAlarm", "Tags.Key", "Tags.Value")
@probes("monitoring", "TagResource", "ResourceARN", "Tags.Key", "Tags.Value")
@probes("monitoring", "UntagResource", "ResourceARN", "TagKeys")
@probes("monitoring", "ListTagsForResource", "ResourceARN")
def test_tags_of_an_alarm(alarm: Any) -> None:
    arn, client = alarm([], Tags=[{"Key": "course", "Value": "ds"}])["AlarmArn"], boto3.client("cloudwatch")
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "course", "Value": "ds"}]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}])
    client.untag_resource(ResourceARN=arn, TagKeys=["course"])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    for call, more in (
        (client.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (client.untag_resource, {"TagKeys": ["a"]}),
        (client.list_tags_for_resource, {}),
    ):
        with pytest.raises(ClientError, match="not found"):
            call(ResourceARN=f"{arn}-none", **more)


@probes("monitoring", "DescribeAlarms", "AlarmNames", "AlarmNamePrefix", "StateValue", "ActionPrefix")
@probes("monitoring", "DescribeAlarms", "MaxRecords", "NextToken")
@probes("monitoring", "DeleteAlarms", "AlarmNames")
def test_alarms_are_found_in_pages(alarm: Any) -> None:
    client = boto3.client("cloudwatch")
    for name, treatment in (("page-a", "breaching"), ("page-b", "notBreaching"), ("page-c", "breaching")):
        alarm([], AlarmName=name, TreatMissingData=treatment)

    def found(**asked: Any) -> list[str]:
        return [one["AlarmName"] for one in client.describe_alarms(**asked)["MetricAlarms"]]

    first = client.describe_alarms(AlarmNamePrefix="page-", MaxRecords=2)
    names = [one["AlarmName"] for one in first["MetricAlarms"]]
    assert names == ["page-a", "page-b"]
    assert found(AlarmNamePrefix="page-", NextToken=first["NextToken"]) == ["page-c"]
    assert found(AlarmNames=["page-b", "page-none"]) == ["page-b"]
    assert found(AlarmNamePrefix="page-", StateValue="ALARM") == ["page-a", "page-c"]
    assert found(AlarmNamePrefix="page-", ActionPrefix="arn:aws:sns") == []
    with pytest.raises(ClientError, match="NextToken"):
        found(NextToken="wrong")
    with pytest.raises(ClientError, match="one of AlarmNames"):
        found(AlarmNames=["page-a"], AlarmNamePrefix="page-")
    client.delete_alarms(AlarmNames=["page-a", "page-b"])
    assert found(AlarmNamePrefix="page-") == ["page-c"]


ASKED: dict[str, Any] = {name: ALARM[name] for name in ("MetricName", "Namespace", "Dimensions", "Period", "Unit")}


@probes("monitoring", "DescribeAlarmsForMetric", "Statistic", "ExtendedStatistic", request=ASKED)
def test_alarms_are_found_by_their_metric(alarm: Any) -> None:
    name = alarm([])["AlarmName"]
    alarm([], AlarmName=f"{name}-p", MetricName=name, Statistic=None, ExtendedStatistic="p90")
    wanted = {**ASKED, "MetricName": name}

    def found(**asked: Any) -> list[str]:
        listed = boto3.client("cloudwatch").describe_alarms_for_metric(**{**wanted, **asked})["MetricAlarms"]
        return [one["AlarmName"] for one in listed]

    assert found() == [name, f"{name}-p"]
    assert found(Statistic="Sum") == [name]
    assert found(ExtendedStatistic="p90") == [f"{name}-p"]
    for member, other in (
        ("MetricName", "other"),
        ("Namespace", "other"),
        ("Dimensions", []),
        ("Period", 120),
        ("Unit", "Seconds"),
        ("Statistic", "Average"),
        ("ExtendedStatistic", "p50"),
    ):
        assert found(**{member: other}) == []
