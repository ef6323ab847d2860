"""What one thing that is left costs an hour, in dollars: NaN where the price table does not know."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from helpers.aws.client import client, listed
from helpers.money import costs
from helpers.money.ledger_endpoints import machines_of
from helpers.money.ledger_entries import priced

Json = dict[str, Any]
_MACHINES = {
    "ResourceConfig": costs.training,
    "ProcessingResources": costs.processing,
    "TransformResources": costs.transform,
}


def endpoint(name: str) -> float:
    """The machines of an endpoint; a serverless one costs nothing while nobody asks it."""
    sagemaker = client("sagemaker")
    found = machines_of(sagemaker, sagemaker.describe_endpoint(EndpointName=name))
    each = (priced(partial(costs.endpoint, one.instance, 1, one.count))[0] for one in found if not one.memory_gb)
    return sum(each, 0.0)


def job(describe: Callable[..., Json], name: dict[str, str]) -> float:
    """The machines of a training, processing or transform job; jobs of other kinds are made of these."""
    found = describe(**name)
    for member, estimate in _MACHINES.items():
        if used := found.get(member):
            used = used.get("ClusterConfig", used)
            return priced(partial(estimate, used["InstanceType"], 60, used["InstanceCount"]))[0]
    return 0.0


def glue_runs(name: str) -> float:
    """The runs of a Glue job that are going on."""
    runs = listed(client("glue"), "get_job_runs", "JobRuns[]", JobName=name)
    dpus = sum(run.get("MaxCapacity", 0.0) for run in runs if run["JobRunState"] in ("STARTING", "RUNNING", "STOPPING"))
    return priced(partial(costs.glue_job, dpus, 60))[0]


def stored(size: float) -> float:
    """So many bytes in S3."""
    return priced(partial(costs.storage, size))[0] / costs.HOURS_PER_MONTH


def logged(size: float) -> float:
    """So many bytes in CloudWatch Logs."""
    return size / 2**30 * costs.price("CloudWatch", "Logs storage").usd / costs.HOURS_PER_MONTH


def alarm() -> float:
    return costs.price("CloudWatch", "Standard alarm").usd / costs.HOURS_PER_MONTH


def crawler(state: str) -> float:
    """A crawler while it runs."""
    return priced(partial(costs.crawler, 60))[0] if state == "RUNNING" else 0.0


def app(machine: str) -> float:
    """An app of Studio on a machine; `system` is AWS's own, and free."""
    try:
        return 0.0 if machine == "system" else costs.price("SageMaker AI", f"{machine} Studio-JupyterLab").usd
    except costs.UnknownPrice:
        return math.nan


def space(gigabytes: float) -> float:
    """The volume of a space of Studio, whether the space runs or not."""
    return gigabytes * costs.price("SageMaker AI", "Studio space storage gp3").usd / costs.HOURS_PER_MONTH
