"""Endpoints that answer: the inference contract, logs, variants, updates, restarts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from botocore.exceptions import ClientError
from endpoints import ECHO, Hosting
from own_cloud import wait_until
from training_jobs import IMAGE, Training


@pytest.fixture(scope="module")
def shared(training: Training) -> Iterator[Hosting]:
    hosting = Hosting(training)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="module")
def echo(shared: Hosting) -> str:
    """An endpoint that answers `w:<item>` for each item."""
    return shared.serve(shared.config(shared.model()))


# --- The inference contract ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body", "accept", "answer"),
    [
        ("application/json", '["a", "b"]', "application/json", '["w:a", "w:b"]'),
        ("application/jsonlines", '"a"\n"b"', "application/jsonlines", '"w:a"\n"w:b"'),
        ("text/csv", "a\nb", "text/csv", "w:a\nw:b"),
        ("application/json; charset=utf-8", '["ä 日本"]', "text/csv", "w:ä 日本"),
    ],
)
def test_content_types_go_through_the_four_functions(
    shared: Hosting, echo: str, content_type: str, body: str, accept: str, answer: str
) -> None:
    got = shared.runtime.invoke_endpoint(EndpointName=echo, ContentType=content_type, Accept=accept, Body=body.encode())
    assert got["Body"].read().decode() == answer
    assert got["ContentType"] == accept
    assert got["InvokedProductionVariant"] == "v0"


def test_the_description_says_what_is_deployed(shared: Hosting, echo: str) -> None:
    endpoint = shared.describe(echo)
    variant = endpoint["ProductionVariants"][0]
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (1.0, 1)


def test_a_payload_that_input_fn_refuses_is_the_callers_fault(shared: Hosting, echo: str) -> None:
    for body in (b"not json", b"\xff\xfe"):
        with pytest.raises(shared.runtime.exceptions.ModelError) as error:
            shared.runtime.invoke_endpoint(EndpointName=echo, ContentType="application/json", Body=body)
        assert 400 <= error.value.response["OriginalStatusCode"] < 500
        assert "client error (400)" in error.value.response["Error"]["Message"]


def test_an_unknown_content_type_is_the_callers_fault(shared: Hosting, echo: str) -> None:
    with pytest.raises(shared.runtime.exceptions.ModelError, match="image/png is not understood"):
        shared.runtime.invoke_endpoint(EndpointName=echo, ContentType="image/png", Body=b"x")


def test_a_bug_in_the_model_is_a_server_error_and_in_the_log(shared: Hosting, echo: str) -> None:
    with pytest.raises(shared.runtime.exceptions.ModelError) as error:
        shared.invoke(echo, ["bug"])
    assert error.value.response["OriginalStatusCode"] == 500
    assert "a bug in the model" in error.value.response["OriginalMessage"]
    wait_until(lambda: any(line.startswith("KeyError") for line in shared.log(echo)), 5)


def test_the_log_holds_what_the_model_prints(shared: Hosting, echo: str) -> None:
    assert "loading the model" in shared.log(echo)


def test_fifty_callers_at_once_each_get_their_own_answer(shared: Hosting, echo: str) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: shared.invoke(echo, [f"item {n}"]), range(50)))
    assert answers == [[f"w:item {n}"] for n in range(50)]


def test_a_body_over_the_limit_is_refused(shared: Hosting, echo: str) -> None:
    with pytest.raises(ClientError, match="limit"):
        shared.runtime.invoke_endpoint(EndpointName=echo, ContentType="text/csv", Body=b"x" * (26 * 2**20))


def test_an_endpoint_that_does_not_exist_is_said_so(shared: Hosting) -> None:
    with pytest.raises(ClientError, match="not found") as error:
        shared.invoke("no-such-endpoint", [])
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_name_can_be_used_once(shared: Hosting, echo: str) -> None:
    config = shared.describe(echo)["EndpointConfigName"]
    with pytest.raises(ClientError, match="already existing"):
        shared.client.create_endpoint(EndpointName=echo, EndpointConfigName=config)


def test_models_configurations_and_endpoints_are_listed(shared: Hosting, echo: str) -> None:
    client = shared.client
    config = shared.describe(echo)["EndpointConfigName"]
    model = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
    assert model in [one["ModelName"] for one in client.list_models(NameContains=model)["Models"]]
    configs = client.list_endpoint_configs(NameContains=config)["EndpointConfigs"]
    assert [one["EndpointConfigName"] for one in configs] == [config]
    listed = client.list_endpoints(StatusEquals="InService", NameContains=echo)["Endpoints"]
    assert [one["EndpointName"] for one in listed] == [echo]


def test_the_default_functions_serve_a_scikit_learn_model(hosting: Hosting, training: Training) -> None:
    script = """
        import joblib
        from sklearn.linear_model import LinearRegression
        joblib.dump(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0]), "/opt/ml/model/model.joblib")
        import os
        os.makedirs("/opt/ml/model/code")
        with open("/opt/ml/model/code/inference.py", "w") as file:
            file.write("import joblib, os\\ndef model_fn(d): return joblib.load(os.path.join(d, 'model.joblib'))\\n")
    """
    job = training.run(script)
    container = {"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    name = f"trained-{time.time_ns()}"
    hosting.client.create_model(ModelName=name, ExecutionRoleArn=training.role, PrimaryContainer=container)
    endpoint = hosting.serve(hosting.config(name))
    assert hosting.invoke(endpoint, [[2.0], [3.0]]) == pytest.approx([5.0, 7.0])
    answer = hosting.runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=b"2\n3\n"
    )
    assert [float(line) for line in answer["Body"].read().split()] == pytest.approx([5.0, 7.0])


# --- Variants --------------------------------------------------------------------------------------------------


def test_two_variants_share_the_traffic_by_weight(hosting: Hosting) -> None:
    models = [hosting.model(word="one"), hosting.model(word="two")]
    endpoint = hosting.serve(hosting.config(*models, weights=(3.0, 1.0)))
    words = Counter(hosting.invoke(endpoint, ["x"])[0] for _ in range(120))
    assert set(words) == {"one:x", "two:x"}
    assert 60 <= words["one:x"] <= 112  # 90 expected; outside once in a hundred million runs
    assert hosting.invoke(endpoint, ["x"], TargetVariant="v1") == ["two:x"]
    with pytest.raises(ClientError, match="does not exist"):
        hosting.invoke(endpoint, ["x"], TargetVariant="v9")


# --- Restarts, updates, deletion -------------------------------------------------------------------------------


def test_a_killed_process_is_restarted_and_answers_again(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.config(hosting.model()))
    for number in range(30):  # a long log since the start must not matter
        hosting.invoke(endpoint, [number])
    (process,) = hosting.processes(endpoint)
    process.kill()
    process.wait(5)
    assert hosting.invoke(endpoint, ["again"]) == ["w:again"]
    assert hosting.describe(endpoint)["EndpointStatus"] == "InService"
    wait_until(lambda: any("starting it again" in line for line in hosting.log(endpoint)), 5)


def test_a_request_that_crashes_the_model_is_an_error_and_the_next_one_works(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.config(hosting.model()))
    with pytest.raises(hosting.runtime.exceptions.ModelError):
        hosting.invoke(endpoint, ["crash"])
    assert hosting.invoke(endpoint, ["next"]) == ["w:next"]


@pytest.mark.parametrize("kind", ["text/csv\r\ncontent-length: 1", "text/\u20ac"])
def test_a_content_type_that_is_none_is_the_models_error(hosting: Hosting, kind: str) -> None:
    script = f"""
        def model_fn(model_dir): pass
        def input_fn(body, content_type): return body
        def predict_fn(data, model): return data
        def output_fn(prediction, accept): return prediction, {kind!r} if prediction == "odd" else "text/csv"
    """
    endpoint = hosting.serve(hosting.config(hosting.model(script)))
    with pytest.raises(hosting.runtime.exceptions.ModelError, match="answered with the content type"):
        hosting.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"odd")
    answer = hosting.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"next")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"next", "text/csv")


def test_an_update_takes_over_without_a_failed_request(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.config(hosting.model(word="old")))
    stop, answers = Event(), []

    def ask(slow: bool) -> None:
        while not stop.is_set():
            answers.append(hosting.invoke(endpoint, ["sleep" if slow else "x"])[0].partition(":")[0])

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask, slow) for slow in (False, True, True)]
        try:
            newer = hosting.config(hosting.model(word="new"))
            hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=newer)
            assert hosting.describe(endpoint)["EndpointStatus"] == "Updating"
            assert hosting.settled(endpoint)["EndpointStatus"] == "InService"
            wait_until(lambda: answers[-3:] == ["new"] * 3)
        finally:
            stop.set()
        for one in asking:
            one.result()
    assert set(answers) == {"old", "new"}
    assert hosting.describe(endpoint)["EndpointConfigName"] == newer
    wait_until(lambda: len(hosting.processes(endpoint)) == 1, 10)


def test_a_failed_update_keeps_the_old_model(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.config(hosting.model(word="old")))
    broken = hosting.config(hosting.model("def model_fn(d):\n    raise OSError('weights are missing')"))
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=broken)
    description = hosting.settled(endpoint)
    assert description["EndpointStatus"] == "InService"
    assert "weights are missing" in description["FailureReason"]
    assert description["EndpointConfigName"] != broken
    assert hosting.invoke(endpoint, ["x"]) == ["old:x"]
    repaired = hosting.config(hosting.model(word="new"))
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=repaired)
    assert "FailureReason" not in hosting.settled(endpoint)
    assert hosting.invoke(endpoint, ["x"]) == ["new:x"]


def test_an_endpoint_that_is_being_updated_cannot_be_updated(hosting: Hosting) -> None:
    slow = "import time\ndef model_fn(d):\n    time.sleep(3)\n"
    endpoint = hosting.serve(hosting.config(hosting.model()))
    config = hosting.config(hosting.model(slow))
    hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    with pytest.raises(ClientError, match="Cannot update"):
        hosting.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)


def test_a_deleted_endpoint_leaves_no_process(hosting: Hosting) -> None:
    endpoint = hosting.serve(hosting.config(hosting.model()))
    assert len(hosting.processes(endpoint)) == 1
    hosting.delete(endpoint)
    assert hosting.processes(endpoint) == []
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.describe(endpoint)


def test_an_endpoint_that_is_deleted_twice_is_there_until_its_process_has_ended(hosting: Hosting) -> None:
    """As boto3 does when the first answer is lost."""
    stubborn = ECHO.replace("import json, os, time", "import json, os, signal, time; signal.signal(15, signal.SIG_IGN)")
    endpoint = hosting.serve(hosting.config(hosting.model(stubborn)))
    (process,) = hosting.processes(endpoint)
    hosting.client.delete_endpoint(EndpointName=endpoint)
    hosting.delete(endpoint)
    assert not process.is_running()


def test_an_endpoint_can_be_deleted_while_it_loads_and_made_again(hosting: Hosting) -> None:
    slow = hosting.config(hosting.model("import time\ndef model_fn(d):\n    time.sleep(60)\n"))
    endpoint = hosting.create(slow)
    wait_until(lambda: hosting.processes(endpoint))
    began = time.monotonic()
    hosting.delete(endpoint)
    assert time.monotonic() - began < 10
    wait_until(lambda: not hosting.processes(endpoint), 5)
    hosting.create(hosting.config(hosting.model()), name=endpoint)
    assert hosting.settled(endpoint)["EndpointStatus"] == "InService"
    assert hosting.invoke(endpoint, ["x"]) == ["w:x"]


def test_a_stored_model_can_go_while_its_endpoint_serves(hosting: Hosting) -> None:
    model = hosting.model()
    endpoint = hosting.serve(hosting.config(model))
    hosting.client.delete_model(ModelName=model)
    assert hosting.invoke(endpoint, ["x"]) == ["w:x"]
