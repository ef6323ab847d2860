"""The engine's IAM lists, corrected: there each is one page, whatever MaxItems and Marker say (ministack 1.5.33)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

_MOST = 1000
LISTS = (
    *("ListRoles", "ListRoleTags", "ListRolePolicies", "ListAttachedRolePolicies"),
    *("ListPolicies", "ListPolicyVersions"),
)


def correct(handlers: dict[str, Callable[[Any], Any]], iam: Any) -> None:
    """Put pages into the lists of the engine's IAM module, whose table of operations is `handlers`, once."""
    for operation in LISTS:
        handlers[operation] = _in_pages(handlers[operation], iam)


def _in_pages(whole: Callable[[Any], Any], iam: Any) -> Callable[[Any], Any]:
    def page(params: Any) -> Any:
        most, marker = iam._p(params, "MaxItems") or "100", iam._p(params, "Marker") or "0"
        if not re.fullmatch(r"[0-9]{1,4}", most) or not 1 <= int(most) <= _MOST:
            return iam._error(400, "ValidationError", f"MaxItems is a number from 1 to {_MOST}.", ns="iam")
        if not re.fullmatch(r"[0-9]{1,9}", marker):
            return iam._error(400, "InvalidInput", "The Marker is invalid: give the one of the last page.", ns="iam")
        status, headers, body = whole(params)
        if status != 200:
            return status, headers, body
        answer = ElementTree.fromstring(body)
        space = answer.tag.partition("}")[0].lstrip("{")
        result = answer[0]
        truncated = result.find(f"{{{space}}}IsTruncated")
        listed = next(child for child in result if child is not truncated)
        first, last = int(marker), int(marker) + int(most)
        members = list(listed)
        for number, member in enumerate(members):
            if not first <= number < last:
                listed.remove(member)
        if truncated is not None and last < len(members):
            truncated.text = "true"
            ElementTree.SubElement(result, f"{{{space}}}Marker").text = str(last)
        ElementTree.register_namespace("", space)
        return status, headers, ElementTree.tostring(answer)

    return page
