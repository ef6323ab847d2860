"""How long a learner's endpoints have existed, on what machines: those that are there, and those that are gone.

An endpoint that is deleted is forgotten by SageMaker, and so is its machine. Its log stays: each of its machines has a
stream, from its start to its last line. What kind of machine it was, the ledger keeps itself, in the learner's part of
S3: of each endpoint that it sees (`remember`, which `read` calls, too).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from helpers.aws.client import is_missing, listed, log_streams
from helpers.aws.jobs import ENDPOINT_LOGS
from helpers.money import at_home, costs
from helpers.money.ledger_entries import Clients, Entry, Owner, lesson_of, priced
from helpers.workshop import Workshop

Json = dict[str, Any]
KEY = "ledger/endpoints.json"
_SLACK = 5.0  # seconds by which a log stream may seem older than its endpoint: the clocks of two services


@dataclass(frozen=True)
class Machines:
    """One variant: `count` machines of a type, or, serverless, its memory in GB."""

    variant: str
    instance: str
    count: int
    memory_gb: float = 0.0


@dataclass(frozen=True)
class Life:
    """An endpoint from `created` to the last time that it was `seen`, in seconds since 1970."""

    name: str
    created: float
    seen: float
    machines: tuple[Machines, ...]
    lesson: str
    living: bool = False


def remember(ws: Workshop, clients: Clients | None = None, now: datetime | None = None) -> list[Life]:
    """Note what endpoints this learner has now, and return all that were ever noted. Call it before deleting one."""
    clients, now = clients or Clients(), now or datetime.now(UTC)
    living = list(_living(clients.sagemaker, ws, now))
    noted = {(life.name, round(life.created)): life for life in _noted(clients.s3, ws)}
    lives = noted | {(life.name, round(life.created)): life for life in living}
    if living:
        kept = [asdict(replace(life, living=False)) for life in lives.values()]
        body = json.dumps(kept, indent=1).encode()
        clients.s3.put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{KEY}", Body=body)
    return list(lives.values())


def _noted(s3: Any, ws: Workshop) -> Iterator[Life]:
    try:
        content = s3.get_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{KEY}")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return
    for item in json.loads(content):
        yield Life(**{**item, "machines": tuple(Machines(**one) for one in item["machines"])})


def _living(sagemaker: Any, ws: Workshop, now: datetime) -> Iterator[Life]:
    prefix = ws.name("")
    for summary in listed(sagemaker, "list_endpoints", "Endpoints[]", NameContains=prefix):
        name = summary["EndpointName"]
        if not name.startswith(prefix) or summary["EndpointStatus"] == "Failed":  # that never lived, so never cost
            continue
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        tags = sagemaker.list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]
        lesson = lesson_of(name.removeprefix(prefix), tags, "endpoint")
        machines = tuple(machines_of(sagemaker, endpoint))
        yield Life(name, endpoint["CreationTime"].timestamp(), now.timestamp(), machines, lesson, True)


def machines_of(sagemaker: Any, endpoint: Json) -> Iterator[Machines]:
    """The variants of an endpoint, by its configuration; none when that was deleted already."""
    try:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    except ClientError as error:
        if not is_missing(error):
            raise
        return
    counts = {one["VariantName"]: one.get("CurrentInstanceCount") for one in endpoint.get("ProductionVariants", [])}
    for one in config["ProductionVariants"]:
        name, serverless = one["VariantName"], one.get("ServerlessConfig")
        if serverless:
            yield Machines(name, "serverless", 0, serverless["MemorySizeInMB"] / 1024)
        else:
            yield Machines(name, one["InstanceType"], counts.get(name) or one.get("InitialInstanceCount", 1))


def endpoints(clients: Clients, owner: Owner, ws: Workshop, now: datetime) -> Iterator[Entry]:
    """Endpoints by the hours of their machines, serverless ones by the time of their answers; living and deleted."""
    lives = remember(ws, clients, now)
    seen, unknown = _last_lines(clients.logs, owner.prefix, lives)
    for life in lives:
        # An endpoint made while this reads may seem younger than nothing.
        life = replace(life, seen=max(life.created, life.seen, seen.get((life.name, life.created), 0.0)))
        if not life.machines:
            yield _unpriced(life.name, life.created, (life.seen - life.created) / 3600, life.lesson)
        for machines in life.machines:
            if machines.memory_gb:
                yield _serverless(clients.metrics, life, machines)
            else:
                yield _real_time(life, machines)
    for name, (began, hours) in unknown.items():
        yield _unpriced(name, began, hours, lesson_of(name.removeprefix(owner.prefix), kind="endpoint"))


def _real_time(life: Life, machines: Machines) -> Entry:
    hours = at_home.seconds("Hosting", life.seen - life.created) / 3600
    usd, note = priced(lambda: costs.endpoint(machines.instance, hours, machines.count))
    note = ", ".join(filter(None, [note, "exists, and costs on" if life.living else ""]))
    return _entry(life.lesson, life.name, life.created, hours * machines.count * 3600, usd, note)


def _serverless(metrics: Any, life: Life, machines: Machines) -> Entry:
    """A serverless variant: its memory for as long as its answers took, by CloudWatch's ModelLatency (microseconds)."""
    names = {"EndpointName": life.name, "VariantName": machines.variant}
    answer = metrics.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
        StartTime=datetime.fromtimestamp(life.created - 60, UTC),
        EndTime=datetime.fromtimestamp(life.seen + 60, UTC),
        Period=3600 * max(1, math.ceil((life.seen - life.created) / 3600 / 1400)),  # 1,440 values an answer at most
        Statistics=["Sum"],
    )
    seconds = sum(point["Sum"] for point in answer["Datapoints"]) / 1e6
    usd, note = priced(lambda: costs.serverless(machines.memory_gb, 1, seconds))
    used, kind = seconds * machines.memory_gb, "serverless endpoint"
    started = datetime.fromtimestamp(life.created, UTC)
    return Entry(life.lesson, "SageMaker AI", kind, life.name, started, used, "GB-second", usd, note)


