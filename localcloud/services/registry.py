"""The table of operations that this process executes itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from localcloud.services import members

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Params = dict[str, Any]
Handler = Callable[["Cloud", Params], Params]
OPERATIONS: dict[tuple[str, str], Handler] = {}
Awaited = Callable[["Cloud", Params], Awaitable[Params]]
AWAITED: dict[tuple[str, str], Awaited] = {}


def operation(service: str, name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of an operation, by botocore's service and operation names."""

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def checked(cloud: Cloud, params: Params) -> Params:
            members.check(service, name, params)
            return handler(cloud, params)

        OPERATIONS[service, name] = checked
        return handler

    return register


def awaited_operation(service: str, name: str) -> Callable[[Awaited], Awaited]:
    """Register a coroutine function as the handler: one that waits for others, and needs no thread for it."""

    def register(handler: Awaited) -> Awaited:
        @wraps(handler)
        async def checked(cloud: Cloud, params: Params) -> Params:
            members.check(service, name, params)
            return await handler(cloud, params)

        AWAITED[service, name] = checked
        return handler

    return register
