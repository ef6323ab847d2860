"""A query's way through its states: it waits, runs, and ends as SUCCEEDED, FAILED or CANCELLED, whatever happens."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.jobs.container import end_run, new_run
from localcloud.jobs.s3io import TransferFailed
from localcloud.protocol import ServiceError
from localcloud.services.athena import dispatch, workgroups
from localcloud.services.athena.context import ENDED, QUERY, Run
from localcloud.services.athena.line import QUERIES
from localcloud.services.athena.lookup import Lookup
from localcloud.services.registry import Params
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.statements import Statement

log = logging.getLogger("localcloud")
DAYS_KEPT = 45  # https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
INTERRUPTED = "The local AWS was stopped while this query was running. Start it again."
_OVER_LIMIT = "Bytes scanned limit was exceeded"


def live(cloud: Cloud, identity: str, statement: Statement, parameters: tuple[str, ...], output: str) -> None:
    """Take one query through its states, in a thread of its own."""
    execution = cloud.store.get(QUERY, identity)
    if execution is None:
        return
    stop, folder = cloud.stop_event(QUERY, identity), None
    status: Params = {"State": "SUCCEEDED"}
    result: Params = {}
    statistics: Params = {}
    began = time.time()
    try:
        with QUERIES.turn(lambda: stop.is_set() or cloud.stopping.is_set()) as got:
            statistics["QueryQueueTimeInMillis"] = _since(began)
            if got:
                cloud.store.update(QUERY, identity, lambda body: body["Status"].update(State="RUNNING"))
                folder = new_run(cloud, "athena", identity)
                database = str(execution["QueryExecutionContext"].get("Database", "default"))
                run = Run(cloud, execution, statement, parameters, output, folder, Lookup(cloud, database), statistics)
                started = time.time()
                try:
                    result = dispatch.execute(run)
                finally:
                    statistics.setdefault("EngineExecutionTimeInMillis", _since(started))
            if stop.is_set() or cloud.stopping.is_set():
                status = _interrupted(cloud)
    except QueryError as error:
        stopped = stop.is_set() or cloud.stopping.is_set()
        status = _interrupted(cloud) if stopped else _failed(error)
    except (TransferFailed, ClientError, ServiceError) as error:
        status = _failed(QueryError("GENERIC_INTERNAL_ERROR", _as_inside(folder, str(error)), 1))
    except Exception as error:
        log.exception("query %s", identity)
        reason = _as_inside(folder, f"{type(error).__name__}: {error}")
        status = _failed(QueryError("GENERIC_INTERNAL_ERROR", reason, 1))
    finally:
        if folder:
            end_run(folder)
    _end(cloud, identity, status, statistics, result)


def _since(moment: float) -> int:
    return round((time.time() - moment) * 1000)


def _as_inside(folder: Path | None, text: str) -> str:
    return text.replace(str(folder), "") if folder else text


def _interrupted(cloud: Cloud) -> Params:
    if cloud.stopping.is_set():
        return _failed(QueryError("", INTERRUPTED, 1))
    error = {"ErrorCategory": 2, "ErrorType": 1011, "Retryable": False, "ErrorMessage": "Query canceled by user"}
    return {"State": "CANCELLED", "StateChangeReason": "Query canceled by user", "AthenaError": error}


def _failed(error: QueryError) -> Params:
    reason = str(error)
    state = "CANCELLED" if _OVER_LIMIT in reason else "FAILED"
    account = {
        "ErrorCategory": error.category,
        "ErrorType": _error_type(error),
        "Retryable": error.category == 1,
        "ErrorMessage": reason,
    }
    return {"State": state, "StateChangeReason": reason, "AthenaError": account}


# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_ERROR_TYPES = {
    **dict.fromkeys(("HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_PARTITION_SCHEMA_MISMATCH"), 1001),
    **dict.fromkeys(("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND"), 1301),
    **dict.fromkeys(("SYNTAX_ERROR", "COLUMN_NOT_FOUND", "TYPE_MISMATCH", "EXPRESSION_NOT_AGGREGATE"), 1006),
    **dict.fromkeys(("INVALID_FUNCTION_ARGUMENT",), 1106),
    **dict.fromkeys(("FUNCTION_NOT_FOUND",), 1303),
    **dict.fromkeys(("INVALID_TABLE_PROPERTY",), 1103),
    **dict.fromkeys(("HIVE_FILESYSTEM_ERROR",), 1306),
}


def _error_type(error: QueryError) -> int:
    reason = str(error)
    if reason.startswith("FAILED: "):
        return 1003
    if "exhausted resources" in reason:
        return 0
    if "timeout" in reason.lower() and error.category != 2:
        return 206
    if isinstance(error, NotOffered) or error.code == "NOT_SUPPORTED":
        return 1200
    return _ERROR_TYPES.get(error.code, 200 if error.category == 1 else 1000)


def _end(cloud: Cloud, identity: str, status: Params, statistics: Params, result: Params) -> None:
    completed = time.time()

    def change(body: Params) -> None:
        cloud.stops.pop((QUERY, identity), None)  # in one step with the end: a stop that comes later changes nothing
        body["Status"].update(status, CompletionDateTime=completed)
        total = round((completed - body["Status"]["SubmissionDateTime"]) * 1000)
        body["Statistics"].update(statistics, TotalExecutionTimeInMillis=total)
        body["_Result"] = result

    ended = cloud.store.update(QUERY, identity, change)
    if ended:
        publish(cloud, ended)


def publish(cloud: Cloud, execution: Params) -> None:
    """The query's times and bytes in CloudWatch, when its workgroup publishes them.

    Source: https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    """
    group = cloud.store.get(workgroups.WORKGROUP, execution["WorkGroup"]) or {}
    if not group.get("Configuration", {}).get("PublishCloudWatchMetricsEnabled") or cloud.stopping.is_set():
        return
    found = execution["Statistics"]
    dimensions = [
        {"Name": "QueryState", "Value": execution["Status"]["State"]},
        {"Name": "QueryType", "Value": execution["StatementType"]},
        {"Name": "WorkGroup", "Value": execution["WorkGroup"]},
    ]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(found[member]), "Unit": unit}
        for name, member, unit in (
            ("TotalExecutionTime", "TotalExecutionTimeInMillis", "Milliseconds"),
            ("QueryQueueTime", "QueryQueueTimeInMillis", "Milliseconds"),
            ("QueryPlanningTime", "QueryPlanningTimeInMillis", "Milliseconds"),
            ("EngineExecutionTime", "EngineExecutionTimeInMillis", "Milliseconds"),
            ("ServiceProcessingTime", "ServiceProcessingTimeInMillis", "Milliseconds"),
            ("ProcessedBytes", "DataScannedInBytes", "Bytes"),
        )
        if member in found
    ]
    try:
        cloud.itself.client("cloudwatch").put_metric_data(Namespace="AWS/Athena", MetricData=data)
    except ClientError as error:
        log.warning("metrics of query %s: %s", execution["QueryExecutionId"], error)


def recover(cloud: Cloud) -> None:
    """At start: what a killed server left running has failed, and history that AWS would not show any more goes."""
    oldest = time.time() - DAYS_KEPT * 24 * 3600
    for execution in cloud.store.all(QUERY):
        if execution["Status"]["SubmissionDateTime"] < oldest:
            cloud.store.delete(QUERY, execution["QueryExecutionId"])
        elif execution["Status"]["State"] not in ENDED:
            _end(cloud, execution["QueryExecutionId"], _failed(QueryError("", INTERRUPTED, 1)), {}, {})
