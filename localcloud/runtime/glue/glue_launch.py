"""Runs a Glue script as the local Glue does: `glue_launch.py FAILURE_FILE SCRIPT ARGUMENTS…`.

Adds three things to a plain start of the script. A path that climbs with `..` out of its bucket is refused before it
reaches Spark, whose file system would follow it. A bucket that was made after Spark started is mounted when the script
names it. And the reason of a failure is left in FAILURE_FILE, one line as in a job run's ErrorMessage.
"""

import os
import re
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

_CLIMBS = re.compile(r"""(?:s3[an]?|viewfs):/[^'"`\n]*?[/{,]\.\.(?![^/{},'"`\s\\])""", re.IGNORECASE)
_BUCKET = re.compile(r"s3[an]?://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?![a-z0-9.-])", re.IGNORECASE)
_NO_BUCKET = re.compile(r"Could not initialize target File System for URI : s3:/+([^/\s]*)")
# The last line of a Python traceback inside a message: what a user-defined function raised in a worker.
_IN_WORKER = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)")


class PathRefused(ValueError):
    """A script named an S3 path with a `..` segment."""


def watch_paths() -> None:
    """Checks every command that the script's Python sends to Spark's JVM for the S3 paths in it.

    All reads, writes, SQL texts and options pass through this one method of py4j, so that no way of naming a path
    is forgotten.
    """
    from py4j.java_gateway import GatewayClient

    send = GatewayClient.send_command
    mounted: set[str] = set()

    def checked(self: Any, command: str, *args: Any, **kwargs: Any) -> Any:
        found = _CLIMBS.search(command)
        if found:
            raise PathRefused(f"S3 paths must not hold a '..' segment: {found.group()}")
        new = set(_BUCKET.findall(command)) - mounted if "://" in command else set()
        if new and (context := _context()):
            mounted.update(new)
            for bucket in new:
                _mount(context, bucket)
        return send(self, command, *args, **kwargs)

    GatewayClient.send_command = checked


def _context() -> Any:
    from pyspark import SparkContext

    return SparkContext._active_spark_context


def _mount(context: Any, bucket: str) -> None:
    """Says to Spark where a bucket is; whether there is one, S3 answers when it is used."""
    root = os.environ.get("LOCALCLOUD_S3_FILES")
    if root:
        name = f"fs.viewfs.mounttable.{bucket}.linkFallback"
        context._jsc.hadoopConfiguration().set(name, f"{root}/{bucket}")


def reason(error: BaseException) -> str:
    """One line: the exception's name and what it says, without the JVM's stack."""
    text = str(getattr(error, "java_exception", None) or error)
    root = os.environ.get("LOCALCLOUD_S3_FILES")
    if root:
        text = text.replace(f"{root}/", "s3://")
    missing = _NO_BUCKET.search(text)
    if missing:
        return f"NoSuchBucket: there is no bucket {missing.group(1)!r}"
    in_worker = _IN_WORKER.search(text)
    if in_worker:
        return in_worker.group(1)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")


def print_traceback(error: BaseException, script: str) -> None:
    """Prints where in the script it happened; the launcher's own frames would only confuse."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


def run(script: str, arguments: list[str]) -> None:
    """Runs the script as `__main__` with its own folder first on the module path."""
    watch_paths()
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        from pyspark import SparkContext

        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()


def main(argv: list[str]) -> int:
    failure_file, script, *arguments = argv[1:]
    try:
        run(script, arguments)
    except SystemExit as stop:
        if stop.code in (None, 0):
            return 0
        message = f"SystemExit: {stop.code}"
    except Exception as error:
        print_traceback(error, script)
        message = reason(error)
    else:
        return 0
    Path(failure_file).write_text(message, encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
