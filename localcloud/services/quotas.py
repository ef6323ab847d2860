"""SageMaker's quotas of an account: how many instances of a type its jobs and endpoints may have at the same time.

They are strict mode's, from the table that LOCALCLOUD_QUOTAS names. Its columns are `service`, `name` (of the quota in
Service Quotas: "ml.m5.large for endpoint usage"), `default`, and others such as `needed_1`: what an account was raised
to. `FILE#needed_1` takes the greater of both. What no row names is not limited.
Source: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""

from __future__ import annotations

import csv
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params

_RUNNING = ("InProgress", "Stopping")
_SERVERLESS = (  # counted with the instances, under the names of their quotas
    "Maximum number of serverless endpoints",
    "Maximum total concurrency that can be allocated across all serverless endpoints",
)
_RAISE = (
    "Please use AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, "
    "contact AWS support to request an increase for this quota."
)
_lock = threading.RLock()  # between the question and the job that is made on its answer


def limits() -> dict[str, int]:
    """Name of a quota -> its value."""
    path, _, column = os.environ.get("LOCALCLOUD_QUOTAS", "").partition("#")
    return _read(path, column) if path else {}


@cache
def _read(path: str, column: str) -> dict[str, int]:
    with Path(path).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["service"] == "sagemaker"]
    numbers = {row["name"]: [row["default"], row.get(column) or ""] for row in rows}
    known = {name: [int(number) for number in both if number.isdigit()] for name, both in numbers.items()}
    return {name: max(both) for name, both in known.items() if both}


@contextmanager
def within(cloud: Cloud, usage: str, asked: Counter[str], in_use: Callable[[], Counter[str]]) -> Iterator[None]:
    """Make in this block what takes `asked` instances, by instance type.

    Args:
        usage: as Service Quotas says it: "training job", "spot training job", "processing job", "transform job" or
            "endpoint".
        in_use: what is taken already; called in strict mode only.
    Raises:
        ServiceError: ResourceLimitExceeded; the account has no more of them.
    """
    if not cloud.strict:
        yield
        return
    with _lock:
        quotas, used = limits(), in_use()
        for kind, more in sorted(asked.items()):
            name = kind if kind in _SERVERLESS else f"{kind} for {usage} usage"
            _check(quotas, name, used[kind], more)
        total = re.compile(rf"Number of instances across (all |active )?{usage}s")
        for name in filter(total.search, quotas):
            _check(quotas, name, _instances(used), _instances(asked))
        yield


def _instances(counted: Counter[str]) -> int:
    return sum(count for kind, count in counted.items() if kind not in _SERVERLESS)


def _check(quotas: dict[str, int], name: str, used: int, more: int) -> None:
    limit = quotas.get(name)
    if limit is not None and used + more > limit:
        unit = "" if name in _SERVERLESS else " Instances"
        told = f"The account-level service limit '{name}' is {limit}{unit}, with current utilization of {used}{unit}"
        raise ServiceError("ResourceLimitExceeded", f"{told} and a request delta of {more}{unit}. {_RAISE}")


def of_cluster(cluster: Params, times: int = 1) -> Counter[str]:
    """The instances of a job's configuration."""
    return Counter({cluster["InstanceType"]: cluster.get("InstanceCount", 1) * times})


def running(jobs: Iterable[Params], status: str, *path: str) -> Counter[str]:
    """The instances of the jobs that have not ended; `path` leads to their configuration."""
    found: Counter[str] = Counter()
    for job in jobs:
        if job[status] in _RUNNING:
            cluster = job
            for name in path:
                cluster = cluster[name]
            found += of_cluster(cluster)
    return found


def of_variants(configurations: Iterable[Params]) -> Counter[str]:
    """The instances of endpoint configurations; serverless variants count themselves and their concurrency."""
    found: Counter[str] = Counter()
    for configuration in configurations:
        for variant in configuration["ProductionVariants"]:
            if variant.get("InstanceType"):
                found[variant["InstanceType"]] += variant.get("InitialInstanceCount", 1)
            else:
                found.update(dict(zip(_SERVERLESS, (1, variant["ServerlessConfig"]["MaxConcurrency"]), strict=True)))
    return found
