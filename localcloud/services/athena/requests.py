"""What Athena's operations share: their errors, the pages of their listings, tokens that make a request happen once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params

TOKEN = "athena-token"


def invalid(message: str, code: str = "INVALID_INPUT") -> ServiceError:
    """InvalidRequestException; `code` is what clients read as AthenaErrorCode."""
    return ServiceError("InvalidRequestException", message, AthenaErrorCode=code)


def missing(message: str, resource: str = "") -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, ResourceName=resource)


def refuse(params: Params, *members: str, why: str = "") -> None:
    """Refuse by name the members that ask for something: given, not empty and not switched off."""
    for path in members:
        value: Any = params
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value not in (None, False, "", [], {}):
            raise invalid(f"{path} is not offered by the local AWS{': ' + why if why else ''}.")


def page(items: Sequence[Any], params: Params, of: str, *, key: Callable[[Any], str] = str, size: int = 50) -> Params:
    """One page: `items`, and `NextToken` when there is more: it names the last item shown, so others may come.

    Args:
        of: what is listed: the token of another listing is refused.
        key: an item's name; it occurs once.
        size: how many without MaxResults.
    """
    start = 0
    if params.get("NextToken"):
        last = _opened(params["NextToken"], of)
        places = [place for place, item in enumerate(items) if key(item) == last]
        if not places:
            raise invalid("Invalid pagination token.")
        start = places[0] + 1
    chosen = items[start : start + (params.get("MaxResults") or size)]
    answer: Params = {"items": list(chosen)}
    if chosen and start + len(chosen) < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(json.dumps([of, key(chosen[-1])]).encode()).decode()
    return answer


def _opened(token: str, of: str) -> str:
    try:
        listing, name = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error):
        raise invalid("Invalid pagination token.") from None
    if listing != of:
        raise invalid("Invalid pagination token.")
    return str(name)


def once(cloud: Cloud, operation: str, params: Params, made: str) -> str:
    """The resource that a request with this ClientRequestToken made: `made`, or what the same request made before.

    Args:
        operation: whose request it is; each operation has tokens of its own.

    Raises:
        ServiceError: another request had this token.
    """
    token = params.get("ClientRequestToken")
    if not token:
        return made
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
    name = f"{operation} {token}"
    if cloud.store.insert(TOKEN, name, {"Made": made, "Digest": digest}):
        return made
    before = cloud.store.get(TOKEN, name) or {}
    if before.get("Digest") != digest:
        raise invalid("Idempotent parameters do not match")
    return str(before["Made"])
