"""One ASGI process on 127.0.0.1: every request is checked, then goes to the service that owns it.

Our own services (SageMaker, Glue jobs and crawlers, ...) register their operations in `OPERATIONS`; of the embedded
engine the operations in `OFFERED` are open; anything else answers with an AWS-shaped error that names the operation.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

from localcloud import protocol
from localcloud.cloud import Cloud
from localcloud.door import cbor, late, post_form, query_form, s3
from localcloud.door.answers import answer, fail, pass_on, refuse
from localcloud.door.chunked import decoded
from localcloud.door.named import JSON_TARGETS, check_members, engine_headers, inflated, json_operation, not_offered
from localcloud.door.request import MAXIMUM_BODY_BYTES, Receive, Request, Scope, Send, headers_of, path_of, read_body
from localcloud.door.request_log import OPERATION, SERVICE
from localcloud.door.signing import Denied, caller, check_caller, check_signature, token_of
from localcloud.engine.ministack import PARTS, Answer
from localcloud.engine.operations import OFFERED
from localcloud.protocol import ServiceError
from localcloud.services import AWAITED, OPERATIONS, invoke

log = logging.getLogger("localcloud")


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
        query = scope.get("query_string", b"").decode("latin-1")
        request = Request(scope["method"], path_of(scope), query, headers_of(scope), scope)
        try:
            service, request, cloud = await self._checked(request, receive)
        except Denied as denied:
            await refuse(send, denied, request)
            return
        except ServiceError as error:
            await fail(send, error, request)
            return
        try:
            await self._route(cloud, service, request, send)
        except ServiceError as error:
            await fail(send, error, request)
        except Exception:
            log.exception("unexpected error in %s %s", request.target or service, request.path)
            await fail(send, ServiceError("InternalFailure", _OUR_FAULT, 500), request)

    async def _checked(self, request: Request, receive: Receive) -> tuple[str, Request, Cloud]:
        """The service that a request is signed for, the request with its body, and the local AWS as its caller sees it.

        Raises:
            Denied, ServiceError: it is refused.
        """
        headers, own = request.headers, self.cloud.credentials
        check_caller(headers, self.port)
        session, keys = caller(token_of(request.query, headers), own, s3=request.style == "s3")
        authorization = headers.get("authorization", "") + request.query
        invoked = (
            request.path.startswith("/endpoints/") and "/sagemaker/" in authorization
        )  # there may be such a bucket
        limit = invoke.MAXIMUM_PAYLOAD if invoked else MAXIMUM_BODY_BYTES
        form = post_form.is_form(request)
        body = await read_body(receive, limit, keep=form or keys.access_key in authorization)
        if form:
            session = post_form.check_form(replace(request, body=body), own)
            return "s3", replace(request, body=body), self.cloud.acting_as(session)
        signature = check_signature(request.method, request.path, request.query, headers, body, keys)
        if signature.service == "s3":
            body, headers = decoded(body, headers, signature, keys)
        return signature.service, replace(request, headers=headers, body=body), self.cloud.acting_as(session)

    async def _route(self, cloud: Cloud, service: str, request: Request, send: Send) -> None:
        """To the service that owns the request: ours, else the engine's, else to an error that names the operation."""
        scope = request.scope
        scope[SERVICE] = service
        if service == "sagemaker" and request.path.startswith("/endpoints/"):
            await invoke.invoke_endpoint(cloud, request.path, request.headers, request.body, send)
        elif service == "s3":
            self._check_disk(request)
            serve = post_form.upload if post_form.is_form(request) else s3.serve
            await pass_on(send, await serve(cloud, request))
        elif service in JSON_TARGETS:
            await self._json(cloud, service, request, send)
        elif service in OFFERED:
            form, params = query_form.read(service, request)
            scope[OPERATION] = form["Action"]
            self._admit(cloud, service, form["Action"], params)
            await pass_on(send, await self._ask(cloud, service, form["Action"], request, query_form.written(form)))
        else:
            raise not_offered(service, request.named or f"{request.method} {request.path}")

    async def _json(self, cloud: Cloud, service: str, request: Request, send: Send) -> None:
        """A service of the JSON protocol, or of Smithy's CBOR, which stands for the same."""
        speaks_cbor = request.style == "cbor"
        operation = (cbor.operation if speaks_cbor else json_operation)(service, request)
        request.scope[OPERATION] = operation
        if (service, operation) not in (OPERATIONS | AWAITED) and operation not in PARTS.get(service, ()):
            raise not_offered(service, operation)
        params = cbor.params(request) if speaks_cbor else protocol.parse_json_body(inflated(request).body)
        protocol.validate(service, operation, params)
        self._admit(cloud, service, operation, params)
        handler, awaited = OPERATIONS.get((service, operation)), AWAITED.get((service, operation))
        if awaited:
            result = await awaited(cloud, params)
        elif handler:
            result = await asyncio.to_thread(handler, cloud, params)
        if handler or awaited:
            content = protocol.json_answer(service, operation, result)
            await answer(send, 200, content, more=result.get("_headers"))
            return
        check_members(service, operation, params)
        if cloud.strict:
            params = late.as_seen_now(service, operation, params)
        found = await self._ask(cloud, service, operation, request, json.dumps(params).encode())
        if speaks_cbor:
            found = cbor.answer(service, operation, found)
        await pass_on(send, found)

    async def _ask(self, cloud: Cloud, service: str, operation: str, request: Request, body: bytes) -> Answer:
        """Let the engine answer; what changes something is on disk before the answer goes out."""
        self._check_disk(request)
        headers = {"host": request.headers["host"], **engine_headers(service, operation)}
        found = await cloud.engine.ask(service, headers, body, session=cloud.session)
        if found.status < 300:
            await self.cloud.engine.changed(service, operation, headers, body)
        return found

    def _admit(self, cloud: Cloud, service: str, operation: str, params: dict[str, Any]) -> None:
        """Raise ThrottlingException or AccessDenied where strict mode has it; only roles are asked."""
        if cloud.session:
            cloud.access.count(service, operation)
            cloud.authorise(service, operation, params)

    def _check_disk(self, request: Request) -> None:
        if request.method in ("PUT", "POST") and self.cloud.engine.disk_is_full(len(request.body)):
            raise ServiceError("InsufficientStorageCapacity", _FULL_DISK, 507)


_OUR_FAULT = "The local AWS failed; its log (server.log) has the traceback."
_FULL_DISK = "The disk that holds the local AWS is full: free some space, then send this again. Nothing was written."
