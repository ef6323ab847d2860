"""One ASGI process on 127.0.0.1: every request is checked, then goes to the service that owns it.

Our own services (SageMaker, Glue jobs and crawlers, ...) register their operations in `OPERATIONS`; what the embedded
engine really executes is forwarded to it; anything else answers with an AWS-shaped error that names the operation.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from typing import Any
from xml.sax.saxutils import escape

from localcloud import protocol
from localcloud.cloud import Cloud
from localcloud.door.request_log import OPERATION, SERVICE, Receive, Scope, Send
from localcloud.door.signing import Denied, check_caller, check_signature
from localcloud.engine.ministack import FORWARDED, PARTS
from localcloud.protocol import ServiceError
from localcloud.services import AWAITED, OPERATIONS, invoke

log = logging.getLogger("localcloud")

# The JSON services that this process serves or forwards: signing name -> X-Amz-Target prefix.
JSON_TARGETS = {
    "sagemaker": "SageMaker",
    "glue": "AWSGlue",
    "athena": "AmazonAthena",
    "logs": "Logs_20140328",
    "monitoring": "GraniteServiceVersion20100801",
    "budgets": "AWSBudgetServiceGateway",
    "events": "AWSEvents",
    "pricing": "AWSPriceListService",
    "comprehend": "Comprehend_20171127",
    "textract": "Textract",
}
MAXIMUM_BODY_BYTES = 5 * 2**30


class Server:
    """The ASGI application around one `Cloud`."""

    def __init__(self, cloud: Cloud, port: int) -> None:
        self.cloud = cloud
        self.port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.cloud.engine.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        query = scope.get("query_string", b"").decode("latin-1")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
        try:
            check_caller(headers, self.port)
            authorization = headers.get("authorization", "") + query
            invoked = path.startswith("/endpoints/") and "/sagemaker/" in authorization  # there may be such a bucket
            limit = invoke.MAXIMUM_PAYLOAD if invoked else MAXIMUM_BODY_BYTES
            known = self.cloud.credentials.access_key in authorization
            body = await _read_body(receive, limit, keep=known)
            service = check_signature(scope["method"], path, query, headers, body, self.cloud.credentials)
            scope[SERVICE] = service
        except Denied as denied:
            await _refuse(send, denied, headers)
            return
        except ServiceError as error:
            await _fail(send, error, headers)
            return
        try:
            await self._route(service, path, headers, query, body, scope, send)
        except ServiceError as error:
            await _fail(send, error, headers)
        except Exception:
            log.exception("unexpected error in %s %s", headers.get("x-amz-target", service), path)
            failure = ServiceError(
                "InternalFailure", "The local AWS failed; its log (server.log) has the traceback.", 500
            )
            await _fail(send, failure, headers)

    async def _route(
        self,
        service: str,
        path: str,
        headers: dict[str, str],
        query: str,
        body: bytes,
        scope: Scope,
        send: Send,
    ) -> None:
        if service == "sagemaker" and path.startswith("/endpoints/"):
            await invoke.invoke_endpoint(self.cloud, path, headers, body, send)
            return
        target = headers.get("x-amz-target", "")
        operation = target.rpartition(".")[2] or _query_action(headers, body)
        scope[OPERATION] = operation
        if service in JSON_TARGETS and not target.startswith(JSON_TARGETS[service] + "."):
            raise ServiceError(
                "UnknownOperationException",
                f"{service} {scope['method']} {path} is not offered by the local AWS.",
            )
        if service in JSON_TARGETS:
            params = protocol.parse_json_body(body)
            protocol.validate(service, operation, params)
            handler, awaited = OPERATIONS.get((service, operation)), AWAITED.get((service, operation))
            if awaited:
                result = await awaited(self.cloud, params)
            elif handler:
                result = await asyncio.to_thread(handler, self.cloud, params)
            if handler or awaited:
                content = protocol.json_answer(service, operation, result)
                await _answer(send, 200, content, more=result.get("_headers"))
                return
        administration = scope["path"].startswith("/_")  # the engine's own pages, also as "/%5F"; never a bucket
        if service not in FORWARDED or operation not in PARTS.get(service, (operation,)) or administration:
            raise ServiceError(
                "UnknownOperationException",
                f"{service} {operation or scope['method'] + ' ' + path} is not offered by the local AWS, only on AWS.",
            )
        await self._forward(service, operation, path, headers, body, scope, send)

    async def _forward(
        self,
        service: str,
        operation: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        scope: Scope,
        send: Send,
    ) -> None:
        engine = self.cloud.engine
        writes = scope["method"] in ("PUT", "POST")
        if writes and engine.disk_is_full(len(body)):
            raise ServiceError("InsufficientStorageCapacity", _FULL_DISK, 507)
        start: dict[str, Any] = {}
        delivered = False

        async def replay() -> dict[str, Any]:
            nonlocal delivered
            if delivered:  # the engine asks again only to notice a client that has gone
                await asyncio.Event().wait()
            delivered = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def hold(message: dict[str, Any]) -> None:
            """Pass the answer on only after the change it acknowledges is durable."""
            if message["type"] == "http.response.start":
                start.update(message)
                if message["status"] < 300:
                    if service == "s3" and scope["method"] != "GET" and path.strip("/").count("/") == 0:
                        await engine.bucket_changed()
                    await engine.changed(service, operation, headers, body)
            await send(message)

        await engine.app(self._without_presigning(scope, service), replay, hold)

    def _without_presigning(self, scope: Scope, service: str) -> Scope:
        """A presigned request, already checked, in the form that the engine takes from us."""
        parts = scope.get("query_string", b"").split(b"&")
        if not any(part.startswith(b"X-Amz-Signature=") for part in parts):
            return scope
        query = b"&".join(part for part in parts if not part.startswith(b"X-Amz-"))
        authorization = (b"authorization", self.cloud.engine.authorization(service).encode())
        return {**scope, "query_string": query, "headers": [*scope["headers"], authorization]}


async def _read_body(receive: Receive, limit: int, *, keep: bool) -> bytes:
    """The whole body; of a request that will be refused anyway (too large, or `keep` is False) nothing is held."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Denied("RequestTimeout", "The client went away before the request was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAXIMUM_BODY_BYTES:
            raise Denied("EntityTooLarge", "The request is larger than 5 GiB; use a multipart upload.")
        if size > limit:
            chunks.clear()
        elif keep:
            chunks.append(chunk)
        if not message.get("more_body"):
            break
    if size > limit:
        raise ServiceError("ValidationError", f"The body has {size} bytes; the limit is {limit}.", 413)
    return b"".join(chunks)


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    content_type: str = "application/x-amz-json-1.1",
    error: str = "",
    more: dict[str, str] | None = None,
) -> None:
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


