"""InvokeEndpoint: one request to a live variant, answered as the model answered."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import httpx

from localcloud.aws import Cloud
from localcloud.services import hosting
from localcloud.variant import Variant

MAXIMUM_PAYLOAD = 25 * 2**20  # real-time inference, AWS service quotas
RESTART_SECONDS = 10.0
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def invoke_endpoint(cloud: Cloud, path: str, headers: dict[str, str], body: bytes, send: Send) -> None:
    """Serve POST /endpoints/{name}/invocations. Errors are those of the SageMaker Runtime API."""
    match = re.fullmatch(r"/endpoints/([^/]+)/invocations", path)
    if not match:
        await _error(send, 400, "ValidationError", f"{path} is not offered by the local AWS.")
        return
    name = unquote(match.group(1))
    endpoint = cloud.store.get(hosting.ENDPOINT, name)
    variants = hosting.live_variants(name)
    if endpoint is None or not variants:
        status = f" is in status {endpoint['EndpointStatus']}" if endpoint else " of account not found"
        await _error(send, 400, "ValidationError", f"Endpoint {name}{status}.")
        return
    if len(body) > MAXIMUM_PAYLOAD:
        await _error(send, 413, "ValidationError", f"The body has {len(body)} bytes; the limit is {MAXIMUM_PAYLOAD}.")
        return
    wanted = headers.get("x-amzn-sagemaker-target-variant")
    chosen = [v for v in variants if v.name == wanted] if wanted else variants
    if not chosen:
        await _error(send, 400, "ValidationError", f"Variant {wanted} does not exist for endpoint {name}.")
        return
    weights = [max(variant.weight, 1e-9) for variant in chosen]
    variant = random.choices(chosen, weights)[0]
    accept = headers.get("accept") or "application/json"
    sent = {"content-type": headers.get("content-type", "application/octet-stream"), "accept": accept}
    if "x-amzn-sagemaker-custom-attributes" in headers:
        sent["x-amzn-sagemaker-custom-attributes"] = headers["x-amzn-sagemaker-custom-attributes"]
    variant.busy += 1
    try:
        answer = await _post(variant, sent, body)
    except httpx.TimeoutException:
        await _model_error(send, 0, "Your invocation timed out while waiting for a response from container primary.")
        return
    except httpx.TransportError as error:
        await _model_error(send, 503, f"The container is not answering: {type(error).__name__}")
        return
    finally:
        variant.busy -= 1
    if answer.status_code >= 400:
        await _model_error(send, answer.status_code, answer.text[:2000])
        return
    reply = {
        "content-type": answer.headers.get("content-type", accept),
        "content-length": str(len(answer.content)),
        "x-amzn-invoked-production-variant": variant.name,
    }
    await send({"type": "http.response.start", "status": 200, "headers": _encoded(reply)})
    await send({"type": "http.response.body", "body": answer.content})


async def _post(variant: Variant, headers: dict[str, str], body: bytes) -> httpx.Response:
    """One try, and while the process is being restarted, more."""
    deadline = asyncio.get_running_loop().time() + RESTART_SECONDS
    while True:
        try:
            return await variant.http.post("http://model/invocations", content=body, headers=headers)
        except httpx.ConnectError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _model_error(send: Send, original: int, message: str) -> None:
    kind = "client" if 400 <= original < 500 else "server"
    text = f'Received {kind} error ({original}) from primary with message "{message}".'
    await _error(send, 424, "ModelError", text, OriginalStatusCode=original, OriginalMessage=message)


async def _error(send: Send, status: int, code: str, message: str, **more: object) -> None:
    body = json.dumps({"Message": message, "message": message, **more}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "x-amzn-errortype": code}
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": body})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
