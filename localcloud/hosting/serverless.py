"""A serverless variant: no process until a request comes, none any more when no request has come for a while.

The cold start is real: the first request waits while the model is fetched, the process starts and the model loads.
As on AWS, a new endpoint comes into service only after its model has once loaded and answered a ping; here that process
ends at once, so that the first request is a cold one. Not as on AWS: one process answers all requests (there one
container per concurrent request), and MemorySizeInMB is checked but does not limit the process.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from localcloud.cloud import Cloud
from localcloud.hosting.variant import Invocation, Variant
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError

STARTUP_SECONDS = 180.0  # AWS: download and a good ping within 3 minutes
IDLE_SECONDS = float(os.environ.get("LOCALCLOUD_SERVERLESS_IDLE_SECONDS", "60"))
MAXIMUM_PAYLOAD = 4 * 2**20
Json = dict[str, Any]


class Throttled(Exception):
    """More requests at once than MaxConcurrency."""


class NotStarted(Exception):
    """The process did not come up for a request; the message says why."""


def check(config: Json) -> None:
    """Refuse an endpoint configuration with a ServerlessConfig that AWS would not take, or that is not offered here."""
    variants = config["ProductionVariants"]
    for variant in (one for one in variants if one.get("ServerlessConfig")):
        serverless = variant["ServerlessConfig"]
        problem = ""
        if len(variants) > 1:
            problem = "A serverless endpoint has exactly one production variant."
        elif variant.get("InstanceType") or variant.get("InitialInstanceCount"):
            problem = "A variant with ServerlessConfig has neither InstanceType nor InitialInstanceCount."
        elif serverless["MemorySizeInMB"] % 1024:  # its bounds are in the model
            problem = "MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120, 6144."
        elif config.get("DataCaptureConfig"):
            problem = "Data capture is not supported for serverless endpoints."
        elif serverless.get("ProvisionedConcurrency"):
            problem = "ProvisionedConcurrency is not offered by the local AWS, only on AWS."
        if problem:
            raise ServiceError("ValidationException", problem)


class Serverless:
    """What an endpoint sees of a serverless variant; a `Variant` lives inside from time to time."""

    def __init__(self, cloud: Cloud, endpoint: str, config: Json, model: Json) -> None:
        self.name: str = config["VariantName"]
        self.config = config
        self.weight = float(config.get("InitialVariantWeight", 1.0))
        self.limit: int = config["ServerlessConfig"]["MaxConcurrency"]
        self.image: str = model["PrimaryContainer"]["Image"]
        self.busy = 0  # requests that wait for an answer; changed by the event loop only
        self._make: Callable[[], Variant] = lambda: Variant(cloud, endpoint, config, model)
        self._cloud = cloud
        self._coming: asyncio.Future[Variant] | None = None  # event loop only: the process that is there, or comes
        self._last_use = 0.0
        self._lock = threading.Lock()
        self._process: Variant | None = None
        self._closed = False

    def start(self) -> None:
        """Start the check that the model loads; `wait_ready` says how it went."""
        self._new_process()

    def wait_ready(self, seconds: float, download: float | None = None) -> str:
        """Wait until the model has loaded once, and end that process. Returns "" or the reason why it did not load.

        The download has no limit of its own: it and the start have 3 minutes at most.
        """
        process = self._process
        if process is None:
            return "The endpoint is being deleted."
        reason = process.wait_ready(min(seconds, STARTUP_SECONDS))
        process.stop()
        return reason

    @property
    def ended(self) -> bool:
        """Whether there is no process now."""
        return self._process is None or self._process.ended

    async def invoke(self, headers: dict[str, str], body: bytes) -> Invocation:
        """One request, which waits for the process when there is none.

        Raises:
            Throttled, NotStarted: see there.
            NotThere, Broken, TimeoutError: as `Variant.invoke`.
        """
        if self.busy >= self.limit:
            raise Throttled(f"MaxConcurrency is {self.limit}, and so many requests are being answered.")
        self.busy += 1
        began = time.perf_counter()
        try:
            warm = self._coming is not None and self._coming.done()
            if self._coming is None:
                self._coming = self._bring_up()
            process = await asyncio.shield(self._coming)
            setup = 0.0 if warm else time.perf_counter() - began
            return replace(await process.invoke(headers, body), setup_seconds=setup)
        finally:
            self.busy -= 1
            self._last_use = time.monotonic()

    def stop(self) -> None:
        with self._lock:
            self._closed = True
        if self._process:
            self._process.stop()

    def _new_process(self) -> Variant | None:
        with self._lock:
            if self._closed:
                return None
            self._process = self._make()
            self._process.start()
            return self._process

    def _bring_up(self) -> asyncio.Future[Variant]:
        """In the event loop: start the process; the future has it when it answers."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Variant] = loop.create_future()

        def work() -> None:
            process = self._new_process()
            reason = process.wait_ready(STARTUP_SECONDS) if process else "The endpoint is being deleted."
            if process and reason:
                process.stop()
            loop.call_soon_threadsafe(finish, process, reason)

        def finish(process: Variant | None, reason: str) -> None:
            if process and not reason:
                future.set_result(process)
                loop.call_later(IDLE_SECONDS, self._stop_when_idle)
            else:
                self._coming = None
                future.set_exception(NotStarted(reason))
                future.exception()  # looked at: nobody may be waiting any more

        background.start(work, f"cold start of {self.name}")
        return future

    def _stop_when_idle(self) -> None:
        """In the event loop: end the process when nobody has asked for long enough, else look again later."""
        rest = self._last_use + IDLE_SECONDS - time.monotonic()
        if self._closed or self._cloud.stopping.is_set():
            return
        if self.busy or rest > 0:
            asyncio.get_running_loop().call_later(max(rest, 0.1), self._stop_when_idle)
            return
        self._coming = None
        if self._process:
            background.start(self._process.stop, f"idle {self.name}")
