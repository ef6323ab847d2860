"""One ASGI process on 127.0.0.1: every request is checked, then goes to the service that owns it.

Our own services (SageMaker, Glue jobs and crawlers, ...) register their operations in `OPERATIONS`; what the embedded
engine really executes is forwarded to it; anything else answers with an AWS-shaped error that names the operation.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud import protocol
from localcloud.aws import Cloud
from localcloud.engine import FORWARDED, GLUE_CATALOG
from localcloud.protocol import ServiceError
from localcloud.services import OPERATIONS, invoke
from localcloud.signing import Denied, check_caller, check_signature

log = logging.getLogger("localcloud")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# The JSON services that this process serves or forwards: signing name -> X-Amz-Target prefix.
JSON_TARGETS = {
    "sagemaker": "SageMaker",
    "glue": "AWSGlue",
    "athena": "AmazonAthena",
    "logs": "Logs_20140328",
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
            body = await _read_body(receive)
            service = check_signature(scope["method"], path, query, headers, body, self.cloud.credentials)
        except Denied as denied:
            await _refuse(send, denied, headers)
            return
        try:
            await self._route(service, path, headers, query, body, scope, send)
        except ServiceError as error:
            await _answer(send, error.status, protocol.json_error(error), error=error.code)
        except Exception:
            log.exception("unexpected error in %s %s", headers.get("x-amz-target", service), path)
            failure = ServiceError(
                "InternalFailure", "The local AWS failed; its log (server.log) has the traceback.", 500
            )
            await _answer(send, 500, protocol.json_error(failure), error=failure.code)

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
        operation = target.rpartition(".")[2]
        if service in JSON_TARGETS and not target.startswith(JSON_TARGETS[service] + "."):
            raise ServiceError(
                "UnknownOperationException",
                f"{service} {scope['method']} {path} is not offered by the local AWS.",
            )
        if service in JSON_TARGETS:
            params = protocol.parse_json_body(body)
            protocol.validate(service, operation, params)
            handler = OPERATIONS.get((service, operation))
            if handler:
                result = await asyncio.to_thread(handler, self.cloud, params)
                await _answer(send, 200, protocol.json_answer(service, operation, result))
                return
        if service not in FORWARDED or (service == "glue" and operation not in GLUE_CATALOG):
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
            await _refuse_full_disk(send)
            return
        if service in ("iam", "monitoring") and not operation:
            match = re.search(rb"(?:^|&)Action=(\w+)", body)
            operation = match.group(1).decode() if match else ""
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

        await engine.app(scope, replay, hold)


async def _read_body(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Denied("RequestTimeout", "The client went away before the request was complete.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAXIMUM_BODY_BYTES:
            raise Denied("EntityTooLarge", "The request is larger than 5 GiB; use a multipart upload.")
        if not message.get("more_body"):
            return b"".join(chunks)


async def _answer(
    send: Send, status: int, body: bytes, *, content_type: str = "application/x-amz-json-1.1", error: str = ""
) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    if error:
        headers.append((b"x-amzn-errortype", error.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, denied: Denied, headers: dict[str, str]) -> None:
    """403 in the form that the caller's SDK reads: JSON for JSON services, XML for the others."""
    if "x-amz-target" in headers or "json" in headers.get("content-type", ""):
        error = ServiceError(denied.code, str(denied), 403)
        await _answer(send, 403, protocol.json_error(error), error=denied.code)
        return
    inner = f"<Code>{denied.code}</Code><Message>{denied}</Message>"
    s3 = "x-amz-content-sha256" in headers
    xml = f"<Error>{inner}</Error>" if s3 else f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    await _answer(send, 403, xml.encode(), content_type="application/xml")


async def _refuse_full_disk(send: Send) -> None:
    message = "The disk that holds the local AWS is full: free some space, then send this again. Nothing was written."
    xml = f"<Error><Code>InsufficientStorageCapacity</Code><Message>{message}</Message></Error>"
    await _answer(send, 507, xml.encode(), content_type="application/xml")
