"""Only requests signed with this installation's credentials pass, or with a role's: AWS Signature Version 4.

The algorithm is botocore's own (`botocore.auth`), run on the request as it arrived and compared.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from dataclasses import dataclass
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials

from localcloud.store.sessions import BadToken, Session, credentials_of, session_of
from localcloud.store.state import REGION, Credentials

MAX_CLOCK_SKEW = 15 * 60
MAX_PRESIGNED = 7 * 24 * 3600
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
)
_OF_EVERY_REGION = ("iam", "sts", "budgets", "pricing")  # they answer the same in each; so does S3's list of buckets
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request,"
    r"\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$"
)
_IN_QUERY = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
# What of a presigned address is its signature; other X-Amz- parameters stand for headers.
SIGNATURE_PARAMETERS = {*(f"x-amz-{name.lower()}" for name in _IN_QUERY), "x-amz-security-token"}


class Denied(Exception):
    """The request is refused before it is looked at; `code` is AWS's error code, `extra` more of S3's document."""

    def __init__(self, code: str, message: str, status: int = 403, **extra: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.extra = extra


@dataclass(frozen=True)
class Signature:
    """What a request claims about its signature, in its header or in its query."""

    key: str
    date: str
    region: str
    service: str
    names: tuple[str, ...]  # of the signed headers
    value: str
    stamp: str  # X-Amz-Date
    lifetime: int  # seconds
    presigned: bool

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def check_caller(headers: dict[str, str], port: int) -> None:
    """Refuse another Host (DNS rebinding) and a web page's Origin before anything else is looked at."""
    own = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if headers.get("host", "") not in own:
        raise Denied("AccessDenied", "This local AWS answers to 127.0.0.1 only.")
    origin = headers.get("origin")
    if origin is not None and origin.removeprefix("http://") not in own:
        raise Denied("AccessDenied", "Requests from web pages are refused.")


def claimed(query: str, headers: dict[str, str]) -> Signature:
    """The signature that a request carries, not yet checked.

    Raises:
        Denied: there is none, or it is malformed.
    """
    parameters = parse_qsl(query, keep_blank_values=True)
    names = [name for name, _ in parameters]
    if any(name in names for name in ("X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential")):
        if "authorization" in headers:
            raise Denied("InvalidArgument", "Only one auth mechanism allowed: the header or the query string.", 400)
        return _in_query(parameters)
    if "AWSAccessKeyId" in names:  # boto3 makes these in us-east-1 unless told; on AWS new buckets refuse them
        raise Denied("InvalidRequest", OLDER)
    authorization = headers.get("authorization", "")
    if authorization.startswith("AWS "):
        raise Denied("InvalidRequest", OLDER, 400)
    match = _AUTHORIZATION.match(authorization)
    if not match:
        raise Denied("MissingAuthenticationToken", _UNSIGNED)
    key, date, region, service, signed, value = match.groups()
    stamp = headers.get("x-amz-date", "")
    return Signature(key, date, region, service, tuple(signed.split(";")), value, stamp, MAX_CLOCK_SKEW, False)


def _in_query(parameters: list[tuple[str, str]]) -> Signature:
    def wrong(message: str) -> Denied:
        return Denied("AuthorizationQueryParametersError", message, 400)

    given: dict[str, str] = {}
    for name, value in parameters:
        if name.lower() in SIGNATURE_PARAMETERS and name in given:
            raise wrong(f"{name} is there twice.")
        given[name] = value
    algorithm, credential, stamp, expires, signed, value = (given.get(f"X-Amz-{name}", "") for name in _IN_QUERY)
    if not all(f"X-Amz-{name}" in given for name in _IN_QUERY):
        needed = ", ".join(f"X-Amz-{name}" for name in _IN_QUERY)
        raise wrong(f"Query-string authentication version 4 requires the parameters {needed}.")
    if algorithm != "AWS4-HMAC-SHA256":
        raise wrong('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256".')
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise wrong('X-Amz-Credential is malformed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp, re.ASCII):
        raise wrong("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\".")
    if re.fullmatch(r"-[0-9]+", expires):
        raise wrong("X-Amz-Expires must be non-negative.")
    if not re.fullmatch(r"[0-9]+", expires):
        raise wrong("X-Amz-Expires should be a number.")
    if len(expires) > 9 or int(expires) > MAX_PRESIGNED:
        raise wrong(f"X-Amz-Expires must be less than a week (in seconds); that is, at most {MAX_PRESIGNED} seconds.")
    key, date, region, service, _ = scope
    return Signature(key, date, region, service, tuple(signed.split(";")), value, stamp, int(expires), True)


def caller(token: str, own: Credentials, *, s3: bool) -> tuple[Session | None, Credentials]:
    """Who a request claims to be, by its session token: a role's session, or None for the installation itself.

    Raises:
        Denied: the token is none of this installation's, or has expired.
    """
    if not token:
        return None, own
    try:
        session = session_of(token, own)
    except BadToken as error:
        codes = ("ExpiredToken", "InvalidToken") if s3 else ("ExpiredTokenException", "UnrecognizedClientException")
        raise Denied(codes[not error.expired], str(error), 400 if s3 else 403) from None
    return session, credentials_of(session, own)


def token_of(query: str, headers: dict[str, str]) -> str:
    """The session token of a request, "" when it has none."""
    in_query = [value for name, value in parse_qsl(query) if name.lower() == "x-amz-security-token"]
    return headers.get("x-amz-security-token") or "".join(in_query[:1])


def check_signature(
    method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes, credentials: Credentials
) -> Signature:
    """Return the checked signature, or raise Denied.

    Args:
        raw_path: the path as sent, still percent-encoded.
        headers: lower-case names.
    """
    signature = claimed(query, headers)
    if not hmac.compare_digest(signature.key.encode(), credentials.access_key.encode()):  # as text it must be ASCII
        code = "InvalidAccessKeyId" if signature.service == "s3" else "InvalidClientTokenId"
        raise Denied(code, "The security token included in the request is invalid: it has another access key.")
    if "host" not in signature.names or not signature.stamp.startswith(signature.date):
        raise Denied("SignatureDoesNotMatch", "The signature must cover the host and the date.")
    check_region(signature, raw_path)
    _check_time(signature)
    if signature.service == "s3":
        check_headers_are_signed(headers, signature)
    expected = _expected(method, raw_path, query, headers, body, credentials, signature)
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise Denied("SignatureDoesNotMatch", NO_MATCH)
    declared = headers.get("x-amz-content-sha256")
    if declared is not None and re.fullmatch(r"[0-9a-f]{64}", declared):
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), declared):
            status = 400 if signature.service == "s3" else 403
            raise Denied("XAmzContentSHA256Mismatch", "The body does not match its signed hash.", status)
    elif declared not in (None, UNSIGNED, *(() if signature.presigned else STREAMING)):
        kinds = ", ".join((UNSIGNED, *STREAMING))
        raise Denied("InvalidArgument", f"x-amz-content-sha256 must be a valid sha256 value or one of {kinds}.", 400)
    return signature


