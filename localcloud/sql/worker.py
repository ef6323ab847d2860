"""One query in a process of its own: `python -m localcloud.sql.worker`, a `Task` on standard input, `Done` on output.

DuckDB can read nothing but the files of the task and write nowhere but to its output, whatever SQL it is given; the
query is one SELECT. The process ends with its query, or when whoever started it is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

import duckdb

from localcloud.sql import results, settings, writers
from localcloud.sql.model import QueryError
from localcloud.sql.readers import views
from localcloud.sql.readers.sources import Scan
from localcloud.sql.task import Done, Task

_RESERVED = 8 * 2**30
EXHAUSTED = "Query exhausted resources at this scale factor"


def execute(task: Task) -> Done:
    """Run a task to its end; errors are in `Done`, none is raised."""
    started = time.monotonic()
    scan = Scan()
    error: tuple[str, str, int] | None = None
    rows, files = 0, writers.Written()
    try:
        with contextlib.closing(_connect(task)) as connection:
            _one_select(connection, task.query.sql)
            if task.output.kind != "result":
                writers.check(task.output, task.query.columns)
            views.make(connection, task, scan)
            _lock(connection, task, scan)
            if task.output.kind == "result":
                rows = results.write(connection, task.query.sql, task.query.columns, task.output.path)
            else:
                rows, files = writers.write(connection, task.query.sql, task.query.columns, task.output)
    except Exception as failure:
        found = _query_error(scan.error() or failure)
        error = (found.code, _message(found, task, scan), found.category)
        rows = 0
    return Done(error, rows, scan.scanned_bytes, round((time.monotonic() - started) * 1000), files)


def _query_error(failure: Exception) -> QueryError:
    if isinstance(failure, QueryError):
        return failure
    if isinstance(failure, (MemoryError, duckdb.OutOfMemoryException)):
        return QueryError("", EXHAUSTED, 2)
    if isinstance(failure, duckdb.Error):
        return settings.query_error(failure)
    return QueryError("GENERIC_INTERNAL_ERROR", f"{type(failure).__name__}: {failure}", 1)


def _message(error: QueryError, task: Task, scan: Scan) -> str:
    """The text after the code, without the paths of this machine."""
    text = str(error).removeprefix(f"{error.code}: ") if error.code else str(error)
    uris = {file.path: file.uri for parts in task.parts.values() for part in parts for file in part.files}
    for path, name in {**scan.uris, **uris, task.folder: "", os.path.dirname(task.output.path): ""}.items():
        text = text.replace(path, name) if path else text
    return text


def _connect(task: Task) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    temporary = Path(task.folder) / "spill"
    temporary.mkdir(parents=True, exist_ok=True)
    for name, value in {
        "memory_limit": f"{task.limits.memory_bytes}B",
        "temp_directory": str(temporary),
        "max_temp_directory_size": f"{8 * task.limits.memory_bytes}B",
        "enable_progress_bar": False,
        "threads": os.cpu_count() or 1,
        "parquet_metadata_cache": True,
    }.items():
        connection.execute(f"SET {name} = ?", [value])
    settings.install(connection, _statements(task))
    return connection


def _statements(task: Task) -> str:
    """What will run, for `settings.install`, which makes only what is named."""
    shown = results.texts(task.query.columns) if task.output.kind == "result" else ""
    filters = (use.partition_filter for use in task.query.tables if use.partition_filter)
    return " ".join((task.query.sql, shown, *filters))


def _lock(connection: duckdb.DuckDBPyConnection, task: Task, scan: Scan) -> None:
    """From here on only the files of the task can be read, and only its output can be written."""
    if task.output.kind == "result":
        paths, folders = [*scan.paths, results.partial_path(task.output.path)], list[str]()
    else:
        os.makedirs(task.output.path, exist_ok=True)
        paths, folders = scan.paths, [os.path.realpath(task.output.path) + "/"]
    connection.execute("SET allowed_paths = ?", [paths])
    connection.execute("SET allowed_directories = ?", [folders])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(
            "GENERIC_INTERNAL_ERROR", "The query was not translated into one that can be run", 1
        ) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError("GENERIC_INTERNAL_ERROR", "Only a single query can be run", 1)


def _end_with_starter() -> None:
    """Standard input stays open as long as whoever started this process lives."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _bound_memory(task: Task) -> None:
    """DuckDB keeps to its limit, this bounds the readers, too; libraries and threads reserve GB without using them."""
    most = task.limits.memory_bytes + _RESERVED
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


class _WithoutPandas:
    """Arrow looks for pandas at its first array: a second or more that no query needs. A finder that finds it not."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main() -> None:
    sys.meta_path.insert(0, _WithoutPandas())
    threading.Thread(target=importlib.import_module, args=("localcloud.sql.readers.text_files",), daemon=True).start()
    line = sys.stdin.buffer.readline()
    if not line:
        return  # a spare that was not needed
    _end_with_starter()
    task = Task.from_json(line.decode())
    _bound_memory(task)
    done = execute(task)
    sys.stdout.write(json.dumps(dataclasses.asdict(done)) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
