"""Tags of SageMaker resources: AddTags, ListTags, DeleteTags, by ARN; and GetResources, which finds them by their tags.

Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from localcloud.cloud import Cloud, arn
from localcloud.protocol import ServiceError
from localcloud.services.listing import cut
from localcloud.services.registry import Params, operation

PER_PAGE = 100
# The resource kind in an ARN is also the kind in the store.
_NAMES = {
    "training-job": "TrainingJobName",
    "hyper-parameter-tuning-job": "HyperParameterTuningJobName",
    "processing-job": "ProcessingJobName",
    "automl-job": "AutoMLJobName",
    "transform-job": "TransformJobName",
    "model": "ModelName",
    "endpoint-config": "EndpointConfigName",
    "endpoint": "EndpointName",
    "model-package-group": "_Name",
    "model-package": "_Name",
    "pipeline": "PipelineName",
}


def _locate(cloud: Cloud, resource: str) -> tuple[str, str]:
    kind, _, name = resource.rpartition(":")[2].partition("/")
    for body in cloud.store.all(kind) if kind in _NAMES else []:
        if body[_NAMES[kind]].lower() == name:
            return kind, body[_NAMES[kind]]
    raise ServiceError("ResourceNotFound", f"No resource has the ARN {resource}.")


@operation("sagemaker", "AddTags")
def add_tags(cloud: Cloud, params: Params) -> Params:
    kind, name = _locate(cloud, params["ResourceArn"])
    new = {tag["Key"]: tag for tag in params["Tags"]}

    def change(body: Params) -> None:
        body["Tags"] = [tag for tag in body.get("Tags", []) if tag["Key"] not in new] + list(new.values())

    body = cloud.store.update(kind, name, change)
    return {"Tags": body["Tags"] if body else []}


@operation("sagemaker", "ListTags")
def list_tags(cloud: Cloud, params: Params) -> Params:
    kind, name = _locate(cloud, params["ResourceArn"])
    body = cloud.store.get(kind, name)
    return cut(body.get("Tags", []) if body else [], params, "Tags")


@operation("sagemaker", "DeleteTags")
def delete_tags(cloud: Cloud, params: Params) -> Params:
    kind, name = _locate(cloud, params["ResourceArn"])

    def change(body: Params) -> None:
        body["Tags"] = [tag for tag in body.get("Tags", []) if tag["Key"] not in params["TagKeys"]]

    cloud.store.update(kind, name, change)
    return {}


@operation("tagging", "GetResources")
def get_resources(cloud: Cloud, params: Params) -> Params:
    """What of SageMaker has tags that fit each filter; other services' tags are not found here."""
    wanted = {one["Key"]: one.get("Values", []) for one in params.get("TagFilters", [])}
    found = []
    for kind, name in _NAMES.items():
        for body in cloud.store.all(kind):
            tags = {tag["Key"]: tag["Value"] for tag in body.get("Tags") or []}
            if tags and all(key in tags and tags[key] in (values or [tags[key]]) for key, values in wanted.items()):
                given = [{"Key": key, "Value": value} for key, value in tags.items()]
                found.append({"ResourceARN": arn("sagemaker", f"{kind}/{body[name].lower()}"), "Tags": given})
    asked = {"NextToken": params.get("PaginationToken"), "MaxResults": params.get("ResourcesPerPage", PER_PAGE)}
    answer = cut(found, asked, "ResourceTagMappingList")
    answer["PaginationToken"] = answer.pop("NextToken", "")
    return answer
