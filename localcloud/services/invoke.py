"""InvokeEndpoint: one request to a live variant, answered as the model answered."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from localcloud.cloud import Cloud
from localcloud.hosting import serverless
from localcloud.hosting.serverless import NotStarted, Serverless, Throttled
from localcloud.services import endpoints

MAXIMUM_PAYLOAD = 25 * 2**20  # real-time inference, AWS service quotas; server.py holds no more
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def invoke_endpoint(cloud: Cloud, path: str, headers: dict[str, str], body: bytes, send: Send) -> None:
    """Serve POST /endpoints/{name}/invocations. Errors are those of the SageMaker Runtime API."""
    began = time.perf_counter()
    match = re.fullmatch(r"/endpoints/([^/]+)/invocations", path)
    if not match:
        await _error(send, 400, "ValidationError", f"{path} is not offered by the local AWS.")
        return
    name = unquote(match.group(1))
    cloud.authorise("sagemaker", "InvokeEndpoint", {"EndpointName": name})
    serving = endpoints.live(name)
    if serving is None:
        endpoint = cloud.store.get(endpoints.ENDPOINT, name)
        status = f" is in status {endpoint['EndpointStatus']}" if endpoint else " of account not found"
        await _error(send, 400, "ValidationError", f"Endpoint {name}{status}.")
        return
    wanted = headers.get("x-amzn-sagemaker-target-variant")
    chosen = [v for v in serving.variants if v.name == wanted] if wanted else serving.variants
    if not chosen:
        await _error(send, 400, "ValidationError", f"Variant {wanted} does not exist for endpoint {name}.")
        return
    weights = [one.weight for one in chosen]
    variant = random.choices(chosen, weights if any(weights) else None)[0]
    if isinstance(variant, Serverless) and len(body) > serverless.MAXIMUM_PAYLOAD:
        message = (
            f"The body has {len(body)} bytes; the limit is {serverless.MAXIMUM_PAYLOAD} for a serverless endpoint."
        )
        await _error(send, 413, "ValidationError", message)
        return
    accept = headers.get("accept") or "application/json"
    sent = {"content-type": headers.get("content-type", "application/octet-stream"), "accept": accept}
    if "x-amzn-sagemaker-custom-attributes" in headers:
        sent["x-amzn-sagemaker-custom-attributes"] = headers["x-amzn-sagemaker-custom-attributes"]
    try:
        invocation = await variant.invoke(sent, body)
    except Throttled as error:
        await _error(send, 400, "ThrottlingException", str(error))
        return
    except (TimeoutError, OSError, NotStarted) as error:
        endpoints.meter.unanswered(name, variant.name, time.perf_counter() - began)
        await _model_error(send, *_unanswered(error))
        return
    answer = invocation.answer
    endpoints.meter.answered(
        name,
        variant.name,
        answer.status,
        model=invocation.model_seconds,
        whole=time.perf_counter() - began,
        setup=invocation.setup_seconds,
    )
    if answer.status >= 400:
        await _model_error(send, answer.status, answer.content.decode(errors="replace")[:2000])
        return
    kind = answer.headers.get("content-type", accept)
    if serving.capture and serving.capture.wants():
        inference_id = headers.get("x-amzn-sagemaker-inference-id")
        serving.capture.record(variant.name, (sent["content-type"], body), (kind, answer.content), inference_id)
    reply = {
        "content-type": kind,
        "content-length": str(len(answer.content)),
        "x-amzn-invoked-production-variant": variant.name,
    }
    await send({"type": "http.response.start", "status": 200, "headers": _encoded(reply)})
    await send({"type": "http.response.body", "body": answer.content})


def _unanswered(error: Exception) -> tuple[int, str]:
    """The status and the message for a request that the model did not answer."""
    if isinstance(error, TimeoutError):
        return 0, "Your invocation timed out while waiting for a response from container primary."
    if isinstance(error, NotStarted):
        return 503, f"The container did not start: {error}"
    return 503, f"The container is not answering: {type(error).__name__}"


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
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
