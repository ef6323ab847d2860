"""Stands in for AWS's TensorFlow inference container: TensorFlow Serving's REST API around a SavedModel that is really
loaded, and the two functions of `code/inference.py` before and after it.

Started in the image's Python as `tensorflow_server.py SOCKET MODEL_DIR CODE_DIR PROGRAM`. The SavedModel lies in a
folder named by a version number. `input_handler(data, context)` makes TensorFlow Serving's request,
`output_handler(response, context)` the answer; without the script, JSON goes through as it is. As in AWS's container,
the script is always inference.py (PROGRAM is not asked), and an exception in it gives status 500.
Sources: https://github.com/aws/sagemaker-tensorflow-serving-container, https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same rounding on every processor

import tensorflow as tf
from model_server import JSON, JSON_LINES, Handler, serve

NAME = "model"
# TensorFlow Serving's port in AWS's container. Nothing listens there: the functions' requests are answered in-process.
REST_PORT, GRPC_PORT = "8501", "9000"
_ATTRIBUTE = re.compile(r"(tfs-[a-z-]+)=([^,]+)")
_WITHOUT_SCRIPT = "without code/inference.py the local AWS reads"


class Context(NamedTuple):
    """What the functions of inference.py are told about a request, with the names of AWS's container."""

    model_name: str | None
    model_version: str | None
    method: str | None
    rest_uri: str
    grpc_port: str
    channel: None
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int


@dataclass(frozen=True)
class Response:
    """An answer of TensorFlow Serving, with what scripts use of the `requests` package's answers."""

    status_code: int
    content: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class BadRequest(ValueError):
    """A request that TensorFlow Serving answers with status 400."""


class SavedModel:
    """The highest version of the SavedModel in a folder, and TensorFlow Serving's predict method."""

    def __init__(self, folder: Path) -> None:
        found = {
            int(path.parent.name): path.parent
            for path in folder.rglob("saved_model.pb")
            if path.parent.name.isdecimal()
        }
        if not found:
            raise FileNotFoundError("model.tar.gz holds no SavedModel bundle: no <number>/saved_model.pb")
        self.version = max(found)
        self._loaded = tf.saved_model.load(str(found[self.version]))

    def post(self, body: bytes | str) -> Response:
        """POST /v1/models/model:predict."""
        try:
            status, answer = 200, self._predict(_object(body))
        except (BadRequest, tf.errors.InvalidArgumentError) as error:
            status, answer = 400, {"error": str(error)}
        except Exception as error:  # of the graph's own operations
            traceback.print_exc()
            status, answer = 500, {"error": f"{type(error).__name__}: {error}"}
        return Response(status, json.dumps(answer).encode(), {"content-type": JSON})

    def _predict(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("signature_name", "serving_default")
        if name not in self._loaded.signatures:
            raise BadRequest(f"Serving signature name: {name!r} not found in signature def")
        signature = self._loaded.signatures[name]
        specifications = signature.structured_input_signature[1]
        by_row = "instances" in request
        if by_row == ("inputs" in request):
            raise BadRequest("JSON must have either 'instances' (row format) or 'inputs' (columnar format)")
        columns = _columns(request["instances"], list(specifications)) if by_row else request["inputs"]
        if not isinstance(columns, dict) or (len(specifications) == 1 and set(columns) != set(specifications)):
            columns = {next(iter(specifications)): columns}
        if set(columns) != set(specifications):
            raise BadRequest(f"the inputs of the model are {', '.join(specifications)}, not {', '.join(columns)}")
        tensors = {key: _tensor(columns[key], specifications[key], key) for key in specifications}
        values = {key: _plain(value, key) for key, value in signature(**tensors).items()}
        if not by_row:
            return {"outputs": values if len(values) > 1 else next(iter(values.values()))}
        if len(values) == 1:
            return {"predictions": next(iter(values.values()))}
        if len({len(value) if isinstance(value, list) else -1 for value in values.values()}) > 1:
            raise BadRequest(f"the outputs {', '.join(values)} have not one row for each instance: ask with 'inputs'")
        return {"predictions": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]}


def _object(body: bytes | str) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise BadRequest(f"JSON Parse error: {error}") from None
    if not isinstance(request, dict):
        raise BadRequest("JSON must be an object")
    return request


def _columns(rows: Any, names: list[str]) -> dict[str, Any]:
    if not isinstance(rows, list) or not rows:
        raise BadRequest("'instances' must be a list of at least one row")
    if isinstance(rows[0], dict) and "b64" not in rows[0]:
        if not all(isinstance(row, dict) and set(row) == set(names) for row in rows):
            raise BadRequest(f"each of 'instances' must be an object with {', '.join(names)}")
        return {name: [row[name] for row in rows] for name in names}
    if len(names) > 1:
        raise BadRequest(f"each of 'instances' must be an object with {', '.join(names)}")
    return {names[0]: rows}