def _unpriced(name: str, began: float, hours: float, lesson: str) -> Entry:
    note = "deleted; of what type its machine was is not known any more"
    return _entry(lesson, name, began, hours * 3600, math.nan, note)


def _entry(lesson: str, name: str, began: float, seconds: float, usd: float, note: str) -> Entry:
    started = datetime.fromtimestamp(began, UTC)
    return Entry(lesson, "SageMaker AI", "endpoint", name, started, seconds, "instance-second", usd, note)


def _last_lines(
    logs: Any, prefix: str, lives: list[Life]
) -> tuple[dict[tuple[str, float], float], dict[str, tuple[float, float]]]:
    """What the endpoints' logs add: the last line of each life that is known, and lives that nobody has noted.

    Returns:
        (name, created) -> the time of its last line; name of an unknown one -> its begin, the hours of its machines.
    """
    seen: dict[tuple[str, float], float] = {}
    unknown: dict[str, tuple[float, float]] = {}
    for group in listed(
        logs, "describe_log_groups", "logGroups[].logGroupName", logGroupNamePrefix=ENDPOINT_LOGS + prefix
    ):
        name = group.removeprefix(ENDPOINT_LOGS)
        machines: dict[str, tuple[float, float]] = {}
        for stream in log_streams(logs, group):
            # variant/machine, and variant/machine/container where there are several on a machine
            machine = "/".join(stream["logStreamName"].split("/")[:2])
            began = stream["creationTime"] / 1000
            ended = (stream.get("lastEventTimestamp") or stream["creationTime"]) / 1000
            before = machines.get(machine, (began, ended))
            machines[machine] = min(before[0], began), max(before[1], ended)
        for began, ended in machines.values():
            life = _life_of(name, began, lives)
            if life:
                key = life.name, life.created
                seen[key] = max(seen.get(key, 0.0), ended)
            else:
                first, hours = unknown.get(name, (began, 0.0))
                unknown[name] = min(first, began), hours + (ended - began) / 3600
    return seen, unknown


def _life_of(name: str, began: float, lives: list[Life]) -> Life | None:
    """The life in which a machine of an endpoint of this name began to log: the last that was created before."""
    before = [life for life in lives if life.name == name and life.created <= began + _SLACK]
    return max(before, key=lambda life: life.created, default=None)
