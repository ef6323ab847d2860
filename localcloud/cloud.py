"""The running local AWS, as jobs, hosting and services get it: their first argument, `cloud`.

It holds what there is once in the process: the store, the engine, clients that talk to this local AWS, the slots for
jobs (one a core) and the events that ask a job to stop.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud import environment
from localcloud.access.judge import Access
from localcloud.engine.ministack import Engine
from localcloud.engine.policies import Need
from localcloud.store.resources import Store
from localcloud.store.sessions import Session, credentials_of, role_name
from localcloud.store.state import ACCOUNT, REGION, Credentials, mark


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass
class Cloud:
    """One running local AWS, made by `serve.py` and handed down.

    `acting_as(role)` is the same one as a role sees it: its clients, and the processes that get its `environment()`,
    have the role's credentials.
    """

    home: Path
    endpoint: str
    credentials: Credentials
    store: Store
    engine: Engine
    loop: asyncio.AbstractEventLoop
    access: Access
    session: Session | None = None  # of the role that this one acts as
    root: Cloud | None = None  # the one that acts as the installation, when this one acts as a role
    stopping: threading.Event = field(default_factory=threading.Event)
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))
    stops: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _client_lock: threading.Lock = field(default_factory=threading.Lock)
    _acting: dict[Session, Cloud] = field(default_factory=dict)

    def acting_as(self, role: str | Session | None, name: str = "session") -> Cloud:
        """This local AWS with the rights of a role, which is given by name, ARN or session."""
        if not role:
            return self
        session = role if isinstance(role, Session) else Session(role_name(role), name)
        with self._client_lock:
            if session not in self._acting:
                self._acting[session] = replace(self, session=session, root=self.itself, _clients={})
            return self._acting[session]

    @property
    def itself(self) -> Cloud:
        """The one that acts as the installation: what a service does on its own account, and no role is asked for."""
        return self.root or self

    @property
    def keys(self) -> Credentials:
        """The credentials that this one's clients and processes have."""
        return credentials_of(self.session, self.credentials) if self.session else self.credentials

    @property
    def strict(self) -> bool:
        """Whether what a role sees is as on AWS: its rights, the account's limits, logs that arrive late."""
        return self.access.strict and self.session is not None

    def authorise(self, service: str, operation: str, params: dict[str, Any]) -> None:
        """Raise AccessDenied unless the role that this one acts as may make this call."""
        if self.session:
            self.access.check(self.session, service, operation, params)

    def require(self, operation: str, *needs: Need) -> None:
        """The same for what a service does of itself in the name of a role, as writing a job's log."""
        if self.session:
            self.access.require(self.session, needs[0].action.partition(":")[0], operation, needs)

    def client(self, service: str) -> Any:
        """A boto3 client of this local AWS; thread-safe, made once."""
        with self._client_lock:
            if service not in self._clients:
                keys = self.keys
                session = boto3.Session(
                    aws_access_key_id=keys.access_key,
                    aws_secret_access_key=keys.secret_key,
                    aws_session_token=keys.session_token or None,
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
        return {**environment.of_a_job(self.endpoint, self.keys), "LOCALCLOUD_OWNER": mark(self.home)}
