"""Named (saved) queries."""

from __future__ import annotations

import uuid

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.athena import workgroups
from localcloud.services.athena.requests import invalid, once, page
from localcloud.services.registry import Params, operation

NAMED = "athena-named-query"


def _find(cloud: Cloud, identity: str) -> Params:
    query = cloud.store.get(NAMED, identity)
    if query is None:
        raise invalid(f"NamedQuery {identity} was not found")
    return query


@operation("athena", "CreateNamedQuery")
def create_named_query(cloud: Cloud, params: Params) -> Params:
    group = params.get("WorkGroup") or workgroups.PRIMARY
    workgroups.enabled(cloud, group)
    identity = str(uuid.uuid4())
    made = once(cloud, "CreateNamedQuery", params, identity)
    if made == identity:
        kept = {name: params[name] for name in ("Name", "Description", "Database", "QueryString") if params.get(name)}
        cloud.store.insert(NAMED, made, {**kept, "WorkGroup": group, "NamedQueryId": made, "_Name": made})
    return {"NamedQueryId": made}


@operation("athena", "GetNamedQuery")
def get_named_query(cloud: Cloud, params: Params) -> Params:
    return {"NamedQuery": _find(cloud, params["NamedQueryId"])}


@operation("athena", "BatchGetNamedQuery")
def batch_get_named_query(cloud: Cloud, params: Params) -> Params:
    found, unknown = [], []
    for identity in params["NamedQueryIds"]:
        try:
            found.append(_find(cloud, identity))
        except ServiceError as error:
            unknown.append({"NamedQueryId": identity, "ErrorCode": "INVALID_INPUT", "ErrorMessage": str(error)})
    return {"NamedQueries": found, "UnprocessedNamedQueryIds": unknown}


@operation("athena", "ListNamedQueries")
def list_named_queries(cloud: Cloud, params: Params) -> Params:
    group = params.get("WorkGroup") or workgroups.PRIMARY
    workgroups.find(cloud, group)
    names = [query["NamedQueryId"] for query in reversed(cloud.store.all(NAMED)) if query["WorkGroup"] == group]
    answer = page(names, params, f"named queries of {group}")
    found = answer.pop("items")
    return {"NamedQueryIds": found, **answer} if found else {}  # AWS's model has no empty list here


@operation("athena", "UpdateNamedQuery")
def update_named_query(cloud: Cloud, params: Params) -> Params:
    _find(cloud, params["NamedQueryId"])

    def change(body: Params) -> None:
        body.update(Name=params["Name"], QueryString=params["QueryString"])
        if params.get("Description") is not None:
            body["Description"] = params["Description"] or None

    cloud.store.update(NAMED, params["NamedQueryId"], change)
    return {}


@operation("athena", "DeleteNamedQuery")
def delete_named_query(cloud: Cloud, params: Params) -> Params:
    _find(cloud, params["NamedQueryId"])
    cloud.store.delete(NAMED, params["NamedQueryId"])
    return {}
