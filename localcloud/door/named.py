"""The services whose operations have names: JSON and Query, and what of them may go to the engine."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from localcloud.door.request import Request
from localcloud.engine.refused import refused
from localcloud.protocol import ServiceError

# The JSON services that this process serves or forwards: signing name -> X-Amz-Target prefix.
JSON_TARGETS = {
    "sagemaker": "SageMaker",
    "glue": "AWSGlue",
    "athena": "AmazonAthena",
    "logs": "Logs_20140328",
    "monitoring": "GraniteServiceVersion20100801",
    "budgets": "AWSBudgetServiceGateway",
    "events": "AWSEvents",
    "pricing": "AWSPriceListService",
    "comprehend": "Comprehend_20171127",
    "textract": "Textract",
    "tagging": "ResourceGroupsTaggingAPI_20170126",
}
# What a service calls a request that it does not take as it is.
_CODES = {
    "logs": "InvalidParameterException",
    "monitoring": "InvalidParameterValue",
    "budgets": "InvalidParameterException",
    "glue": "InvalidInputException",
    "athena": "InvalidRequestException",
    "iam": "InvalidInput",
    "sts": "InvalidInput",
}
_MAXIMUM_INFLATED = 64 * 2**20


def not_offered(service: str, asked: str) -> ServiceError:
    return ServiceError("UnknownOperationException", f"{service} {asked} is not offered by the local AWS, only on AWS.")


def json_operation(service: str, request: Request) -> str:
    """The operation that X-Amz-Target names, of the service that the request is signed for."""
    prefix, _, operation = request.target.rpartition(".")
    if prefix != JSON_TARGETS[service] or request.method != "POST" or request.path != "/":
        raise not_offered(service, request.target or f"{request.method} {request.path}")
    return operation


def engine_headers(service: str, operation: str) -> dict[str, str]:
    """What the engine reads of a request whose form the door has checked."""
    if service in JSON_TARGETS:
        target = f"{JSON_TARGETS[service]}.{operation}"
        return {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    return {"content-type": "application/x-www-form-urlencoded"}


def inflated(request: Request) -> Request:
    """The request with its body as it was before compression: SDKs compress PutMetricData above 10 KB."""
    encoding = request.headers.get("content-encoding", "")
    if encoding in ("", "identity"):
        return request
    if encoding != "gzip":
        raise ServiceError("UnsupportedMediaTypeException", f"Content-Encoding {encoding} is not offered.", 415)
    try:
        body = zlib.decompressobj(31).decompress(request.body, _MAXIMUM_INFLATED)
    except zlib.error as error:
        raise ServiceError("SerializationException", f"The body is no gzip: {error}") from None
    return replace(request, body=body)


def check_members(service: str, operation: str, params: dict[str, Any]) -> None:
    """Raise an error that names each member which would have no effect."""
    refusals = list(refused(service, operation, _paths(params)))
    if refusals:
        told = "; ".join(f"{member} of {operation} is not offered by the local AWS: {why}" for member, why in refusals)
        raise ServiceError(_CODES.get(service, "ValidationException"), told + ".")


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each member that is given, by its path (`Alarm.Metrics`, lists without numbers), with its value as text."""
    if isinstance(value, dict):
        for name, item in value.items():
            if item is not None:
                yield from _paths(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, path)
    if path:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
