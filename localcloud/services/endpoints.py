"""SageMaker endpoints that answer, with a live process per variant; `models.py` has what they are made of.

`hosting/serverless.py` has the variants without a process of their own, `hosting/capture.py` what is kept of requests,
`hosting/endpoint_metrics.py` what CloudWatch is told; `invoke.py` answers the requests.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass

from localcloud.cloud import Cloud
from localcloud.hosting.capture import Capture
from localcloud.hosting.endpoint_metrics import Meter
from localcloud.hosting.serverless import Serverless
from localcloud.hosting.variant import STARTUP_SECONDS, Variant, remove_sockets
from localcloud.jobs.container import background
from localcloud.protocol import ServiceError
from localcloud.services import quotas
from localcloud.services.listing import page
from localcloud.services.models import CONFIG, MODEL, ONE_INSTANCE, create, find
from localcloud.services.registry import Params, operation

log = logging.getLogger("localcloud")
ENDPOINT = "endpoint"
DRAIN_SECONDS = 60.0
TELEMETRY_SECONDS = 0.5
Servable = Variant | Serverless
meter = Meter()


@dataclass
class Serving:
    """What an endpoint serves with: its variants, and the capture of its requests when its configuration has one."""

    config_name: str
    variants: list[Servable]
    capture: Capture | None
    captures: str  # the configuration that `capture` is of


_changing = threading.Lock()
_live: dict[str, Serving] = {}  # these answer
_coming: dict[str, Serving] = {}  # these load their model


def live(endpoint: str) -> Serving | None:
    """What serves an endpoint now."""
    return _live.get(endpoint)


def _check_models(cloud: Cloud, config_name: str) -> None:
    """Refuse a configuration that is not there, or one of whose models is gone."""
    for variant in find(cloud, CONFIG, config_name)["ProductionVariants"]:
        find(cloud, MODEL, variant["ModelName"])


@operation("sagemaker", "CreateEndpoint")
def create_endpoint(cloud: Cloud, params: Params) -> Params:
    _check_models(cloud, params["EndpointConfigName"])
    with _within_quotas(cloud, params["EndpointConfigName"]):
        result = create(cloud, ENDPOINT, "EndpointName", "EndpointArn", params, EndpointStatus="Creating")
        _bring_up(cloud, params["EndpointName"], params["EndpointConfigName"])
    return result


def _within_quotas(cloud: Cloud, config_name: str) -> AbstractContextManager[None]:
    """As `quotas.within`, for the instances of a configuration; an endpoint that is updated has its old ones, too."""

    def in_use() -> Counter[str]:
        named = [serving.config_name for serving in (*_live.values(), *_coming.values())]
        return quotas.of_variants(found for name in named if (found := cloud.store.get(CONFIG, name)))

    return quotas.within(cloud, "endpoint", quotas.of_variants([find(cloud, CONFIG, config_name)]), in_use)


@operation("sagemaker", "DescribeEndpoint")
def describe_endpoint(cloud: Cloud, params: Params) -> Params:
    return find(cloud, ENDPOINT, params["EndpointName"])


@operation("sagemaker", "ListEndpoints")
def list_endpoints(cloud: Cloud, params: Params) -> Params:
    return page(cloud.store.all(ENDPOINT), params, "Endpoints", name="EndpointName")


@operation("sagemaker", "UpdateEndpoint")
def update_endpoint(cloud: Cloud, params: Params) -> Params:
    name, config_name = params["EndpointName"], params["EndpointConfigName"]
    endpoint = find(cloud, ENDPOINT, name)
    _check_models(cloud, config_name)
    _check_kind(cloud, endpoint, config_name)
    excluded = {one["VariantPropertyType"] for one in params.get("ExcludeRetainedVariantProperties", [])}
    keeps = params.get("RetainAllVariantProperties", False)
    with _within_quotas(cloud, config_name), _changing:
        _check_idle(cloud, name)
        _set_status(cloud, name, "Updating", FailureReason=None)
    kept = _kept(endpoint, "DesiredWeight") if keeps and "DesiredWeight" not in excluded else {}
    captures = _captures(endpoint) if keeps and "DataCaptureConfig" not in excluded else config_name
    _bring_up(cloud, name, config_name, kept=kept, captures=captures)
    return {"EndpointArn": endpoint["EndpointArn"]}


def _check_kind(cloud: Cloud, endpoint: Params, config_name: str) -> None:
    """As AWS: an endpoint on instances never becomes a serverless one; the other way round is possible."""
    on_instances = any(not one.get("CurrentServerlessConfig") for one in endpoint.get("ProductionVariants", []))
    wanted = find(cloud, CONFIG, config_name)["ProductionVariants"]
    if on_instances and any(one.get("ServerlessConfig") for one in wanted):
        raise ServiceError("ValidationException", "An endpoint on instances cannot be updated to a serverless one.")


def _check_idle(cloud: Cloud, name: str) -> None:
    status = find(cloud, ENDPOINT, name)["EndpointStatus"]
    if status != "InService":
        raise ServiceError("ValidationException", f"Cannot update in-progress or failed endpoint: it is {status}.")


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(cloud: Cloud, params: Params) -> Params:
    """New weights hold from the next request on; capacity is one instance, or a serverless MaxConcurrency."""
    name = params["EndpointName"]
    endpoint = find(cloud, ENDPOINT, name)
    _check_idle(cloud, name)
    wanted = {one["VariantName"]: one for one in params["DesiredWeightsAndCapacities"]}
    for unknown in wanted.keys() - {one["VariantName"] for one in endpoint.get("ProductionVariants", [])}:
        raise ServiceError("ValidationException", f"Variant {unknown} does not exist for endpoint {name}.")
    for one in endpoint.get("ProductionVariants", []):
        change = wanted.get(one["VariantName"], {})
        if change.get("DesiredInstanceCount", 1) != 1:
            raise ServiceError("ResourceLimitExceeded", f"{ONE_INSTANCE}: DesiredInstanceCount can only be 1.")
        more = change.get("ServerlessUpdateConfig", {})
        if more and not one.get("CurrentServerlessConfig"):
            raise ServiceError("ValidationException", f"Variant {one['VariantName']} is not serverless.")
        if more.get("ProvisionedConcurrency"):
            raise ServiceError("ValidationException", "ProvisionedConcurrency is not offered by the local AWS.")
    with _changing:
        _check_idle(cloud, name)
        variants = _live[name].variants
        for variant in variants:
            change = wanted.get(variant.name, {})
            variant.weight = float(change.get("DesiredWeight", variant.weight))
            if isinstance(variant, Serverless):
                variant.limit = change.get("ServerlessUpdateConfig", {}).get("MaxConcurrency", variant.limit)
        _set_status(cloud, name, "InService", ProductionVariants=[_described(variant) for variant in variants])
    return {"EndpointArn": endpoint["EndpointArn"]}


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(cloud: Cloud, params: Params) -> Params:
    name = params["EndpointName"]
    with _changing:
        if find(cloud, ENDPOINT, name)["EndpointStatus"] == "Deleting":
            return {}  # once is enough: a second one would be done before the processes have ended
        _set_status(cloud, name, "Deleting")

    def take_down() -> None:
        with _changing:
            gone = [one for one in (_live.pop(name, None), _coming.pop(name, None)) if one]
        for serving in gone:
            _end(cloud, serving)
        cloud.store.delete(ENDPOINT, name)

    background.start(take_down, f"delete {name}")
    return {}


def _end(cloud: Cloud, serving: Serving) -> None:
    """Stop all processes, then write what was captured of their last answers."""
    for variant in serving.variants:
        variant.stop()
    if serving.capture:
        serving.capture.write(now=True)


def _set_status(cloud: Cloud, name: str, status: str, **members: object) -> None:
    def change(endpoint: Params) -> None:
        if endpoint["EndpointStatus"] != "Deleting":
            endpoint.update(EndpointStatus=status, LastModifiedTime=time.time(), **members)

    cloud.store.update(ENDPOINT, name, change)


def _bring_up(
    cloud: Cloud, name: str, config_name: str, *, kept: dict[str, Params] | None = None, captures: str = ""
) -> None:
    """Start the processes of a configuration; when all answer they take over, else the old ones stay.

    Args:
        kept: by name of variant, the DesiredWeight and DesiredServerlessConfig that hold, not the configuration's.
        captures: the configuration whose DataCaptureConfig holds, if not this one's.
    """
    config = find(cloud, CONFIG, config_name)
    variants = []
    for one in config["ProductionVariants"]:
        kind = Serverless if one.get("ServerlessConfig") else Variant
        model = find(cloud, MODEL, one["ModelName"])
        model["EnableNetworkIsolation"] = model.get("EnableNetworkIsolation") or config.get("EnableNetworkIsolation")
        acting = cloud.acting_as(model.get("ExecutionRoleArn"), "SageMaker")
        variant = kind(acting, name, one, model)
        own = (kept or {}).get(variant.name, {})
        variant.weight = own.get("DesiredWeight", variant.weight)
        if isinstance(variant, Serverless):
            variant.limit = own.get("DesiredServerlessConfig", {}).get("MaxConcurrency", variant.limit)
        variants.append(variant)
    captured = (cloud.store.get(CONFIG, captures) or config) if captures else config
    wanted = captured.get("DataCaptureConfig")
    capture = Capture(name, wanted, acting) if wanted else None
    serving = Serving(config_name, variants, capture, captured["EndpointConfigName"])
    with _changing:
        _coming[name] = serving
    for coming in variants:
        coming.start()
    background.start(lambda: _take_over(cloud, name, serving), f"wait for {name}")


def _take_over(cloud: Cloud, name: str, serving: Serving) -> None:
    """Wait until all variants answer, put them in the place of the live ones, and let those finish what they do."""
    problems = []
    for variant in serving.variants:
        startup = variant.config.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS)
        reason = variant.wait_ready(startup, variant.config.get("ModelDataDownloadTimeoutInSeconds"))
        if reason:
            problems.append(
                f"The primary container for production variant {variant.name} did not pass the ping health check. "
                f"Please check CloudWatch logs for this endpoint. {reason}"
            )
    with _changing:
        endpoint = cloud.store.get(ENDPOINT, name)  # a DeleteEndpoint may have come before these were in `_coming`
        exists = endpoint is not None and endpoint["EndpointStatus"] != "Deleting"
        ours = _coming.get(name) is serving
        if ours:
            del _coming[name]
        wanted = exists and ours and not cloud.stopping.is_set()
        replaced = _live.get(name)
        if wanted and not problems:
            _live[name] = serving
    if problems or not wanted:
        _end(cloud, serving)
        if wanted:
            _set_status(cloud, name, "InService" if replaced else "Failed", FailureReason="; ".join(problems)[:1024])
        return
    _set_status(
        cloud,
        name,
        "InService",
        EndpointConfigName=serving.config_name,
        ProductionVariants=[_described(variant) for variant in serving.variants],
        DataCaptureConfig=_described_capture(serving.capture),
        _Captures=serving.captures,
        FailureReason=None,
    )
    if replaced:
        _drain(replaced.variants)
        _end(cloud, replaced)


def _drain(variants: list[Servable]) -> None:
    """Wait until the requests that these have taken are answered; new ones no longer come here."""
    deadline = time.monotonic() + DRAIN_SECONDS
    time.sleep(0.1)  # a request that was just given to one of these begins within the loop's next turn
    while any(variant.busy for variant in variants) and time.monotonic() < deadline:
        time.sleep(0.05)


def _described(variant: Servable) -> Params:
    image = variant.image
    described: Params = {
        "VariantName": variant.name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": time.time()}],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
    }
    if isinstance(variant, Serverless):
        current = {**variant.config["ServerlessConfig"], "MaxConcurrency": variant.limit}
        return {**described, "CurrentServerlessConfig": current, "DesiredServerlessConfig": current}
    return {**described, "CurrentInstanceCount": 1, "DesiredInstanceCount": 1}


def _described_capture(captured: Capture | None) -> Params | None:
    if captured is None:
        return None
    return {
        "EnableCapture": captured.active,
        "CaptureStatus": "Started" if captured.active else "Stopped",
        "CurrentSamplingPercentage": captured.config["InitialSamplingPercentage"],
        "DestinationS3Uri": captured.config["DestinationS3Uri"],
        "KmsKeyId": "",
    }


def _kept(endpoint: Params, *properties: str) -> dict[str, Params]:
    """What an endpoint's variants have of these properties now, by name of variant."""
    variants = endpoint.get("ProductionVariants", [])
    return {one["VariantName"]: {key: one[key] for key in properties if key in one} for one in variants}


