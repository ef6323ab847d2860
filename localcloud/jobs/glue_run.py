"""One run of a Glue job: its script as a Spark application in a process of its own, with S3 as its file system."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from localcloud.cloud import Cloud
from localcloud.jobs import images, s3io, spark, webhdfs
from localcloud.jobs.container import Exit, base_environment, is_kept, layered_python, run_process
from localcloud.jobs.log_stream import LogStream

IMAGE = "glue-5.1"
Run = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What a run's arguments ask of its environment.

    Attributes:
        script: s3:// address.
        settings: of Spark.
        driver_variables, worker_variables: environment variables of the script, and of Python functions in Spark.
        modules, files: s3:// addresses of Python files or zip archives, and of files for the working folder.
        log_groups: what the names of the groups for its output and its errors begin with.
        notices: lines for the run's error log.
    """

    script: str
    settings: dict[str, str]
    driver_variables: dict[str, str]
    worker_variables: dict[str, str]
    modules: list[str]
    files: list[str]
    log_groups: str
    notices: list[str]


def execute(
    cloud: Cloud, run: Run, options: Options, folder: Path, stop: threading.Event, set_state: Callable[..., object]
) -> tuple[str, str]:
    """Run a script to its end, with S3 as Spark's file system.

    Args:
        run: as GetJobRun describes it.
        folder: of this run alone.
        set_state: called with members of the run that change meanwhile.
    Returns:
        The final state and its message.
    Raises:
        TransferFailed, NoJava, BuildFailed: with a message that is fit for the run.
    """
    output, errors = (LogStream(cloud, f"{options.log_groups}/{kind}", run["Id"]) for kind in ("output", "error"))
    if not images.is_ready(IMAGE):
        set_state(StateDetail=images.BUILDING)
    python = layered_python(folder, IMAGE, lambda line: output.put([line]))
    s3 = cloud.client("s3")
    [script] = _download(s3, [options.script], folder / "script")
    modules = _download(s3, options.modules, folder / "modules")
    working = folder / "work"
    working.mkdir()
    _download(s3, options.files, working)
    if options.notices:
        errors.put(options.notices)
    engine = cloud.engine
    stored = None if cloud.session else engine.s3_folder  # a role is asked for each object
    gateway = webhdfs.serve(
        s3, folder / "unfinished", stored, lambda line: errors.put([line]), lambda: engine.s3_changes
    )
    try:
        names = [bucket["Name"] for bucket in cloud.itself.client("s3").list_buckets()["Buckets"]]
        buckets = {name: f"{gateway.root}/{name}" for name in names}
        settings = {f"spark.executorEnv.{name}": value for name, value in options.worker_variables.items()}
        settings |= options.settings
        spark.write_conf(folder / "conf", buckets, os.cpu_count() or 1, _driver_memory(), settings)
        environment = base_environment(cloud, folder, python)
        environment |= spark.spark_env(python, _java(images.ensure(IMAGE)), folder / "conf", folder / "tmp")
        environment |= {spark.MOUNT: gateway.root, **options.driver_variables}
        on_path = [str(module.parent if module.suffix == ".py" else module) for module in modules]
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([environment["PYTHONPATH"], *on_path]))
        arguments = {
            "--JOB_NAME": run["JobName"],
            "--JOB_RUN_ID": run["Id"],
            "--JOB_ID": f"j_{run['JobName']}",
            **run["Arguments"],
        }
        failure = folder / "failure"
        if stop.is_set():
            return "STOPPED", ""
        set_state(JobRunState="RUNNING", StateDetail=None)
        ended = run_process(
            spark.command(python, failure, script, [part for pair in arguments.items() for part in pair]),
            environment=environment,
            folder=working,
            log_file=folder / "stdout.log",
            on_lines=output.put,
            hide=folder,
            error_file=folder / "stderr.log",
            on_error_lines=errors.put,
            stop=lambda: stop.is_set() or cloud.stopping.is_set(),
            time_limit=run["Timeout"] * 60.0,
        )
    finally:
        if not is_kept():  # a run that is started again by hand needs it
            gateway.close()
    return _outcome(ended, failure, run["Timeout"])


def _download(s3: Any, addresses: list[str], folder: Path) -> list[Path]:
    """Files of these names in a folder, one for each address."""
    targets = []
    for address in addresses:
        bucket, key = s3io.parse_uri("s3://" + address.partition("://")[2])
        targets.append(s3io.inside(folder, Path(key).name))
        s3io.download_file(s3, bucket, key, targets[-1])
    return targets


def _outcome(ended: Exit, failure: Path, minutes: int) -> tuple[str, str]:
    if ended.timed_out:
        return "TIMEOUT", f"Job run exceeded its timeout of {minutes} minutes."
    if ended.stopped:
        return "STOPPED", ""
    if ended.code == 0:
        return "SUCCEEDED", ""
    if failure.is_file():
        return "FAILED", failure.read_text(errors="replace").replace(str(failure.parent), "")
    killed = " (killed: out of memory, or a signal from outside)" if ended.code == 137 else ""
    return "FAILED", f"The driver ended with exit code {ended.code}{killed}. See the error log group."


@functools.cache
def _java(image_python: Path) -> Path:
    return spark.find_java(image_python)


def _driver_memory() -> str:
    """A third of the machine's memory, between 1 and 4 GB: Spark's own default of 1 GB is little for a join."""
    gigabytes = psutil.virtual_memory().total // 2**30
    return f"{max(1, min(4, gigabytes // 3))}g"
