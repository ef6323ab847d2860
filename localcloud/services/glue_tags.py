"""Tags of what Glue has: GetTags, TagResource, UntagResource, by ARN. Lists of names can be asked by tags, too.

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
# As an ARN calls a kind, and as the store does.
_KINDS = {"database": DATABASE, "crawler": CRAWLER, "job": JOB, "trigger": TRIGGER, "workflow": WORKFLOW}


def _find(cloud: Cloud, address: str) -> tuple[str, Params]:
    """The kind of a resource, as the store calls it, and the resource."""
    kind, _, name = address.removeprefix(arn("glue", "")).partition("/")
    if kind not in _KINDS or not name:
        raise invalid(f"{address} is not the ARN of one of Glue's resources that have tags: {', '.join(_KINDS)}.")
    body = cloud.store.get(_KINDS[kind], name)
    if body is None:
        raise ServiceError("EntityNotFoundException", f"Entity {address} not found.")
    return _KINDS[kind], body


@operation("glue", "GetTags")
def get_tags(cloud: Cloud, params: Params) -> Params:
    return {"Tags": _find(cloud, params["ResourceArn"])[1].get("Tags") or {}}


@operation("glue", "TagResource")
def tag_resource(cloud: Cloud, params: Params) -> Params:
    kind, body = _find(cloud, params["ResourceArn"])
    tags = {**(body.get("Tags") or {}), **params["TagsToAdd"]}
    if len(tags) > MAXIMUM:
        raise invalid(f"A resource can have {MAXIMUM} tags.")
    cloud.store.update(kind, body["Name"], lambda body: body.update(Tags=tags))
    return {}


@operation("glue", "UntagResource")
def untag_resource(cloud: Cloud, params: Params) -> Params:
    kind, body = _find(cloud, params["ResourceArn"])
    tags = {key: value for key, value in (body.get("Tags") or {}).items() if key not in params["TagsToRemove"]}
    cloud.store.update(kind, body["Name"], lambda body: body.update(Tags=tags))
    return {}
