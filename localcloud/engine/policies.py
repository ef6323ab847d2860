"""IAM's decision on a call: the engine's evaluator, asked with the policies of a role as the engine's IAM keeps them.

Evaluated are the role's own policies and its permissions boundary: Effect, Action, Resource, their Not forms and
Condition. Policy variables (`${aws:username}`) are not replaced: a statement that has one allows nothing.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from localcloud.store.sessions import Session
from localcloud.store.state import ACCOUNT, REGION


class Need(NamedTuple):
    """One action on one resource that a call needs, with the condition keys that the call has (names in any case)."""

    action: str
    resource: str
    keys: Mapping[str, Any] = {}


class Decision(NamedTuple):
    allowed: bool
    explicit: bool = False  # a Deny says so, not only the want of an Allow


def _context(need: Need, principal: str) -> Any:
    from ministack.core import iam_evaluator as evaluator

    return evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=need.action,
        resource_arn=need.resource,
        region=REGION,
        service_context={"aws:tagkeys": None, **{name.lower(): value for name, value in need.keys.items()}},
    )


def decide(session: Session, need: Need) -> Decision:
    """Whether a role's policies allow an action on a resource."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.services import iam

    policies = evaluator._gather_role_policies(session.role, ACCOUNT)
    limits = evaluator._permissions_boundary(iam._roles, session.role, ACCOUNT)
    found = evaluator.evaluate(_context(need, session.arn), policies, *limits)
    return Decision(found.decision == "Allow", found.decision == "Deny")


def exists(role: str) -> bool:
    """Whether there is a role of this name."""
    from ministack.services import iam

    return iam._roles.get_scoped(ACCOUNT, None, role) is not None


def permits(document: str, session: Session, need: Need) -> bool:
    """Whether one policy alone would allow it, attached to a role or not."""
    from ministack.core import iam_evaluator as evaluator

    statements = evaluator.parse_policy_document(document)
    return bool(evaluator.evaluate(_context(need, session.arn), [statements]).decision == "Allow")


def trusts(role: str, service: str, source: str) -> bool:
    """Whether a role is there and lets an AWS service act as it, on behalf of the resource `source`."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.services import iam

    found = iam._roles.get_scoped(ACCOUNT, None, role)
    if found is None:
        return False
    document = json.loads(found["AssumeRolePolicyDocument"])
    listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    context = _context(
        Need("sts:AssumeRole", found["Arn"], {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": source}), service
    )
    fitting = [one for one in listed if evaluator._service_principal_matches(one.get("Principal"), service)]
    statements = evaluator.parse_policy_document({"Statement": [{**one, "Resource": "*"} for one in fitting]})
    return bool(evaluator.evaluate(context, [statements]).decision == "Allow")


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
