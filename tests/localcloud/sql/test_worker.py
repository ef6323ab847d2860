"""A query's process: what it may touch, how it ends, what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from file_tables import LAZY, Table, result

from localcloud.sql import run, worker
from localcloud.sql.model import OutputColumn
from localcloud.sql.task import Done, Limits, Task

ONE = [OutputColumn("_col0", "varchar")]


@pytest.fixture(scope="module", autouse=True)
def no_spare_is_left() -> Iterator[None]:
    yield
    run.end()


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(LAZY, {"n": "int", "t": "string"}, {"a.csv": b"1|x\n2|y\n"}, {"field.delim": "|"})


def ask(table: Table, sql: str, **limits: object) -> Task:
    return table.task(sql, columns=ONE, **limits)


def test_a_query_runs_in_a_process_of_its_own(table: Table) -> None:
    task = table.task(
        'SELECT t, n FROM "t 0" ORDER BY n DESC', columns=[OutputColumn("t", "varchar"), OutputColumn("N", "int")]
    )
    done = run.start(task).wait()
    assert replace(done, milliseconds=0) == Done(None, 2, 8, 0, ())
    assert Path(task.output.path).read_bytes() == b'"t","N"\n"y","2"\n"x","1"\n'


def test_a_task_reads_a_table_as_often_as_the_query_does(table: Table) -> None:
    task = ask(table, 'SELECT count(*) FROM "t 0" a, "t 0" b, (SELECT * FROM "t 0") c')
    assert worker.execute(task).error is None
    assert result(Path(task.output.path)) == [("8",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT content FROM read_text('{here}')",
        "SELECT content FROM read_text('{folder}/../secret')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT file FROM glob('/*')",
        "SELECT getenv('HOME')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "COPY (SELECT 1) TO '{folder}/stolen'",
        "SELECT 1) TO '{folder}/stolen'; COPY (SELECT 1",
        "SELECT 1; ATTACH '{folder}/other.db'",
        "ATTACH '{folder}/other.db'",
        "INSTALL httpfs",
        "SET memory_limit = '64GB'",
        "CREATE TABLE x AS SELECT 1",
        "PRAGMA database_list",
        "SELECT * FROM read_parquet('https://example.com/a.parquet')",
    ],
)
def test_whatever_sql_reaches_duckdb_touches_nothing_but_the_tables_files(table: Table, sql: str) -> None:
    task = ask(table, "")
    secret = Path(task.folder).parent / "secret"
    secret.write_text("secret")
    injected = sql.format(here=__file__, folder=task.folder)
    done = worker.execute(replace(task, query=replace(task.query, sql=injected)))
    assert done.error
    assert not Path(task.output.path).exists()
    assert sorted(path.name for path in Path(task.folder).iterdir()) == ["spill"]
    assert secret.read_text() == "secret"


def test_settings_are_locked_and_extensions_are_not_fetched(table: Table) -> None:
    names = [
        "enable_external_access",
        "lock_configuration",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
    ]
    shown = " || ' ' || ".join(f"current_setting('{name}')" for name in names)
    task = ask(table, f"SELECT {shown}")
    assert worker.execute(task).error is None
    assert result(Path(task.output.path)) == [("false true false false",)]


def test_errors_name_no_path_of_this_machine(table: Table) -> None:
    task = ask(table, "SELECT content FROM read_text('{}')")
    done = worker.execute(
        replace(task, query=replace(task.query, sql=f"SELECT content FROM read_text('{task.folder}/x')"))
    )
    assert done.error
    assert str(table.folder) not in done.error[1]


def test_memory_is_bounded(table: Table) -> None:
    done = worker.execute(
        ask(
            table,
            "SELECT max(len(l)) FROM (SELECT list(repeat('x', 100) || range) l FROM range(20000000))",
            memory_bytes=64 * 2**20,
        )
    )
    assert done.error
    assert "exhausted resources at this scale factor" in done.error[1]


def test_a_query_that_takes_too_long_is_ended(table: Table) -> None:
    started = time.monotonic()
    slow = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7"
    done = run.start(ask(table, slow, seconds=1.5)).wait()
    assert done.error == ("", "Query timeout", 2)
    assert time.monotonic() - started < 30


def test_a_query_can_be_stopped_and_its_process_is_gone(table: Table) -> None:
    running = run.start(
        ask(table, "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7")
    )
    time.sleep(0.5)
    running.stop()
    assert running.wait().error == ("", "Query cancelled", 2)
    assert running.pid not in psutil.pids() or not psutil.Process(running.pid).is_running()


def test_a_process_that_dies_is_an_internal_error(table: Table) -> None:
    running = run.start(
        ask(table, "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7")
    )
    time.sleep(0.3)
    os.kill(running.pid, signal.SIGSEGV)
    assert running.wait().error == ("GENERIC_INTERNAL_ERROR", "The query's process ended unexpectedly", 1)
    assert run.start(ask(table, "SELECT 1")).wait().error is None


def test_the_scan_limit_cancels_before_anything_is_read(table: Table) -> None:
    done = worker.execute(ask(table, 'SELECT count(*) FROM "t 0"', scan_bytes=7))
    assert done.error == ("", "Query cancelled! : Bytes scanned limit was exceeded", 2)
    assert worker.execute(ask(table, 'SELECT count(*) FROM "t 0"', scan_bytes=8)).error is None


def test_the_process_has_no_credentials_and_ends_with_its_starter(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = ask(table, "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7")
    code = (
        "import os, sys, time; from localcloud.sql import run; from localcloud.sql.task import Task\n"
        "running = run.start(Task.from_json(sys.stdin.readline())); run.prepare()\n"
        "print(running.pid, flush=True); time.sleep(1); os._exit(9)"
    )
    environment = {**os.environ, "PYTHONPATH": ".", "AWS_SECRET_ACCESS_KEY": "hidden"}
    starter = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )
    assert starter.stdin
    assert starter.stdout
    starter.stdin.write(task.to_json() + "\n")
    starter.stdin.flush()
    process = psutil.Process(int(starter.stdout.readline()))
    children = psutil.Process(starter.pid).children()
    assert "AWS_SECRET_ACCESS_KEY" not in process.environ()
    starter.wait()
    _, alive = psutil.wait_procs([process, *children], timeout=20)
    assert alive == []


def test_the_default_limits_are_those_of_the_task() -> None:
    assert Limits().seconds == 1800
