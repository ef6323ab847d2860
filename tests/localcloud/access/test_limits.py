"""Strict mode's limits: calls in a second, logs that arrive late."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from strict_cloud import StrictCloud, allow

from localcloud.access.rates import Rates
from localcloud.door import late
from localcloud.protocol import ServiceError
from localcloud.services import quotas
from localcloud.store.state import BUCKET

GROUP, STREAM = "/own", "stream"


@pytest.fixture(scope="module")
def cloud() -> Iterator[StrictCloud]:
    cloud = StrictCloud()
    cloud.role("reader", allow(["logs:*", "sagemaker:ListTrainingJobs", "cloudwatch:*"]))
    yield cloud
    cloud.remove()


def taken(rates: Rates, calls: int) -> list[bool]:
    """Of so many calls of StartQueryExecution at once, which are answered."""
    answered = []
    for _ in range(calls):
        try:
            rates.take("athena", "StartQueryExecution")
            answered.append(True)
        except ServiceError as error:
            answered.append(error.code != "ThrottlingException")
    return answered


def test_a_burst_is_answered_then_the_rate_holds() -> None:
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    assert taken(rates, 81) == [True] * 80 + [False]
    now[0] = 1.0
    assert taken(rates, 21) == [True] * 20 + [False]
    now[0] = 100.0
    assert sum(taken(rates, 100)) == 80  # no more than the burst comes back


def test_an_operation_whose_rate_nobody_tells_is_not_limited() -> None:
    for _ in range(1000):
        Rates().take("sagemaker", "DescribeTrainingJob")


def test_who_asks_too_often_is_throttled_and_who_waits_is_not(cloud: StrictCloud) -> None:
    sagemaker = cloud.acting_as("reader", "sagemaker")

    def ask(_: int) -> dict[str, str]:
        try:
            sagemaker.list_training_jobs()
        except ClientError as error:
            return dict(error.response["Error"])
        return {}

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(60)))
    assert {} in answers
    assert {"Code": "ThrottlingException", "Message": "Rate exceeded"} in answers
    time.sleep(1)
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


def test_the_installation_itself_is_not_throttled(cloud: StrictCloud) -> None:
    sagemaker = cloud.client("sagemaker", retries={"total_max_attempts": 1})
    for _ in range(20):
        sagemaker.list_training_jobs()


@pytest.mark.parametrize("head", [True, False])
def test_a_logs_first_page_is_empty_and_its_token_leads_on(cloud: StrictCloud, head: bool) -> None:
    logs, stream = cloud.acting_as("reader", "logs"), f"{STREAM}-{head}"
    written = time.time()
    write(cloud, stream, ["one", "two"])
    where = {"logGroupName": GROUP, "logStreamName": stream, "startFromHead": head}
    way = "nextForwardToken" if head else "nextBackwardToken"
    seen: list[str] = []
    while time.time() - written < late.LOG_SECONDS + 5 and not seen:
        page = logs.get_log_events(**where)
        assert page["events"] == []
        page = logs.get_log_events(**where, nextToken=page[way])
        seen = [event["message"] for event in page["events"]]
        time.sleep(0.3)
    assert seen == ["one", "two"]
    assert time.time() - written >= late.LOG_SECONDS
    again = logs.get_log_events(**where, nextToken=page[way])
    assert (again["events"], again[way]) == ([], page[way])


def test_lines_that_come_later_are_not_lost_to_a_token(cloud: StrictCloud) -> None:
    logs = cloud.acting_as("reader", "logs")
    write(cloud, "later", ["one"])
    where = {"logGroupName": GROUP, "logStreamName": "later", "startFromHead": True}
    token = logs.get_log_events(**where)["nextForwardToken"]
    seen: list[str] = []
    for number in range(40):
        page = logs.get_log_events(**where, nextToken=token)
        seen += [event["message"] for event in page["events"]]
        token = page["nextForwardToken"]
        if number == 3:
            write(cloud, "later", ["two"])
        if len(seen) == 2:
            break
        time.sleep(0.3)
    assert seen == ["one", "two"]


def test_a_metrics_last_minute_is_not_there_yet(cloud: StrictCloud) -> None:
    now = time.time()
    data = [{"MetricName": "m", "Value": 1.0, "Timestamp": now - ago} for ago in (10, 600)]
    cloud.client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)
    asked = {"Namespace": "n", "MetricName": "m", "StartTime": now - 3600, "EndTime": now + 60, "Period": 60}
    for client, found in ((cloud.client("cloudwatch"), 2), (cloud.acting_as("reader", "cloudwatch"), 1)):
        assert len(client.get_metric_statistics(**asked, Statistics=["Sum"])["Datapoints"]) == found


def test_of_the_last_minute_alone_a_metric_has_nothing_and_that_is_no_error(cloud: StrictCloud) -> None:
    now, reader = time.time(), cloud.acting_as("reader", "cloudwatch")
    data = {"MetricName": "young", "Value": 1.0, "Timestamp": now - 10}
    cloud.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[data])
    asked = {"Namespace": "n", "MetricName": "young", "EndTime": now, "Period": 60, "Statistics": ["Sum"]}
    assert reader.get_metric_statistics(**asked, StartTime=now - 30)["Datapoints"] == []
    with pytest.raises(ClientError, match="StartTime must be before EndTime"):
        reader.get_metric_statistics(**asked, StartTime=now + 30)


def write(cloud: StrictCloud, stream: str, lines: list[str]) -> None:
    logs = cloud.client("logs")
    for make in (
        lambda: logs.create_log_group(logGroupName=GROUP),
        lambda: logs.create_log_stream(logGroupName=GROUP, logStreamName=stream),
    ):
        try:
            make()
        except logs.exceptions.ResourceAlreadyExistsException:
            pass
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
QUOTAS = """service,code,name,default,needed_1
sagemaker,L-1,ml.m5.large for training job usage,0,1
sagemaker,L-2,ml.m5.large for endpoint usage,0,
sagemaker,L-3,ml.m5.xlarge for training job usage,unknown,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "quotas.csv"
    path.write_text(QUOTAS)
    return path


