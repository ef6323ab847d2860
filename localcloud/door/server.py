"""One ASGI process on 127.0.0.1: every request is checked, then goes to the service that owns it.

Our own services (SageMaker, Glue jobs and crawlers, ...) register their operations in `OPERATIONS`; what the embedded
engine really executes is forwarded to it; anything else answers with an AWS-shaped error that names the operation.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from localcloud import protocol
from localcloud.cloud import Cloud
from localcloud.door.answers import answer, fail, refuse
from localcloud.door.request import MAXIMUM_BODY_BYTES, Receive, Request, Scope, Send, headers_of, path_of, read_body
from localcloud.door.request_log import OPERATION, SERVICE
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
        headers, path = headers_of(scope), path_of(scope)
        query = scope.get("query_string", b"").decode("latin-1")
        try:
            check_caller(headers, self.port)
            authorization = headers.get("authorization", "") + query
            invoked = path.startswith("/endpoints/") and "/sagemaker/" in authorization  # there may be such a bucket
            limit = invoke.MAXIMUM_PAYLOAD if invoked else MAXIMUM_BODY_BYTES
            known = self.cloud.credentials.access_key in authorization
            body = await read_body(receive, limit, keep=known)
            service = check_signature(scope["method"], path, query, headers, body, self.cloud.credentials)
        except Denied as denied:
            await refuse(send, denied, headers)
            return
        except ServiceError as error:
            await fail(send, error, headers)
            return
        request = Request(scope["method"], path, headers, body, scope)
        scope[SERVICE], scope[OPERATION] = service, request.operation
        try:
            await self._route(service, request, send)
        except ServiceError as error:
            await fail(send, error, headers)
        except Exception:
            log.exception("unexpected error in %s %s", request.target or service, path)
            await fail(send, ServiceError("InternalFailure", _OUR_FAULT, 500), headers)

    async def _route(self, service: str, request: Request, send: Send) -> None:
        """To the service that owns the request: ours, else the engine's, else to an error that names the operation."""
        if service == "sagemaker" and request.path.startswith("/endpoints/"):
            await invoke.invoke_endpoint(self.cloud, request.path, request.headers, request.body, send)
            return
        operation, asked = request.operation, f"{request.method} {request.path}"
        if service in JSON_TARGETS:
            if not request.target.startswith(JSON_TARGETS[service] + "."):
                raise ServiceError("UnknownOperationException", f"{service} {asked} is not offered by the local AWS.")
            params = protocol.parse_json_body(request.body)
            protocol.validate(service, operation, params)
            handler, awaited = OPERATIONS.get((service, operation)), AWAITED.get((service, operation))
            if awaited:
                result = await awaited(self.cloud, params)
            elif handler:
                result = await asyncio.to_thread(handler, self.cloud, params)
            if handler or awaited:
                content = protocol.json_answer(service, operation, result)
                await answer(send, 200, content, more=result.get("_headers"))
                return
        administration = request.scope["path"].startswith("/_")  # the engine's own pages, also "/%5F"; never a bucket
        if service not in FORWARDED or operation not in PARTS.get(service, (operation,)) or administration:
            raise ServiceError(
                "UnknownOperationException",
                f"{service} {operation or asked} is not offered by the local AWS, only on AWS.",
            )
        await self._forward(service, request, send)

    async def _forward(self, service: str, request: Request, send: Send) -> None:
        """Let the engine answer; what changes something is on disk before the answer goes out."""
        engine = self.cloud.engine
        if request.method in ("PUT", "POST") and engine.disk_is_full(len(request.body)):
            raise ServiceError("InsufficientStorageCapacity", _FULL_DISK, 507)
        delivered = False

        async def replay() -> dict[str, Any]:
            nonlocal delivered
            if delivered:  # the engine asks again only to notice a client that has gone
                await asyncio.Event().wait()
            delivered = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def hold(message: dict[str, Any]) -> None:
            """Pass the answer on only after the change it acknowledges is durable."""
            if message["type"] == "http.response.start" and message["status"] < 300:
                if service == "s3" and request.method != "GET" and request.path.strip("/").count("/") == 0:
                    await engine.bucket_changed()
                await engine.changed(service, request.operation, request.headers, request.body)
            await send(message)

        await engine.app(self._without_presigning(request.scope, service), replay, hold)

    def _without_presigning(self, scope: Scope, service: str) -> Scope:
        """A presigned request, already checked, in the form that the engine takes from us."""
        parts = scope.get("query_string", b"").split(b"&")
        if not any(part.startswith(b"X-Amz-Signature=") for part in parts):
            return scope
        query = b"&".join(part for part in parts if not part.startswith(b"X-Amz-"))
        authorization = (b"authorization", self.cloud.engine.authorization(service).encode())
        return {**scope, "query_string": query, "headers": [*scope["headers"], authorization]}


_OUR_FAULT = "The local AWS failed; its log (server.log) has the traceback."
_FULL_DISK = "The disk that holds the local AWS is full: free some space, then send this again. Nothing was written."
