"""Endpoints under load and abuse: each caller gets the answer to its own request, and what is wrong harms nobody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from endpoints import Hosting
from own_cloud import OwnCloud
from training_jobs import Training

NUMBERED = """
    import json, random, time

    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        if content_type != "application/json":
            raise ValueError(f"{content_type} is not understood")
        return json.loads(body)

    def predict_fn(number, model):
        time.sleep(random.random() / 20)  # so that answers overtake each other
        return {"number": number, "square": number * number}

    def output_fn(prediction, accept):
        return json.dumps(prediction), "application/json"
"""


@pytest.fixture(scope="module")
def shared(training: Training) -> Iterator[Hosting]:
    hosting = Hosting(training)
    config = Config(max_pool_connections=200, retries={"total_max_attempts": 1})
    hosting.runtime = boto3.client("sagemaker-runtime", config=config)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="module")
def squares(shared: Hosting) -> str:
    """An endpoint that answers a number with the number and its square."""
    return shared.serve(shared.config(shared.model(NUMBERED)))


def memory_mb(local_aws: OwnCloud) -> float:
    return float(psutil.Process(local_aws.info["pid"]).memory_info().rss / 2**20)


def test_two_hundred_callers_at_once_each_get_their_own_answer(shared: Hosting, squares: str) -> None:
    together = threading.Barrier(200)

    def ask(number: int) -> Any:
        together.wait(60)
        return shared.invoke(squares, number)

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(ask, range(200)))
    assert answers == [{"number": number, "square": number * number} for number in range(200)]


def test_one_hundred_megabytes_are_refused_and_forgotten(shared: Hosting, squares: str, local_aws: OwnCloud) -> None:
    shared.invoke(squares, 1)
    before, highest, done = memory_mb(local_aws), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            highest[0] = max(highest[0], memory_mb(local_aws))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(3):
            with pytest.raises(ClientError, match="104857600 bytes; the limit is 26214400") as error:
                shared.runtime.invoke_endpoint(
                    EndpointName=squares, ContentType="application/json", Body=b"1" * (100 * 2**20)
                )
            assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    finally:
        done.set()
        watcher.join()
    assert highest[0] < before + 80  # the limit of 25 MB and some buffers; never the 100 MB
    assert memory_mb(local_aws) < before + 60
    assert shared.invoke(squares, 3)["square"] == 9


def test_the_largest_body_that_is_allowed_reaches_the_model(shared: Hosting, squares: str) -> None:
    body = b" " * (25 * 2**20 - 1) + b"7"
    answer = shared.runtime.invoke_endpoint(EndpointName=squares, ContentType="application/json", Body=body)
    assert json.loads(answer["Body"].read())["square"] == 49


def test_many_bodies_of_the_wrong_type_leave_the_endpoint_well(shared: Hosting, squares: str) -> None:
    def ask(number: int) -> str:
        try:
            if number % 2:
                return str(shared.invoke(squares, number)["square"])
            shared.runtime.invoke_endpoint(EndpointName=squares, ContentType="image/png", Body=bytes(range(256)))
        except shared.runtime.exceptions.ModelError as error:
            return str(error.response["OriginalStatusCode"])
        return "nothing"

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(64)))
    assert answers == [str(number * number) if number % 2 else "400" for number in range(64)]


def test_a_bucket_may_be_called_endpoints(workshop: Any) -> None:
    """Its objects have the same path as an endpoint, and another limit."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="endpoints")
    s3.put_object(Bucket="endpoints", Key="large", Body=b"x" * (26 * 2**20))
    assert s3.head_object(Bucket="endpoints", Key="large")["ContentLength"] == 26 * 2**20


def test_a_slow_caller_does_not_hold_up_the_others(shared: Hosting, hosting: Hosting, squares: str) -> None:
    slow = hosting.serve(hosting.config(hosting.model()))
    with ThreadPoolExecutor(80) as pool:
        sleeping = [pool.submit(hosting.invoke, slow, ["sleep"]) for _ in range(80)]
        time.sleep(0.2)
        began = time.monotonic()
        assert shared.invoke(squares, 5)["square"] == 25
        assert time.monotonic() - began < 1.0
        assert all(one.result() == ["w:sleep"] for one in sleeping)
