"""The engine's IAM, corrected (ministack 1.5.33, pinned exactly).

There each list is one page, whatever MaxItems and Marker say, and some of its filters are not read; a role takes
policies that do not exist and a trust policy that is no JSON; a description is written into XML as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from localcloud.engine import simulation

_MOST = 1000
LISTS = (
    *("ListRoles", "ListRoleTags", "ListRolePolicies", "ListAttachedRolePolicies"),
    *("ListPolicies", "ListPolicyVersions", "SimulatePrincipalPolicy"),
)
_POLICIES = {  # member of a request -> the policy that it names
    ("AttachRolePolicy", "PolicyArn"): "does not exist or is not attachable",
    ("CreateRole", "PermissionsBoundary"): "does not exist or is not attachable: a boundary is a policy",
}
_TRUST = {("CreateRole", "AssumeRolePolicyDocument"), ("UpdateAssumeRolePolicy", "PolicyDocument")}
_DESCRIBED = ("CreateRole", "UpdateRole", "CreatePolicy")
Handler = Callable[[Any], Any]


def correct(handlers: dict[str, Handler], iam: Any) -> None:
    """Put the corrections into the engine's IAM module, whose table of operations is `handlers`, once."""
    iam.parse_qs = partial(parse_qs, keep_blank_values=True)  # an empty description takes the place of the old one
    handlers["SimulatePrincipalPolicy"] = partial(simulation.simulate, iam)
    for (operation, member), told in _POLICIES.items():
        handlers[operation] = _of_a_policy(handlers[operation], iam, member, told)
    for operation, member in _TRUST:
        handlers[operation] = _trusting(handlers[operation], iam, member)
    for operation in _DESCRIBED:
        handlers[operation] = _described(handlers[operation])
    for operation in LISTS:
        handlers[operation] = _in_pages(handlers[operation], iam)


def _of_a_policy(answer: Handler, iam: Any, member: str, told: str) -> Handler:
    def checked(params: Any) -> Any:
        arn = iam._p(params, member)
        if arn and not iam._policy_exists(arn):
            ours = " Of AWS's own policies there are those of ListPolicies." if iam._is_aws_managed_arn(arn) else ""
            return iam._error(404, "NoSuchEntity", f"Policy {arn} {told}.{ours}", ns="iam")
        return answer(params)

    return checked


def _trusting(answer: Handler, iam: Any, member: str) -> Handler:
    def checked(params: Any) -> Any:
        try:
            statements = json.loads(iam._p(params, member))["Statement"]
        except (ValueError, KeyError, TypeError):
            statements = None
        for statement in statements if isinstance(statements, list) else [statements]:
            if not isinstance(statement, dict) or not {"Effect", "Principal", "Action"} <= set(statement):
                message = "A trust policy is JSON, each Statement with Effect, Principal and Action."
                return iam._error(400, "MalformedPolicyDocument", message, ns="iam")
        return answer(params)

    return checked


def _described(answer: Handler) -> Handler:
    def escaped(params: Any) -> Any:
        """The engine keeps a description as its XML has it."""
        if "Description" in params:
            params = {**params, "Description": [escape(text) for text in params["Description"]]}
        return answer(params)

    return escaped


def _in_pages(whole: Handler, iam: Any) -> Handler:
    def page(params: Any) -> Any:
        most, marker = iam._p(params, "MaxItems") or "100", iam._p(params, "Marker")
        if not re.fullmatch(r"[0-9]{1,4}", most) or not 1 <= int(most) <= _MOST:
            return iam._error(400, "ValidationError", f"MaxItems is a number from 1 to {_MOST}.", ns="iam")
        status, headers, body = whole(params)
        if status != 200:
            return status, headers, body
        answer = ElementTree.fromstring(body)
        space = answer.tag.partition("}")[0].lstrip("{")
        result = answer[0]
        truncated = result.find(f"{{{space}}}IsTruncated")
        listed = next(child for child in result if child is not truncated)
        members = [member for member in listed if _wanted(member, space, partial(iam._p, params))]
        if marker and not (re.fullmatch(r"[0-9]{1,9}", marker) and 0 < int(marker) < len(members)):
            return iam._error(400, "InvalidInput", "The Marker is invalid: give the one of the last page.", ns="iam")
        first = int(marker or 0)
        last = first + int(most)
        listed[:] = members[first:last]
        if truncated is not None and last < len(members):
            truncated.text = "true"
            ElementTree.SubElement(result, f"{{{space}}}Marker").text = str(last)
        ElementTree.register_namespace("", space)
        return status, headers, ElementTree.tostring(answer)

    return page


def _wanted(member: Any, space: str, asked: Callable[[str], str]) -> bool:
    """Whether an element of a list passes the filters that the engine does not read."""

    def has(name: str) -> str:
        return member.findtext(f"{{{space}}}{name}") or ""

    attached = has("AttachmentCount") != "0"
    usage = {"PermissionsPolicy": attached, "PermissionsBoundary": has("PermissionsBoundaryUsageCount") != "0"}
    if not usage.get(asked("PolicyUsageFilter"), True) or (asked("OnlyAttached") == "true" and not attached):
        return False
    _, _, path = has("PolicyArn").partition(":policy")
    return not path or path.startswith(asked("PathPrefix"))
