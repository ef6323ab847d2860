"""IAM's SimulatePrincipalPolicy: what the policies of a role say of actions on resources, in a context.

The engine evaluates; its own answer is for the first resource only, finds no role below a path, and knows neither
context nor boundary.
Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from localcloud.engine import policies
from localcloud.store.state import ACCOUNT, REGION

Context = dict[str, Any]  # key in lower case -> value, or list of values
Statements = list[list[Any]]
_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
_NUMERIC = ("numeric", "numericList")


class _Refused(Exception):
    """The request is not one that can be simulated: (status, code, message)."""


def simulate(iam: Any, params: Any) -> Any:
    """Answer one request; the list of results is whole."""
    try:
        results = "".join(_results(iam, params))
    except _Refused as refused:
        status, code, message = refused.args
        return iam._error(status, code, message, ns="iam")
    body = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    name = "SimulatePrincipalPolicy"
    return iam._xml(200, f"{name}Response", f"<{name}Result>{body}</{name}Result>", ns="iam")


def _results(iam: Any, params: Any) -> Iterator[str]:
    evaluator = policies.evaluator()
    principal = iam._p(params, "PolicySourceArn")
    name = principal.rpartition("/")[2]
    if iam._roles.get(name, {}).get("Arn") != principal:
        raise _Refused(404, "NoSuchEntity", f"{principal} is no role here.")
    held = evaluator._gather_role_policies(name, ACCOUNT)
    held += [_statements(evaluator, text) for text in _listed(iam, params, "PolicyInputList")]
    limits = evaluator._permissions_boundary(iam._roles, name, ACCOUNT)
    boundaries = _listed(iam, params, "PermissionsBoundaryPolicyInputList")
    if len(boundaries) > 1:
        raise _Refused(400, "InvalidInput", "Give one permissions boundary: an entity has one at a time.")
    limits = [[_statements(evaluator, boundaries[0])]] if boundaries else limits
    context = {"aws:principalarn": principal, "aws:principalaccount": ACCOUNT, **_context(iam, params)}
    for action in _listed(iam, params, "ActionNames"):
        if not re.fullmatch(r"[\w-]+:\w+", action):
            raise _Refused(400, "InvalidInput", f"Invalid Action: {action} is not of the form service:Action.")
        for resource in _listed(iam, params, "ResourceArns") or ["*"]:
            asked = evaluator.EvalContext(
                principal, "AssumedRole", ACCOUNT, action, resource, REGION, service_context=context
            )
            decision = _DECISIONS[evaluator.evaluate(asked, held, *limits).decision]
            missing = _missing([*held, *(statements for limit in limits for statements in limit)], context)
            allowed = all(evaluator.evaluate(asked, limit).decision == "Allow" for limit in limits)
            yield _written(action, resource, decision, missing, allowed if limits else None)


def _written(action: str, resource: str, decision: str, missing: list[str], allowed: bool | None) -> str:
    keys = "".join(f"<member>{escape(key)}</member>" for key in missing)
    bounded = f"<AllowedByPermissionsBoundary>{str(allowed).lower()}</AllowedByPermissionsBoundary>"
    detail = f"<PermissionsBoundaryDecisionDetail>{bounded}</PermissionsBoundaryDecisionDetail>"
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName><EvalDecision>{decision}</EvalDecision>"
        f"<MatchedStatements/><MissingContextValues>{keys}</MissingContextValues>"
        f"{'' if allowed is None else detail}</member>"
    )


def _statements(evaluator: Any, text: str) -> list[Any]:
    problem = evaluator.validate_policy_document(text)
    if problem:
        raise _Refused(400, "InvalidInput", f"A policy of the request is malformed: {problem}.")
    found: list[Any] = evaluator.parse_policy_document(text)
    return found


def _missing(policies: Statements, context: Context) -> list[str]:
    """The context keys that conditions ask for and the request does not give."""
    conditions = [
        condition for policy in policies for statement in policy for condition in statement.conditions.values()
    ]
    asked = {key for condition in conditions if isinstance(condition, dict) for key in condition}
    return sorted(key for key in asked if key.lower() not in context)


def _context(iam: Any, params: Any) -> Context:
    found: Context = {}
    number = 1
    while name := iam._p(params, f"ContextEntries.member.{number}.ContextKeyName"):
        entry = f"ContextEntries.member.{number}"
        kind, values = iam._p(params, f"{entry}.ContextKeyType"), _listed(iam, params, f"{entry}.ContextKeyValues")
        if not kind:
            raise _Refused(400, "InvalidInput", f"{name} needs a ContextKeyType, such as string.")
        if not kind.endswith("List") and len(values) != 1:
            raise _Refused(400, "InvalidInput", f"{name} is one {kind}, not {len(values)}; {kind}List is of several.")
        if kind in _NUMERIC and not all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values):
            raise _Refused(400, "InvalidInput", f"{name} is {kind}: {', '.join(values)} is no number.")
        found[name.lower()] = values if kind.endswith("List") else values[0]
        number += 1
    return found


def _listed(iam: Any, params: Any, member: str) -> list[str]:
    found: list[str] = []
    while text := iam._p(params, f"{member}.member.{len(found) + 1}"):
        found.append(text)
    return found
