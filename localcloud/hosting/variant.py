"""A production variant: a live process that has loaded a model and answers, restarted when it dies."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shlex
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from localcloud.cloud import Cloud
from localcloud.hosting.unix_http import Answer, Client, NotThere
from localcloud.jobs import images, s3io
from localcloud.jobs.container import background, base_environment, end_run, layered_python, new_run, run_process
from localcloud.jobs.log_stream import LogStream
from localcloud.jobs.opt_ml import fetch_code, place_opt_ml
from localcloud.runtime import model_server

log = logging.getLogger("localcloud")
STARTUP_SECONDS = 300.0
RESTART_SECONDS = 10.0
MAX_PAUSE = 10.0
Json = dict[str, Any]


def sockets_folder(home: Path) -> Path:
    """A new private folder for a socket, whose path may have 100 characters only, so it is not below `home`."""
    return Path(tempfile.mkdtemp(prefix=_sockets_prefix(home)))


def remove_sockets(home: Path) -> None:
    """Delete the folders of sockets that this installation's last server has left, which was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_sockets_prefix(home)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _sockets_prefix(home: Path) -> str:
    return f"lc-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}-"


@dataclass(frozen=True, slots=True)
class Invocation:
    """An answer of the model, the seconds that it took, and those that its process took to start for it."""

    answer: Answer
    model_seconds: float
    setup_seconds: float = 0.0


class Variant:
    """One model server process and its socket. `start` returns at once; `wait_ready` says how it went."""

    def __init__(self, cloud: Cloud, endpoint: str, config: Json, model: Json) -> None:
        self.name: str = config["VariantName"]
        self.config = config
        self.weight = float(config.get("InitialVariantWeight", 1.0))
        self._cloud, self._endpoint, self._model = cloud, endpoint, model
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._fetched = threading.Event()
        self._answered = False
        self._failure = ""
        self.image: str = model["PrimaryContainer"]["Image"]
        self.busy = 0  # requests that wait for this process's answer; changed by the event loop only
        self._sockets = sockets_folder(cloud.home)
        self.socket = self._sockets / "model"
        self._client = httpx.Client(transport=httpx.HTTPTransport(uds=str(self.socket)), timeout=2)
        self._http = Client(self.socket)

    def start(self) -> None:
        background.start(self._run, f"endpoint {self._endpoint} {self.name}")

    @property
    def ended(self) -> bool:
        """Whether there is no process any more, nor will be."""
        return self._ended.is_set()

    async def invoke(self, headers: dict[str, str], body: bytes) -> Invocation:
        """One request to the model; more tries while its process is being restarted.

        Raises:
            NotThere, Broken, TimeoutError: as `unix_http.Client`.
        """
        self.busy += 1
        try:
            deadline = time.monotonic() + RESTART_SECONDS
            while True:
                began = time.perf_counter()
                try:
                    answer = await self._http.post("/invocations", headers, body)
                except NotThere:
                    if self._stopping() or time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.1)
                else:
                    return Invocation(answer, time.perf_counter() - began)
        finally:
            self.busy -= 1

    def ready(self) -> bool:
        """Whether the process answers GET /ping now."""
        try:
            self._answered = self._client.get("http://model/ping").status_code == 200
        except (httpx.TransportError, RuntimeError):  # not there yet; or stopped meanwhile
            return False
        return self._answered

    def wait_ready(self, seconds: float, download: float | None = None) -> str:
        """Wait for the first good ping. Returns "" when it comes, else the reason why it does not.

        Args:
            download: how many of its own seconds the model data may take to come; else `seconds` is for all.
        """
        if download is not None and not self._fetched.wait(download):
            return f"the model data was not downloaded within {download:.0f} s"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.ready():
                return ""
            if self._ended.wait(0.05):
                return self._failure or "The model server was stopped."
        return f"no answer to the ping health check within {seconds:.0f} s"

    def stop(self) -> None:
        """End the process and wait for it."""
        self._stop.set()
        self._ended.wait(15)
        self._client.close()
        self._cloud.loop.call_soon_threadsafe(self._http.close)

    def _run(self) -> None:
        run = new_run(self._cloud, "endpoint", f"{self._endpoint}-{self.name}-{int(time.time() * 1000)}")
        stream = LogStream(
            self._cloud,
            f"/aws/sagemaker/Endpoints/{self._endpoint}",
            f"{self.name}/i-{abs(hash(run)) % 16**17:017x}",
        )
        try:
            self._serve(run, stream)
        except (s3io.TransferFailed, images.BuildFailed, OSError) as error:
            self._failure = str(error)
            stream.put([self._failure])
        except Exception as error:
            log.exception("endpoint %s", self._endpoint)
            self._failure = f"{type(error).__name__}: {error}"
        finally:
            self._ended.set()
            self._fetched.set()
            end_run(run)
            shutil.rmtree(self._sockets, ignore_errors=True)  # here: a shutdown does not call stop()

    def _serve(self, run: Path, stream: LogStream) -> None:
        container = self._model["PrimaryContainer"]
        server, environment = plan_server(self._cloud, container, run, self.socket, lambda line: stream.put([line]))
        self._fetched.set()
        pause = 0.2
        while not self._stopping():
            tail: list[str] = []
            began = time.monotonic()

            def on_lines(lines: list[str], tail: list[str] = tail) -> None:
                stream.put(lines)
                tail.extend(line for line in lines if line.strip())
                del tail[:-20]

            ended = run_process(
                server,
                environment=environment,
                folder=run,
                log_file=run / "output.log",
                stop=self._stopping,
                on_lines=on_lines,
                hide=run,
                isolated=bool(self._model.get("EnableNetworkIsolation")),
            )
            if self._stop.is_set():
                stream.put(["The model server was stopped."])  # the log's last line says when the endpoint ended
            if self._stopping():
                return
            reason = tail[-1] if tail else f"exit code {ended.code}"
            if not self._answered:
                self._failure = reason
                return
            stream.put([f"The model server ended ({reason}); starting it again."])
            self._stop.wait(pause)
            pause = min(MAX_PAUSE, pause * 2) if time.monotonic() - began < 60 else 0.2

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._cloud.stopping.is_set()


