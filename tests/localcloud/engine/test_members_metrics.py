"""CloudWatch's metrics: each member of a datum and of a question acts; pages add up, limits and tokens are checked."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

NAMESPACE = "probes"
MINUTE = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
HOURS = {"StartTime": MINUTE - timedelta(hours=1), "EndTime": MINUTE + timedelta(hours=1)}
STATISTICS = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
EAST = [{"Name": "Region", "Value": "east"}, {"Name": "Kind", "Value": "a"}]
WEST = [{"Name": "Region", "Value": "west"}]


@pytest.fixture(scope="module")
def cloudwatch(workshop: Any) -> Any:
    """A client; three minutes of one metric, and others beside it."""
    client = boto3.client("cloudwatch")
    for minute, value in enumerate((1.0, 2.0, 3.0)):
        put(client, "three", Value=value, Timestamp=MINUTE + timedelta(minutes=minute))
    put(client, "placed", Value=1.0, Dimensions=EAST, Timestamp=MINUTE)
    put(client, "placed", Value=2.0, Dimensions=WEST, Timestamp=MINUTE)
    put(client, "placed", Value=4.0, Timestamp=MINUTE - timedelta(hours=5))
    put(client, "measured", Value=1.0, Unit="Seconds", Timestamp=MINUTE)
    put(client, "measured", Value=2.0, Unit="Bytes", Timestamp=MINUTE)
    return client


def put(client: Any, name: str, namespace: str = NAMESPACE, **datum: Any) -> None:
    client.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": name, **datum}])


def statistics(client: Any, name: str, **asked: Any) -> list[dict[str, Any]]:
    wanted = {"Namespace": NAMESPACE, "Period": 60, **HOURS, **asked}
    if "ExtendedStatistics" not in asked:
        wanted.setdefault("Statistics", STATISTICS)
    wanted = {member: value for member, value in wanted.items() if value}
    found: list[dict[str, Any]] = client.get_metric_statistics(MetricName=name, **wanted)["Datapoints"]
    return sorted(found, key=lambda point: (point["Timestamp"], point["Unit"]))


@pytest.mark.parametrize(
    ("datum", "seen"),
    [
        pytest.param(
            {"Value": 5.0},
            (1, 5, 5, 5, 5),
            marks=probes("monitoring", "PutMetricData", "MetricData.Value", "MetricData.MetricName", "Namespace"),
        ),
        pytest.param(
            {"Values": [1.0, 4.0], "Counts": [3.0, 1.0]},
            (4, 7, 1.75, 1, 4),
            marks=probes("monitoring", "PutMetricData", "MetricData.Values", "MetricData.Counts"),
        ),
        pytest.param({"Values": [1.0, 4.0]}, (2, 5, 2.5, 1, 4)),
        pytest.param(
            {"StatisticValues": {"SampleCount": 4.0, "Sum": 20.0, "Minimum": 2.0, "Maximum": 9.0}},
            (4, 20, 5, 2, 9),
            marks=probes(
                "monitoring",
                "PutMetricData",
                *(f"MetricData.StatisticValues.{name}" for name in ("SampleCount", "Sum", "Minimum", "Maximum")),
            ),
        ),
    ],
)
def test_a_datum_is_in_the_statistics(cloudwatch: Any, datum: dict[str, Any], seen: tuple[float, ...]) -> None:
    name = f"datum-{time.time_ns()}"
    put(cloudwatch, name, **datum, Timestamp=MINUTE)
    (point,) = statistics(cloudwatch, name)
    assert tuple(point[statistic] for statistic in STATISTICS) == seen
    assert statistics(cloudwatch, name, Namespace="probes-other") == []


@probes("monitoring", "PutMetricData", "MetricData.Timestamp", "MetricData.StorageResolution")
@probes("monitoring", "GetMetricStatistics", "Period")
def test_seconds_are_kept_of_a_high_resolution(cloudwatch: Any) -> None:
    for name, resolution in (("fine", 1), ("coarse", 60)):
        for second in (5, 6):
            moment = MINUTE + timedelta(seconds=second)
            put(cloudwatch, name, Value=1.0, Timestamp=moment, StorageResolution=resolution)
    within = {"StartTime": MINUTE, "EndTime": MINUTE + timedelta(minutes=1)}
    fine = statistics(cloudwatch, "fine", Period=1, **within)
    assert [point["Timestamp"] for point in fine] == [MINUTE + timedelta(seconds=second) for second in (5, 6)]
    assert [point["Sum"] for point in statistics(cloudwatch, "coarse", Period=1, **within)] == [2.0]
    assert [point["Sum"] for point in statistics(cloudwatch, "fine", Period=60, **within)] == [2.0]


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"Values": [1.0] * 151}, "InvalidParameterValue"),
        ({"Value": float("nan")}, "ValidationError"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 30}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": MINUTE - timedelta(days=15)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": MINUTE + timedelta(hours=3)}, "InvalidParameterValue"),
    ],
)
def test_a_datum_that_is_none_is_refused(cloudwatch: Any, datum: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        put(cloudwatch, "wrong", **datum)
    assert refused.value.response["Error"]["Code"] == code
    assert cloudwatch.list_metrics(Namespace=NAMESPACE, MetricName="wrong")["Metrics"] == []


@probes("monitoring", "PutMetricData", "MetricData.Dimensions.Name", "MetricData.Dimensions.Value", "MetricData.Unit")
@probes("monitoring", "GetMetricStatistics", "Namespace", "MetricName", "Dimensions.Name", "Dimensions.Value", "Unit")
@probes("monitoring", "GetMetricStatistics", "StartTime", "EndTime", "Statistics")
def test_a_metric_is_one_of_its_dimensions_and_read_by_unit(cloudwatch: Any) -> None:
    put(cloudwatch, "sent", Value=1.0, Dimensions=EAST, Unit="Count", Timestamp=MINUTE)
    (sent,) = statistics(cloudwatch, "sent", Dimensions=EAST[::-1], Statistics=["Sum"])
    assert sent == {"Timestamp": MINUTE, "Unit": "Count", "Sum": 1.0}
    assert [point["Sum"] for point in statistics(cloudwatch, "placed", Dimensions=WEST)] == [2.0]
    assert statistics(cloudwatch, "placed", Dimensions=EAST[:1]) == []
    units = [(point["Unit"], point["Sum"]) for point in statistics(cloudwatch, "measured")]
    assert units == [("Bytes", 2.0), ("Seconds", 1.0)]
    assert [point["Sum"] for point in statistics(cloudwatch, "measured", Unit="Seconds")] == [1.0]
    assert statistics(cloudwatch, "measured", Unit="Percent") == []
    middle = {"StartTime": MINUTE + timedelta(seconds=119), "EndTime": MINUTE + timedelta(minutes=2)}
    assert [point["Sum"] for point in statistics(cloudwatch, "three", **middle)] == [2.0]
    (whole,) = statistics(cloudwatch, "three", Period=86_400)
    assert whole["Sum"] == 6.0


@probes("monitoring", "GetMetricStatistics", "ExtendedStatistics")
def test_percentiles(cloudwatch: Any) -> None:
    put(cloudwatch, "spread", Values=[float(value) for value in range(101)], Timestamp=MINUTE)
    (point,) = statistics(cloudwatch, "spread", ExtendedStatistics=["p50", "p99.5"])
    assert point["ExtendedStatistics"] == {"p50": 50.0, "p99.5": 99.5}
    summed = {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0}
    put(cloudwatch, "summed", StatisticValues=summed, Timestamp=MINUTE)
    assert statistics(cloudwatch, "summed", ExtendedStatistics=["p50"]) == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"Statistics": []}, "InvalidParameterCombination"),
        ({"Statistics": ["Sum"], "ExtendedStatistics": ["p50"]}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ({"ExtendedStatistics": ["tm90"]}, "InvalidParameterValue"),
        ({"Period": 90}, "InvalidParameterValue"),
        ({"Period": 7}, "InvalidParameterValue"),
        ({"Period": 1}, "InvalidParameterCombination"),
        ({"EndTime": HOURS["StartTime"]}, "InvalidParameterValue"),
    ],
)
def test_statistics_that_are_none_are_refused(cloudwatch: Any, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        statistics(cloudwatch, "three", **asked)
    assert refused.value.response["Error"]["Code"] == code


@probes("monitoring", "ListMetrics", "Namespace", "MetricName", "Dimensions.Name", "Dimensions.Value", "RecentlyActive")
def test_metrics_are_listed_by_what_they_are(cloudwatch: Any) -> None:
    def found(**asked: Any) -> list[list[dict[str, str]]]:
        listed = cloudwatch.list_metrics(**{"Namespace": NAMESPACE, "MetricName": "placed", **asked})["Metrics"]
        return sorted((metric["Dimensions"] for metric in listed), key=len)

    assert [len(dimensions) for dimensions in found()] == [0, 1, 2]
    assert found(Dimensions=[{"Name": "Region"}]) == [WEST, EAST]
    assert found(Dimensions=[{"Name": "Region", "Value": "east"}]) == [EAST]
    assert found(Dimensions=[{"Name": "Other"}]) == []
    assert found(MetricName="Placed") == found(Namespace="probe") == []
    assert found(RecentlyActive="PT3H") == [WEST, EAST]


@probes("monitoring", "ListMetrics", "NextToken")
def test_metrics_are_listed_in_pages(cloudwatch: Any) -> None:
    for first in range(0, 600, 100):
        data = [{"MetricName": f"m{number:03}", "Value": 1.0} for number in range(first, first + 100)]
        cloudwatch.put_metric_data(Namespace="probes/many", MetricData=data)
    first = cloudwatch.list_metrics(Namespace="probes/many")
    rest = cloudwatch.list_metrics(Namespace="probes/many", NextToken=first["NextToken"])
    names = [metric["MetricName"] for metric in first["Metrics"] + rest["Metrics"]]
    assert (len(first["Metrics"]), "NextToken" in rest) == (500, False)
    assert names == [f"m{number:03}" for number in range(600)]
    for wrong in ("wrong", "0", "600"):
        with pytest.raises(ClientError, match="NextToken"):
            cloudwatch.list_metrics(Namespace="probes/many", NextToken=wrong)


def query(name: str, statistic: str = "Sum", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": more.pop("Dimensions", [])}
    stat = {"Metric": metric, "Period": more.pop("Period", 60), "Stat": statistic}
    if "Unit" in more:
        stat["Unit"] = more.pop("Unit")
    return {"Id": "q", "MetricStat": stat, **more}


def data(client: Any, *queries: dict[str, Any], **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get_metric_data(MetricDataQueries=queries, **{**HOURS, **asked})
    return found


FULL = query("sized", Unit="Bytes", Dimensions=EAST, Label="Size", ReturnData=True)


@probes("monitoring", "GetMetricData", "StartTime", "EndTime", request={"MetricDataQueries": [FULL]})
def test_a_query_is_answered_for_what_it_asks(cloudwatch: Any) -> None:
    for unit, value in (("Bytes", 2.0), ("Seconds", 4.0)):
        put(cloudwatch, "sized", Value=value, Unit=unit, Dimensions=EAST, Timestamp=MINUTE)
    (result,) = data(cloudwatch, FULL)["MetricDataResults"]
    assert (result["Id"], result["Label"], result["Values"]) == ("q", "Size", [2.0])
    assert result["Timestamps"] == [MINUTE]
    assert data(cloudwatch, query("sized"))["MetricDataResults"][0]["Values"] == []
    (result,) = data(cloudwatch, query("sized", "Average", Dimensions=EAST, Period=3600))["MetricDataResults"]
    assert (result["Label"], result["Values"]) == ("sized", [3.0])
    late = data(cloudwatch, query("three"), StartTime=MINUTE + timedelta(minutes=2))["MetricDataResults"][0]
    early = data(cloudwatch, query("three"), EndTime=MINUTE + timedelta(minutes=1))["MetricDataResults"][0]
    assert (late["Values"], early["Values"]) == ([3.0], [1.0])
    assert data(cloudwatch, {**query("three"), "ReturnData": False})["MetricDataResults"] == []


@probes("monitoring", "GetMetricData", "ScanBy", "MaxDatapoints", "NextToken")
def test_data_come_in_pages_of_either_order(cloudwatch: Any) -> None:
    both = (query("three", Id="a"), query("three", "Maximum", Id="b"), query("none", Id="c"))
    for order, values in (("TimestampAscending", [1.0, 2.0, 3.0]), ("TimestampDescending", [3.0, 2.0, 1.0])):
        pages = [data(cloudwatch, *both, MaxDatapoints=2, ScanBy=order)]
        while "NextToken" in pages[-1]:
            pages.append(data(cloudwatch, *both, MaxDatapoints=2, ScanBy=order, NextToken=pages[-1]["NextToken"]))
        results = [result for page in pages for result in page["MetricDataResults"]]
        assert [sum(len(result["Values"]) for result in page["MetricDataResults"]) for page in pages] == [2, 2, 2]
        for name in ("a", "b"):
            assert [value for result in results if result["Id"] == name for value in result["Values"]] == values
        assert [result["Id"] for result in results if not result["Values"]] == ["c"]
        ends = [result["StatusCode"] for result in pages[1]["MetricDataResults"]]
        assert (pages[0]["MetricDataResults"][0]["StatusCode"], ends) == ("PartialData", ["Complete", "PartialData"])
    for wrong in ("wrong", "6"):
        with pytest.raises(ClientError, match="NextToken"):
            data(cloudwatch, *both, NextToken=wrong)


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ([query("three"), query("three")], "Ids of their own"),
        ([query("three", Id="Q")], "lowercase"),
        ([{"Id": "q"}], "MetricStat"),
        ([query("three", Label="last: ${LAST}")], "plain Label"),
        ([query("three", "tm90")], "percentiles"),
        ([query("three", Period=45)], "Period"),
        ([{"Id": "q", "Expression": "SUM(METRICS())"}], "Expression of GetMetricData is not offered"),
    ],
)
def test_a_query_that_is_none_is_refused(cloudwatch: Any, queries: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ClientError, match=told):
        data(cloudwatch, *queries)
