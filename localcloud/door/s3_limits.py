"""What S3 refuses by its documented limits and rules, before anything is read or written.

Sources: the pages of the operations in the API reference; "Bucket naming rules", "Naming objects", "Multipart upload
limits" and "Object tagging" in the user guide.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from localcloud.door.s3_operation import Place, Query
from localcloud.protocol import ServiceError
from localcloud.store.state import ACCOUNT, REGION

MAXIMUM_KEY_BYTES = 1024
MAXIMUM_METADATA_BYTES = 2048
MAXIMUM_PUT_BYTES = 5 * 2**30
MAXIMUM_DELETED_KEYS = 1000
_COUNTS = {"max-keys": 1000, "max-uploads": 1000, "max-parts": 1000}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_RESERVED = re.compile(r"xn--.*|sthree-.*|amzn-s3-demo-.*|.*(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)")
_TAG = re.compile(r"[\w\s+\-=.:/@]*")


class Asked(NamedTuple):
    """A request to S3, taken apart. `headers` in lower case, `query` and `place` decoded."""

    operation: str
    place: Place
    query: Query
    headers: dict[str, str]
    body: bytes


def check(asked: Asked) -> None:
    """Raise S3's error unless the request keeps to the limits."""
    if asked.operation != "ListBuckets":
        _check_names(asked)
    _check_numbers(asked)
    _check_owner(asked.headers)
    if asked.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        _check_metadata(asked.headers)
        if "x-amz-tagging" in asked.headers:
            check_tags(parse_qsl(asked.headers["x-amz-tagging"], keep_blank_values=True), 10)
    rule = _RULES.get(asked.operation)
    if rule:
        rule(asked)


def _check_names(asked: Asked) -> None:
    bucket, key = asked.place
    address = re.fullmatch(r"\d+\.\d+\.\d+\.\d+", bucket)
    if not _NAME.fullmatch(bucket) or address or (asked.operation == "CreateBucket" and _RESERVED.fullmatch(bucket)):
        raise ServiceError("InvalidBucketName", "The specified bucket is not valid.", BucketName=bucket)
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        size = 0
    if "\ufffd" in key and not size:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.")
    if size > MAXIMUM_KEY_BYTES:
        raise ServiceError(
            "KeyTooLongError", "Your key is too long", Size=str(size), MaxSizeAllowed=str(MAXIMUM_KEY_BYTES)
        )


def _check_numbers(asked: Asked) -> None:
    """Counts are clipped as S3 clips them, what is no number is refused."""
    for name, most in _COUNTS.items():
        if name in asked.query:
            text = asked.query[name][0]
            if not re.fullmatch(r"[0-9]+", text) or len(text) > 10 or int(text) >= 2**31:
                raise _argument(f"Provided {name} not an integer or within integer range", name, text)
            asked.query[name] = [str(min(int(text), most))]
    if "max-buckets" in asked.query:
        text = asked.query["max-buckets"][0]
        if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 10_000:
            raise _argument("max-buckets must be an integer from 1 to 10000", "max-buckets", text)
    if "partNumber" in asked.query:
        text = asked.query["partNumber"][0]
        if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 10_000:
            message = "Part number must be an integer between 1 and 10000, inclusive"
            raise _argument(message, "partNumber", text)
    if "part-number-marker" in asked.query and not re.fullmatch(r"[0-9]{1,9}", asked.query["part-number-marker"][0]):
        text = asked.query["part-number-marker"][0]
        raise _argument("Provided part-number-marker not an integer", "part-number-marker", text)
    if asked.query.get("versionId") == [""]:
        raise _argument("Version id cannot be the empty string", "versionId", "")
    if asked.headers.get("if-none-match", "*") != "*" and asked.operation in _CONDITIONAL_WRITES:
        raise ServiceError("NotImplemented", "If-None-Match of a write is '*', no ETag, on AWS and here.", 501)
    if asked.query.get("encoding-type", ["url"])[0] != "url":
        raise _argument(
            "Invalid Encoding Method specified in Request", "encoding-type", asked.query["encoding-type"][0]
        )


_CONDITIONAL_WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")


