"""Tags of workgroups and of the data catalog."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.services.athena import workgroups
from localcloud.services.athena.requests import invalid, missing, page
from localcloud.services.registry import Params, operation

MAXIMUM = 50


def _find(cloud: Cloud, address: str) -> Params:
    prefix = workgroups.address("")
    name = address.removeprefix(prefix)
    if not address.startswith(prefix):
        raise invalid(f"{address} is not the ARN of a workgroup, which alone have tags here.")
    if name != workgroups.PRIMARY and cloud.store.get(workgroups.WORKGROUP, name) is None:
        raise missing(f"Resource {address} was not found", address)
    return workgroups.find(cloud, name)


@operation("athena", "TagResource")
def tag_resource(cloud: Cloud, params: Params) -> Params:
    group = _find(cloud, params["ResourceARN"])
    new = {tag["Key"]: tag.get("Value", "") for tag in params["Tags"]}
    if len({**group["_Tags"], **new}) > MAXIMUM:
        raise invalid(f"A resource can have {MAXIMUM} tags.")
    cloud.store.update(workgroups.WORKGROUP, group["Name"], lambda body: body["_Tags"].update(new))
    return {}


@operation("athena", "UntagResource")
def untag_resource(cloud: Cloud, params: Params) -> Params:
    def change(body: Params) -> None:
        body["_Tags"] = {key: value for key, value in body["_Tags"].items() if key not in params["TagKeys"]}

    cloud.store.update(workgroups.WORKGROUP, _find(cloud, params["ResourceARN"])["Name"], change)
    return {}


@operation("athena", "ListTagsForResource")
def list_tags_for_resource(cloud: Cloud, params: Params) -> Params:
    tags = sorted(_find(cloud, params["ResourceARN"])["_Tags"].items())
    answer = page(tags, params, f"tags of {params['ResourceARN']}", key=lambda tag: str(tag[0]), size=75)
    return {"Tags": [{"Key": key, "Value": value} for key, value in answer.pop("items")], **answer}
