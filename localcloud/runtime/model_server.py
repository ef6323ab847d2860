"""The inference side of the container contract: GET /ping and POST /invocations around `inference.py`.

Started in the image's Python as `model_server.py SOCKET MODEL_DIR CODE_DIR PROGRAM`; standard library only, because the
image need not have more. The learner's module gives `model_fn(model_dir)` and may give `input_fn(body, content_type)`,
`predict_fn(data, model)`, `output_fn(prediction, accept)`, as the SageMaker framework containers call them.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import socketserver
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import Any

JSON, JSON_LINES = "application/json", "application/jsonlines"


class UnsupportedType(ValueError):
    """A content type that cannot be read or written."""


def load_module(code: Path, program: str) -> ModuleType:
    script = code / program
    if not script.is_file():
        raise FileNotFoundError(f"model.tar.gz holds no code/{program} (and SAGEMAKER_PROGRAM names no other)")
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module
    spec.loader.exec_module(module)
    if not hasattr(module, "model_fn"):
        raise AttributeError(f"{program} has no model_fn(model_dir)")
    return module


def default_input(body: bytes | str, content_type: str) -> Any:
    import numpy

    text = body if isinstance(body, str) else body.decode()
    if content_type == JSON:
        return numpy.array(json.loads(text))
    if content_type == JSON_LINES:
        return numpy.array([json.loads(line) for line in text.splitlines() if line.strip()])
    if content_type == "text/csv":
        return numpy.array([[float(cell) for cell in row] for row in csv.reader(io.StringIO(text)) if row])
    raise UnsupportedType(f"Content type {content_type} is not supported by the default input_fn.")


def default_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[str, str]:
    values = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if accept in (JSON, "*/*", ""):
        return json.dumps(values), JSON
    if accept == JSON_LINES:
        return "\n".join(json.dumps(value) for value in values), accept
    if accept == "text/csv":
        return "\n".join(str(value) for value in values), accept
    raise UnsupportedType(f"Accept type {accept} is not supported by the default output_fn.")


class Model:
    """The loaded model and the four functions around it."""

    def __init__(self, module: ModuleType, model_dir: str) -> None:
        self._input = getattr(module, "input_fn", default_input)
        self._predict = getattr(module, "predict_fn", default_predict)
        self._output = getattr(module, "output_fn", default_output)
        self._model = module.model_fn(model_dir)

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """One request through input_fn, predict_fn and output_fn. Text types arrive as `str`, as on AWS."""
        textual = content_type.startswith("text/") or "json" in content_type
        data = self._input(body.decode() if textual else body, content_type)
        result = self._output(self._predict(data, self._model), accept)
        content, kind = result if isinstance(result, tuple) else (result, accept)
        return content if isinstance(content, bytes) else str(content).encode(), kind


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model
    wbufsize = -1  # one packet per answer

    def do_GET(self) -> None:
        self._send(200 if self.path == "/ping" else 404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        content_type = (self.headers.get("content-type") or JSON).split(";")[0].strip().lower()
        accept = (self.headers.get("accept") or JSON).split(";")[0].split(",")[0].strip()
        accept = JSON if accept == "*/*" else accept
        try:
            content, kind = self.model.answer(body, content_type, accept)
        except UnsupportedType as error:
            self._send(415, str(error).encode(), "text/plain")
        except (ValueError, UnicodeDecodeError) as error:
            print(f"rejected a request: {error}", flush=True)
            self._send(400, str(error).encode(), "text/plain")
        except Exception as error:
            traceback.print_exc()
            self._send(500, f"{type(error).__name__}: {error}".encode(), "text/plain")
        else:
            self._send(200, content, kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        if not (kind.isascii() and kind.isprintable()):  # with a line break it would begin a header of its own
            status, body, kind = 500, f"The script answered with the content type {kind!r}.".encode(), "text/plain"
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "invocation"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if self.path != "/ping":
            super().log_request(code, size)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 256


def serve(socket_path: str, handler: type[Handler], load: Callable[[], str]) -> None:
    """Answer at a socket, after `load` has loaded the model and said what it is; a reason why not is the last line."""
    try:
        loaded = load()
    except Exception as error:
        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", flush=True)
        raise SystemExit(1) from None
    if os.path.exists(socket_path):
        os.unlink(socket_path)
    with Server(socket_path, handler) as server:
        print(f"{loaded}; serving", flush=True)
        server.serve_forever()


def main() -> None:
    socket_path, model_dir, code, program = sys.argv[1:]

    def load() -> str:
        Handler.model = Model(load_module(Path(code), program), model_dir)
        return f"model loaded by {program}"

    serve(socket_path, Handler, load)


if __name__ == "__main__":
    main()
