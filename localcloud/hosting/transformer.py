"""One batch transform's model server, and the requests to it: files in, files out, in the order of their records."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from localcloud.cloud import Cloud
from localcloud.hosting.batching import MEGABYTE, Batch, Processing, answer_of, batches
from localcloud.hosting.variant import STARTUP_SECONDS, plan_server, sockets_folder
from localcloud.jobs.container import background, run_process
from localcloud.jobs.log_stream import LogStream

log = logging.getLogger("localcloud")
END_SECONDS = 8.0
Json = dict[str, Any]


class Stopped(Exception):
    """The job, or the local AWS, is asked to stop."""


class ModelFailed(Exception):
    """The model's server did not start, or has ended; its own last words are in the job's log."""


class BadAnswer(Exception):
    """The model refused a request; the message is its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Transformer:
    """A running model server; a context manager that ends it.

    Raises:
        TransferFailed, BuildFailed: the model or its image is not to be had.
        ModelFailed: the server does not answer its health check.
        Stopped: asked to stop meanwhile.
    """

    def __init__(
        self, cloud: Cloud, job: Json, model: Json, run: Path, stream: LogStream, stop: threading.Event
    ) -> None:
        source, target, container = job["TransformInput"], job["TransformOutput"], model["PrimaryContainer"]
        self._isolated = bool(model.get("EnableNetworkIsolation"))
        # An unset or zero number is the container's to say (GET /execution-parameters); ours leaves AWS's defaults.
        self._at_once: int = job.get("MaxConcurrentTransforms") or 1
        megabytes: int = job.get("MaxPayloadInMB", 6)
        single = job.get("BatchStrategy") == "SingleRecord"
        strategy = "SINGLE_RECORD" if single else "MULTI_RECORD"
        self.settings = f"MaxConcurrentTransforms={self._at_once}, MaxPayloadInMB={megabytes}, BatchStrategy={strategy}"
        self._cut = {"by_line": source.get("SplitType") == "Line", "single": single, "limit": megabytes * MEGABYTE}
        self._by_line = target.get("AssembleWith") == "Line"
        self._processing = Processing(job.get("DataProcessing") or {}, source, target)
        self._headers = {"content-type": source.get("ContentType") or "application/octet-stream"}
        if target.get("Accept"):
            self._headers["accept"] = target["Accept"]
        client = job.get("ModelClientConfig") or {}
        self._retries: int = client.get("InvocationsMaxRetries", 3)
        self._cloud, self._stream, self._stop, self._run = cloud, stream, stop, run
        variables = {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self._at_once),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(megabytes),
            "SAGEMAKER_BATCH_STRATEGY": strategy,
        }
        environment = {**container.get("Environment", {}), **variables, **job.get("Environment", {})}
        self._container = {**container, "Environment": environment}
        self._end, self._ended = threading.Event(), threading.Event()
        self._ended.set()  # there is no process yet
        self._sockets = sockets_folder(cloud.home)
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self._sockets / "model")),
            timeout=httpx.Timeout(client.get("InvocationsTimeoutInSeconds", 600), connect=10),
        )

    def __enter__(self) -> Transformer:
        try:
            socket = self._sockets / "model"
            plan = plan_server(self._cloud, self._container, self._run, socket, lambda line: self._stream.put([line]))
            self._ended.clear()
            background.start(lambda: self._serve(*plan), f"model of {self._run.name}")
            self._wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._ended.wait(END_SECONDS)  # its last lines are in the log before the job is seen to have ended
        self._http.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _serve(self, command: list[str], environment: dict[str, str]) -> None:
        try:
            run_process(
                command,
                environment=environment,
                folder=self._run,
                log_file=self._run / "output.log",
                stop=lambda: self._end.is_set() or self._asked_to_stop(),
                on_lines=self._stream.put,
                hide=self._run,
                isolated=self._isolated,
            )
        except OSError:
            log.exception("the model server of %s", self._run.name)
        finally:
            self._ended.set()

    def _asked_to_stop(self) -> bool:
        return self._stop.is_set() or self._cloud.stopping.is_set()

    def _check_alive(self) -> None:
        if self._asked_to_stop():
            raise Stopped
        if self._ended.is_set():
            raise ModelFailed("Unable to get response from algorithm: the model server has ended")

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline:
            self._check_alive()
            try:
                if self._http.get("http://model/ping", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # not there yet
            time.sleep(0.05)
        raise ModelFailed(f"Model server did not respond to /ping within {STARTUP_SECONDS:.0f} seconds")

    def transform(self, source: Path, target: Path) -> None:
        """Send a file in batches, some at once; write the answers in the order of the batches.

        Raises:
            BadRecord: the input or an answer does not fit.
            BadAnswer: the model refused a batch, also when asked again.
            ModelFailed, Stopped: it cannot go on.
        """
        waiting: deque[tuple[Batch, Future[Path]]] = deque()
        pool = ThreadPoolExecutor(self._at_once)
        try:
            with target.open("wb") as out:
                for number, batch in enumerate(batches(source, **self._cut)):
                    waiting.append((batch, pool.submit(self._ask, batch, self._run / f"answer-{number}")))
                    if len(waiting) > self._at_once:
                        self._write(out, *waiting.popleft())
                while waiting:
                    self._write(out, *waiting.popleft())
        except (Stopped, ModelFailed):
            self._end.set()  # what is under way ends with the server
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _ask(self, batch: Batch, target: Path) -> Path:
        """One request, from a thread of its own; the answer goes to a file."""
        filtered = self._processing.payload(batch) if self._processing.filters_input else None
        size = batch.stop - batch.start if filtered is None else len(filtered)
        headers = {**self._headers, "content-length": str(size)}
        for pause in [*(0.2 * 2**turn for turn in range(self._retries)), None]:
            content = batch.read() if filtered is None else filtered
            try:
                with self._http.stream("POST", "http://model/invocations", content=content, headers=headers) as answer:
                    if answer.status_code < 400:
                        with target.open("wb") as file:
                            for piece in answer.iter_bytes():
                                file.write(piece)
                        return target
                    problem = BadAnswer(answer.status_code, answer.read()[:2000].decode(errors="replace"))
            except httpx.TransportError as error:
                self._check_alive()
                problem = BadAnswer(503, f"Unable to get response from algorithm: {type(error).__name__}")
            if pause is None or problem.status < 500:
                break
            self._stop.wait(pause)
            self._check_alive()
        raise problem

    def _write(self, out: BinaryIO, batch: Batch, future: Future[Path]) -> None:
        """Append a batch's answer to the output, when it is there."""
        while True:
            try:
                answer = future.result(timeout=0.2)
                break
            except NotYet:
                self._check_alive()
        if self._processing.changes_output:
            end = "\n" if self._by_line else ""
            for line in self._processing.results(batch, answer_of(answer, batch.records)):
                out.write(f"{line}{end}".encode())
        else:
            _append(out, answer, newline=self._by_line)
        answer.unlink()


def _append(out: BinaryIO, answer: Path, *, newline: bool) -> None:
    last = b""
    with answer.open("rb") as content:
        shutil.copyfileobj(content, out)
        if newline and content.tell():
            content.seek(-1, os.SEEK_END)
            last = content.read(1)
    if newline and last != b"\n":
        out.write(b"\n")
