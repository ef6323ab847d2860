"""The model registry: model package groups, and model packages as their versions, with an approval status.

A package describes how a model is served; it runs nothing. `container` gives what CreateModel takes from one, and
refuses a version that is not Approved. Unversioned packages (a name, no group) exist, too, and know no approval.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html
"""

from __future__ import annotations

import time

from localcloud.cloud import Cloud, arn
from localcloud.protocol import ServiceError
from localcloud.services import events
from localcloud.services.listing import page
from localcloud.services.registry import Params, operation
from localcloud.store.state import ROLE_ARN

GROUP, PACKAGE = "model-package-group", "model-package"
_NOT_OFFERED = ("ValidationSpecification", "SourceAlgorithmSpecification", "ManagedStorageType", "ManagedConfiguration")
_REPLACED = (
    *("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri"),
    *("ModelPackageRegistrationType", "ModelCard", "ModelLifeCycle"),
)
# What the event of a change may name, by AWS's page of events; of these, what lies here under the same name.
_TOLD = (
    *("ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties"),
    *("InferenceSpecification", "ModelLifeCycle"),
)
_CREATOR = {"IamIdentity": {"Arn": ROLE_ARN, "PrincipalId": "AROALOCALCLOUD"}}


def _refuse(message: str, code: str = "ValidationException") -> ServiceError:
    return ServiceError(code, message)


def _find(cloud: Cloud, kind: str, arn_or_name: str) -> Params:
    """A group or package by its name or ARN; a version's name is `group/number`."""
    name = arn_or_name.partition(f":{kind}/")[2] or arn_or_name
    for body in cloud.store.all(kind):
        if body["_Name"].lower() == name.lower():
            return body
    known = arn_or_name if arn_or_name.startswith("arn:") else arn("sagemaker", f"{kind}/{name}")
    raise _refuse(f"{'ModelPackageGroup' if kind == GROUP else 'ModelPackage'} {known} does not exist.")


def _not_offered(params: Params) -> None:
    for member in _NOT_OFFERED:
        if params.get(member):
            raise _refuse(f"{member} is not offered by the local AWS, only on AWS.")
    if params.get("CertifyForMarketplace"):
        raise _refuse("CertifyForMarketplace is not offered by the local AWS: it has no Marketplace.")


# --- Groups ----------------------------------------------------------------------------------------------------


@operation("sagemaker", "CreateModelPackageGroup")
def create_model_package_group(cloud: Cloud, params: Params) -> Params:
    _not_offered(params)
    name, now = params["ModelPackageGroupName"], time.time()
    group = {
        **params,
        "_Name": name,
        "_LastVersion": 0,
        "ModelPackageGroupArn": arn("sagemaker", f"{GROUP}/{name.lower()}"),
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": _CREATOR,
    }
    if not cloud.store.insert(GROUP, name, group):
        raise _refuse(f"Model Package Group already exists: {group['ModelPackageGroupArn']}")
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


@operation("sagemaker", "DescribeModelPackageGroup")
def describe_model_package_group(cloud: Cloud, params: Params) -> Params:
    return _find(cloud, GROUP, params["ModelPackageGroupName"])


@operation("sagemaker", "ListModelPackageGroups")
def list_model_package_groups(cloud: Cloud, params: Params) -> Params:
    own = [] if params.get("CrossAccountFilterOption") == "CrossAccount" else cloud.store.all(GROUP)
    return page(own, params, "ModelPackageGroupSummaryList", name="ModelPackageGroupName", order="Ascending")


@operation("sagemaker", "DeleteModelPackageGroup")
def delete_model_package_group(cloud: Cloud, params: Params) -> Params:
    name = _find(cloud, GROUP, params["ModelPackageGroupName"])["_Name"]
    versions = sum(package.get("ModelPackageGroupName") == name for package in cloud.store.all(PACKAGE))
    if versions:
        raise _refuse(
            f"Model Package Group {name} cannot be deleted: it has {versions} model package(s). Delete them first.",
            "ConflictException",
        )
    cloud.store.delete(GROUP, name)
    return {}


