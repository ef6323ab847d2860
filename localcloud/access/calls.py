"""What a call needs: the IAM actions, each on its resources, with the condition keys that the request has.

An operation is an action of the same name, but for those listed here. Its resources are the ARNs of AWS's reference,
filled with the request's members of the same names. A member that names a role is `iam:PassRole` besides; tags given
while something is made are its tagging action.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.access.reference import resource_types
from localcloud.engine.policies import Need
from localcloud.protocol import ServiceError
from localcloud.store.sessions import role_name
from localcloud.store.state import ACCOUNT, REGION

Params = dict[str, Any]
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}  # signing name -> the prefix of its actions
_PLACE = re.compile(r"\$\{(\w+)\}")
# Actions that are not the operation's name. https://docs.aws.amazon.com/cost-management/latest/userguide/billing-permissions-ref.html
_ACTIONS = {
    ("budgets", "Describe"): "ViewBudget",
    **{("budgets", verb): "ModifyBudget" for verb in ("Create", "Update", "Delete")},
}
_NEVER_DENIED = {("sts", "GetCallerIdentity")}
_ARNS = ("ResourceArn", "ResourceARN", "resourceArn", "PipelineExecutionArn", "ModelPackageArn", "PolicySourceArn")
_ROLES = ("RoleArn", "Role", "ExecutionRoleArn")
# Where a request has what a place of an ARN asks for, beside the member of that name.
_MEMBERS = {
    "AutoMLJobJobName": ("AutoMLJobName",),
    "BudgetName": ("Budget.BudgetName", "NewBudget.BudgetName"),
    "DataCatalogName": ("CatalogName",),
    "EventBusName": ("Entries.EventBusName",),
    "RoleNameWithPath": ("RoleName",),
    "TableName": ("TableInput.Name", "TablesToDelete"),
    "DatabaseName": ("DatabaseInput.Name",),
}
_DEFAULTS = {"DataCatalogName": "AwsDataCatalog", "WorkGroupName": "primary"}


def needs(service: str, operation: str, params: Params, workgroup: Callable[[str], str]) -> list[Need]:
    """The actions, resources and condition keys of a call.

    Args:
        service: signing name.
        params: as botocore's model of the operation has them.
        workgroup: the Athena workgroup of a query execution's or a named query's id.
    """
    if (service, operation) in _NEVER_DENIED:
        return []
    prefix = _PREFIXES.get(service, service)
    verb = re.match("[A-Z][a-z]+", operation)
    tags = "Tag" in operation
    action = operation if tags else _ACTIONS.get((service, verb[0] if verb else ""), operation)
    if service == "athena":
        params = {**params, "WorkGroup": params.get("WorkGroup") or _workgroups(params, workgroup)}
    resources, keys = _resources(prefix, action, operation, params), _keys(params)
    found = [Need(f"{prefix}:{action}", arn, keys) for _, arn in resources]
    if any(name.startswith("aws:RequestTag/") for name in keys) and not tags:
        tagging = {"sagemaker": "AddTags", "iam": "TagRole"}.get(service, "TagResource")
        made = [arn for kind, arn in resources if kind and kind.replace("-", "") in operation.lower()]
        made = made or ([_made(operation, params)] if service == "glue" else [resources[-1][1]])
        found += [Need(f"{prefix}:{tagging}", arn, keys) for arn in made]
    if service not in ("iam", "sts"):
        passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
        roles = sorted({role_name(role) for role in _all(params, _ROLES)})
        found += [Need("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{role}", passed) for role in roles]
    return found


def _resources(prefix: str, action: str, operation: str, params: Params) -> list[tuple[str, str]]:
    """The kinds and ARNs of what an action is on; ("", "*") where that is nothing that has a name."""
    types = resource_types(prefix, action)
    if types is None:
        raise ServiceError("InternalFailure", f"AWS's authorization reference has no action {prefix}:{action}.", 500)
    given = [str(params[name]) for name in _ARNS if params.get(name)]
    if given and types:
        return [("", given[0])]
    found: list[tuple[str, str]] = []
    places_said, chosen = (
        0,
        list[tuple[str, str]](),
    )  # of what an action may have: the one that the request says most of
    for kind in types:
        places = _PLACE.findall(kind.arn)
        values = [_values(place, operation, params) for place in places]
        if kind.required:
            found += [(kind.name, arn) for arn in _filled(kind.arn, places, [value or ["*"] for value in values])]
        elif places and all(values) and len(places) > places_said:
            places_said = len(places)
            chosen = [(kind.name, arn) for arn in _filled(kind.arn, places, values)]
    found = [(kind, _as_in_messages(prefix, operation, arn)) for kind, arn in dict.fromkeys(found + chosen)]
    return found or [("", "*")]


def _as_in_messages(prefix: str, operation: str, arn: str) -> str:
    """An ARN as IAM compares it: SageMaker's are in small letters, a log group's leads on to its streams."""
    if prefix == "logs" and ":log-stream:" not in arn and not operation.endswith("Resource"):
        return f"{arn}:log-stream:"
    return arn.lower() if prefix == "sagemaker" else arn


def _filled(arn: str, places: list[str], values: list[list[str]]) -> list[str]:
    """The ARN with each value of each place; a value that is an ARN stands for the whole."""
    found = [arn]
    for place, several in zip(places, values, strict=True):
        pairs = [(one, value) for one in found for value in several]
        found = [value if value.startswith("arn:") else one.replace(f"${{{place}}}", value) for one, value in pairs]
    return found


def _values(place: str, operation: str, params: Params) -> list[str]:
    """What a request has for a place as `JobName`: JobName, jobName, Job, JobNames, or Name where it is about a job."""
    noun = place.removesuffix("Name")
    names = [place, place[0].lower() + place[1:], noun, f"{place}s", *_MEMBERS.get(place, ())]
    names += ["Name"] if noun in operation else []
    for name in names:
        found = [value for value in _at(params, name.split(".")) if value != "default"]
        if found:
            return found
    if place == "ModelPackageName" and params.get("ModelPackageGroupName"):
        return [f"{role_name(params['ModelPackageGroupName'])}/*"]  # a version, which has no number yet
    return [_DEFAULTS[place]] if place in _DEFAULTS else []


def _at(value: Any, path: list[str]) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _at(item, path)]
    if not path:
        return [value] if isinstance(value, str) and value else []
    return _at(value.get(path[0]), path[1:]) if isinstance(value, dict) else []


def _workgroups(params: Params, workgroup: Callable[[str], str]) -> list[str]:
    """Of the queries that are asked for by id."""
    names = ("QueryExecutionId", "QueryExecutionIds", "NamedQueryId", "NamedQueryIds")
    return list(dict.fromkeys(workgroup(identity) for name in names for identity in _at(params, [name])))


def _made(operation: str, params: Params) -> str:
    """The ARN of what a Create operation of Glue makes whose own action is on no resource."""
    return f"arn:aws:glue:{REGION}:{ACCOUNT}:{operation.removeprefix('Create').lower()}/{params.get('Name', '*')}"


def _keys(params: Params) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    tags = params.get("Tags") or params.get("tags") or params.get("ResourceTags") or {}
    if isinstance(tags, list):
        tags = {tag["Key"]: tag.get("Value", "") for tag in tags if isinstance(tag, dict)}
    if tags:
        keys.update({f"aws:RequestTag/{key}": value for key, value in tags.items()}, **{"aws:TagKeys": list(tags)})
    types = sorted(set(_all(params, ("InstanceType",))))
    if types:
        keys["sagemaker:InstanceTypes"] = types
    if "Namespace" in params:
        keys["cloudwatch:namespace"] = params["Namespace"]
    if params.get("Targets") and "Rule" in params:
        keys["events:TargetArn"] = _at(params, ["Targets", "Arn"])
    return keys


def _all(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    """The texts of the members of these names, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from _all(item, names)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in names and isinstance(item, str):
                yield item
            else:
                yield from _all(item, names)
