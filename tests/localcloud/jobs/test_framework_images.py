"""The PyTorch and TensorFlow images: their addresses, their requirements, and the stand-in for TensorFlow Serving."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from endpoints import Hosting
from own_cloud import PROJECT, OwnCloud, images_folder, wait_until
from training_jobs import archive

from localcloud.jobs import images
from localcloud.protocol import ServiceError

NEED_AN_IMAGE = {"saved_model"}

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
RUNTIME = PROJECT / "localcloud" / "runtime"


@pytest.mark.parametrize(
    ("framework", "version", "scope", "name"),
    [
        ("pytorch", "2.10.0", "training", "pytorch-2.13"),
        ("pytorch", "2.6.0", "inference", "pytorch-2.13"),
        ("tensorflow", "2.21.0", "training", "tensorflow-2.21"),
        ("tensorflow", "2.20.0", "inference", "tensorflow-2.21"),
    ],
)
def test_the_sdks_addresses_lead_to_the_images(framework: str, version: str, scope: str, name: str) -> None:
    from sagemaker.core import image_uris

    address = image_uris.retrieve(
        framework, "us-east-1", version=version, instance_type="ml.m5.large", image_scope=scope
    )
    assert images.for_uri(address) == name
    assert images.server(address) == ("tensorflow_server.py" if framework == "tensorflow" else "model_server.py")


@pytest.mark.parametrize("ending", ["-sagemaker", "-amzn2023-sagemaker"])
def test_the_tags_of_aws_s_own_list_lead_to_the_images_too(ending: str) -> None:
    for tag in ("tensorflow-training:2.21.0-cpu-py312", "tensorflow-inference:2.20.0-cpu-py312"):
        assert images.for_uri(f"{REGISTRY}/{tag}{ending}") == "tensorflow-2.21"


def test_other_versions_and_builds_for_graphics_cards_are_refused_by_name() -> None:
    for other in ("pytorch-training:2.10.0-gpu-py313", "pytorch-training:2.6.0", "tensorflow-inference:2.20.0-gpu"):
        with pytest.raises(ServiceError, match=f"{other} not found"):
            images.for_uri(f"{REGISTRY}/{other}")


@pytest.mark.parametrize("name", images.names())
def test_an_images_requirements_name_no_place_to_load_from(name: str) -> None:
    for path in images.REQUIREMENTS.glob(f"{name}.*"):
        for line in path.read_text().splitlines():
            code = "" if line.startswith("#") else line
            assert "://" not in line
            assert not code.startswith(("-", "/", "."))
            assert "+" not in code  # a local version, such as +cpu, is not on the package index


def test_pytorchs_requirements_leave_the_cuda_libraries_to_the_build_that_needs_them() -> None:
    text = (images.REQUIREMENTS / "pytorch-2.13.txt").read_text()
    assert "torch==2.13.0\n" in text
    assert not [line for line in text.splitlines() if line.startswith(("nvidia", "cuda", "triton"))]


@pytest.mark.parametrize(
    ("variables", "cpu_build"),
    [({}, True), ({"PIP_FIND_LINKS": "somewhere"}, False), ({"UV_TORCH_BACKEND": "cu130"}, False)],
)
def test_pytorch_is_taken_without_cuda_unless_an_index_is_configured(
    variables: dict[str, str], cpu_build: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(images, "_uv", lambda progress, *arguments: commands.append(arguments))
    monkeypatch.setattr("sys.platform", "linux")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    images._install(print, tmp_path / "python", "pytorch.txt", cpu_build=True)
    (command,) = commands
    assert ("--torch-backend" in command) == cpu_build


def test_where_pytorchs_index_does_not_answer_the_package_index_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[tuple[str, ...]] = []

    def uv(progress: Any, *arguments: str) -> None:
        commands.append(arguments)
        if "--torch-backend" in arguments:
            raise images.BuildFailed("no answer")

    monkeypatch.setattr(images, "_uv", uv)
    monkeypatch.setattr(images, "_own_index", lambda: False)
    monkeypatch.setattr("sys.platform", "linux")
    told: list[str] = []
    images._install(told.append, tmp_path / "python", "pytorch.txt", cpu_build=True)
    assert ["--torch-backend" in command for command in commands] == [True, False]
    assert told == ["no answer Taking PyTorch from the package index instead."]


MAKE = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf

class Twice(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def number(self, x):
        return {"y": 2 * x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=name) for name in "ab"])
    def words(self, a, b):
        return {"both": a + b, "length": tf.strings.length(a)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def uneven(self, x):
        return {"same": x, "sum": tf.reduce_sum(x, keepdims=True)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="name")])
    def read(self, name):
        return {"content_bytes": tf.map_fn(tf.io.read_file, name)}

twice = Twice()
signatures = {"serving_default": twice.number, "words": twice.words, "uneven": twice.uneven, "read": twice.read}
for version in ("1", "2"):
    tf.saved_model.save(twice, sys.argv[1] + "/" + version, signatures)
"""

