"""Workgroups: where results go and who decides it, how much a query may scan, and whether its metrics are published.

Source: https://docs.aws.amazon.com/athena/latest/ug/workgroups-manage-queries-control-costs.html
"""

from __future__ import annotations

import time
from typing import Any

from localcloud.cloud import Cloud, arn
from localcloud.services.athena.requests import invalid, page, refuse
from localcloud.services.registry import Params, operation
from localcloud.store.state import ACCOUNT

WORKGROUP = "athena-workgroup"
PRIMARY = "primary"
ENGINE = "Athena engine version 3"
VERSIONS = ("AUTO", ENGINE)
# Who else lives in a workgroup; DeleteWorkGroup asks them.
CONTENTS = ("athena-query", "athena-named-query", "athena-prepared")

_ELSEWHERE = {
    "ManagedQueryResultsConfiguration.Enabled": "results go to a bucket: give an OutputLocation",
    "AdditionalConfiguration": "it is for Spark",
    "ExecutionRole": "it is for Spark and IAM Identity Center",
    "MonitoringConfiguration": "it is for Spark",
    "EngineConfiguration": "it is for Spark",
    "CustomerContentEncryptionConfiguration": "there are no KMS keys",
    "EnableMinimumEncryptionConfiguration": "there are no KMS keys",
    "IdentityCenterConfiguration": "there is no IAM Identity Center",
    "QueryResultsS3AccessGrantsConfiguration": "there are no S3 Access Grants",
    "RequesterPaysEnabled": "no bucket here has another payer",
}


def address(name: str) -> str:
    return arn("athena", f"workgroup/{name}")


def check_location(location: str) -> None:
    """Raise InvalidRequestException unless it is `s3://bucket/…`."""
    if not location.startswith("s3://") or not location.removeprefix("s3://").partition("/")[0]:
        raise invalid(f"outputLocation is not a valid S3 path: {location}")


def check_results(results: Params) -> None:
    """What a ResultConfiguration asks for has its effect here, or is refused."""
    option = (results.get("EncryptionConfiguration") or {}).get("EncryptionOption")
    if option not in (None, "SSE_S3"):
        raise invalid(f"EncryptionOption {option} is not offered by the local AWS: it has no KMS keys. Use SSE_S3.")
    if (results.get("EncryptionConfiguration") or {}).get("KmsKey"):
        raise invalid("Kms key cannot be specified when the encryption option is SSE_S3")
    if results.get("OutputLocation"):
        check_location(results["OutputLocation"])
    if results.get("ExpectedBucketOwner", ACCOUNT) != ACCOUNT:
        raise invalid(f"ExpectedBucketOwner is not the owner of a bucket here, which is {ACCOUNT}.")


