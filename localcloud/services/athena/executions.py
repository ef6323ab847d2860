"""Query executions: start, show, list, stop."""

from __future__ import annotations

import re
import time
import uuid

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError
from localcloud.services.athena import dispatch, prepared, running, workgroups
from localcloud.services.athena.context import ENDED, QUERY
from localcloud.services.athena.line import QUERIES
from localcloud.services.athena.metadata import CATALOG
from localcloud.services.athena.requests import invalid, once, page, refuse
from localcloud.services.registry import Params, operation
from localcloud.sql import statements
from localcloud.sql.model import QueryError
from localcloud.sql.parse import parse
from localcloud.sql.statements import Statement

MAXIMUM_WAITING = 200  # AWS's default quota of active queries


def _find(cloud: Cloud, identity: str) -> Params:
    execution = cloud.store.get(QUERY, identity)
    if execution is None:
        raise invalid(f"QueryExecution {identity} was not found")
    return execution


@operation("athena", "StartQueryExecution")
def start_query_execution(cloud: Cloud, params: Params) -> Params:
    refuse(params, "EngineConfiguration", why="it is for Spark")
    refuse(params, "ResultReuseConfiguration.ResultReuseByAgeConfiguration.Enabled", why="each query runs")
    group = workgroups.enabled(cloud, params.get("WorkGroup") or workgroups.PRIMARY)
    context = params.get("QueryExecutionContext") or {}
    if context.get("Catalog", CATALOG).lower() not in (CATALOG.lower(), "hive"):
        raise invalid(f"Data catalog {context['Catalog']} was not found: the local AWS has {CATALOG} alone.")
    results = _results(group, params.get("ResultConfiguration") or {})
    output = results["OutputLocation"].rstrip("/") + "/"
    statement, parameters = _statement(cloud, params, group["Name"])
    _check_external(group, statement)
    _check_bucket(cloud, output)
    if QUERIES.length >= MAXIMUM_WAITING:
        raise ServiceError(
            "TooManyRequestsException",
            "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number.",
            Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED",
        )
    identity = str(uuid.uuid4())
    made = once(cloud, "StartQueryExecution", params, identity)
    if made != identity:
        return {"QueryExecutionId": made}
    if context.get("Database"):
        context = {**context, "Database": context["Database"].strip('`"').lower()}
    execution = {
        "QueryExecutionId": identity,
        "Query": params["QueryString"],
        "StatementType": statement.statement_type,
        "SubstatementType": _substatement(statement),
        "ResultConfiguration": {**results, "OutputLocation": output + _file(statement, identity)},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": context,
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {"ResultReuseInformation": {"ReusedPreviousResult": False}, "DataScannedInBytes": 0},
        "WorkGroup": group["Name"],
        "EngineVersion": group["Configuration"]["EngineVersion"],
        "ExecutionParameters": params.get("ExecutionParameters") or None,
        "_Name": identity,
    }
    cloud.store.insert(QUERY, identity, execution)
    background.start(lambda: running.live(cloud, identity, statement, parameters, output), f"query {identity}")
    return {"QueryExecutionId": identity}


def _results(group: Params, asked: Params) -> Params:
    """Where the result goes, and how: as the workgroup says when it is the one that decides.

    Raises:
        ServiceError: nobody says where, or something that is asked for is not offered.
    """
    configuration = group["Configuration"]
    own = {name: value for name, value in (configuration.get("ResultConfiguration") or {}).items() if value}
    workgroups.check_results(asked)
    given = {name: value for name, value in asked.items() if value}
    if own.get("OutputLocation") and (configuration["EnforceWorkGroupConfiguration"] or "OutputLocation" not in given):
        given = own if configuration["EnforceWorkGroupConfiguration"] else {**own, **given}
    if not given.get("OutputLocation"):
        raise invalid(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input.",
        )
    return dict(given)


def _statement(cloud: Cloud, params: Params, group: str) -> tuple[Statement, tuple[str, ...]]:
    """The statement and its parameters; what EXECUTE names in its place."""
    given = tuple(literal(value) for value in params.get("ExecutionParameters") or [])
    try:
        statement = parse(params["QueryString"])
        if isinstance(statement, statements.Execute):
            if given and statement.parameters:
                raise QueryError("", "Parameters cannot be given both by USING and by ExecutionParameters.")
            given = given or statement.parameters
            statement = parse(prepared.find(cloud, group, statement.name)["QueryStatement"])
        dispatch.check_syntax(statement)
    except QueryError as error:
        raise invalid(str(error), "MALFORMED_QUERY") from None
    except ServiceError as error:
        raise invalid(str(error)) from None
    return statement, given