HANDLERS = """
import json

def input_handler(data, context):
    body = data.read().decode()
    if body == "bug":
        raise KeyError("a bug in the script")
    return body

def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.text)
    return json.dumps([response.json(), context._asdict()]), context.accept_header
"""


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with two versions of a small SavedModel, without code."""
    os.environ.setdefault("LOCALCLOUD_IMAGES", str(images_folder()))
    folder = tmp_path_factory.mktemp("saved")
    python = images.ensure("tensorflow-2.21")
    subprocess.run([str(python), "-B", "-c", MAKE, str(folder)], check=True, capture_output=True)
    return folder


class Served:
    """A TensorFlow server process of these tests."""

    def __init__(self, model: Path, code: Path) -> None:
        python, socket = images.ensure("tensorflow-2.21"), code / "socket"
        command = [str(python), "-B", str(RUNTIME / "tensorflow_server.py"), str(socket), str(model), str(code), "x.py"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.client = httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://model")

    def answers(self) -> bool:
        try:
            return self.client.get("/ping").status_code == 200
        except httpx.TransportError:
            return self.process.poll() is not None

    def post(self, content: str, kind: str = "application/json", **headers: str) -> httpx.Response:
        return self.client.post("/invocations", content=content, headers={"content-type": kind, **headers})

    def end(self) -> str:
        self.client.close()
        self.process.terminate()
        return self.process.communicate(timeout=20)[0]


@pytest.fixture(scope="module")
def plain(saved_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server without code/inference.py."""
    served = Served(saved_model, tmp_path_factory.mktemp("none"))
    wait_until(served.answers, 60)
    yield served
    assert "SavedModel version 2 loaded" in served.end()