def _check(configuration: Params) -> None:
    for member, why in _ELSEWHERE.items():
        refuse(configuration, member, why=why)
    check_results(configuration.get("ResultConfiguration") or {})
    selected = (configuration.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    if selected not in VERSIONS:
        raise invalid(f"The engine version {selected} is not offered by the local AWS: there is {ENGINE}.")


def _completed(configuration: Params) -> Params:
    """With AWS's values for what is not given. The first two differ for `primary`."""
    selected = (configuration.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    return {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EnableMinimumEncryptionConfiguration": False,
        **{name: value for name, value in configuration.items() if value is not None},
        "EngineVersion": {"SelectedEngineVersion": selected, "EffectiveEngineVersion": ENGINE},
    }


def find(cloud: Cloud, name: str) -> Params:
    """The workgroup; `primary` is there from the start."""
    workgroup = cloud.store.get(WORKGROUP, name)
    if workgroup is None and name == PRIMARY:
        made = {"Name": PRIMARY, "State": "ENABLED", "CreationTime": time.time(), "Description": "", "_Tags": {}}
        made["Configuration"] = _completed({"EnforceWorkGroupConfiguration": False, "ResultConfiguration": {}})
        cloud.store.insert(WORKGROUP, PRIMARY, made)
        workgroup = cloud.store.get(WORKGROUP, name)
    if workgroup is None:
        raise invalid(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
    return workgroup


def enabled(cloud: Cloud, name: str) -> Params:
    workgroup = find(cloud, name)
    if workgroup["State"] != "ENABLED":
        raise invalid(f"WorkGroup {name} is disabled.")
    return workgroup


@operation("athena", "CreateWorkGroup")
def create_work_group(cloud: Cloud, params: Params) -> Params:
    configuration = params.get("Configuration") or {}
    _check(configuration)
    find(cloud, PRIMARY)
    workgroup = {
        "Name": params["Name"],
        "State": "ENABLED",
        "Configuration": _completed(configuration),
        "Description": params.get("Description") or "",
        "CreationTime": time.time(),
        "_Tags": {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []},
    }
    if not cloud.store.insert(WORKGROUP, params["Name"], workgroup):
        raise invalid(f"WorkGroup {params['Name']} is already created")
    return {}


@operation("athena", "GetWorkGroup")
def get_work_group(cloud: Cloud, params: Params) -> Params:
    return {"WorkGroup": find(cloud, params["WorkGroup"])}


@operation("athena", "ListWorkGroups")
def list_work_groups(cloud: Cloud, params: Params) -> Params:
    find(cloud, PRIMARY)
    groups = sorted(cloud.store.all(WORKGROUP), key=lambda group: str(group["Name"]))
    answer = page(groups, params, "workgroups", key=lambda group: str(group["Name"]))
    for group in answer["items"]:
        group["EngineVersion"] = group["Configuration"]["EngineVersion"]
    return {"WorkGroups": answer.pop("items"), **answer}


@operation("athena", "UpdateWorkGroup")
def update_work_group(cloud: Cloud, params: Params) -> Params:
    workgroup = find(cloud, params["WorkGroup"])
    updates = params.get("ConfigurationUpdates") or {}
    changed = _updated(workgroup["Configuration"], updates)
    refuse(updates, "ManagedQueryResultsConfigurationUpdates.Enabled", why="results go to a bucket")
    _check(changed)

    def change(body: Params) -> None:
        body["Configuration"] = changed
        if params.get("Description") is not None:
            body["Description"] = params["Description"]
        if params.get("State"):
            body["State"] = params["State"]

    cloud.store.update(WORKGROUP, params["WorkGroup"], change)
    return {}


def _updated(configuration: Params, updates: Params) -> Params:
    skipped = {"ResultConfigurationUpdates", "ManagedQueryResultsConfigurationUpdates"}
    plain: dict[str, Any] = {
        name: value
        for name, value in updates.items()
        if value is not None and name not in skipped and not name.startswith("Remove")
    }
    changed = {**configuration, **plain}
    if updates.get("RemoveBytesScannedCutoffPerQuery"):
        changed.pop("BytesScannedCutoffPerQuery", None)
    results = dict(configuration.get("ResultConfiguration") or {})
    wanted = updates.get("ResultConfigurationUpdates") or {}
    for name in ("OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration"):
        if wanted.get(f"Remove{name}"):
            if wanted.get(name):
                raise invalid(f"{name} and Remove{name} cannot be given together.")
            results.pop(name, None)
        elif wanted.get(name) is not None:
            results[name] = wanted[name]
    return _completed({**changed, "ResultConfiguration": results})


@operation("athena", "DeleteWorkGroup")
def delete_work_group(cloud: Cloud, params: Params) -> Params:
    name = params["WorkGroup"]
    if name == PRIMARY:
        raise invalid("Cannot delete the primary workgroup.")
    find(cloud, name)
    contents = [(kind, body) for kind in CONTENTS for body in cloud.store.all(kind) if body.get("WorkGroup") == name]
    if contents and not params.get("RecursiveDeleteOption"):
        raise invalid(f"WorkGroup {name} is not empty")
    for kind, body in contents:
        cloud.store.delete(kind, body["_Name"])
    cloud.store.delete(WORKGROUP, name)
    return {}
