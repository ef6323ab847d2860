"""Prepared statements of a workgroup, made by the API or by PREPARE, run by EXECUTE.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import time

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.athena import workgroups
from localcloud.services.athena.requests import invalid, missing, page
from localcloud.services.registry import Params, operation
from localcloud.sql import statements
from localcloud.sql.model import QueryError
from localcloud.sql.parse import parse

PREPARED = "athena-prepared"
MAXIMUM = 1000  # in a workgroup
_MAY_BE_PREPARED = (statements.Select, statements.Insert, statements.Unload, statements.CreateTableAs)


def _key(group: str, name: str) -> str:
    return f"{group}/{name}"


def check_text(text: str) -> None:
    """Raise InvalidRequestException when it is no statement that takes parameters."""
    try:
        statement = parse(text)
    except QueryError as error:
        raise invalid(str(error), "MALFORMED_QUERY") from None
    if not isinstance(statement, _MAY_BE_PREPARED):
        raise invalid("Only SELECT, INSERT INTO, CREATE TABLE AS SELECT and UNLOAD can be prepared.", "MALFORMED_QUERY")


def find(cloud: Cloud, group: str, name: str) -> Params:
    found = cloud.store.get(PREPARED, _key(group, name))
    if found is None:
        raise missing(f"PreparedStatement {name} was not found in workGroup {group}", name)
    return found


def save(cloud: Cloud, group: str, name: str, text: str, description: str | None = None) -> None:
    """Keep a new prepared statement. Raises InvalidRequestException when the name is taken."""
    count = sum(statement["WorkGroup"] == group for statement in cloud.store.all(PREPARED))
    if count >= MAXIMUM:
        raise invalid(f"WorkGroup {group} has {MAXIMUM} prepared statements, the most that it can have.")
    body: Params = {
        "StatementName": name,
        "QueryStatement": text,
        "WorkGroupName": group,
        "Description": description,
        "LastModifiedTime": time.time(),
        "WorkGroup": group,
        "_Name": _key(group, name),
    }
    if not cloud.store.insert(PREPARED, body["_Name"], body):
        raise invalid(f"PreparedStatement {name} already exists in workGroup {group}")


def remove(cloud: Cloud, group: str, name: str) -> None:
    find(cloud, group, name)
    cloud.store.delete(PREPARED, _key(group, name))


@operation("athena", "CreatePreparedStatement")
def create_prepared_statement(cloud: Cloud, params: Params) -> Params:
    workgroups.enabled(cloud, params["WorkGroup"])
    check_text(params["QueryStatement"])
    save(cloud, params["WorkGroup"], params["StatementName"], params["QueryStatement"], params.get("Description"))
    return {}


@operation("athena", "GetPreparedStatement")
def get_prepared_statement(cloud: Cloud, params: Params) -> Params:
    workgroups.find(cloud, params["WorkGroup"])
    return {"PreparedStatement": find(cloud, params["WorkGroup"], params["StatementName"])}


@operation("athena", "BatchGetPreparedStatement")
def batch_get_prepared_statement(cloud: Cloud, params: Params) -> Params:
    workgroups.find(cloud, params["WorkGroup"])
    found, unknown = [], []
    for name in params["PreparedStatementNames"]:
        try:
            found.append(find(cloud, params["WorkGroup"], name))
        except ServiceError as error:
            code = "STATEMENT_NOT_FOUND"
            unknown.append({"StatementName": name, "ErrorCode": code, "ErrorMessage": str(error)})
    return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": unknown}


@operation("athena", "ListPreparedStatements")
def list_prepared_statements(cloud: Cloud, params: Params) -> Params:
    group = params["WorkGroup"]
    workgroups.find(cloud, group)
    found = [statement for statement in cloud.store.all(PREPARED) if statement["WorkGroup"] == group]
    found.sort(key=lambda statement: str(statement["StatementName"]))
    answer = page(
        found, params, f"prepared statements of {group}", key=lambda statement: str(statement["StatementName"])
    )
    return {"PreparedStatements": answer.pop("items"), **answer}


@operation("athena", "UpdatePreparedStatement")
def update_prepared_statement(cloud: Cloud, params: Params) -> Params:
    workgroups.find(cloud, params["WorkGroup"])
    find(cloud, params["WorkGroup"], params["StatementName"])
    check_text(params["QueryStatement"])

    def change(body: Params) -> None:
        body.update(QueryStatement=params["QueryStatement"], LastModifiedTime=time.time())
        if params.get("Description") is not None:
            body["Description"] = params["Description"]

    cloud.store.update(PREPARED, _key(params["WorkGroup"], params["StatementName"]), change)
    return {}


@operation("athena", "DeletePreparedStatement")
def delete_prepared_statement(cloud: Cloud, params: Params) -> Params:
    workgroups.find(cloud, params["WorkGroup"])
    remove(cloud, params["WorkGroup"], params["StatementName"])
    return {}
