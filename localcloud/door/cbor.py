"""CloudWatch as newer SDKs call it: Smithy's RPC v2 in CBOR, turned into JSON and back. by botocore."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime
from typing import Any

from botocore.model import Shape
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

from localcloud import protocol
from localcloud.door.named import JSON_TARGETS, inflated, not_offered
from localcloud.door.request import Request
from localcloud.engine.ministack import Answer
from localcloud.protocol import ServiceError

_PATH = re.compile(r"/service/(\w+)/operation/(\w+)")


def operation(service: str, request: Request) -> str:
    """The operation that the path names, of the service that the request is signed for."""
    found = _PATH.fullmatch(request.path)
    if service != "monitoring" or not found or found[1] != JSON_TARGETS[service] or request.method != "POST":
        raise not_offered(service, f"{request.method} {request.path}")
    return found[2]


def params(request: Request) -> dict[str, Any]:
    """The members of a request, as they would be in JSON."""
    try:
        read = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(inflated(request).body or b"\xa0")))
    except Exception as error:  # botocore's parser raises what it happens to meet
        raise ServiceError("SerializationException", f"The request body is not CBOR: {error}") from None
    if not isinstance(read, dict):
        raise ServiceError("SerializationException", "The request body must be a map.")
    plain: dict[str, Any] = _as_json(read)
    return plain


def answer(service: str, name: str, found: Answer) -> Answer:
    """The engine's answer in JSON, in CBOR."""
    content = json.loads(found.body or b"{}")
    shape = protocol.operation_model(service, name).output_shape
    written = bytearray()
    if found.status >= 300:
        code = content.get("__type", "InternalFailure").rpartition("#")[2]
        raise ServiceError(code, str(content.get("message") or content.get("Message", "")), found.status)
    if shape is not None:
        RpcV2CBORSerializer()._serialize_data_item(written, _as_python(content, shape), shape)
    headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return Answer(found.status, headers, bytes(written))


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list) else value


def _as_python(value: Any, shape: Shape) -> Any:
    if shape.type_name == "structure":
        known = shape.members
        return {name: _as_python(item, known[name]) for name, item in value.items() if name in known}
    if shape.type_name == "list":
        return [_as_python(item, shape.member) for item in value]
    if shape.type_name == "timestamp" and not isinstance(value, str):
        return datetime.fromtimestamp(value).astimezone()
    return float(value) if shape.type_name in ("double", "float") else value