@pytest.fixture(scope="module")
def handled(saved_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server with handlers around it."""
    code = tmp_path_factory.mktemp("code")
    (code / "inference.py").write_text(HANDLERS)
    served = Served(saved_model, code)
    wait_until(served.answers, 60)
    yield served
    served.end()


B64 = base64.b64encode(b"ab").decode()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"instances": [1, 2.5]}, {"predictions": [2.0, 5.0]}),
        ({"instances": [{"x": 1}, {"x": 2}]}, {"predictions": [2.0, 4.0]}),
        ({"inputs": [1, 2]}, {"outputs": [2.0, 4.0]}),
        ({"inputs": {"x": [1, 2]}}, {"outputs": [2.0, 4.0]}),
        ({"signature_name": "serving_default", "instances": [3]}, {"predictions": [6.0]}),
        (
            {"signature_name": "words", "instances": [{"a": "x", "b": "é"}, {"a": {"b64": B64}, "b": ""}]},
            {"predictions": [{"both": "xé", "length": 1}, {"both": "ab", "length": 2}]},
        ),
        ({"signature_name": "words", "inputs": {"a": ["x"], "b": ["y"]}}, {"outputs": {"both": ["xy"], "length": [1]}}),
        ({"signature_name": "uneven", "inputs": [1, 2]}, {"outputs": {"same": [1.0, 2.0], "sum": [3.0]}}),
        ({"signature_name": "read", "instances": ["/dev/null"]}, {"predictions": [{"b64": ""}]}),
    ],
)
def test_tensorflow_servings_two_formats_are_answered(plain: Served, request_: Any, expected: Any) -> None:
    answer = plain.post(json.dumps(request_))
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    "request_",
    [
        '{"instances": [1',
        '{"instances": []}',
        '{"instances": [1], "inputs": [1]}',
        '{"instances": ["one"]}',
        '{"instances": [[1, 2]]}',
        '{"instances": [{"z": 1}]}',
        '{"instances": [{"x": 1, "z": 1}]}',
        '{"instances": [{"x": 1}, 2]}',
        '{"signature_name": "uneven", "instances": [1, 2]}',
        '{"signature_name": "none", "instances": [1]}',
        '{"signature_name": "words", "instances": ["a"]}',
        '{"inputs": {"x": [1], "z": [1]}}',
    ],
)
def test_a_request_that_tensorflow_serving_refuses_gets_400_and_a_reason(plain: Served, request_: str) -> None:
    answer = plain.post(request_)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_an_operation_of_the_graph_that_fails_gets_500_and_a_reason(plain: Served) -> None:
    answer = plain.post('{"signature_name": "read", "instances": ["/no/such/file"]}')
    assert answer.status_code == 500
    assert "/no/such/file" in answer.json()["error"]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", "[1, 2]", None),
        ("application/json", "1.5", [3.0]),
        ("application/jsonlines", "1\n2\n", [2.0, 4.0]),
    ],
)
def test_without_a_script_other_json_becomes_instances(plain: Served, kind: str, body: str, expected: Any) -> None:
    answer = plain.post(body, kind)
    # As in AWS's container, a bare list is one instance: here of the wrong shape.
    assert answer.json().get("predictions") == expected


def test_without_a_script_a_type_that_is_not_offered_is_refused_by_name(plain: Served) -> None:
    answer = plain.post("1,2", "text/csv")
    assert answer.status_code == 415
    assert "text/csv" in answer.json()["error"]


def test_the_handlers_get_the_request_and_its_context(handled: Served) -> None:
    headers = {
        "accept": "application/json",
        "x-amzn-sagemaker-custom-attributes": "tfs-model-name=m,tfs-method=predict",
    }
    answer = handled.post('{"instances": [4]}', "application/json; charset=utf-8", **headers)
    prediction, context = answer.json()
    assert prediction == {"predictions": [8.0]}
    assert context["request_content_type"] == "application/json; charset=utf-8"
    assert context["rest_uri"].endswith("/v1/models/model:predict")
    assert (context["model_name"], context["method"], context["content_length"]) == ("m", "predict", 18)


@pytest.mark.parametrize(("body", "reason"), [("bug", "a bug in the script"), ('{"instances": ["x"]}', "float32")])
def test_an_exception_in_a_handler_is_500_as_in_awss_container(handled: Served, body: str, reason: str) -> None:
    answer = handled.post(body)
    assert answer.status_code == 500
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def handler(data, context): pass", "opens none: write input_handler and output_handler"),
        ("def input_handler(data, context): pass", "Handlers are not implemented correctly"),
        ("raise OSError('broken')", "broken"),
    ],
)
def test_a_script_that_cannot_serve_ends_the_server_with_its_reason(
    saved_model: Path, tmp_path: Path, script: str, reason: str
) -> None:
    (tmp_path / "inference.py").write_text(script)
    served = Served(saved_model, tmp_path)
    assert reason in served.process.communicate(timeout=60)[0].splitlines()[-1]
    assert served.process.returncode == 1


def test_an_endpoint_runs_the_server_of_its_image(local_aws: OwnCloud, hosting: Hosting, saved_model: Path) -> None:
    files = {str(p.relative_to(saved_model)): p.read_bytes() for p in saved_model.rglob("*") if p.is_file()}
    data = hosting.training.put("frameworks/model.tar.gz", archive({**files, "code/inference.py": HANDLERS}))
    container = {"Image": f"{REGISTRY}/tensorflow-inference:2.20.0-cpu-py312", "ModelDataUrl": data}
    name = "model-tensorflow"
    hosting.client.create_model(ModelName=name, ExecutionRoleArn=hosting.training.role, PrimaryContainer=container)
    endpoint = hosting.serve(hosting.config(name))
    assert hosting.invoke(endpoint, {"instances": [1]})[0] == {"predictions": [2.0]}
