"""What only the host of an event can have left: it is no one learner's, or of a service that learners share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from helpers.aws.client import client, listed
from helpers.cleanup.left import Left, Whose, own

_STACK = "aws:cloudformation:stack-name"  # what has this tag goes with its stack


def queries(ws: Whose) -> Iterator[Left]:
    """Athena: workgroups with what they hold, then named queries and prepared statements of the primary workgroup."""
    athena = client("athena")
    names = pages(athena.list_work_groups, "WorkGroups", "Name")
    for name in own(ws, names, "athena:workgroup/"):
        arn = f"arn:aws:athena:{ws.region}:{ws.account}:workgroup/{name}"
        if not any(tag["Key"] == _STACK for tag in athena.list_tags_for_resource(ResourceARN=arn)["Tags"]):
            delete = partial(athena.delete_work_group, WorkGroup=name, RecursiveDeleteOption=True)
            yield Left("workgroup", name, "", delete)
    for query in listed(athena, "list_named_queries", "NamedQueryIds[]"):
        named = athena.get_named_query(NamedQueryId=query)["NamedQuery"]
        if named["Name"].startswith(ws.name("")) or named["Database"].startswith(ws.database):
            yield Left("named query", named["Name"], "", partial(athena.delete_named_query, NamedQueryId=query))
    for name in pages(athena.list_prepared_statements, "PreparedStatements", "StatementName", WorkGroup="primary"):
        if name.startswith(ws.database):  # a statement's name has no hyphens
            delete = partial(athena.delete_prepared_statement, StatementName=name, WorkGroup="primary")
            yield Left("prepared statement", name, "", delete)


def pages(ask: Any, key: str, name: str, **wanted: str) -> list[str]:
    """A member of all that an operation lists for which boto3 has no paginator."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ask(**wanted, **token)
        found += [str(item[name]) for item in page[key]]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def announcements(ws: Whose) -> Iterator[Left]:
    """What lets the bucket tell EventBridge of each object; it stays while a rule of somebody else's asks for that."""
    s3 = client("s3")
    now = s3.get_bucket_notification_configuration(Bucket=ws.bucket)
    every = listed(client("events"), "list_rules", "Rules[]")
    rules = [rule for rule in every if "aws.s3" in rule.get("EventPattern", "")]
    if "EventBridgeConfiguration" in now and all(rule["Name"].startswith(ws.name("")) for rule in rules):
        kept = {key: value for key, value in now.items() if key not in ("EventBridgeConfiguration", "ResponseMetadata")}
        delete = partial(s3.put_bucket_notification_configuration, Bucket=ws.bucket, NotificationConfiguration=kept)
        yield Left("bucket notification", ws.bucket, "to EventBridge", delete)