_LITERAL = re.compile(
    r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+|'(?:[^']|'')*'|[Xx]'[0-9a-fA-F\s]*'|[Uu]&'.*'|(?i:null|true|false)"
    r"|(?i:date|time|timestamp|decimal|interval|json|bigint|double|real|integer|varchar|uuid|ipaddress)\s*'.*'.*"
    r"|(?i:array|map|row|cast|try_cast)\s*[\[(].*[\])]",
    re.DOTALL,
)


def literal(value: str) -> str:
    """An execution parameter as an expression: a literal as it stands, any other text as a text."""
    text = value.strip()
    return text if _LITERAL.fullmatch(text) else "'" + value.replace("'", "''") + "'"


def _check_external(group: Params, statement: Statement) -> None:
    configuration = group["Configuration"]
    enforced = configuration["EnforceWorkGroupConfiguration"] and (configuration.get("ResultConfiguration") or {}).get(
        "OutputLocation"
    )
    if enforced and isinstance(statement, statements.CreateTableAs) and "external_location" in statement.properties:
        raise invalid(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )


def _check_bucket(cloud: Cloud, output: str) -> None:
    bucket = output.removeprefix("s3://").partition("/")[0]
    try:
        cloud.client("s3").get_bucket_location(Bucket=bucket)
    except ClientError:
        raise invalid(f"Unable to verify/create output bucket {bucket}") from None


def _substatement(statement: Statement) -> str | None:
    if isinstance(statement, statements.Show):
        return statement.substatement
    if isinstance(statement, statements.ChangeRows):
        return statement.verb
    return statement.substatement_type


def _file(statement: Statement, identity: str) -> str:
    """The name of a query's answer, from its output location."""
    if isinstance(statement, statements.Select):
        return f"{identity}.csv"
    if isinstance(statement, statements.CreateTableAs):
        return f"tables/{identity}"
    if isinstance(statement, statements.Insert | statements.Unload):
        return identity
    return f"{identity}.txt"


@operation("athena", "GetQueryExecution")
def get_query_execution(cloud: Cloud, params: Params) -> Params:
    return {"QueryExecution": _find(cloud, params["QueryExecutionId"])}


@operation("athena", "BatchGetQueryExecution")
def batch_get_query_execution(cloud: Cloud, params: Params) -> Params:
    found, unknown = [], []
    for identity in params["QueryExecutionIds"]:
        try:
            found.append(_find(cloud, identity))
        except ServiceError as error:
            unknown.append({"QueryExecutionId": identity, "ErrorCode": "INVALID_INPUT", "ErrorMessage": str(error)})
    return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown}


@operation("athena", "ListQueryExecutions")
def list_query_executions(cloud: Cloud, params: Params) -> Params:
    """The newest first."""
    group = params.get("WorkGroup") or workgroups.PRIMARY
    workgroups.find(cloud, group)
    names = [body["QueryExecutionId"] for body in reversed(cloud.store.all(QUERY)) if body["WorkGroup"] == group]
    answer = page(names, params, f"queries of {group}")
    found = answer.pop("items")
    return {"QueryExecutionIds": found, **answer} if found else {}  # AWS's model has no empty list here


@operation("athena", "StopQueryExecution")
def stop_query_execution(cloud: Cloud, params: Params) -> Params:
    """A query that has ended stays as it is."""
    identity = params["QueryExecutionId"]
    _find(cloud, identity)

    def claim(body: Params) -> None:
        if body["Status"]["State"] not in ENDED:
            cloud.stop_event(QUERY, identity).set()

    cloud.store.update(QUERY, identity, claim)
    return {}


@operation("athena", "GetQueryRuntimeStatistics")
def get_query_runtime_statistics(cloud: Cloud, params: Params) -> Params:
    """Times, and the rows and bytes that were measured; the stages of Athena's own engine have no counterpart here."""
    execution = _find(cloud, params["QueryExecutionId"])
    if execution["Status"]["State"] not in ENDED:
        raise invalid(f"Query has not yet finished. Current state: {execution['Status']['State']}")
    found = execution["Statistics"]
    times = {name: value for name, value in found.items() if name.endswith("InMillis")}
    rows = {"InputBytes": found.get("DataScannedInBytes", 0), **(execution.get("_Result") or {}).get("Rows", {})}
    return {"QueryRuntimeStatistics": {"Timeline": times, "Rows": rows}}