def train(cloud: StrictCloud, role: str, instance: str) -> None:
    # There is one CreateTrainingJob a second: the first try may come too early.
    cloud.acting_as("builder", "sagemaker", tries=9).create_training_job(
        TrainingJobName=f"job-{time.time_ns()}",
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/none"},
        ResourceConfig={"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def test_a_new_account_has_no_instances_until_its_quota_is_raised(table: Path) -> None:
    for column, refused in (("", True), ("#needed_1", False)):
        cloud = StrictCloud(LOCALCLOUD_QUOTAS=f"{table}{column}")
        try:
            role = cloud.role("jobs")
            cloud.role("builder", allow(["sagemaker:*", "iam:PassRole"]))
            train(cloud, role, "ml.m5.xlarge")  # of which the table knows no number
            if not refused:
                train(cloud, role, "ml.m5.large")
                continue
            with pytest.raises(ClientError) as caught:
                train(cloud, role, "ml.m5.large")
            error = caught.value.response["Error"]
            assert error["Code"] == "ResourceLimitExceeded"
            assert error["Message"].startswith(
                "The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, with current "
                "utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas"
            )
        finally:
            cloud.remove()


def test_what_runs_counts_and_what_has_ended_does_not() -> None:
    jobs = [
        {"Status": status, "Resources": {"InstanceType": "ml.m5.large", "InstanceCount": count}}
        for status, count in (("InProgress", 2), ("Stopping", 1), ("Completed", 5))
    ]
    assert quotas.running(jobs, "Status", "Resources") == Counter({"ml.m5.large": 3})


def test_the_instances_of_an_endpoint_are_those_of_all_its_variants() -> None:
    variants = [{"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}, {"InstanceType": "ml.m5.large"}]
    serverless = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    found = quotas.of_variants([{"ProductionVariants": [*variants, serverless]}])
    assert list(found.values()) == [3, 1, 5]  # the type, serverless variants, their concurrency
