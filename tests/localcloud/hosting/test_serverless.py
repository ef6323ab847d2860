"""Serverless endpoints: no process until a request comes, none when no more come, never more requests than agreed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoints import ECHO, Hosting
from own_cloud import OwnCloud, wait_until
from training_jobs import Training

NEED_AN_IMAGE = {"impatient"}

IDLE_SECONDS = 2.0
BUCKET = "sagemaker-us-east-1-123456789012"


@pytest.fixture(scope="module")
def impatient() -> Iterator[OwnCloud]:
    """A local AWS whose serverless processes end after two seconds without a request."""
    cloud = OwnCloud()
    cloud.environment["LOCALCLOUD_SERVERLESS_IDLE_SECONDS"] = str(IDLE_SECONDS)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


def hosting_of(cloud: OwnCloud) -> Hosting:
    def once(service: str) -> Any:
        return cloud.client(service, retries={"total_max_attempts": 1})

    role = cloud.client("iam").list_roles()["Roles"][0]["Arn"]
    return Hosting(Training(BUCKET, role, clients=cloud.client), clients=once)


@pytest.fixture(scope="module")
def hosting(impatient: OwnCloud) -> Iterator[Hosting]:
    own = hosting_of(impatient)
    yield own
    own.clean_up()


def test_the_first_request_starts_the_process_and_silence_ends_it(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model()))
    assert hosting.processes(endpoint) == []
    began = time.monotonic()
    assert hosting.invoke(endpoint, ["cold"]) == ["w:cold"]
    cold = time.monotonic() - began
    began = time.monotonic()
    assert hosting.invoke(endpoint, ["warm"]) == ["w:warm"]
    warm = time.monotonic() - began
    assert warm < cold / 3
    assert len(hosting.processes(endpoint)) == 1
    wait_until(lambda: not hosting.processes(endpoint), IDLE_SECONDS + 5)
    assert hosting.describe(endpoint)["EndpointStatus"] == "InService"
    assert hosting.invoke(endpoint, ["again"]) == ["w:again"]


def test_requests_keep_the_process_alive(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model()))
    hosting.invoke(endpoint, ["x"])
    (process,) = hosting.processes(endpoint)
    deadline = time.monotonic() + 2 * IDLE_SECONDS
    while time.monotonic() < deadline:
        hosting.invoke(endpoint, ["x"])
        time.sleep(0.3)
    assert process.is_running()


def test_requests_during_a_cold_start_share_one_process(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model()))
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: hosting.invoke(endpoint, [n]), range(5)))
    assert answers == [[f"w:{n}"] for n in range(5)]
    assert len(hosting.processes(endpoint)) == 1


def test_more_requests_at_once_than_agreed_are_throttled(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model(), concurrency=2))
    hosting.invoke(endpoint, ["x"])

    def ask(_: int) -> str:
        try:
            return str(hosting.invoke(endpoint, ["sleep"]))
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(ask, range(4)))
    assert answers == ["ThrottlingException"] * 2 + ["['w:sleep']"] * 2
    assert hosting.invoke(endpoint, ["after"]) == ["w:after"]


def test_the_sdk_tries_again_when_it_is_throttled(hosting: Hosting, impatient: OwnCloud) -> None:
    """As on AWS: ThrottlingException is an error that boto3 retries by itself."""
    endpoint = hosting.serve(hosting.serverless_config(hosting.model(), concurrency=1))
    hosting.invoke(endpoint, ["x"])
    patient = hosting_of(impatient)
    patient.runtime = impatient.client("sagemaker-runtime", retries={"total_max_attempts": 10, "mode": "standard"})
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: patient.invoke(endpoint, ["sleep"]), range(2))) == [["w:sleep"]] * 2


def test_max_concurrency_can_be_changed(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model(), concurrency=1))
    change = {"VariantName": "v0", "ServerlessUpdateConfig": {"MaxConcurrency": 7}}
    hosting.client.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=[change])
    variant = hosting.describe(endpoint)["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 7}
    assert "CurrentInstanceCount" not in variant


def test_a_model_that_does_not_load_fails_at_creation(hosting: Hosting) -> None:
    endpoint = hosting.create(
        hosting.serverless_config(hosting.model("def model_fn(d):\n    raise OSError('no weights')"))
    )
    description = hosting.settled(endpoint)
    assert description["EndpointStatus"] == "Failed"
    assert "no weights" in description["FailureReason"]
    assert hosting.processes(endpoint) == []


def test_a_model_that_no_longer_loads_is_an_error_and_not_a_hang(hosting: Hosting) -> None:
    model = hosting.model()
    endpoint = hosting.serve(hosting.serverless_config(model))
    data = hosting.client.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    hosting.training.put(data.partition("/tests/")[2], b"no archive")
    with pytest.raises(hosting.runtime.exceptions.ModelError, match="did not start"):
        hosting.invoke(endpoint, ["x"])
    assert hosting.describe(endpoint)["EndpointStatus"] == "InService"


def test_a_serverless_request_has_a_smaller_limit(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.serverless_config(hosting.model()))
    with pytest.raises(ClientError, match="4194304"):
        hosting.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"x" * (5 * 2**20))
    assert hosting.processes(endpoint) == []


def test_an_endpoint_can_be_deleted_while_it_starts_cold(hosting: Hosting) -> None:
    slow = ECHO.replace("def model_fn(model_dir):", "def model_fn(model_dir):\n        time.sleep(2)")
    endpoint = hosting.serve(hosting.serverless_config(hosting.model(slow)))
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(hosting.invoke, endpoint, ["x"])
        wait_until(lambda: hosting.processes(endpoint))
        began = time.monotonic()
        hosting.delete(endpoint)
        assert time.monotonic() - began < 10
        with pytest.raises(hosting.runtime.exceptions.ModelError):
            asking.result()
    wait_until(lambda: not hosting.processes(endpoint), 5)


def test_an_endpoint_on_instances_cannot_become_serverless_but_the_other_way_round(hosting: Hosting) -> None:
    model = hosting.model()
    serverless, always_on = hosting.serverless_config(model), hosting.config(model)
    endpoint = hosting.serve(serverless)
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=always_on)
    assert "CurrentInstanceCount" in hosting.settled(endpoint)["ProductionVariants"][0]
    with pytest.raises(ClientError, match="cannot be updated to a serverless one"):
        hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=serverless)
    assert hosting.invoke(endpoint, ["x"]) == ["w:x"]


@pytest.mark.parametrize(
    ("serverless", "more", "message"),
    [
        ({"MemorySizeInMB": 1500, "MaxConcurrency": 1}, {}, "must be one of 1024, 2048"),
        ({"MemorySizeInMB": 8192, "MaxConcurrency": 1}, {}, "less than or equal to 6144"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 201}, {}, "less than or equal to 200"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 2, "ProvisionedConcurrency": 1}, {}, "not offered"),
        ({"MemorySizeInMB": 1024, "MaxConcurrency": 1}, {"InstanceType": "ml.m5.large"}, "neither InstanceType"),
    ],
)
def test_what_aws_does_not_take_is_refused(
    hosting: Hosting, serverless: dict[str, int], more: dict[str, str], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        hosting.serverless_config(hosting.model(), ServerlessConfig=serverless, **more)


def test_a_serverless_endpoint_survives_a_restart_and_stops_in_time(impatient: OwnCloud) -> None:
    hosting = hosting_of(impatient)
    endpoint = hosting.serve(hosting.serverless_config(hosting.model()))
    hosting.invoke(endpoint, ["x"])
    change = {"VariantName": "v0", "ServerlessUpdateConfig": {"MaxConcurrency": 7}}
    hosting.client.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=[change])
    began = time.monotonic()
    impatient.stop()
    assert time.monotonic() - began < 10
    assert hosting.processes(endpoint) == []
    impatient.start()
    again = hosting_of(impatient)
    wait_until(lambda: again.describe(endpoint)["EndpointStatus"] == "InService")
    wait_until(lambda: not again.processes(endpoint))
    assert again.describe(endpoint)["ProductionVariants"][0]["CurrentServerlessConfig"]["MaxConcurrency"] == 7
    assert again.invoke(endpoint, ["x"]) == ["w:x"]
