"""SELECT and its like: compiled, run in a process of its own, its rows brought to the result file on S3."""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.jobs import s3io
from localcloud.services.athena import objects, relations
from localcloud.services.athena.context import Run
from localcloud.services.registry import Params
from localcloud.sql import compile, statements, text, types
from localcloud.sql import run as processes
from localcloud.sql.model import NotOffered, Query, QueryError
from localcloud.sql.parse import parse
from localcloud.sql.task import Done, Output, Task


def compiled(run: Run, query: str) -> Query:
    """A query with its parameters bound. Raises QueryError."""
    tree = compile.bind(compile.parse(query), run.parameters)
    return compile.compile_query(tree, partial(relations.resolve, run.lookup), run.lookup.database)


def executed(run: Run, query: Query, output: Output) -> Done:
    """Run a compiled query to its end. Raises QueryError when it fails or is stopped."""
    began = time.time()
    parts = {use.view: objects.parts(run.cloud, run.lookup, use) for use in query.tables}
    folder = run.folder / "scratch"
    folder.mkdir()
    planning = run.statistics.get("QueryPlanningTimeInMillis", 0)
    run.statistics["QueryPlanningTimeInMillis"] = planning + round((time.time() - began) * 1000)
    done = _waited(run, Task(query, parts, output, str(folder), run.limits()))
    run.statistics.update(EngineExecutionTimeInMillis=done.milliseconds, DataScannedInBytes=done.scanned_bytes)
    if done.error:
        code, message, category = done.error
        raise QueryError(code, message, category)
    return done


def _waited(run: Run, task: Task) -> Done:
    """Wait for the query's process; it is killed when the query is stopped."""
    process, ended = processes.start(task), threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            if run.stopped():
                process.stop()
                return

    watcher = threading.Thread(target=watch, name=f"watch {run.identity}", daemon=True)
    watcher.start()
    try:
        return process.wait()
    finally:
        ended.set()
        watcher.join()


def plan(run: Run, query: str) -> Query:
    """`compiled`, with the time that it takes in the statistics."""
    began = time.time()
    try:
        return compiled(run, query)
    finally:
        run.statistics["QueryPlanningTimeInMillis"] = round((time.time() - began) * 1000)


def upload(run: Run, path: Path) -> int:
    """Bring the result file to S3. Returns its size in bytes."""
    began = time.time()
    s3io.upload_file(run.cloud.client("s3"), path, run.execution["ResultConfiguration"]["OutputLocation"])
    run.statistics["ServiceProcessingTimeInMillis"] = round((time.time() - began) * 1000)
    return path.stat().st_size


def select(run: Run, statement: statements.Select) -> Params:
    query = plan(run, statement.query)
    path = run.folder / "result.csv"
    done = executed(run, query, Output("result", str(path)))
    columns = [text.column_info(column.name, types.parse(column.type)) for column in query.columns]
    size = upload(run, path)
    rows = {"OutputRows": done.rows, "OutputBytes": size}
    return {"Kind": "csv", "Size": size, "Columns": columns, "UpdateCount": 0, "Rows": rows}


def explain(run: Run, statement: statements.Explain) -> tuple[list[str], list[str]]:
    """What will be read and run, in this engine's words: it is another one than Athena's."""
    inner = parse(statement.text)
    if not isinstance(inner, statements.Select):
        raise NotOffered("EXPLAIN of anything but a query.")
    query = plan(run, inner.query)
    if statement.kind == "VALIDATE":
        return ["true"], ["Valid"]
    if statement.kind == "IO" or statement.format == "GRAPHVIZ":
        raise NotOffered("EXPLAIN (TYPE IO) and (FORMAT GRAPHVIZ).")
    found = _account(query)
    if statement.format == "JSON":
        return json.dumps(found, indent=2).splitlines(), ["Query Plan"]
    lines = ["Query Plan", f"Output[{', '.join(found['output'])}]"]
    for table in found["tables"]:
        lines.append(f"    TableScan[{table['table']}] columns = [{', '.join(table['columns'])}]")
        if table["partitions"]:
            lines.append(f"        partitions where {table['partitions']}")
    return [*lines, "Executed by DuckDB as:", *query.sql.splitlines()], ["Query Plan"]


def _account(query: Query) -> dict[str, Any]:
    return {
        "output": [f"{column.name}:{column.type}" for column in query.columns],
        "tables": [
            {
                "table": f"awsdatacatalog:{use.relation.database}:{use.relation.name}",
                "columns": sorted(use.used),
                "partitions": use.partition_filter,
            }
            for use in query.tables
        ],
        "sql": query.sql,
    }
