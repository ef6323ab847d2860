"""Traffic between variants: shared by weights, changed while the endpoint serves, kept over a restart."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoints import Hosting
from own_cloud import OwnCloud, wait_until
from training_jobs import Training


@pytest.fixture(scope="module")
def shared(training: Training) -> Iterator[Hosting]:
    hosting = Hosting(training)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="module")
def pair(shared: Hosting) -> str:
    """An endpoint of two variants, v0 and v1, that answer `one:<item>` and `two:<item>`."""
    return shared.serve(shared.config(shared.model(word="one"), shared.model(word="two")))


def reweigh(hosting: Hosting, endpoint: str, **weights: float) -> dict[str, Any]:
    """Set weights by name of variant; return the description right afterwards."""
    desired = [{"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()]
    hosting.client.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=desired)
    return hosting.describe(endpoint)


def shares(hosting: Hosting, endpoint: str, requests: int) -> Counter[str]:
    return Counter(hosting.invoke(endpoint, ["x"])[0].partition(":")[0] for _ in range(requests))


def weights(description: dict[str, Any]) -> list[tuple[float, float]]:
    return [(one["DesiredWeight"], one["CurrentWeight"]) for one in description["ProductionVariants"]]


def test_new_weights_hold_from_the_next_request_on(shared: Hosting, pair: str) -> None:
    before = {process.pid for process in shared.processes(pair)}
    assert weights(reweigh(shared, pair, v0=0, v1=1)) == [(0.0, 0.0), (1.0, 1.0)]
    assert shares(shared, pair, 30) == {"two": 30}
    reweigh(shared, pair, v0=1, v1=0)
    assert shares(shared, pair, 30) == {"one": 30}
    assert {process.pid for process in shared.processes(pair)} == before


def test_traffic_follows_the_weights(shared: Hosting, pair: str) -> None:
    reweigh(shared, pair, v0=1, v1=9)
    counts = shares(shared, pair, 300)
    assert 0 < counts["one"] <= 65  # 30 expected, standard deviation 5: outside once in a hundred million runs


def test_a_weight_that_is_not_named_stays(shared: Hosting, pair: str) -> None:
    reweigh(shared, pair, v0=2, v1=3)
    assert weights(reweigh(shared, pair, v1=5)) == [(2.0, 2.0), (5.0, 5.0)]


def test_a_target_variant_answers_whatever_its_weight(shared: Hosting, pair: str) -> None:
    reweigh(shared, pair, v0=1, v1=0)
    assert shared.invoke(pair, ["x"], TargetVariant="v1") == ["two:x"]


def test_more_than_one_instance_is_refused_with_the_reason(shared: Hosting, pair: str) -> None:
    before = weights(shared.describe(pair))
    wanted = [{"VariantName": "v0", "DesiredWeight": 7, "DesiredInstanceCount": 2}]
    with pytest.raises(ClientError, match="one instance, which is this machine") as error:
        shared.client.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=wanted)
    assert error.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    assert weights(shared.describe(pair)) == before


def test_an_unknown_variant_is_refused(shared: Hosting, pair: str) -> None:
    with pytest.raises(ClientError, match="Variant v9 does not exist"):
        reweigh(shared, pair, v9=1)


def test_an_endpoint_that_does_not_serve_yet_cannot_be_reweighed(hosting: Hosting) -> None:
    endpoint = hosting.create(hosting.config(hosting.model("import time\ndef model_fn(d):\n    time.sleep(30)\n")))
    with pytest.raises(ClientError, match="it is Creating"):
        reweigh(hosting, endpoint, v0=1)


def test_an_update_takes_the_weights_of_its_configuration_unless_it_retains_them(hosting: Hosting) -> None:
    models = hosting.model(word="one"), hosting.model(word="two")
    endpoint = hosting.serve(hosting.config(*models))
    reweigh(hosting, endpoint, v0=1, v1=4)
    again = hosting.config(*models, weights=(2.0, 2.0))
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=again, RetainAllVariantProperties=True)
    assert weights(hosting.settled(endpoint)) == [(1.0, 1.0), (4.0, 4.0)]
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=again)
    assert weights(hosting.settled(endpoint)) == [(2.0, 2.0), (2.0, 2.0)]


@pytest.mark.image
def test_weights_survive_a_restart_and_a_kill(own_cloud: OwnCloud) -> None:
    role = own_cloud.client("iam").list_roles()["Roles"][0]["Arn"]
    hosting = Hosting(
        Training("sagemaker-us-east-1-123456789012", role, clients=own_cloud.client), clients=own_cloud.client
    )
    endpoint = hosting.serve(hosting.config(hosting.model(word="one"), hosting.model(word="two")))
    reweigh(hosting, endpoint, v0=0, v1=3)
    for end in (own_cloud.stop, own_cloud.kill):
        end()
        own_cloud.start()
        again = Hosting(hosting.training, clients=own_cloud.client)
        wait_until(lambda again=again: again.describe(endpoint)["EndpointStatus"] == "InService")
        assert weights(again.describe(endpoint)) == [(0.0, 0.0), (3.0, 3.0)]
        assert shares(again, endpoint, 20) == {"two": 20}
        sockets = Path(tempfile.gettempdir()).glob(
            f"lc-{hashlib.sha256(str(own_cloud.home).encode()).hexdigest()[:8]}-*"
        )
        assert len(list(sockets)) == 2  # those of the two processes, and none of the killed server's