def plan_server(
    cloud: Cloud, container: Json, run: Path, socket: Path, tell: Callable[[str], None]
) -> tuple[list[str], dict[str, str]]:
    """Prepare a model's container in a run's folder, for an endpoint or a batch transform.

    Args:
        tell: gets the lines of an image that is being built.
    Returns:
        The command of the server that answers GET /ping and POST /invocations at `socket`, and its environment.
    Raises:
        TransferFailed: the model data is missing, no archive, or leads out of its folder.
        BuildFailed: the image cannot be built.
    """
    python = layered_python(run, images.for_uri(container["Image"]), tell)
    opt_ml = run / "opt" / "ml"
    variables = {
        name: value.replace("/opt/ml", str(opt_ml)) for name, value in container.get("Environment", {}).items()
    }
    code = fetch_model(cloud, container, opt_ml, variables)
    program = variables.get("SAGEMAKER_PROGRAM") or "inference.py"
    runtime = Path(model_server.__file__).with_name(images.server(container["Image"]))
    server = [str(python), str(runtime), str(socket), str(opt_ml / "model"), str(code), program]
    if (code / "requirements.txt").is_file():
        install = f"{shlex.quote(str(python))} -m pip install -q -r {shlex.quote(str(code / 'requirements.txt'))}"
        server = ["/bin/sh", "-c", f'{install} && exec "$@"', "sh", *server]
    return server, {**base_environment(cloud, run, python), "SM_MODEL_DIR": str(opt_ml / "model"), **variables}


def fetch_model(cloud: Cloud, container: Json, opt_ml: Path, variables: dict[str, str]) -> Path:
    """Download and unpack the model data and its code; return the folder that holds the inference script.

    Raises:
        TransferFailed: it is missing, no archive, or an archive with members that lead out of its folder.
    """
    model = opt_ml / "model"
    model.mkdir(parents=True)
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    uri = container.get("ModelDataUrl") or (source or {}).get("S3Uri")
    if uri and source and source.get("CompressionType") == "None":
        s3io.download_prefix(cloud.client("s3"), uri, model)
    elif uri:
        bucket, key = s3io.parse_uri(uri)
        archive = opt_ml.parent / "model.tar.gz"
        s3io.download_file(cloud.client("s3"), bucket, key, archive)
        s3io.extract(archive, model)
        archive.unlink()
    submitted = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if submitted.startswith("s3://"):
        fetch_code(cloud, submitted, opt_ml / "code", opt_ml)
        return opt_ml / "code"
    place_opt_ml(model / "code", opt_ml)
    return model / "code"
