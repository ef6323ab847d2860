"""What SageMaker's kinds of job have in common: wait for a core, get a folder, run, and end, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.jobs import images, opt_ml, s3io
from localcloud.jobs.container import end_run, new_run

log = logging.getLogger("localcloud")
INTERRUPTED = "InternalServerError: The local AWS was stopped while this job was running. Start the job again."
End = dict[str, Any]


def live(
    cloud: Cloud,
    kind: str,
    name: str,
    execute: Callable[[Path], End],
    *,
    waiting: Callable[[], object] = lambda: None,
) -> End:
    """Run `execute(folder)` when a core is free, and say how the job ended.

    Args:
        execute: what the job does; it returns its end, a dict with at least `status`.
        waiting: called once when the job has to wait for a core.
    Returns:
        What `execute` returns, or `{"status": "Failed" | "Stopped", "reason": ...}`.
    """
    stop = cloud.stop_event(kind, name)
    run: Path | None = None
    held = False
    try:
        held = _acquire_slot(cloud, kind, name, waiting)
        if not held:
            return {"status": "Stopped"} if stop.is_set() else {"status": "Failed", "reason": INTERRUPTED}
        run = new_run(cloud, kind, name)
        return execute(run)
    except (s3io.TransferFailed, opt_ml.BadCode) as error:
        return {"status": "Stopped" if stop.is_set() else "Failed", "reason": _as_inside(run, str(error))}
    except images.BuildFailed as error:
        return {"status": "Failed", "reason": f"InternalServerError: {error}"}
    except OSError as error:
        return {"status": "Failed", "reason": f"InternalServerError: {_as_inside(run, str(error))}"}
    except Exception as error:
        log.exception("%s %s", kind, name)
        return {"status": "Failed", "reason": _as_inside(run, f"InternalServerError: {type(error).__name__}: {error}")}
    finally:  # before the job is seen to have ended: its name may be used again at once
        if held:
            cloud.slots.release()
        if run:
            end_run(run)


def _as_inside(run: Path | None, text: str) -> str:
    """A message with paths as the job sees them: its folder is the root."""
    return text.replace(str(run), "") if run else text


def end(cloud: Cloud, kind: str, name: str, change: Callable[[End], None]) -> None:
    """Record a job's end by `change(body)`; its stop event goes in the same step, so a later stop is refused."""

    def both(body: End) -> None:
        cloud.stops.pop((kind, name), None)
        change(body)

    cloud.store.update(kind, name, both)


def _acquire_slot(cloud: Cloud, kind: str, name: str, waiting: Callable[[], object]) -> bool:
    """Wait for a free core; False when the job, or the local AWS, is stopped first."""
    stop = cloud.stop_event(kind, name)
    if cloud.slots.acquire(blocking=False):
        return True
    waiting()
    while not stop.is_set() and not cloud.stopping.is_set():
        if cloud.slots.acquire(timeout=0.2):
            return True
    return False
