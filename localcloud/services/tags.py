"""Tags of SageMaker resources: AddTags, ListTags, DeleteTags, by ARN."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.listing import cut
from localcloud.services.registry import Params, operation

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
