"""S3's presigned POST: an upload by a form whose policy is signed.

The door checks the signature and which fields there are, the engine the policy's conditions.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote

from localcloud.cloud import Cloud
from localcloud.door import s3_limits
from localcloud.door.answers import request_ids
from localcloud.door.request import Request
from localcloud.door.s3_operation import Place, members, place_of
from localcloud.door.signing import NO_MATCH, OLDER, Denied, Signature, caller, check_region, signing_key
from localcloud.engine import s3
from localcloud.engine.ministack import Answer
from localcloud.engine.policies import Need
from localcloud.engine.refused import refused
from localcloud.protocol import ServiceError
from localcloud.store.sessions import Session
from localcloud.store.state import Credentials

_SIGNED = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "policy")
_PLAIN = {
    *("key", "bucket", "acl", "success_action_status", "success_action_redirect", "redirect"),
    *("content-type", "content-encoding", "content-disposition", "cache-control", "expires"),
    *("x-amz-storage-class", "x-amz-server-side-encryption", *_SIGNED),
}


def is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "")
    alone = "authorization" not in request.headers and "X-Amz-" not in request.query
    return request.method == "POST" and kind.startswith("multipart/form-data") and alone


def check_form(request: Request, own: Credentials) -> Session | None:
    """Who has signed the form's policy: a role's session, or None for the installation; else raise Denied."""
    fields = _fields(request)
    session, credentials = caller(fields.get("x-amz-security-token", ""), own, s3=True)
    if "awsaccesskeyid" in fields or "signature" in fields:
        raise Denied("InvalidRequest", OLDER, 400)
    if not all(fields.get(name) for name in _SIGNED):
        raise Denied(
            "AccessDenied", f"A form needs the fields {', '.join(_SIGNED)}: generate_presigned_post makes them."
        )
    scope = fields["x-amz-credential"].split("/")
    if fields["x-amz-algorithm"] != "AWS4-HMAC-SHA256" or len(scope) != 5 or scope[3:] != ["s3", "aws4_request"]:
        raise Denied("InvalidArgument", "x-amz-algorithm or x-amz-credential is malformed.", 400)
    if not hmac.compare_digest(scope[0].encode(), credentials.access_key.encode()):
        raise Denied("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    claim = Signature(scope[0], scope[1], scope[2], "s3", (), fields["x-amz-signature"], fields["x-amz-date"], 0, True)
    check_region(claim, request.path)
    key = signing_key(credentials, claim)
    expected = hmac.new(key, fields["policy"].encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), claim.value.encode()):
        raise Denied("SignatureDoesNotMatch", NO_MATCH)
    return session


async def upload(cloud: Cloud, request: Request) -> Answer:
    """Store the file of a form whose signature is checked."""
    fields, bucket = _fields(request), place_of(request.path).bucket
    if place_of(request.path).key:
        raise ServiceError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    for name in fields:
        if name not in _PLAIN and not name.startswith(("x-amz-meta-", "x-ignore-")):
            raise ServiceError("NotImplemented", f"The form's field {name} is not offered by the local AWS.", 501)
    headers = {name: value for name, value in fields.items() if name.startswith("x-amz-")}
    headers.pop("x-amz-security-token", None)
    given = {member: headers[name] for name, member in members("PutObject", "header").items() if name in headers}
    for member, reason in refused("s3", "PutObject", given.items()):
        raise ServiceError("NotImplemented", f"{member} of PutObject is not offered by the local AWS: {reason}.", 501)
    cloud.require("PostObject", Need("s3:PutObject", f"arn:aws:s3:::{bucket}/{fields.get('key', '')}"))
    s3_limits.check(s3_limits.Asked("PutObject", Place(bucket, fields.get("key", "")), {}, headers, b""))
    sent = {name: request.headers[name] for name in ("host", "content-type")}
    found = await cloud.engine.ask("s3", sent, request.body, path=f"/{bucket}")
    there, here = f"http://{bucket}.s3.amazonaws.com/", f"http://{request.headers['host']}/{quote(bucket)}/"
    told = {name.lower(): value for name, value in found.headers.items()}
    if "location" in told and found.status != 303:
        told["location"] = told["location"].replace(there, here)
    return Answer(found.status, {**request_ids(), **told}, found.body.replace(there.encode(), here.encode()))


def _fields(request: Request) -> dict[str, str]:
    """The form's fields but the file, names in lower case; a field that is there twice is refused."""
    found: dict[str, str] = {}
    for name, value in s3.form_fields(request.headers["content-type"], request.body):
        if name.lower() in found:
            raise Denied("InvalidArgument", f"The form's field {name} is there twice.", 400)
        found[name.lower()] = value.decode("utf-8", "replace") if name != "file" else ""
    if "file" not in found:
        raise Denied("InvalidArgument", "POST requires exactly one file upload per request.", 400)
    return {name: value for name, value in found.items() if name != "file"}