def _query_action(headers: dict[str, str], body: bytes) -> str:
    """The operation of a request in AWS's Query protocol (IAM, STS, EC2, ...), which is in its form body."""
    match = re.search(rb"(?:^|&)Action=(\w+)", body[:4096]) if _is_query(headers) else None
    return match.group(1).decode() if match else ""


def _is_query(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


async def _refuse(send: Send, denied: Denied, headers: dict[str, str]) -> None:
    await _fail(send, ServiceError(denied.code, str(denied), 403), headers)


async def _fail(send: Send, error: ServiceError, headers: dict[str, str]) -> None:
    """The error in the form that the caller's SDK reads: XML for S3 and the Query services, JSON for the others."""
    inner = f"<Code>{error.code}</Code><Message>{escape(str(error))}</Message>"
    if _is_query(headers):  # EC2 reads the plural, the others the singular
        xml = f"<ErrorResponse><Error>{inner}</Error><Errors><Error>{inner}</Error></Errors></ErrorResponse>"
    elif "x-amz-content-sha256" in headers and "x-amz-target" not in headers:
        xml = f"<Error>{inner}</Error>"
    else:
        await _answer(send, error.status, protocol.json_error(error), error=error.code)
        return
    await _answer(send, error.status, xml.encode(), content_type="application/xml", error=error.code)


_FULL_DISK = "The disk that holds the local AWS is full: free some space, then send this again. Nothing was written."
