"""Four corrections to the engine's Athena, whose queries are real (DuckDB) but whose accounts of them are not.

In ministack 1.5.33, which is pinned exactly, the bytes scanned are the length of the result, some of the times are
constants, the result lies in a folder named like its own file, and a failure's reason names temporary folders.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from typing import Any

_scanned: ContextVar[list[int]] = ContextVar("scanned")
_TEMPORARY = re.compile(r"[^\s\"']*/ministack-athena-\w+/")


def correct(athena: Any) -> None:
    """Put the corrections into the engine's Athena module, once, before its first query."""
    start, execute = athena._start_query_execution, athena._execute_query
    save, materialize = athena._save_query_results, athena._materialize_table_files

    def start_query_execution(data: dict[str, Any]) -> Any:
        """The output location is a folder, with or without a slash at its end."""
        result = data.get("ResultConfiguration") or {}
        if result.get("OutputLocation"):
            data = {
                **data,
                "ResultConfiguration": {**result, "OutputLocation": result["OutputLocation"].rstrip("/") + "/"},
            }
        return start(data)

    def materialize_table_files(location: str, workdirs: list[str]) -> list[str]:
        files: list[str] = materialize(location, workdirs)
        _scanned.get([]).append(sum(os.path.getsize(path) for path in files))
        return files

    async def execute_query(query_id: str, *arguments: Any) -> None:
        _scanned.set([])
        await execute(query_id, *arguments)
        execution = athena._executions.get(query_id)
        if execution and execution["Status"]["State"] == "FAILED":
            execution["Status"]["StateChangeReason"] = _TEMPORARY.sub("", execution["Status"]["StateChangeReason"])

    async def save_query_results(query_id: str) -> None:
        execution = athena._executions[query_id]
        statistics, result = execution["Statistics"], execution["ResultConfiguration"]
        elapsed = statistics["EngineExecutionTimeInMillis"]
        statistics.update(TotalExecutionTimeInMillis=elapsed, QueryPlanningTimeInMillis=0)
        statistics.update(ServiceProcessingTimeInMillis=0, DataScannedInBytes=sum(_scanned.get([])))
        address = result["OutputLocation"]
        result["OutputLocation"] = address.rpartition("/")[0]
        try:
            await save(query_id)
        finally:
            result["OutputLocation"] = address

    athena._start_query_execution = start_query_execution
    athena._materialize_table_files = materialize_table_files
    athena._execute_query = execute_query
    athena._save_query_results = save_query_results
