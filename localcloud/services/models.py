"""What an endpoint is made of: models (a container and its model data) and endpoint configurations."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud, arn
from localcloud.hosting import capture, serverless
from localcloud.jobs import images, s3io
from localcloud.jobs.container import check_isolation
from localcloud.protocol import ServiceError
from localcloud.services import model_packages
from localcloud.services.listing import page
from localcloud.services.registry import Params, operation

MODEL, CONFIG = "model", "endpoint-config"
ONE_INSTANCE = "The local AWS serves each variant on one instance, which is this machine"


def create(cloud: Cloud, kind: str, name_key: str, arn_key: str, params: Params, **more: object) -> Params:
    name = params[name_key]
    now = time.time()
    resource = arn("sagemaker", f"{kind}/{name.lower()}")
    body = {**params, arn_key: resource, "CreationTime": now, "LastModifiedTime": now, **more}
    if not cloud.store.insert(kind, name, body):
        raise ServiceError("ValidationException", f'Cannot create already existing {kind} "{resource}".')
    return {arn_key: resource}


def find(cloud: Cloud, kind: str, name: str) -> Params:
    body = cloud.store.get(kind, name)
    if body is None:
        raise ServiceError("ValidationException", f'Could not find {kind} "{arn("sagemaker", f"{kind}/{name}")}".')
    return body


def _delete(cloud: Cloud, kind: str, name: str) -> Params:
    find(cloud, kind, name)
    cloud.store.delete(kind, name)
    return {}


@operation("sagemaker", "CreateModel")
def create_model(cloud: Cloud, params: Params) -> Params:
    containers = params.get("Containers") or [params.get("PrimaryContainer")]
    if len(containers) != 1 or not containers[0]:
        raise ServiceError("ValidationException", "The local AWS serves models of exactly one container.")
    container = model_packages.container(cloud, containers[0])
    if not container.get("Image"):
        raise ServiceError("ValidationException", "The container needs an Image or a ModelPackageName.")
    images.for_uri(container["Image"])
    check_isolation(params.get("EnableNetworkIsolation"))
    _check_model_data(cloud.acting_as(params.get("ExecutionRoleArn"), "SageMaker"), container)
    return create(cloud, MODEL, "ModelName", "ModelArn", {**params, "PrimaryContainer": container})


def _check_model_data(cloud: Cloud, container: Params) -> None:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    uri = container.get("ModelDataUrl") or source.get("S3Uri")
    if not uri:
        return
    try:
        bucket, key = s3io.parse_uri(uri)
        found = bool(s3io.list_keys(cloud.client("s3"), bucket, key))
    except (ClientError, s3io.TransferFailed):
        found = False
    if not found:
        raise ServiceError("ValidationException", f"Could not find model data at {uri}.")


@operation("sagemaker", "DescribeModel")
def describe_model(cloud: Cloud, params: Params) -> Params:
    return find(cloud, MODEL, params["ModelName"])


@operation("sagemaker", "ListModels")
def list_models(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(MODEL), params, "Models", name="ModelName")


@operation("sagemaker", "DeleteModel")
def delete_model(cloud: Cloud, params: Params) -> Params:
    return _delete(cloud, MODEL, params["ModelName"])


@operation("sagemaker", "CreateEndpointConfig")
def create_endpoint_config(cloud: Cloud, params: Params) -> Params:
    names = [variant["VariantName"] for variant in params.get("ProductionVariants", [])]
    if not names or len(set(names)) != len(names):
        raise ServiceError("ValidationException", "ProductionVariants must have at least one entry and distinct names.")
    for member in ("AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig"):
        if params.get(member):
            raise ServiceError("ValidationException", f"{member} is not offered by the local AWS, only on AWS.")
    check_isolation(params.get("EnableNetworkIsolation"))
    serverless.check(params)
    if params.get("DataCaptureConfig"):
        capture.check(cloud, params["DataCaptureConfig"])
    for variant in params["ProductionVariants"]:
        if not variant.get("ModelName"):
            raise ServiceError("ValidationException", f"Variant {variant['VariantName']} names no model.")
        find(cloud, MODEL, variant["ModelName"])
        if not variant.get("InstanceType") and not variant.get("ServerlessConfig"):
            raise ServiceError("ValidationException", f"Variant {variant['VariantName']} needs an InstanceType.")
        if variant.get("InitialInstanceCount", 1) > 1:
            raise ServiceError("ResourceLimitExceeded", f"{ONE_INSTANCE}: set InitialInstanceCount to 1.")
    return create(cloud, CONFIG, "EndpointConfigName", "EndpointConfigArn", params)


@operation("sagemaker", "DescribeEndpointConfig")
def describe_endpoint_config(cloud: Cloud, params: Params) -> Params:
    return find(cloud, CONFIG, params["EndpointConfigName"])


@operation("sagemaker", "ListEndpointConfigs")
def list_endpoint_configs(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(CONFIG), params, "EndpointConfigs", name="EndpointConfigName")


@operation("sagemaker", "DeleteEndpointConfig")
def delete_endpoint_config(cloud: Cloud, params: Params) -> Params:
    return _delete(cloud, CONFIG, params["EndpointConfigName"])
