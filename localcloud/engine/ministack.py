"""The embedded engine (ministack, an ASGI app): S3, IAM, STS, CloudWatch, Logs, Budgets.

Three things are added around it. It is told by environment variables, before its import, to stay inside our folder.
What it holds in memory is made safe against `kill -9`: a small service is saved after every change, CloudWatch Logs
(many small appends) is journalled and replayed. And only services that it really executes are forwarded to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.engine import alarms, budgets, cloudwatch, eventbridge, iam, logs, s3, sts
from localcloud.engine.operations import OFFERED
from localcloud.store.resources import Store
from localcloud.store.sessions import Session
from localcloud.store.state import ACCOUNT, REGION, Credentials

# What the engine really does, by signing name, and the name of its module that holds the state.
STATE_MODULES = {
    "iam": "iam",
    "monitoring": "cloudwatch",
    "budgets": "budgets",
    "events": "eventbridge",
}
# The module that answers, where its name is not the signing name.
_HANDLERS = {**STATE_MODULES, "logs": "cloudwatch_logs"}
PARTS = OFFERED
_READS = ("Describe", "Get", "List", "Filter", "BatchGet", "Head", "Simulate", "Lookup", "Generate")
MINIMUM_FREE_BYTES = 200 * 2**20


class Answer(NamedTuple):
    """An answer of the engine; `headers` as it spells them."""

    status: int
    headers: dict[str, str]
    body: bytes


class Engine:
    """The ASGI app and its persistence. Create it before anything imports `ministack`."""

    def __init__(self, folder: Path, store: Store, credentials: Credentials) -> None:
        self.folder = folder
        self.s3_folder = folder / "s3" / ACCOUNT
        self.s3_changes = 0  # how many requests so far may have changed S3; what was read at one number holds at it
        self._store = store
        self._access_key = credentials.access_key
        self._saving: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wanted: dict[str, int] = defaultdict(int)
        self._saved: dict[str, int] = defaultdict(int)
        (folder / "state").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # $LOCALCLOUD_HOME may be a folder that others can read
        os.environ.update(
            S3_PERSIST="1",
            S3_DATA_DIR=str(folder / "s3"),
            PERSIST_STATE="1",
            STATE_DIR=str(folder / "state"),
            BIND_HOST="127.0.0.1",
            IOT_MTLS_ENABLED="0",
            SFTP_ENABLED="0",
            MINISTACK_ACCOUNT_ID=ACCOUNT,
            MINISTACK_REGION=REGION,
            DOCKER_HOST="unix:///nonexistent",
            LOG_LEVEL="WARNING",
        )
        from ministack.app import app
        from ministack.services import budgets as engine_budgets
        from ministack.services import cloudwatch as engine_cloudwatch
        from ministack.services import cloudwatch_logs as engine_logs
        from ministack.services import eventbridge as engine_events
        from ministack.services import iam as engine_iam
        from ministack.services import s3 as engine_s3

        budgets.correct(engine_budgets)
        cloudwatch.correct(engine_cloudwatch)
        alarms.correct(engine_cloudwatch)
        eventbridge.correct(engine_events)
        iam.correct(engine_iam._IAM_HANDLERS, engine_iam)
        logs.correct(engine_logs)
        s3.correct(engine_s3)

        self.app: Any = app

    async def ask(
        self,
        service: str,
        headers: dict[str, str],
        body: bytes,
        *,
        method: str = "POST",
        path: str = "/",
        query: dict[str, list[str]] | None = None,
        session: Session | None = None,
    ) -> Answer:
        """Let a service's module answer, past the engine's own router, whose paths and hosts lead elsewhere.

        Args:
            headers: names in lower case.
            path: percent-decoded.
            session: of the role that asks; None is the account itself.
        """
        from ministack.app import _get_module
        from ministack.core.responses import fix_error_content_type, set_request_account_id, set_request_region

        set_request_account_id(ACCOUNT)
        set_request_region(REGION)
        if service == "sts" and session:
            return Answer(200, {"content-type": "text/xml"}, sts.caller_identity(session))
        handle = _get_module(_HANDLERS.get(service, service)).handle_request
        everything = {**headers, "authorization": self._authorization(service)}
        try:
            status, answered, content = await handle(method, path, everything, body, query or {})
        finally:
            if service == "s3" and method not in ("GET", "HEAD"):
                self.s3_changes += 1
        fix_error_content_type(service, status, answered)
        return Answer(status, answered, content.encode() if isinstance(content, str) else content)

    def _authorization(self, service: str) -> str:
        """The header by which the engine knows service and account; it does not check the signature, we do."""
        credential = f"{self._access_key}/{time.strftime('%Y%m%d')}/{REGION}/{service}/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}"

    async def request(
        self, service: str, headers: dict[str, str], body: bytes, *, method: str = "POST", path: str = "/"
    ) -> tuple[int, bytes]:
        """Call the engine in this process, without HTTP: for our own services."""
        answer = await self.ask(service, headers, body, method=method, path=path)
        return answer.status, answer.body

    async def changed(self, service: str, operation: str, headers: dict[str, str], body: bytes) -> None:
        """Make an acknowledged change durable before the answer goes out."""
        if service == "logs":
            if not operation.startswith(_READS):
                entry = json.dumps([headers.get("x-amz-target", ""), body.decode()])
                self._store.journal_append(entry.encode())
        elif service in STATE_MODULES and not operation.startswith(_READS):
            await self._save(STATE_MODULES[service])

    async def bucket_changed(self) -> None:
        """Objects are safe as files; the list of buckets and their settings is state."""
        await self._save("s3")

    async def _save(self, module_name: str) -> None:
        """Save one service's state; changes that arrive meanwhile share the next save."""
        self._wanted[module_name] += 1
        ticket = self._wanted[module_name]
        async with self._saving[module_name]:
            if self._saved[module_name] >= ticket:
                return
            from ministack.app import _get_module
            from ministack.core.persistence import save_state

            covers = self._wanted[module_name]
            state = _get_module(module_name).get_state()
            before = self._stamp(module_name)
            await asyncio.to_thread(save_state, module_name, state)
            if self._stamp(module_name) == before:  # the engine logs a failed save and goes on
                raise OSError(f"the state of {module_name} could not be written; is the disk full?")
            self._saved[module_name] = covers

    def _stamp(self, module_name: str) -> int:
        """When a service's state was last written; it is replaced as a whole, so a save gives it another time."""
        path = self.folder / "state" / f"{module_name}.json"
        return path.stat().st_mtime_ns if path.exists() else 0

    async def replay_logs(self) -> None:
        """After a crash: apply the log calls that no clean shutdown has saved."""
        for entry in self._store.journal():
            target, body = json.loads(entry)
            headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
            again = {**json.loads(body), "_replayed": True}  # it was taken once, however long ago
            await self.request("logs", headers, json.dumps(again).encode())

    def mend_objects(self) -> None:
        """After a crash: drop temporary files, and a sidecar older than its object (the engine then makes it anew)."""
        for path in (self.folder / "s3").rglob("*"):
            if path.name.endswith(".tmp"):
                path.unlink(missing_ok=True)
            elif path.name.endswith(".meta.json"):
                data = path.with_name(path.name.removesuffix(".meta.json"))
                if data.is_file() and data.stat().st_mtime_ns > path.stat().st_mtime_ns:
                    path.unlink()

    def finished_cleanly(self, began: float) -> bool:
        """Whether the engine has saved the logs since its shutdown `began`: then their journal is spent."""
        saved = not self._store.journal() or self._stamp("cloudwatch_logs") >= began * 1e9
        if saved:
            self._store.journal_clear()
        return saved

    def disk_is_full(self, incoming: int) -> bool:
        return shutil.disk_usage(self.folder).free < MINIMUM_FREE_BYTES + 2 * incoming
