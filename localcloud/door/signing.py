"""Only requests signed with this installation's credentials pass: AWS Signature Version 4, header or presigned.

The algorithm is botocore's own (`botocore.auth`), run on the request as it arrived and compared.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials

from localcloud.store.state import Credentials

MAX_CLOCK_SKEW = 15 * 60
MAX_PRESIGNED = 7 * 24 * 3600
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request,"
    r"\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$"
)


class Denied(Exception):
    """The request is refused with 403; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _exactly_the_signed(request: AWSRequest) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in request.headers.items():
        headers[name.lower()] = value
    return headers


def check_caller(headers: dict[str, str], port: int) -> None:
    """Refuse another Host (DNS rebinding) and a web page's Origin before anything else is looked at."""
    own = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if headers.get("host", "") not in own:
        raise Denied("AccessDenied", "This local AWS answers to 127.0.0.1 only.")
    origin = headers.get("origin")
    if origin is not None and origin.removeprefix("http://") not in own:
        raise Denied("AccessDenied", "Requests from web pages are refused.")


def check_signature(
    method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes, credentials: Credentials
) -> str:
    """Return the service that the signature names, or raise Denied.

    Args:
        raw_path: the path as sent, still percent-encoded.
        headers: lower-case names.
    """
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    presigned = "X-Amz-Signature" in parameters
    if presigned:
        scope = parameters.get("X-Amz-Credential", "").split("/")
        if len(scope) != 5:
            raise Denied("AuthorizationQueryParametersError", "X-Amz-Credential is malformed.")
        key, date, region, service = scope[:4]
        signed_names = parameters.get("X-Amz-SignedHeaders", "").split(";")
        signature, stamp = parameters["X-Amz-Signature"], parameters.get("X-Amz-Date", "")
        query = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
        expires = parameters.get("X-Amz-Expires", "")
        lifetime = min(int(expires), MAX_PRESIGNED) if re.fullmatch(r"[0-9]{1,9}", expires) else 0
    else:
        if "AWSAccessKeyId" in parameters:  # boto3 makes these in us-east-1 unless told; on AWS new buckets refuse them
            raise Denied(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256: "
                "boto3.client('s3', config=Config(signature_version='s3v4')).",
            )
        match = _AUTHORIZATION.match(headers.get("authorization", ""))
        if not match:
            raise Denied(
                "MissingAuthenticationToken",
                "The request is not signed with the credentials of this local AWS: `python -m localcloud env` "
                "prints the environment that leads a program here.",
            )
        key, date, region, service, names, signature = match.groups()
        signed_names, stamp, lifetime = names.split(";"), headers.get("x-amz-date", ""), MAX_CLOCK_SKEW
    if not hmac.compare_digest(key.encode(), credentials.access_key.encode()):  # as text it must be ASCII
        raise Denied("InvalidClientTokenId", "The security token included in the request is invalid.")
    if "host" not in signed_names or not stamp.startswith(date):
        raise Denied("SignatureDoesNotMatch", "The signature must cover the host and the date.")
    _check_time(stamp, lifetime, presigned)

    signer_class = S3SigV4Auth if service == "s3" else SigV4Auth
    signer = signer_class(BotoCredentials(credentials.access_key, credentials.secret_key), service, region)
    signer.headers_to_sign = _exactly_the_signed
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{raw_path}" + (f"?{query}" if query else ""),
        headers={name: headers.get(name, "") for name in signed_names},
        data=body,
    )
    request.context["timestamp"] = stamp
    declared = "UNSIGNED-PAYLOAD" if presigned else headers.get("x-amz-content-sha256")
    if declared is not None and "x-amz-content-sha256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = declared
        signer.headers_to_sign = lambda r: _without(_exactly_the_signed(r), "x-amz-content-sha256")
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Denied(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )
    hashed = declared is not None and re.fullmatch(r"[0-9a-f]{64}", declared)
    if hashed and not hmac.compare_digest(hashlib.sha256(body).hexdigest(), declared or ""):
        raise Denied("XAmzContentSHA256Mismatch", "The body does not match its signed hash.")
    return service


def _without(headers: HTTPHeaders, name: str) -> HTTPHeaders:
    del headers[name]
    return headers


def _check_time(stamp: str, lifetime: int, presigned: bool) -> None:
    try:
        signed_at = timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Denied("SignatureDoesNotMatch", "X-Amz-Date is malformed.") from None
    age = time.time() - signed_at
    if age > lifetime or age < -MAX_CLOCK_SKEW:
        code = "AccessDenied" if presigned else "RequestTimeTooSkewed"
        raise Denied(code, "The request has expired or its date is too far from the time of this machine.")
