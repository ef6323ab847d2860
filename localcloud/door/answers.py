"""Answers and errors, in the form that the caller's SDK reads."""

from __future__ import annotations

import base64
import os
import re
import uuid
from xml.sax.saxutils import escape

from localcloud import protocol
from localcloud.door.request import Request, Send
from localcloud.door.signing import Denied
from localcloud.engine.ministack import Answer
from localcloud.protocol import ServiceError

# What S3 calls an error that the others call otherwise.
_S3_CODES = {
    "MissingAuthenticationToken": "AccessDenied",
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "InternalFailure": "InternalError",
    "UnknownOperationException": "NotImplemented",
}


async def answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    content_type: str = "application/x-amz-json-1.1",
    error: str = "",
    more: dict[str, str] | None = None,
) -> None:
    """Send a whole answer. `error` is the code of an error, `more` are further headers."""
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    headers += [(name.encode(), value.encode()) for name, value in (more or {}).items()]
    if error:
        headers.append((b"x-amzn-errortype", error.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def pass_on(send: Send, found: Answer) -> None:
    """Send an answer of the engine; who may read it across origins is not for the engine to say."""
    headers = {name.lower(): value for name, value in found.headers.items()}
    headers.setdefault("content-length", str(len(found.body)))
    headers.setdefault("x-amzn-requestid", str(uuid.uuid4()))
    sent = [(name, value) for name, value in headers.items() if not name.startswith("access-control-")]
    raw = [(name.encode(), _header(str(value))) for name, value in sent]
    await send({"type": "http.response.start", "status": found.status, "headers": raw})
    await send({"type": "http.response.body", "body": found.body})


async def refuse(send: Send, denied: Denied, request: Request) -> None:
    await fail(send, ServiceError(denied.code, str(denied), denied.status, **denied.extra), request)


async def fail(send: Send, error: ServiceError, request: Request) -> None:
    """The error of a request, in the words of its service's protocol."""
    if error.code == "AccessDeniedException" and request.style in ("query", "s3"):
        error = ServiceError("AccessDenied", str(error), 403)
    if request.style == "query":
        inner = f"<Code>{escape(error.code)}</Code><Message>{escape(str(error))}</Message>"
        inner = f"<Error><Type>{'Sender' if error.status < 500 else 'Receiver'}</Type>{inner}</Error>"
        # EC2 reads the plural, the others the singular
        xml = f"<ErrorResponse>{inner}<Errors>{inner}</Errors><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        await answer(send, error.status, xml.encode(), content_type="text/xml", error=error.code)
    elif request.style == "s3":
        await fail_s3(send, error, request)
    elif request.style == "cbor":
        await fail_cbor(send, error)
    else:
        await answer(send, error.status, protocol.json_error(error), error=error.code)


async def fail_s3(send: Send, error: ServiceError, request: Request) -> None:
    """S3's error document; to HEAD the status is all."""
    code = _S3_CODES.get(error.code, error.code)
    status = 501 if code == "NotImplemented" else error.status
    more = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in error.extra.items())
    headers = request_ids()
    if "Region" in error.extra:  # where the answer has no body, botocore reads it here
        headers["x-amz-bucket-region"] = error.extra["Region"]
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code>'
        f"<Message>{escape(_printable(str(error)))}</Message>{more}<Resource>{escape(_printable(request.path))}</Resource>"
        f"<RequestId>{headers['x-amz-request-id']}</RequestId><HostId>{headers['x-amz-id-2']}</HostId></Error>"
    )
    if request.method == "HEAD":
        xml = ""
    await answer(send, status, xml.encode(), content_type="application/xml", error=code, more=headers)


async def fail_cbor(send: Send, error: ServiceError) -> None:
    """Smithy's RPC v2 in CBOR (RFC 8949): a map of two texts."""

    def text(value: str) -> bytes:
        data = value.encode()
        return b"\x7a" + len(data).to_bytes(4, "big") + data

    body = b"\xa2" + b"".join(map(text, ("__type", error.code, "message", str(error))))
    more = {"smithy-protocol": "rpc-v2-cbor"}
    await answer(send, error.status, body, content_type="application/cbor", error=error.code, more=more)


def _header(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def request_ids() -> dict[str, str]:
    """The two ids that every answer of S3 has."""
    return {
        "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
        "x-amz-id-2": base64.b64encode(os.urandom(48)).decode(),
    }


def _printable(text: str) -> str:
    """Without the characters that XML does not allow."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "?", text)
