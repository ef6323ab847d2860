"""Shows each request in one line of the log: method, service, operation, status, an error's code, milliseconds.

Neither headers, bodies nor query strings: these hold credentials and the user's data.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.door.request import Receive, Scope, Send, path_of

log = logging.getLogger("localcloud")
SERVICE, OPERATION = "localcloud.service", "localcloud.operation"  # where in its scope the server notes what it is
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def logged(app: Application) -> Application:
    """The same application, which logs each request when it has been answered."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), "0"

        async def watch(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                error = dict(message.get("headers", [])).get(b"x-amzn-errortype", b"").decode()
                status = f"{message['status']} {error}".rstrip()
            await send(message)

        try:
            await app(scope, receive, watch)
        finally:
            if scope["type"] == "http":
                milliseconds = (time.perf_counter() - began) * 1000
                what = scope.get(OPERATION) or path_of(scope)
                service = scope.get(SERVICE, "refused")
                log.info("%s %s %s %s %.0f ms", scope["method"], service, what[:300], status, milliseconds)

    return wrapped
