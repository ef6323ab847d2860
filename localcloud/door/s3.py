"""A request to S3: what it asks for, whether that is offered and allowed, and the engine's answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from botocore.model import Shape

from localcloud.cloud import Cloud
from localcloud.door import s3_access, s3_limits
from localcloud.door.answers import request_ids
from localcloud.door.request import Request
from localcloud.door.s3_operation import members, operation_of, place_of, query_of
from localcloud.door.signing import SIGNATURE_PARAMETERS
from localcloud.engine.ministack import Answer
from localcloud.engine.operations import OFFERED
from localcloud.engine.refused import REFUSED, refused
from localcloud.protocol import ServiceError, operation_model

_CHANGE_BUCKETS = ("CreateBucket", "DeleteBucket", "PutBucket", "DeleteBucketTagging")
_NOT_FOR_THE_ENGINE = ("authorization", "x-amz-security-token", "x-amz-target")


async def serve(cloud: Cloud, request: Request) -> Answer:
    """Answer a request that is signed, its body decoded.

    Raises:
        ServiceError: it asks for what is not offered, or breaks one of S3's rules.
    """
    asked = taken_apart(request)
    s3_limits.check(asked)
    refused_keys = s3_access.authorise(cloud, request.method, asked) if cloud.session else {}
    left = s3_access.without(asked, refused_keys) if refused_keys else asked
    if left is None:
        return Answer(200, request_ids(), s3_access.with_refusals(s3_access.NOTHING_DELETED, refused_keys))
    answer = await _ask(cloud, request.method, left)
    if answer.status == 404 and not s3_access.may_know(cloud, asked):
        raise ServiceError("AccessDeniedException", "Access Denied")
    if refused_keys and answer.status == 200:
        answer = answer._replace(headers={}, body=s3_access.with_refusals(answer.body, refused_keys))
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, {**request_ids(), **headers}, b"" if request.method == "HEAD" else answer.body)


async def _ask(cloud: Cloud, method: str, asked: s3_limits.Asked) -> Answer:
    path = f"/{asked.place.bucket}/{asked.place.key}" if asked.place.key else f"/{asked.place.bucket}"
    answer = await cloud.engine.ask("s3", asked.headers, asked.body, method=method, path=path, query=asked.query)
    if answer.status < 300 and asked.operation.startswith(_CHANGE_BUCKETS):
        await cloud.engine.bucket_changed()
    return answer


def taken_apart(request: Request) -> s3_limits.Asked:
    """The request's operation, one that is offered, with its place, query, headers and body."""
    if request.target:
        raise ServiceError("InvalidRequest", f"{request.target} is no request to S3, for which this one is signed.")
    place, query = place_of(request.path), query_of(request.query)
    headers = {name: value for name, value in request.headers.items() if name not in _NOT_FOR_THE_ENGINE}
    for name in [name for name in query if name.lower().startswith("x-amz-")]:
        value = query.pop(name)[0]
        if name.lower() not in SIGNATURE_PARAMETERS:  # a presigned address may carry its headers itself
            headers.setdefault(name.lower(), value)
    operation = operation_of(request.method, place, query, headers)
    if operation not in OFFERED["s3"]:
        raise ServiceError("NotImplemented", f"s3 {operation} is not offered by the local AWS, only on AWS.", 501)
    given = chain(_given(operation, headers, query), _given_in_body(operation, request.body))
    for member, reason in refused("s3", operation, given):
        raise ServiceError("NotImplemented", f"{member} of {operation} is not offered by the local AWS: {reason}.", 501)
    return s3_limits.Asked(operation, place, query, headers, request.body)


def _given(operation: str, headers: dict[str, str], query: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """The members that a request's headers and parameters stand for. An empty header says nothing: s3fs sends such."""
    for name, member in members(operation, "header").items():
        if headers.get(name):
            yield member, headers[name]
    for name, member in members(operation, "querystring").items():
        if name in query:
            yield member, unquote(query[name][0])


def _given_in_body(operation: str, body: bytes) -> Iterator[tuple[str, str]]:
    """The members that the XML of a request gives, by their paths; of operations that refuse one of them."""
    shape = operation_model("s3", operation).input_shape
    payload = shape.serialization.get("payload") if shape else None
    if shape and payload and body and any("." in member for member in REFUSED.get(("s3", operation), {})):
        yield from _below(s3_limits.xml_of(body), shape.members[payload], payload)


def _below(element: Element, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    yield path, (element.text or "").strip()
    for name, member in shape.members.items() if shape.type_name == "structure" else ():
        listed = member.type_name == "list"
        kind = member.member if listed else member
        flat = listed and member.serialization.get("flattened")
        wire = (kind.serialization.get("name") if flat else None) or member.serialization.get("name", name)
        for child in element.findall(wire):
            for part in child if listed and not flat else [child]:
                yield from _below(part, kind, f"{path}.{name}")
