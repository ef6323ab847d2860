"""AWS's Query protocol (IAM, STS): the action and its members in a form, or in the query of a GET.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.model import Shape

from localcloud import protocol
from localcloud.door.named import check_members, not_offered
from localcloud.door.request import Request
from localcloud.engine.operations import OFFERED
from localcloud.protocol import ServiceError


def read(service: str, request: Request) -> tuple[dict[str, str], dict[str, Any]]:
    """The form of a request to one of the offered operations, and its members, checked against the model.

    Raises:
        ServiceError: not offered, not as the model says, or with a member that would have no effect.
    """
    query = [(name, value) for name, value in parse_qsl(request.query, keep_blank_values=True)]
    query = [(name, value) for name, value in query if not name.lower().startswith("x-amz-")]
    body = request.body.decode("utf-8", "replace")
    pairs = query + (parse_qsl(body, keep_blank_values=True) if request.method == "POST" else [])
    form = dict(pairs)
    if request.target or request.path != "/" or "Action" not in form:
        raise not_offered(service, request.target or f"{request.method} {request.path}")
    if len(form) < len(pairs):
        raise ServiceError("MalformedQueryString", "The query string contains a parameter twice.")
    action = form["Action"]
    if action not in OFFERED[service]:
        raise not_offered(service, action)
    shape = protocol.operation_model(service, action).input_shape
    params = _structure({k: v for k, v in form.items() if k not in ("Action", "Version")}, shape) if shape else {}
    try:
        protocol.validate(service, action, params)
    except ServiceError as error:
        raise ServiceError("ValidationError", str(error)) from None
    check_members(service, action, params)
    return form, params


def written(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


def _structure(form: dict[str, str], shape: Shape) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        below = {key[len(wire) + 1 :]: value for key, value in form.items() if key.startswith(f"{wire}.")}
        if wire in form:
            found[name] = _plain(form[wire], member) if member.type_name != "list" else []
        elif below:
            found[name] = _value(below, member)
    known = tuple(member.serialization.get("name", name) for name, member in shape.members.items())
    unknown = [key for key in form if key.partition(".")[0] not in known]
    return found | {key: form[key] for key in unknown}  # the model's validation names what it does not know


def _value(form: dict[str, str], shape: Shape) -> Any:
    """A member of several parts, by the names behind its own: `member.1.Key` -> [{"Key": ...}]."""
    if shape.type_name == "list":
        items: dict[int, dict[str, str]] = {}
        for key, value in form.items():
            word, _, rest = key.partition(".")
            number, _, rest = rest.partition(".")
            if word != "member" or not number.isdecimal():
                raise ServiceError("MalformedQueryString", f"{key} is no element of a list: member.1, member.2, ...")
            items.setdefault(int(number), {})[rest] = value
        return [
            _plain(item[""], shape.member) if "" in item else _value(item, shape.member)
            for _, item in sorted(items.items())
        ]
    if shape.type_name == "structure":
        return _structure(form, shape)
    return dict(form)


def _plain(text: str, shape: Shape) -> Any:
    if shape.type_name in ("integer", "long") and text.removeprefix("-").isdecimal():
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