# --- Packages --------------------------------------------------------------------------------------------------


@operation("sagemaker", "CreateModelPackage")
def create_model_package(cloud: Cloud, params: Params) -> Params:
    _not_offered(params)
    token = params.get("ClientToken")
    for made in cloud.store.all(PACKAGE) if token else ():
        if made.get("ClientToken") == token:  # the same request came before
            return {"ModelPackageArn": made["ModelPackageArn"]}
    in_group, alone = params.get("ModelPackageGroupName"), params.get("ModelPackageName")
    if bool(in_group) == bool(alone):
        raise _refuse("Give either a ModelPackageGroupName, for a versioned model, or a ModelPackageName.")
    specification = params.get("InferenceSpecification") or _specification_of(cloud, params.get("SourceUri", ""))
    now = time.time()
    package = {
        **params,
        "InferenceSpecification": specification,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": _CREATOR,
    }
    if in_group:
        group, version = _next_version(cloud, in_group)
        package.update(
            ModelPackageGroupName=group,
            ModelPackageVersion=version,
            ModelApprovalStatus=params.get("ModelApprovalStatus", "PendingManualApproval"),
            _Name=f"{group}/{version}",
        )
    elif params.get("ModelApprovalStatus"):
        raise _refuse("ModelApprovalStatus applies to versions in a group, not to an unversioned model package.")
    else:
        package["_Name"] = alone
    package["ModelPackageArn"] = arn("sagemaker", f"{PACKAGE}/{package['_Name'].lower()}")
    if not cloud.store.insert(PACKAGE, package["_Name"], package):
        raise _refuse(f"Model Package already exists: {package['ModelPackageArn']}")
    events.model_package_changed(cloud, package)
    return {"ModelPackageArn": package["ModelPackageArn"]}


def _next_version(cloud: Cloud, group: str) -> tuple[str, int]:
    """A group's name and its next number; the number of a deleted version does not come again."""
    name = _find(cloud, GROUP, group)["_Name"]

    def change(body: Params) -> None:
        body["_LastVersion"] += 1

    body = cloud.store.update(GROUP, name, change)
    if body is None:
        raise _refuse(f"ModelPackageGroup {group} does not exist.")
    return name, int(body["_LastVersion"])


def _specification_of(cloud: Cloud, source: str) -> Params:
    """What a package without an InferenceSpecification has from its SourceUri: a model's, or another package's."""
    if f":{PACKAGE}/" in source:
        cloned: Params = _find(cloud, PACKAGE, source)["InferenceSpecification"]
        return cloned
    name = source.partition(":model/")[2]
    for model in cloud.store.all("model") if name else []:
        if model["ModelName"].lower() == name.lower():
            keys = ("Image", "ModelDataUrl", "ModelDataSource", "Environment")
            return {"Containers": [{key: value for key, value in model["PrimaryContainer"].items() if key in keys}]}
    raise _refuse("Give an InferenceSpecification, or as SourceUri the ARN of a model or of a model package.")


@operation("sagemaker", "DescribeModelPackage")
def describe_model_package(cloud: Cloud, params: Params) -> Params:
    return _find(cloud, PACKAGE, params["ModelPackageName"])


@operation("sagemaker", "ListModelPackages")
def list_model_packages(cloud: Cloud, params: Params) -> Params:
    group = params.get("ModelPackageGroupName")
    if group:
        group = _find(cloud, GROUP, group)["_Name"]
    wanted = "Versioned" if group else params.get("ModelPackageType", "Unversioned")
    approval = params.get("ModelApprovalStatus")
    kept = [
        package
        for package in cloud.store.all(PACKAGE)
        if wanted in ("Both", "Versioned" if package.get("ModelPackageVersion") else "Unversioned")
        and (not group or package.get("ModelPackageGroupName") == group)
        and (not approval or package.get("ModelApprovalStatus") == approval)
    ]
    return page(kept, params, "ModelPackageSummaryList", name="_Name", order="Ascending")


