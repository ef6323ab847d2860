"""Which S3 operation a request is: by method, path and query, as botocore's model has them. S3 sends no name."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from localcloud import protocol
from localcloud.protocol import ServiceError

Query = dict[str, list[str]]
# In the model for SDKs of long ago, or not of S3's own address.
_OTHER = {
    *("GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification"),
    *("ListDirectoryBuckets", "WriteGetObjectResponse"),
}


class Place(NamedTuple):
    """What a path names; `key` is "" for a bucket, both are for the account."""

    bucket: str
    key: str


class _Form(NamedTuple):
    """What a request of one operation must have: a query with these names and values, these headers."""

    operation: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]

    def fits(self, query: Query, headers: dict[str, str]) -> bool:
        return all(name in query and (not value or query[name][0] == value) for name, value in self.query) and all(
            name in headers for name in self.headers
        )


def place_of(raw_path: str) -> Place:
    """The bucket and the key of a path as it was sent, percent-encoded."""
    bucket, _, key = raw_path[1:].partition("/")
    return Place(unquote(bucket), unquote(key))


def query_of(raw_query: str) -> Query:
    return parse_qs(raw_query, keep_blank_values=True)


def operation_of(method: str, place: Place, query: Query, headers: dict[str, str]) -> str:
    """The operation's name.

    Raises:
        ServiceError: there is none of this form (MethodNotAllowed), or a parameter belongs to other operations only.
    """
    level = "key" if place.key else "bucket" if place.bucket else "account"
    forms = [form for form in _forms().get((method, level), ()) if form.fits(query, headers)]
    if not forms:
        raise ServiceError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    form = max(forms, key=lambda form: len(form.query) + len(form.headers))
    known = {name for name, _ in form.query} | _parameters(form.operation)
    for name in query:
        if name not in known and name in _every_parameter():
            if name in _subresources():
                raise ServiceError("NotImplemented", f"S3 {method} ?{name} is not offered by the local AWS.", 501)
            raise ServiceError("InvalidArgument", f"{form.operation} does not accept the parameter {name}.")
    return form.operation


@cache
def _forms() -> dict[tuple[str, str], list[_Form]]:
    forms: dict[tuple[str, str], list[_Form]] = {}
    for name in protocol.service_model("s3").operation_names:
        if name in _OTHER:
            continue
        model = protocol.operation_model("s3", name)
        path, _, fixed = model.http["requestUri"].partition("?")
        level = "key" if "{Key" in path else "bucket" if "{Bucket}" in path else "account"
        shape = model.input_shape
        required = [shape.members[member].serialization for member in shape.required_members] if shape else []
        query = [*parse_qsl(fixed, keep_blank_values=True)]
        query += [(place["name"], "") for place in required if place.get("location") == "querystring"]
        headers = [place["name"].lower() for place in required if place.get("location") == "header"]
        copy = tuple(name for name in headers if name == "x-amz-copy-source")
        forms.setdefault((model.http["method"], level), []).append(_Form(name, tuple(query), copy))
    return forms


@cache
def members(operation: str, location: str) -> dict[str, str]:
    """Of one operation, where a member travels ("header" or "querystring", in lower case for headers) -> its name."""
    shape = protocol.operation_model("s3", operation).input_shape
    found = {}
    for member, kind in shape.members.items() if shape else ():
        place = kind.serialization
        if place.get("location") == location:
            found[place["name"].lower() if location == "header" else place["name"]] = member
    return found


@cache
def _parameters(operation: str) -> frozenset[str]:
    return frozenset(members(operation, "querystring"))


@cache
def _every_parameter() -> frozenset[str]:
    names = frozenset[str]().union(*map(_parameters, protocol.service_model("s3").operation_names))
    return names | _subresources()


@cache
def _subresources() -> frozenset[str]:
    """The names that make a request another one: `?tagging`, `?versions`, ..."""
    fixed = (
        urlsplit(protocol.operation_model("s3", name).http["requestUri"]).query
        for name in protocol.service_model("s3").operation_names
    )
    return frozenset(name for query in fixed for name, _ in parse_qsl(query, keep_blank_values=True))
