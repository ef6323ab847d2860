"""What CloudWatch says of endpoints is what happened to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from endpoints import Hosting
from own_cloud import OwnCloud, wait_until
from training_jobs import Training

NAMESPACE = "AWS/SageMaker"


def dimensions(endpoint: str, variant: str = "v0") -> list[dict[str, str]]:
    return [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]


def hours() -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}


def read(client: Any, endpoint: str, metric: str, statistic: str, variant: str = "v0") -> float | None:
    """One statistic over two hours; a period as long, so that it is one datapoint, or two around the full hour."""
    extended = statistic.startswith("p")
    asked = {"ExtendedStatistics" if extended else "Statistics": [statistic]}
    answer = client.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric,
        Dimensions=dimensions(endpoint, variant),
        Period=86400,
        **hours(),
        **asked,
    )
    points = answer["Datapoints"]
    values = [point["ExtendedStatistics"][statistic] if extended else point[statistic] for point in points]
    return sum(values) / len(values) if values and statistic != "Sum" else sum(values) if values else None


@pytest.fixture(scope="module")
def shared(training: Training) -> Iterator[Hosting]:
    hosting = Hosting(training)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="module")
def cloudwatch(workshop: Any) -> Any:
    return boto3.client("cloudwatch")


@pytest.fixture(scope="module")
def asked(shared: Hosting, cloudwatch: Any) -> str:
    """An endpoint that was asked ten times: six good answers, one slow, one client error, two server errors."""
    endpoint = shared.serve(shared.config(shared.model()))
    for data in [["x"]] * 6 + [["sleep"]]:
        shared.invoke(endpoint, data)
    for bad in (b"not json", b'["bug"]', b'["bug"]'):
        with pytest.raises(shared.runtime.exceptions.ModelError):
            shared.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=bad)
    wait_until(lambda: read(cloudwatch, endpoint, "Invocations", "Sum") == 10, 15)
    return endpoint


@pytest.mark.parametrize(
    ("metric", "total"),
    [
        ("Invocations", 10),
        ("Invocation4XXErrors", 1),
        ("Invocation5XXErrors", 2),
        ("InvocationModelErrors", 3),
    ],
)
def test_requests_and_errors_are_counted(cloudwatch: Any, asked: str, metric: str, total: int) -> None:
    assert read(cloudwatch, asked, metric, "Sum") == total


def test_the_average_of_the_errors_is_their_rate(cloudwatch: Any, asked: str) -> None:
    assert read(cloudwatch, asked, "Invocation5XXErrors", "Average") == pytest.approx(0.2)


def test_latency_is_in_microseconds(cloudwatch: Any, asked: str) -> None:
    """One of ten requests slept for a second, the others answered in some milliseconds."""
    assert read(cloudwatch, asked, "ModelLatency", "SampleCount") == 10
    assert read(cloudwatch, asked, "ModelLatency", "Maximum") == pytest.approx(1_010_000, rel=0.1)
    average = read(cloudwatch, asked, "ModelLatency", "Average")
    assert average is not None
    assert 100_000 < average < 150_000


def test_percentiles_of_the_latency_can_be_asked_for(cloudwatch: Any, asked: str) -> None:
    middle, slowest = (read(cloudwatch, asked, "ModelLatency", statistic) for statistic in ("p50", "p100"))
    assert middle is not None
    assert slowest is not None
    assert 100 < middle < 100_000
    assert slowest > 900_000


def test_the_overhead_is_what_is_not_the_model(cloudwatch: Any, asked: str) -> None:
    assert read(cloudwatch, asked, "OverheadLatency", "SampleCount") == 10
    overhead = read(cloudwatch, asked, "OverheadLatency", "Maximum")
    assert overhead is not None
    assert overhead < 200_000  # the second of sleep is the model's


def test_metric_data_say_the_same(cloudwatch: Any, asked: str) -> None:
    metric = {"Namespace": NAMESPACE, "MetricName": "Invocations", "Dimensions": dimensions(asked)}
    query = {"Id": "n", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **hours())["MetricDataResults"]
    assert sum(result["Values"]) == 10


def test_each_variant_has_its_own_figures(shared: Hosting, cloudwatch: Any) -> None:
    model = shared.model()
    endpoint = shared.serve(shared.config(model, model))
    for variant in ("v0", "v1", "v1", "v1"):
        shared.invoke(endpoint, ["x"], TargetVariant=variant)
    wait_until(lambda: read(cloudwatch, endpoint, "Invocations", "Sum", "v1") == 3, 15)
    assert read(cloudwatch, endpoint, "Invocations", "Sum", "v0") == 1
    found = cloudwatch.list_metrics(Namespace=NAMESPACE, MetricName="Invocations", Dimensions=dimensions(endpoint)[:1])
    assert len(found["Metrics"]) == 2


def test_another_endpoint_has_none_of_them(cloudwatch: Any, asked: str) -> None:
    assert read(cloudwatch, f"not-{asked}", "Invocations", "Sum") is None


def test_a_metric_is_asked_for_with_its_dimensions(cloudwatch: Any, asked: str) -> None:
    """As on AWS, without dimensions it is another metric, which has no data."""
    answer = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE, MetricName="Invocations", Period=60, Statistics=["Sum"], **hours()
    )
    assert answer["Datapoints"] == []


def test_metric_data_come_newest_first(cloudwatch: Any) -> None:
    now = datetime.now(UTC)
    for minutes, value in ((9, 1.0), (5, 2.0), (1, 3.0)):
        datum = {"MetricName": "m", "Value": value, "Timestamp": now - timedelta(minutes=minutes)}
        cloudwatch.put_metric_data(Namespace="tests/order", MetricData=[datum])
    query = {
        "Id": "n",
        "MetricStat": {"Metric": {"Namespace": "tests/order", "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
    }
    for order, values in ({}, [3.0, 2.0, 1.0]), ({"ScanBy": "TimestampAscending"}, [1.0, 2.0, 3.0]):
        (result,) = cloudwatch.get_metric_data(MetricDataQueries=[query], **hours(), **order)["MetricDataResults"]
        assert result["Values"] == values


def test_a_cold_start_is_overhead_and_not_the_models_time(shared: Hosting, cloudwatch: Any) -> None:
    endpoint = shared.serve(shared.serverless_config(shared.model()))
    began = time.perf_counter()
    shared.invoke(endpoint, ["cold"])
    cold = 1e6 * (time.perf_counter() - began)
    wait_until(lambda: read(cloudwatch, endpoint, "ModelSetupTime", "SampleCount") == 1, 15)
    setup = read(cloudwatch, endpoint, "ModelSetupTime", "Sum")
    assert setup is not None
    assert 0.5 * cold < setup < cold
    assert (read(cloudwatch, endpoint, "OverheadLatency", "Sum") or 0) >= 0.99 * setup
    assert (read(cloudwatch, endpoint, "ModelLatency", "Sum") or cold) < 0.5 * cold


@pytest.mark.image
def test_figures_of_the_last_second_survive_a_restart(own_cloud: OwnCloud) -> None:
    role = own_cloud.client("iam").list_roles()["Roles"][0]["Arn"]
    training = Training("sagemaker-us-east-1-123456789012", role, clients=own_cloud.client)
    hosting = Hosting(training, clients=own_cloud.client)
    endpoint = hosting.serve(hosting.config(hosting.model()))
    for _ in range(7):
        hosting.invoke(endpoint, ["x"])
    own_cloud.stop()
    own_cloud.start()
    assert read(own_cloud.client("cloudwatch"), endpoint, "Invocations", "Sum") == 7