@operation("sagemaker", "UpdateModelPackage")
def update_model_package(cloud: Cloud, params: Params) -> Params:
    package = _find(cloud, PACKAGE, params["ModelPackageArn"])
    token = params.get("ClientToken")
    if token and package.get("_UpdateToken") == token:  # the same request came before
        return {"ModelPackageArn": package["ModelPackageArn"]}
    if params.get("ModelApprovalStatus") and not package.get("ModelPackageVersion"):
        raise _refuse("ModelApprovalStatus applies to versions in a group, not to an unversioned model package.")
    more = params.get("AdditionalInferenceSpecificationsToAdd", [])
    names = [one["Name"] for one in [*(package.get("AdditionalInferenceSpecifications") or []), *more]]
    if len(set(names)) < len(names):
        raise _refuse("The names of AdditionalInferenceSpecifications must be distinct.")

    def change(body: Params) -> None:
        body.update({key: params[key] for key in _REPLACED if key in params})
        properties = {**(body.get("CustomerMetadataProperties") or {}), **params.get("CustomerMetadataProperties", {})}
        for key in params.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(key, None)
        body["CustomerMetadataProperties"] = properties or None  # an empty one is none, as for AWS
        body["AdditionalInferenceSpecifications"] = [
            *(body.get("AdditionalInferenceSpecifications") or []),
            *more,
        ] or None
        body.update(LastModifiedTime=time.time(), LastModifiedBy=_CREATOR, _UpdateToken=token)

    changed = cloud.store.update(PACKAGE, package["_Name"], change)
    updated = [field for field in _TOLD if changed and changed.get(field) != package.get(field)]
    events.model_package_changed(cloud, changed, updated)
    return {"ModelPackageArn": package["ModelPackageArn"]}


@operation("sagemaker", "DeleteModelPackage")
def delete_model_package(cloud: Cloud, params: Params) -> Params:
    cloud.store.delete(PACKAGE, _find(cloud, PACKAGE, params["ModelPackageName"])["_Name"])
    return {}


# --- Deployment ------------------------------------------------------------------------------------------------


def container(cloud: Cloud, asked: Params) -> Params:
    """The container that a model serves: `asked` itself, or what the package that it names says.

    Raises:
        ServiceError: no such package, a version that is not Approved, or one of several containers.
    """
    named = asked.get("ModelPackageName")
    if not named:
        return asked
    if asked.get("Image") or asked.get("ModelDataUrl") or asked.get("ModelDataSource"):
        raise _refuse("A container has either a ModelPackageName or an Image with its model data, not both.")
    package = _find(cloud, PACKAGE, named)
    approval = package.get("ModelApprovalStatus", "Approved")
    if approval != "Approved":
        raise _refuse(
            f"Model package {package['ModelPackageArn']} cannot be deployed: its ModelApprovalStatus is {approval}, "
            "not Approved."
        )
    specification = package["InferenceSpecification"]
    wanted = asked.get("InferenceSpecificationName")
    if wanted:
        others = {one["Name"]: one for one in package.get("AdditionalInferenceSpecifications") or []}
        if wanted not in others:
            raise _refuse(f"Model package {package['ModelPackageArn']} has no inference specification {wanted}.")
        specification = others[wanted]
    if len(specification["Containers"]) != 1:
        raise _refuse("The local AWS serves models of exactly one container.")
    served = {key: specification["Containers"][0].get(key) for key in ("Image", "ModelDataUrl", "ModelDataSource")}
    environment = {**specification["Containers"][0].get("Environment", {}), **asked.get("Environment", {})}
    return {**asked, **{key: value for key, value in served.items() if value}, "Environment": environment}