def _captures(endpoint: Params) -> str:
    return str(endpoint.get("_Captures") or endpoint["EndpointConfigName"])


def recover(cloud: Cloud) -> None:
    """At start: bring every endpoint that should serve back to life, and begin to report what endpoints do."""
    remove_sockets(cloud.home)
    for endpoint in cloud.store.all(ENDPOINT):
        name = endpoint["EndpointName"]
        if endpoint["EndpointStatus"] == "Deleting":
            cloud.store.delete(ENDPOINT, name)
        elif endpoint["EndpointStatus"] != "Failed":
            try:
                _set_status(cloud, name, "Updating" if endpoint.get("ProductionVariants") else "Creating")
                kept = _kept(endpoint, "DesiredWeight", "DesiredServerlessConfig")
                _bring_up(cloud, name, endpoint["EndpointConfigName"], kept=kept, captures=_captures(endpoint))
            except ServiceError as error:  # its configuration or model was deleted meanwhile
                _set_status(cloud, name, "Failed", FailureReason=str(error))
    background.start(lambda: _report(cloud), "endpoint telemetry")


def _report(cloud: Cloud) -> None:
    """Until the local AWS stops, and once more when the last model has answered: metrics and captured requests."""
    last = False
    while not last:
        last = cloud.stopping.wait(TELEMETRY_SECONDS)
        servings = list(_live.values())
        while last and not all(variant.ended for serving in servings for variant in serving.variants):
            time.sleep(0.1)
        try:
            meter.publish(cloud, everything=last)
            for serving in servings:
                if serving.capture:
                    serving.capture.write(now=last)
        except Exception:  # the next turn may go better; endpoints answer meanwhile
            log.exception("endpoint telemetry")
