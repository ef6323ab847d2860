"""SageMaker hosting that answers: models, endpoint configurations, endpoints with a live process per variant."""

from __future__ import annotations

import logging
import threading
import time

from botocore.exceptions import ClientError

from localcloud import images, s3io
from localcloud.aws import Cloud, arn
from localcloud.container import background
from localcloud.protocol import ServiceError
from localcloud.services.listing import page
from localcloud.services.registry import Params, operation
from localcloud.variant import STARTUP_SECONDS, Variant

log = logging.getLogger("localcloud")
MODEL, CONFIG, ENDPOINT = "model", "endpoint-config", "endpoint"
_changing = threading.Lock()
_live: dict[str, list[Variant]] = {}  # these answer
_coming: dict[str, list[Variant]] = {}  # these load their model


def live_variants(endpoint: str) -> list[Variant]:
    """The variants that serve an endpoint now."""
    return _live.get(endpoint, [])


def _create(cloud: Cloud, kind: str, name_key: str, arn_key: str, params: Params, **more: object) -> Params:
    name = params[name_key]
    now = time.time()
    resource = arn("sagemaker", f"{kind}/{name.lower()}")
    body = {**params, arn_key: resource, "CreationTime": now, "LastModifiedTime": now, **more}
    if not cloud.store.insert(kind, name, body):
        raise ServiceError("ValidationException", f'Cannot create already existing {kind} "{resource}".')
    return {arn_key: resource}


def _find(cloud: Cloud, kind: str, name: str) -> Params:
    body = cloud.store.get(kind, name)
    if body is None:
        raise ServiceError("ValidationException", f'Could not find {kind} "{arn("sagemaker", f"{kind}/{name}")}".')
    return body


def _delete(cloud: Cloud, kind: str, name: str) -> Params:
    _find(cloud, kind, name)
    cloud.store.delete(kind, name)
    return {}


@operation("sagemaker", "CreateModel")
def create_model(cloud: Cloud, params: Params) -> Params:
    containers = params.get("Containers") or [params.get("PrimaryContainer")]
    if len(containers) != 1 or not containers[0]:
        raise ServiceError("ValidationException", "The local AWS serves models of exactly one container.")
    container = containers[0]
    if not container.get("Image"):
        raise ServiceError(
            "ValidationException", "The container needs an Image; a ModelPackageName is not offered here."
        )
    images.for_uri(container["Image"])
    _check_model_data(cloud, container)
    return _create(cloud, MODEL, "ModelName", "ModelArn", {**params, "PrimaryContainer": container})


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
    return _find(cloud, MODEL, params["ModelName"])


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
    for member in ("AsyncInferenceConfig", "ShadowProductionVariants", "DataCaptureConfig", "ExplainerConfig"):
        if params.get(member):
            raise ServiceError("ValidationException", f"{member} is not offered by the local AWS, only on AWS.")
    for variant in params["ProductionVariants"]:
        if variant.get("ServerlessConfig"):
            raise ServiceError("ValidationException", "ServerlessConfig is not offered by the local AWS, only on AWS.")
        if not variant.get("ModelName"):
            raise ServiceError("ValidationException", f"Variant {variant['VariantName']} names no model.")
        _find(cloud, MODEL, variant["ModelName"])
        if not variant.get("InstanceType"):
            raise ServiceError("ValidationException", f"Variant {variant['VariantName']} needs an InstanceType.")
        if variant.get("InitialInstanceCount", 1) > 1:
            raise ServiceError(
                "ResourceLimitExceeded",
                "The local AWS serves on one instance: set InitialInstanceCount to 1.",
            )
    return _create(cloud, CONFIG, "EndpointConfigName", "EndpointConfigArn", params)


@operation("sagemaker", "DescribeEndpointConfig")
def describe_endpoint_config(cloud: Cloud, params: Params) -> Params:
    return _find(cloud, CONFIG, params["EndpointConfigName"])


@operation("sagemaker", "ListEndpointConfigs")
def list_endpoint_configs(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(CONFIG), params, "EndpointConfigs", name="EndpointConfigName")


@operation("sagemaker", "DeleteEndpointConfig")
def delete_endpoint_config(cloud: Cloud, params: Params) -> Params:
    return _delete(cloud, CONFIG, params["EndpointConfigName"])


def _check_models(cloud: Cloud, config_name: str) -> None:
    """Refuse a configuration that is not there, or one of whose models is gone."""
    for variant in _find(cloud, CONFIG, config_name)["ProductionVariants"]:
        _find(cloud, MODEL, variant["ModelName"])


@operation("sagemaker", "CreateEndpoint")
def create_endpoint(cloud: Cloud, params: Params) -> Params:
    _check_models(cloud, params["EndpointConfigName"])
    result = _create(cloud, ENDPOINT, "EndpointName", "EndpointArn", params, EndpointStatus="Creating")
    _bring_up(cloud, params["EndpointName"], params["EndpointConfigName"])
    return result


