"""Requests and answers as botocore's own service models describe them: validation, error shapes, serialisation.

No operation is described by hand: the models that the SDKs use are the specification.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

Params = dict[str, Any]


class ServiceError(Exception):
    """An error that goes to the caller in AWS's shape."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.extra = extra


# signing name -> botocore's name, where they differ
_MODEL_NAMES = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}


def botocore_name(service: str) -> str:
    """botocore's name of a service, by its signing name."""
    return _MODEL_NAMES.get(service, service)


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by its signing name."""
    name = botocore_name(service)
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def operation_model(service: str, operation: str) -> OperationModel:
    """The model of an operation; UnknownOperationException when AWS itself has none of that name."""
    model = service_model(service)
    if operation not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"{service} has no operation {operation}.")
    return model.operation_model(operation)


def parse_json_body(body: bytes) -> Params:
    try:
        params = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:  # no JSON, a number of thousands of digits, bottomless nesting
        raise ServiceError("SerializationException", f"The request body is not JSON: {error}") from None
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request body must be a JSON object.")
    return params


def validate(service: str, operation: str, params: Params) -> None:
    """Raise ValidationException (Glue, Athena: their own code) unless the parameters fit the model."""
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return
    problems = _type_problems(params, shape) or list(_constraint_problems(params, shape, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise ServiceError(_VALIDATION_CODE.get(service, "ValidationException"), count + "; ".join(problems))


_VALIDATION_CODE = {
    "glue": "InvalidInputException",
    "athena": "InvalidRequestException",
    "logs": "InvalidParameterException",
    "pricing": "InvalidParameterException",
    "budgets": "InvalidParameterException",
    "monitoring": "ValidationError",
    "tagging": "InvalidParameterException",
}


def _type_problems(params: Params, shape: Shape) -> list[str]:
    report = ParamValidator().validate(_as_python(params, shape), shape)
    return report.generate_report().split("\n") if report.has_errors() else []


def _as_python(value: Any, shape: Shape) -> Any:
    """JSON stands in for two types: a timestamp is a number of seconds, a blob is base64 text."""
    if shape.type_name == "structure" and isinstance(value, dict):
        known = shape.members
        return {k: _as_python(v, known[k]) if k in known else v for k, v in value.items() if v is not None}
    if shape.type_name == "list" and isinstance(value, list):
        return [_as_python(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {k: _as_python(v, shape.value) for k, v in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value)
        except (OverflowError, OSError, ValueError):
            return f"{value} is no date"  # and no type of a date, as the validator then says
    return value


def _constraint_problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Enumerations, patterns and bounds, which botocore's own validator leaves to the server."""
    where = f"Value at '{path}' failed to satisfy constraint: Member must"
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _constraint_problems(value[name], member, f"{path}.{name}".lstrip("."))
        return
    if shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _constraint_problems(item, shape.member, f"{path}.{index + 1}")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _constraint_problems(item, shape.value, f"{path}.{key}")
    elif shape.type_name == "blob":
        return  # here it is base64; how large it may be, its service says
    limits, what = shape.metadata, "length" if hasattr(value, "__len__") else "value"
    size = len(value) if hasattr(value, "__len__") else value
    if "min" in limits and size < limits["min"]:
        yield f"{where} have {what} greater than or equal to {limits['min']}"
    elif "max" in limits and size > limits["max"]:
        yield f"{where} have {what} less than or equal to {limits['max']}"
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{where} satisfy enum value set: [{', '.join(shape.enum)}], not '{value[:100]}'"
        pattern = limits.get("pattern")
        if pattern and not _matches(pattern, value):
            yield f"{where} satisfy regular expression pattern: {pattern}, not '{value[:100]}'"


# Java writes the characters beyond 16 bits as pairs of surrogates.
_BEYOND_16_BITS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """AWS writes Java patterns; the few that Python's `re` cannot read are not checked."""
    try:
        return re.compile(pattern.replace(*_BEYOND_16_BITS))
    except re.error:
        return None


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


def serialise(value: Any, shape: Shape | None) -> Any:
    """The JSON form of an answer, holding only what the model has: private and empty members are dropped."""
    if shape is None:
        return {}
    if type(value) is str:  # most of all values: ten thousand partitions hold a million
        return value
    if shape.type_name == "structure":
        members = shape.members
        return {
            members[name].serialization.get("name", name): serialise(item, members[name])
            for name, item in value.items()
            if item is not None and name in members
        }
    if shape.type_name == "list":
        return [serialise(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: serialise(item, shape.value) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return round(value.timestamp() if isinstance(value, datetime) else value, 3)  # AWS's clock has milliseconds
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value


def json_answer(service: str, operation: str, result: Params) -> bytes:
    """The body of an answer. With LOCALCLOUD_CHECK_ANSWERS set, as in the tests, it must fit the model, too."""
    shape = operation_model(service, operation).output_shape
    answer = serialise(result, shape)
    if shape and os.environ.get("LOCALCLOUD_CHECK_ANSWERS"):
        problems = _type_problems(answer, shape) or list(_constraint_problems(answer, shape, ""))
        problems = [problem for problem in problems if not problem.endswith(_LEFT_OUT_BY_AWS_TOO)]
        if problems:
            message = f"the answer to {operation} is not what AWS's model says: {'; '.join(problems)}"
            raise ServiceError("InternalFailure", message, 500)
    return json.dumps(answer).encode()


# Required in the model, and not in the answers of AWS: a job that has not ended well has no model yet, a version in a
# model package group has no name of its own.
_LEFT_OUT_BY_AWS_TOO = tuple(
    f'Missing required parameter in input: "{member}"' for member in ("ModelArtifacts", "ModelPackageName")
)


def json_error(error: ServiceError) -> bytes:
    return json.dumps({"__type": error.code, "message": str(error), "Message": str(error), **error.extra}).encode()
