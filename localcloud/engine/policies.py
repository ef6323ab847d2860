"""IAM's decision on a call: the engine's evaluator, asked with the policies of a role as the engine's IAM keeps them.

Evaluated are the role's own policies and its permissions boundary: Effect, Action, Resource, their Not forms and
Condition. A policy variable stands for a key of the request or of who asks; a statement with one that is not known
(`${aws:username}`, which a role has not on AWS either; `${aws:ResourceTag/…}`) allows nothing.
Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from localcloud.store.sessions import Session
from localcloud.store.state import ACCOUNT, REGION

Keys = dict[str, Any]  # condition key in small letters -> value, or list of values
_VARIABLE = re.compile(r"\$\{([^},*?$]+)(?:,\s*'([^']*)')?\}")  # ${key} or ${key, 'default'}


class Need(NamedTuple):
    """One action on one resource that a call needs, with the condition keys that the call has (names in any case)."""

    action: str
    resource: str
    keys: Mapping[str, Any] = {}


class Decision(NamedTuple):
    allowed: bool
    explicit: bool = False  # a Deny says so, not only the want of an Allow


def evaluator() -> Any:
    """The engine's evaluator, which knows no other condition keys than those that it is given."""
    from ministack.core import iam_evaluator

    iam_evaluator._resolve_condition_key = lambda key, context: context.service_context.get(key.lower())
    return iam_evaluator


def _context(need: Need, principal: str, keys: Keys) -> Any:
    return evaluator().EvalContext(
        principal, "AssumedRole", ACCOUNT, need.action, need.resource, REGION, service_context=keys
    )


def _keys(need: Need, session: Session) -> Keys:
    """The condition keys of a request: who asks, when and where, then what the call itself has."""
    from ministack.services import iam

    role = iam._roles.get_scoped(ACCOUNT, None, session.role) or {}
    now = time.time()
    known = {
        **{f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in role.get("Tags") or []},
        "aws:PrincipalArn": role.get("Arn"),
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": f"{role['RoleId']}:{session.name}" if role else None,
        "aws:ResourceAccount": ACCOUNT,
        "s3:ResourceAccount": ACCOUNT,
        "aws:RequestedRegion": REGION,
        "aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "aws:EpochTime": str(int(now)),
        "aws:SecureTransport": "false",
        "aws:SourceIp": "127.0.0.1",
        **need.keys,
    }
    return {name.lower(): value for name, value in known.items()}


def _filled(policies: Iterable[Iterable[Any]], keys: Keys) -> list[list[Any]]:
    """The statements of policies with values in place of variables; no Allow that has a variable without one."""

    def value(found: re.Match[str]) -> str:
        known = keys.get(found[1].strip().lower(), found[2])
        plain = isinstance(known, str) and not set("*?$") & set(known)  # else it would be a wildcard
        return json.dumps(known)[1:-1] if plain else found[0]

    def filled(statement: Any) -> Any:
        text = json.dumps([statement.resources, statement.not_resources, statement.conditions], ensure_ascii=False)
        if "${" not in text:
            return statement
        text = _VARIABLE.sub(value, text)
        if "${" in text and statement.effect == "Allow":
            return None
        resources, others, conditions = json.loads(text)
        return replace(statement, resources=resources, not_resources=others, conditions=conditions)

    return [[one for statement in policy if (one := filled(statement))] for policy in policies]


def decide(session: Session, need: Need) -> Decision:
    """Whether a role's policies allow an action on a resource."""
    from ministack.services import iam

    keys, engine = _keys(need, session), evaluator()
    policies = _filled(engine._gather_role_policies(session.role, ACCOUNT), keys)
    limits = [_filled(limit, keys) for limit in engine._permissions_boundary(iam._roles, session.role, ACCOUNT)]
    found = engine.evaluate(_context(need, session.arn, keys), policies, *limits)
    return Decision(found.decision == "Allow", found.decision == "Deny")


def exists(role: str) -> bool:
    """Whether there is a role of this name."""
    from ministack.services import iam

    return iam._roles.get_scoped(ACCOUNT, None, role) is not None


def permits(document: str, session: Session, need: Need) -> bool:
    """Whether one policy alone would allow it, attached to a role or not."""
    keys, engine = _keys(need, session), evaluator()
    policies = _filled([engine.parse_policy_document(document)], keys)
    return bool(engine.evaluate(_context(need, session.arn, keys), policies).decision == "Allow")


def trusts(role: str, service: str, source: str) -> bool:
    """Whether a role is there and lets an AWS service act as it, on behalf of the resource `source`."""
    from ministack.services import iam

    found = iam._roles.get_scoped(ACCOUNT, None, role)
    if found is None:
        return False
    document = json.loads(found["AssumeRolePolicyDocument"])
    listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    need = Need("sts:AssumeRole", found["Arn"])
    context = _context(need, service, {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": source})
    engine = evaluator()
    fitting = [one for one in listed if engine._service_principal_matches(one.get("Principal"), service)]
    statements = engine.parse_policy_document({"Statement": [{**one, "Resource": "*"} for one in fitting]})
    return bool(engine.evaluate(context, [statements]).decision == "Allow")


def s3_needs(
    method: str, bucket: str, key: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> list[Need]:
    """What a request to S3 needs. S3's actions are not its operations: HeadObject needs GetObject.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    from ministack.core import iam_actions

    path = f"/{bucket}/{key}".rstrip("/") if not key else f"/{bucket}/{key}"
    action = f"s3:{iam_actions._s3_action(method, path or '/', query)}"
    arn = f"arn:aws:s3:::{bucket}" if bucket else "*"
    others = iam_actions.s3_additional_checks(method, path or "/", headers, body, query)
    if key:
        arn += f"/{key}"
        if "x-amz-tagging" in headers and action == "s3:PutObject":
            others.append(("s3:PutObjectTagging", arn))
    elif action.startswith("s3:DeleteObject"):  # of several keys: each for itself
        targets = iam_actions._s3_batch_delete_targets(bucket, body)
        return [Need("s3:DeleteObjectVersion" if version else "s3:DeleteObject", where) for where, version in targets]
    keys = iam_actions.s3_service_context(action, query, path, headers)
    return [Need(action, arn, keys), *(Need(f"{other}", where) for other, where in others)]