@operation("sagemaker", "DescribeEndpoint")
def describe_endpoint(cloud: Cloud, params: Params) -> Params:
    return _find(cloud, ENDPOINT, params["EndpointName"])


@operation("sagemaker", "ListEndpoints")
def list_endpoints(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(ENDPOINT), params, "Endpoints", name="EndpointName")


@operation("sagemaker", "UpdateEndpoint")
def update_endpoint(cloud: Cloud, params: Params) -> Params:
    endpoint = _find(cloud, ENDPOINT, params["EndpointName"])
    _check_models(cloud, params["EndpointConfigName"])
    with _changing:
        status = _find(cloud, ENDPOINT, params["EndpointName"])["EndpointStatus"]
        if status != "InService":
            raise ServiceError("ValidationException", f"Cannot update in-progress or failed endpoint: it is {status}.")
        _set_status(cloud, params["EndpointName"], "Updating", FailureReason=None)
    _bring_up(cloud, params["EndpointName"], params["EndpointConfigName"])
    return {"EndpointArn": endpoint["EndpointArn"]}


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(cloud: Cloud, params: Params) -> Params:
    name = params["EndpointName"]
    _find(cloud, ENDPOINT, name)
    _set_status(cloud, name, "Deleting")

    def take_down() -> None:
        with _changing:
            variants = [*_live.pop(name, []), *_coming.pop(name, [])]
        for variant in variants:
            variant.stop()
        cloud.store.delete(ENDPOINT, name)

    background.start(take_down, f"delete {name}")
    return {}


def _set_status(cloud: Cloud, name: str, status: str, **members: object) -> None:
    def change(endpoint: Params) -> None:
        if endpoint["EndpointStatus"] != "Deleting":
            endpoint.update(EndpointStatus=status, LastModifiedTime=time.time(), **members)

    cloud.store.update(ENDPOINT, name, change)


def _bring_up(cloud: Cloud, name: str, config_name: str) -> None:
    """Start the processes of a configuration; when all answer they take over, else the old ones stay."""
    config = _find(cloud, CONFIG, config_name)
    models = [_find(cloud, MODEL, variant["ModelName"]) for variant in config["ProductionVariants"]]
    pairs = zip(config["ProductionVariants"], models, strict=True)
    variants = [Variant(cloud, name, variant, model) for variant, model in pairs]
    with _changing:
        _coming[name] = variants
    for coming in variants:
        coming.start()
    background.start(lambda: _take_over(cloud, name, config_name, variants), f"wait for {name}")


def _take_over(cloud: Cloud, name: str, config_name: str, variants: list[Variant]) -> None:
    """Wait until all variants answer, put them in the place of the live ones, and let those finish what they do."""
    problems = []
    for variant in variants:
        reason = variant.wait_ready(variant.config.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS))
        if reason:
            problems.append(
                f"The primary container for production variant {variant.name} did not pass the ping health check. "
                f"Please check CloudWatch logs for this endpoint. {reason}"
            )
    with _changing:
        endpoint = cloud.store.get(ENDPOINT, name)  # a DeleteEndpoint may have come before these were in `_coming`
        exists = endpoint is not None and endpoint["EndpointStatus"] != "Deleting"
        wanted = exists and _coming.get(name) is variants and not cloud.stopping.is_set()
        if wanted:
            del _coming[name]
        replaced = _live.get(name, [])
        if wanted and not problems:
            _live[name] = variants
    if problems or not wanted:
        for variant in variants:
            variant.stop()
        if wanted:
            _set_status(cloud, name, "InService" if replaced else "Failed", FailureReason="; ".join(problems)[:1024])
        return
    described = [_described(variant) for variant in variants]
    _set_status(
        cloud, name, "InService", EndpointConfigName=config_name, ProductionVariants=described, FailureReason=None
    )
    for variant in replaced:
        variant.drain()
        variant.stop()


def _described(variant: Variant) -> Params:
    count = variant.config.get("InitialInstanceCount", 1)
    image = variant.image
    return {
        "VariantName": variant.name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": time.time()}],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    }


def recover(cloud: Cloud) -> None:
    """At start: bring every endpoint that should serve back to life."""
    for endpoint in cloud.store.all(ENDPOINT):
        name = endpoint["EndpointName"]
        if endpoint["EndpointStatus"] == "Deleting":
            cloud.store.delete(ENDPOINT, name)
        elif endpoint["EndpointStatus"] != "Failed":
            try:
                _set_status(cloud, name, "Updating" if endpoint.get("ProductionVariants") else "Creating")
                _bring_up(cloud, name, endpoint["EndpointConfigName"])
            except ServiceError as error:  # its configuration or model was deleted meanwhile
                _set_status(cloud, name, "Failed", FailureReason=str(error))
