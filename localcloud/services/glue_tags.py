"""Tags of Glue's resources, by ARN: GetTags, TagResource, UntagResource.

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html
"""

from __future__ import annotations

from localcloud.cloud import Cloud, arn
from localcloud.protocol import ServiceError
from localcloud.services.catalog.keys import DATABASE
from localcloud.services.crawling.crawl import CRAWLER
from localcloud.services.glue import JOB
from localcloud.services.glue_arguments import invalid
from localcloud.services.glue_triggers import TRIGGER, WORKFLOW
from localcloud.services.registry import Params, operation

MAXIMUM = 50
_KINDS = {"database": DATABASE, "job": JOB, "crawler": CRAWLER, "trigger": TRIGGER, "workflow": WORKFLOW}


def _locate(cloud: Cloud, address: str) -> tuple[str, str, dict[str, str]]:
    """Kind and name in the store of what an ARN names, and its tags."""
    resource, _, name = address.removeprefix(arn("glue", "")).partition("/")
    if resource not in _KINDS:
        raise invalid(f"{address} is not the ARN of a {', '.join(_KINDS)} of this account, which have tags here.")
    body = cloud.store.get(_KINDS[resource], name)
    if body is None:
        raise ServiceError("EntityNotFoundException", f"{resource.capitalize()} {name} not found.")
    return _KINDS[resource], name, body.get("Tags") or {}


@operation("glue", "GetTags")
def get_tags(cloud: Cloud, params: Params) -> Params:
    return {"Tags": _locate(cloud, params["ResourceArn"])[2]}


@operation("glue", "TagResource")
def tag_resource(cloud: Cloud, params: Params) -> Params:
    kind, name, tags = _locate(cloud, params["ResourceArn"])
    new: dict[str, str] = params["TagsToAdd"]
    if len({**tags, **new}) > MAXIMUM:
        raise invalid(f"A resource can have {MAXIMUM} tags.")
    cloud.store.update(kind, name, lambda body: body.update(Tags={**(body.get("Tags") or {}), **new}))
    return {}


@operation("glue", "UntagResource")
def untag_resource(cloud: Cloud, params: Params) -> Params:
    kind, name, _ = _locate(cloud, params["ResourceArn"])

    def change(body: Params) -> None:
        for key in params["TagsToRemove"]:
            (body.get("Tags") or {}).pop(key, None)

    cloud.store.update(kind, name, change)
    return {}