def check_region(signature: Signature, path: str) -> None:
    """There is one region. S3 names it in its answer, which boto3 reads: it signs anew and goes on, as on AWS."""
    of_every_region = signature.service in _OF_EVERY_REGION or (signature.service == "s3" and path == "/")
    if signature.region == REGION or of_every_region:
        return
    if signature.service != "s3":
        message = f"Credential should be scoped to a valid region: the local AWS is {REGION}, not {signature.region!r}."
        raise Denied("SignatureDoesNotMatch", message)
    wrong = f"the region {signature.region!r} is wrong; expecting {REGION!r}"
    if signature.presigned:
        message = f"Error parsing the X-Amz-Credential parameter; {wrong}"
        raise Denied("AuthorizationQueryParametersError", message, 400, Region=REGION)
    message = f"The authorization header is malformed; {wrong}"
    raise Denied("AuthorizationHeaderMalformed", message, 400, Region=REGION)


def check_headers_are_signed(headers: dict[str, str], signature: Signature) -> None:
    """S3: whoever holds a signed request cannot add to what it does. (The body's hash is compared for itself.)"""
    added = [name for name in headers if name.startswith("x-amz-") and name not in signature.names]
    added = [name for name in added if name != "x-amz-content-sha256"]
    if added:
        message = f"There were headers present in the request which were not signed: {', '.join(sorted(added))}."
        raise Denied("AccessDenied", message)


def signing_key(credentials: Credentials, signature: Signature) -> bytes:
    """The key of the day, region and service: of requests, of their chunks and of forms."""
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _expected(
    method: str,
    raw_path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Credentials,
    signature: Signature,
) -> str:
    if signature.presigned:
        query = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
    signer_class = S3SigV4Auth if signature.service == "s3" else SigV4Auth
    keys = BotoCredentials(credentials.access_key, credentials.secret_key)
    signer = signer_class(keys, signature.service, signature.region)
    signer.headers_to_sign = _exactly_the_signed
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{raw_path}" + (f"?{query}" if query else ""),
        headers={name: headers.get(name, "") for name in signature.names},
        data=body,
    )
    request.context["timestamp"] = signature.stamp
    unsigned = signature.presigned and signature.service == "s3"
    declared = UNSIGNED if unsigned else headers.get("x-amz-content-sha256")
    if declared is not None and "x-amz-content-sha256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = declared
        signer.headers_to_sign = lambda r: _without(_exactly_the_signed(r), "x-amz-content-sha256")
    expected: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return expected


def _exactly_the_signed(request: AWSRequest) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in request.headers.items():
        headers[name.lower()] = value
    return headers


def _without(headers: HTTPHeaders, name: str) -> HTTPHeaders:
    del headers[name]
    return headers


def _check_time(signature: Signature) -> None:
    try:
        signed_at = timegm(time.strptime(signature.stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Denied("SignatureDoesNotMatch", "X-Amz-Date is malformed.") from None
    age = time.time() - signed_at
    if signature.presigned and age > signature.lifetime:
        raise Denied("AccessDenied", "Request has expired")
    if signature.presigned and age < -MAX_CLOCK_SKEW:
        raise Denied("AccessDenied", "Request is not yet valid")
    if not signature.presigned and abs(age) > MAX_CLOCK_SKEW:
        raise Denied(
            "RequestTimeTooSkewed",
            "The difference between the time of the request and the time of this machine is too large.",
        )


NO_MATCH = "The request signature we calculated does not match the signature you provided."
OLDER = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256: "
    "boto3.client('s3', config=Config(signature_version='s3v4'))."
)
_UNSIGNED = (
    "The request is not signed with the credentials of this local AWS: `python -m localcloud env` "
    "prints the environment that leads a program here."
)
