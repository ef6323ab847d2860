"""Answers and errors, in the form that the caller's SDK reads."""

from __future__ import annotations

import uuid
from xml.sax.saxutils import escape

from localcloud import protocol
from localcloud.door.request import Send, is_query
from localcloud.door.signing import Denied
from localcloud.protocol import ServiceError


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


async def refuse(send: Send, denied: Denied, headers: dict[str, str]) -> None:
    await fail(send, ServiceError(denied.code, str(denied), 403), headers)


async def fail(send: Send, error: ServiceError, headers: dict[str, str]) -> None:
    """The error of a request with these headers: XML for S3 and the Query services, JSON for the others."""
    inner = f"<Code>{error.code}</Code><Message>{escape(str(error))}</Message>"
    if is_query(headers):  # EC2 reads the plural, the others the singular
        xml = f"<ErrorResponse><Error>{inner}</Error><Errors><Error>{inner}</Error></Errors></ErrorResponse>"
    elif "x-amz-content-sha256" in headers and "x-amz-target" not in headers:
        xml = f"<Error>{inner}</Error>"
    else:
        await answer(send, error.status, protocol.json_error(error), error=error.code)
        return
    await answer(send, error.status, xml.encode(), content_type="application/xml", error=error.code)
