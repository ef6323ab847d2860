"""S3: what a role may do of a request, and what it may know."""

from __future__ import annotations

from xml.etree import ElementTree

from localcloud.cloud import Cloud
from localcloud.door.s3_limits import Asked
from localcloud.engine.policies import Need, s3_needs
from localcloud.protocol import ServiceError

_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
NOTHING_DELETED = f'<DeleteResult xmlns="{_SPACE}"/>'.encode()


def authorise(cloud: Cloud, method: str, asked: Asked) -> dict[str, str]:
    """Raise AccessDenied unless the role may make a request; of DeleteObjects, the keys that it may not, and why."""
    needs = s3_needs(method, *asked.place, asked.query, asked.headers, asked.body)
    if asked.operation != "DeleteObjects":
        cloud.require(asked.operation, *needs)
        return {}
    refused: dict[str, str] = {}
    for need in needs:
        try:
            cloud.require(asked.operation, need)
        except ServiceError as error:
            refused[need.resource.split("/", 1)[1]] = str(error)
    return refused


def without(asked: Asked, refused: dict[str, str]) -> Asked | None:
    """A DeleteObjects request less the refused keys, None when no key is left; its checksum was of the whole."""
    root = ElementTree.fromstring(asked.body)
    objects = [child for child in root if child.tag.endswith("Object")]
    left = [one for one in objects if not any(part.tag.endswith("Key") and part.text in refused for part in one)]
    for gone in set(objects) - set(left):
        root.remove(gone)
    headers = {name: text for name, text in asked.headers.items() if not name.startswith(("content-md5", "x-amz-che"))}
    return asked._replace(body=ElementTree.tostring(root), headers=headers) if left else None


def with_refusals(answer: bytes, refused: dict[str, str]) -> bytes:
    """DeleteObjects' answer with the keys that were refused."""
    ElementTree.register_namespace("", _SPACE)
    root = ElementTree.fromstring(answer)
    for key, told in refused.items():
        error = ElementTree.SubElement(root, f"{{{_SPACE}}}Error")
        for name, text in (("Key", key), ("Code", "AccessDenied"), ("Message", told)):
            ElementTree.SubElement(error, f"{{{_SPACE}}}{name}").text = text
    return ElementTree.tostring(root)


def may_know(cloud: Cloud, asked: Asked) -> bool:
    """Whether the caller may be told that an object is missing: who may list it, its key as the prefix.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, and for the prefix what Ceph found of
    AWS: https://github.com/ceph/ceph/pull/68577
    """
    lists = Need("s3:ListBucket", f"arn:aws:s3:::{asked.place.bucket}", {"s3:prefix": asked.place.key})
    return not (asked.place.key and cloud.session) or cloud.access.allows(cloud.session, lists)
