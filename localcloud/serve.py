"""The server process: recover, listen, and on the way out leave everything saved and nothing running."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import time
from typing import Any
from urllib.parse import urlencode

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from localcloud import process
from localcloud.access import judge
from localcloud.cloud import Cloud
from localcloud.engine.ministack import Engine
from localcloud.jobs.container import background
from localcloud.sql import run as queries
from localcloud.store.resources import Store
from localcloud.store.state import BUCKET, READER_ROLE_NAME, ROLE_NAME, credentials, home, runs_folder, server_info

log = logging.getLogger("localcloud")
# What the SDK checks of an execution role before it starts a job, and what the course's own README asks of one on AWS.
_ROLE_ACTIONS = [
    *("s3:*", "sagemaker:*", "glue:*", "logs:*", "cloudwatch:*", "athena:*", "events:*", "ecr:*"),
    *("comprehend:*", "textract:*", "pricing:*", "budgets:*", "tag:*"),
    *("iam:GetRole", "iam:PassRole", "iam:SimulatePrincipalPolicy"),
    *("ec2:*NetworkInterface*", "ec2:Describe*"),
]
_READER_ACTIONS = ["s3:Get*", "s3:List*", "logs:*", "cloudwatch:PutMetricData", "ecr:*"]


def main() -> int:
    """Serve until SIGTERM or Ctrl-C. Returns the exit code; 0 also when another server already runs."""
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log.setLevel("INFO")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the learner's own profile would break, or lead away, the clients of this process
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    with process.only_one() as alone:
        if not alone:
            return 0
        asyncio.run(_serve())
    return 0


async def _serve() -> None:
    folder = home()
    unclean = folder / "unclean"  # exists while a server runs, and after one was killed
    crashed = unclean.exists()
    listener = _listen()
    port = listener.getsockname()[1]
    store, own = Store(folder / "store.db"), credentials()
    engine = Engine(folder / "engine", store, own)
    endpoint, loop = f"http://127.0.0.1:{port}", asyncio.get_running_loop()
    cloud = Cloud(folder, endpoint, own, store, engine, loop, access=judge.from_environment(store))
    if crashed:
        log.warning("the last server was killed: ended %s processes that it left", process.sweep())
        engine.mend_objects()
    unclean.touch()

    from localcloud.door.request_log import logged
    from localcloud.door.server import Server

    server = Server(cloud, port)
    app = logged(server) if "requests" in os.environ.get("LOCALCLOUD_LOG", "").split(",") else server
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def ready() -> None:
        if crashed:
            await engine.replay_logs()
        await _make_account(engine)
        await asyncio.to_thread(_recover, cloud)
        process.write_info(port, strict=cloud.access.strict, recording=cloud.access.recording)
        log.info("ready on %s", cloud.endpoint)

    ended_at = 0.0

    async def until_stopped() -> None:
        nonlocal ended_at
        await stop.wait()
        ended_at = time.time()
        process.write_stopping()
        cloud.stopping.set()
        await asyncio.to_thread(background.join, 12.0)

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 1.0
    config.accesslog = config.errorlog = None
    config.keep_alive_timeout = 60
    config.h11_max_incomplete_size = 2**20
    await hypercorn_serve(_after_startup(app, ready), config, shutdown_trigger=until_stopped)  # type: ignore[arg-type]
    queries.end()
    if engine.finished_cleanly(ended_at):
        unclean.unlink(missing_ok=True)
    store.close()


def _listen() -> socket.socket:
    """Take the port of last time when it is free, so that notebooks that are still open find us again."""
    last = int(str((server_info() or {}).get("port", 0)))
    for port in [last, 0] if last else [0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)  # our own endpoints call S3 while they come back: they wait until we answer
            return listener
        except OSError:
            listener.close()
    raise OSError("no free port on 127.0.0.1")


def _after_startup(app: Any, ready: Any) -> Any:
    """The application, with `ready` run when the engine has loaded its state and before the first request."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                await ready()
            await send(message)

        await app(scope, receive, watch if scope["type"] == "lifespan" else send)

    return wrapped


async def _make_account(engine: Engine) -> None:
    """The roles and the bucket that every account of the course has from the start."""
    trust = _policy(
        {
            "Principal": {"Service": ["sagemaker.amazonaws.com", "glue.amazonaws.com", "events.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    )
    for role, actions in ((ROLE_NAME, _ROLE_ACTIONS), (READER_ROLE_NAME, _READER_ACTIONS)):
        allow = _policy({"Action": actions, "Resource": "*"})
        for action, more in (
            ("CreateRole", {"AssumeRolePolicyDocument": trust}),
            ("PutRolePolicy", {"PolicyName": "DataScienceOnAWS", "PolicyDocument": allow}),
        ):
            form = {"Action": action, "Version": "2010-05-08", "RoleName": role, **more}
            headers = {"content-type": "application/x-www-form-urlencoded"}
            await engine.request("iam", headers, urlencode(form).encode())
    await engine.changed("iam", "CreateRole", {}, b"")
    await engine.request("s3", {}, b"", method="PUT", path=f"/{BUCKET}")
    await engine.bucket_changed()


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _recover(cloud: Cloud) -> None:
    from localcloud.services import RECOVERIES

    shutil.rmtree(runs_folder(cloud.home), ignore_errors=True)  # what a killed server left half done
    for recover in RECOVERIES:
        recover(cloud)