def _argument(message: str, name: str, value: str) -> ServiceError:
    return ServiceError("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)


def _check_owner(headers: dict[str, str]) -> None:
    for name in ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"):
        owner = headers.get(name, ACCOUNT)
        if not re.fullmatch(r"\d{12}", owner):
            raise _argument("The value of the expected bucket owner parameter must be an AWS Account ID", name, owner)
        if owner != ACCOUNT:
            raise ServiceError("AccessDenied", "Access Denied", 403)


def _check_metadata(headers: dict[str, str]) -> None:
    pairs = [(name.removeprefix("x-amz-meta-"), value) for name, value in headers.items()]
    pairs = [(name, value) for (name, value), whole in zip(pairs, headers, strict=True) if name != whole]
    size = sum(len(name) + len(value.encode("latin-1", "replace")) for name, value in pairs)
    if size > MAXIMUM_METADATA_BYTES:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise ServiceError("MetadataTooLarge", message, Size=str(size), MaxSizeAllowed=str(MAXIMUM_METADATA_BYTES))


def check_tags(tags: list[tuple[str, str]], most: int) -> None:
    """Raise InvalidTag or BadRequest unless these are tags as S3 takes them: of an object 10, of a bucket 50."""
    if len(tags) > most:
        what = (
            "Object tags cannot be greater than 10" if most == 10 else f"Bucket tag count cannot be greater than {most}"
        )
        raise ServiceError("BadRequest", what)
    if len({key for key, _ in tags}) < len(tags):
        raise ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key")
    for key, value in tags:
        if not 1 <= len(key) <= 128 or not _TAG.fullmatch(key) or key.startswith("aws:"):
            raise ServiceError("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > 256 or not _TAG.fullmatch(value):
            raise ServiceError("InvalidTag", "The TagValue you have provided is invalid", TagValue=value)


def xml_of(body: bytes) -> ElementTree.Element:
    """The root of a body, its namespaces dropped; MalformedXML when it is none, or brings a document type along."""
    try:
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise ElementTree.ParseError
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise _malformed() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _malformed() -> ServiceError:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return ServiceError("MalformedXML", message)


def _tagging(asked: Asked) -> None:
    found = xml_of(asked.body).findall("TagSet/Tag")
    tags = [(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in found]
    check_tags(tags, 10 if asked.place.key else 50)


def _delete(asked: Asked) -> None:
    keys = [item.findtext("Key") or "" for item in xml_of(asked.body).findall("Object")]
    if not 1 <= len(keys) <= MAXIMUM_DELETED_KEYS or not all(keys):
        raise _malformed()
    if not any(name == "content-md5" or name.startswith("x-amz-checksum-") for name in asked.headers):
        raise ServiceError(
            "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        )


def _versioning(asked: Asked) -> None:
    root = xml_of(asked.body)
    if root.findtext("Status") not in ("Enabled", "Suspended"):
        raise _malformed()


def _create_bucket(asked: Asked) -> None:
    if asked.headers.get("x-amz-acl", "private") != "private":
        message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise ServiceError("InvalidBucketAclWithObjectOwnership", message)
    if not asked.body:
        return
    root = xml_of(asked.body)
    constraint = root.findtext("LocationConstraint")
    if constraint:
        message = f"The specified location-constraint is not valid: this local AWS is {REGION}, where none is given."
        raise ServiceError("InvalidLocationConstraint", message, LocationConstraint=constraint)
    check_tags([(tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in root.findall("Tags/Tag")], 50)


def _copy(asked: Asked) -> None:
    """A copy that changes nothing is refused, as is a directive of another word."""
    headers = asked.headers
    for name in ("x-amz-metadata-directive", "x-amz-tagging-directive"):
        if headers.get(name, "COPY") not in ("COPY", "REPLACE"):
            raise _argument(f"Unknown {name.removeprefix('x-amz-')}.", name, headers[name])
    source, _, version = headers["x-amz-copy-source"].removeprefix("/").partition("?")
    itself = unquote(source) == f"{asked.place.bucket}/{asked.place.key}" and not version
    if itself and headers.get("x-amz-metadata-directive") != "REPLACE" and not _CHANGES & headers.keys():
        raise ServiceError(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )


_CHANGES = {"x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption"}


def _part(asked: Asked) -> None:
    if len(asked.body) > MAXIMUM_PUT_BYTES:
        raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")


def _complete(asked: Asked) -> None:
    """Parts are named once each, in ascending order; their sizes are known to who stores them."""
    parts = xml_of(asked.body).findall("Part")
    numbers = [part.findtext("PartNumber") or "" for part in parts]
    if not parts or not all(re.fullmatch(r"[0-9]{1,5}", number) for number in numbers):
        raise _malformed()
    if any(part.findtext("ETag") is None for part in parts):
        raise _malformed()
    order = [int(number) for number in numbers]
    if any(later <= earlier for earlier, later in pairwise(order)):
        message = (
            "The list of parts was not in ascending order. The parts list must be specified in order by part number."
        )
        raise ServiceError("InvalidPartOrder", message)
    if not 1 <= order[0] <= order[-1] <= 10_000:
        raise _argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", numbers[-1])


_RULES = {
    "PutBucketTagging": _tagging,
    "PutObjectTagging": _tagging,
    "DeleteObjects": _delete,
    "PutBucketVersioning": _versioning,
    "CreateBucket": _create_bucket,
    "CopyObject": _copy,
    "UploadPart": _part,
    "PutObject": _part,
    "CompleteMultipartUpload": _complete,
}