def _tensor(value: Any, specification: tf.TensorSpec, name: str) -> tf.Tensor:
    if specification.dtype != tf.string and _holds_text(value):
        raise BadRequest(f"input {name} must hold {specification.dtype.name}, not text")
    try:
        tensor = tf.constant(_bytes(value), dtype=specification.dtype)
    except (ValueError, TypeError, UnicodeError) as error:
        raise BadRequest(f"input {name} must hold {specification.dtype.name}: {error}") from None
    if not specification.shape.is_compatible_with(tensor.shape):
        raise BadRequest(f"input {name} must have the shape {specification.shape}, not {tensor.shape}")
    return tensor


def _holds_text(value: Any) -> bool:
    return any(map(_holds_text, value)) if isinstance(value, list) else isinstance(value, str)


def _bytes(value: Any) -> Any:
    """JSON's values for a tensor: {"b64": "..."} stands for bytes."""
    if isinstance(value, list):
        return [_bytes(item) for item in value]
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"], validate=True)
    return value.encode() if isinstance(value, str) else value


def _plain(tensor: tf.Tensor, name: str) -> Any:
    """A tensor for JSON. Of an output whose name ends with _bytes each string is {"b64": "..."}."""

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(item) for item in value]
        if name.endswith("_bytes"):
            return {"b64": base64.b64encode(value).decode()}
        return value.decode(errors="replace")

    values = tensor.numpy().tolist()
    return text(values) if tensor.dtype == tf.string else values


def load_script(code: Path) -> ModuleType | None:
    """code/inference.py, or None when there is none."""
    script = code / "inference.py"
    if not script.is_file():
        return None
    sys.path[:0] = [str(code), str(code / "lib")]
    spec = importlib.util.spec_from_file_location("inference", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "handler"):
        raise NotImplementedError(
            "inference.py has handler(data, context), which speaks to TensorFlow Serving's own port. "
            "The local AWS opens none: write input_handler and output_handler instead."
        )
    if not (hasattr(module, "input_handler") and hasattr(module, "output_handler")):
        raise NotImplementedError("Handlers are not implemented correctly in user script.")
    return module


def without_script(model: SavedModel, body: bytes, content_type: str) -> tuple[int, bytes]:
    """A request in TensorFlow Serving's own JSON, any other JSON value, or one value on each line."""
    if content_type not in (JSON, JSON_LINES):
        return 415, json.dumps({"error": f"{_WITHOUT_SCRIPT} {JSON} and {JSON_LINES}, not {content_type}"}).encode()
    text = body.decode(errors="replace").strip()
    if content_type == JSON_LINES:
        text = '{"instances": [' + ",".join(line for line in text.splitlines() if line.strip()) + "]}"
    elif not re.search(r'"(instances|inputs)"\s*:', text):
        text = '{"instances": ' + (text if re.match(r"\[\s*\[", text) else f"[{text}]") + "}"
    response = model.post(text)
    return response.status_code, response.content


class TensorFlowHandler(Handler):
    saved_model: SavedModel
    script: ModuleType | None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        content_type = self.headers.get("content-type") or JSON
        if self.script is None:
            status, content = without_script(self.saved_model, body, content_type.partition(";")[0].strip().lower())
            self._send(status, content, JSON)
            return
        context = self._context(content_type, len(body))
        try:
            request = self.script.input_handler(io.BytesIO(body), context)
            content, kind = self.script.output_handler(self.saved_model.post(request), context)
        except Exception as error:
            traceback.print_exc()
            self._send(500, json.dumps({"error": str(error)}).encode(), JSON)
        else:
            self._send(200, content if isinstance(content, bytes) else str(content).encode(), kind)

    def _context(self, content_type: str, length: int) -> Context:
        custom = self.headers.get("x-amzn-sagemaker-custom-attributes")
        attributes = dict(_ATTRIBUTE.findall(custom or ""))
        method = attributes.get("tfs-method")
        return Context(
            model_name=attributes.get("tfs-model-name"),
            model_version=attributes.get("tfs-model-version"),
            method=method,
            rest_uri=f"http://localhost:{REST_PORT}/v1/models/{NAME}:{method or 'predict'}",
            grpc_port=GRPC_PORT,
            channel=None,
            custom_attributes=custom,
            request_content_type=content_type,
            accept_header=self.headers.get("accept") or JSON,
            content_length=length,
        )


def main() -> None:
    socket_path, model_dir, code, _ = sys.argv[1:]

    def load() -> str:
        TensorFlowHandler.script = load_script(Path(code))
        TensorFlowHandler.saved_model = SavedModel(Path(model_dir))
        return f"SavedModel version {TensorFlowHandler.saved_model.version} loaded"

    serve(socket_path, TensorFlowHandler, load)


if __name__ == "__main__":
    main()
