"""What the services share: the store, the engine, clients that talk to this local AWS, and the job slots."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.engine.ministack import Engine
from localcloud.store.resources import Store
from localcloud.store.state import ACCOUNT, REGION, Credentials, mark

log = logging.getLogger("localcloud")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass
class Cloud:
    """The running local AWS, as its services see it."""

    home: Path
    endpoint: str
    credentials: Credentials
    store: Store
    engine: Engine
    loop: asyncio.AbstractEventLoop
    stopping: threading.Event = field(default_factory=threading.Event)
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))
    stops: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _client_lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        """A boto3 client of this local AWS; thread-safe, made once."""
        with self._client_lock:
            if service not in self._clients:
                session = boto3.Session(
                    aws_access_key_id=self.credentials.access_key,
                    aws_secret_access_key=self.credentials.secret_key,
                    region_name=REGION,
                )
                config = Config(retries={"total_max_attempts": 2}, proxies={}, max_pool_connections=32)
                self._clients[service] = session.client(service, endpoint_url=self.endpoint, config=config)
            return self._clients[service]

    def call_engine(self, service: str, target: str, params: dict[str, Any]) -> tuple[int, bytes]:
        """From a job's thread: one JSON call to the engine, durable when it returns."""
        headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
        body = json.dumps(params).encode()

        async def call() -> tuple[int, bytes]:
            status, answer = await self.engine.request(service, headers, body)
            if status < 300:
                await self.engine.changed(service, target.rpartition(".")[2], headers, body)
            return status, answer

        future: Future[tuple[int, bytes]] = asyncio.run_coroutine_threadsafe(call(), self.loop)
        return future.result(60)

    def stop_event(self, kind: str, name: str) -> threading.Event:
        """The event that asks one running job to stop."""
        return self.stops.setdefault((kind, name), threading.Event())

    def environment(self) -> dict[str, str]:
        """What a job's process gets so that boto3 inside it talks to this local AWS, with no other credentials."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOCALCLOUD_OWNER": mark(self.home),
        }


class LogStream:
    """One CloudWatch log stream; made on first use, with its group."""

    def __init__(self, cloud: Cloud, group: str, stream: str) -> None:
        self._cloud, self._group, self._stream = cloud, group, stream
        self._made = False

    def put(self, lines: list[str]) -> None:
        """Append lines, stamped now. CloudWatch refuses empty messages, so an empty line becomes a blank."""
        if not self._made:
            for operation, extra in (
                ("CreateLogGroup", {}),
                ("CreateLogStream", {"logStreamName": self._stream}),
            ):
                self._call(operation, {"logGroupName": self._group, **extra})
            self._made = True
        now = int(time.time() * 1000)
        for start in range(0, len(lines), 1000):
            events = [{"timestamp": now, "message": line or " "} for line in lines[start : start + 1000]]
            self._call(
                "PutLogEvents",
                {"logGroupName": self._group, "logStreamName": self._stream, "logEvents": events},
            )

    def _call(self, operation: str, params: dict[str, Any]) -> None:
        try:
            status, answer = self._cloud.call_engine("logs", f"Logs_20140328.{operation}", params)
        except Exception:  # a full disk, a busy loop: a job or endpoint does not die of a lost log line
            log.exception("%s of %s", operation, self._group)
            return
        if status >= 300 and b"ResourceAlreadyExists" not in answer:
            log.warning("%s answered %s: %s", operation, status, answer[:200])
