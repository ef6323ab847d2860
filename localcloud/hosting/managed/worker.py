"""An open model's process: started by the first call, shared by all, ended by silence or with the local AWS.

The model lives in its own image environment, as a program of `localcloud/runtime` that answers POST requests at a Unix
socket. Neither the server nor a notebook imports it. A process that dies is started again by the next call.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
import time
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.hosting.unix_http import Answer, Broken, Client, NotThere
from localcloud.hosting.variant import sockets_folder
from localcloud.jobs import images
from localcloud.jobs.container import background, base_environment, end_run, new_run, run_process
from localcloud.runtime import model_server

log = logging.getLogger("localcloud")
ANSWER_SECONDS = 50.0  # with the start of the process; boto3 waits for 60, then asks again
IDLE_SECONDS = float(os.environ.get("LOCALCLOUD_MANAGED_IDLE_SECONDS", "120"))
SERVING = "serving"  # how the line ends that a program prints when its model has loaded


class NotAnswered(Exception):
    """The model gave no answer; the message says why, and whether to ask again."""


class Worker:
    """What a service sees of its model. Everything but the process's own thread belongs to the event loop."""

    def __init__(self, image: str, program: str) -> None:
        """`image` is the environment's name, `program` a file of `localcloud/runtime`."""
        self._image, self._program = image, program
        self._process: _Process | None = None
        self._busy, self._last_use = 0, 0.0

    async def ask(self, cloud: Cloud, body: bytes) -> Answer:
        """One request to the model, which is started for it when it does not run.

        A process that ends without an answer gets a successor, once: to read the same text twice does no harm.

        Raises:
            NotAnswered: see there.
        """
        self._busy += 1
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                try:
                    return await self._try(cloud, body)
                except (NotThere, Broken):
                    if cloud.stopping.is_set():
                        raise
                    return await self._try(cloud, body)
        except (NotThere, Broken) as error:
            raise NotAnswered(f"The model's process ended without an answer: {error}") from None
        except TimeoutError:
            serves = self._process and self._process.ready.done()
            state = "being answered" if serves else images.BUILDING.lower()
            raise NotAnswered(f"Not yet: {state}. Ask again.") from None
        finally:
            self._busy -= 1
            self._last_use = time.monotonic()

    async def _try(self, cloud: Cloud, body: bytes) -> Answer:
        process = self._running(cloud)
        await asyncio.shield(process.ready)
        try:
            return await process.client.post("/invocations", {}, body)
        except (NotThere, Broken):
            process.stop()
            raise

    def _running(self, cloud: Cloud) -> _Process:
        if self._process is None or self._process.ended:
            self._process = _Process(cloud, self._image, self._program)
            self._look_later(cloud, self._process, IDLE_SECONDS)
        return self._process

    def _look_later(self, cloud: Cloud, process: _Process, seconds: float) -> None:
        cloud.loop.call_later(seconds, self._stop_when_idle, cloud, process)

    def _stop_when_idle(self, cloud: Cloud, process: _Process) -> None:
        """End the process when nobody has asked for long enough, else look again later."""
        rest = self._last_use + IDLE_SECONDS - time.monotonic()
        if process.ended or cloud.stopping.is_set():
            return
        if self._busy or rest > 0:
            self._look_later(cloud, process, max(rest, 0.1))
        else:
            process.stop()


class _Process:
    """One life of a model's process. `ready` is done when it serves, or holds the NotAnswered that says why not."""

    def __init__(self, cloud: Cloud, image: str, program: str) -> None:
        self._cloud, self._image = cloud, image
        self._program = Path(model_server.__file__).with_name(program)
        self._stop = threading.Event()
        self._tail: list[str] = []
        self._folder = sockets_folder(cloud.home)
        self.client = Client(self._folder / "model")
        self.ready: asyncio.Future[None] = cloud.loop.create_future()
        self.ended = False
        background.start(self._run, f"model {image}")

    def stop(self) -> None:
        """Ask the process to end. In the event loop; it is left alone from now on."""
        self.ended = True
        self._stop.set()
        self.client.close()

    def _run(self) -> None:
        """The process's own thread: build the image when it is not there, start, follow, clean up."""
        reason = ""
        run: Path | None = None
        try:
            run = new_run(self._cloud, "managed", self._image)
            python = images.ensure(self._image)
            ended = run_process(
                [str(python), str(self._program), str(self._folder / "model")],
                environment=base_environment(self._cloud, run, python),
                folder=run,
                log_file=run / "output.log",
                stop=lambda: self._stop.is_set() or self._cloud.stopping.is_set(),
                on_lines=self._read,
                hide=run,
            )
            if not ended.stopped:
                reason = self._tail[-1] if self._tail else f"exit code {ended.code}"
        except (images.BuildFailed, OSError) as error:
            reason = str(error)
        except Exception as error:
            log.exception("model %s", self._image)
            reason = f"{type(error).__name__}: {error}"
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            if run:
                end_run(run)
        if reason:
            log.warning("the model %s ended: %s", self._image, reason)
        if not self._cloud.stopping.is_set():  # else the loop may be gone
            self._cloud.loop.call_soon_threadsafe(self._gone, reason)

    def _read(self, lines: list[str]) -> None:
        self._tail = [*self._tail, *(line for line in lines if line.strip())][-20:]
        if any(line.endswith(SERVING) for line in lines):
            self._cloud.loop.call_soon_threadsafe(self._serves)

    def _serves(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _gone(self, reason: str) -> None:
        self.stop()
        if not self.ready.done():
            self.ready.set_exception(NotAnswered(f"The model did not start: {reason or 'it was stopped'}"))
            self.ready.exception()  # looked at: nobody may be waiting any more
