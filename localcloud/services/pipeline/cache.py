"""Step caching: when the result of an earlier, successful run of a step stands in for a new one.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from localcloud.services.pipeline.kinds import KINDS, TUNING_CACHE

# "P30D", "p30d", "PT1H", "T16m", "30dT5h", "5y": ISO 8601, with or without its P.
_DURATION = re.compile(
    r"P?(?=[0-9T])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=[0-9])(?:(\d+)H)?(?:(\d+)M)?)?", re.IGNORECASE
)
_SECONDS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60)


def seconds(duration: str) -> float | None:
    """The length of an ISO 8601 duration in seconds, or None when it is no such duration."""
    match = _DURATION.fullmatch(duration)
    if not match or not any(match.groups()):
        return None
    return float(sum(int(count or 0) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True)))


def problem(config: dict[str, Any], step_type: str) -> str | None:
    """What is wrong with a CacheConfig, or None."""
    if not config.get("Enabled"):
        return None
    if step_type not in KINDS or not KINDS[step_type].cache:
        return f"caching is not offered for steps of type {step_type}."
    if seconds(str(config.get("ExpireAfter", ""))) is None:
        return f"CacheConfig needs an ExpireAfter like P30D or PT1H, not {config.get('ExpireAfter')!r}."
    return None


def key(step_type: str, arguments: dict[str, Any]) -> str:
    """The signature of a step: a hash of the resolved arguments that count for its type."""
    counted = {name: arguments.get(name) for name in KINDS[step_type].cache}
    definition = counted.get("TrainingJobDefinition")
    if definition:
        counted["TrainingJobDefinition"] = {name: definition.get(name) for name in TUNING_CACHE}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def hit(executions: Iterable[dict[str, Any]], step: str, signature: str, since: float) -> tuple[str, Any] | None:
    """The latest successful run of a step with a signature that ended after `since`: (execution's ARN, its record)."""
    found: tuple[str, Any] | None = None
    for execution in executions:
        record = execution["_steps"].get(step, {})
        good = record.get("StepStatus") == "Succeeded" and record.get("_signature") == signature
        if not good or "CacheHitResult" in record or record["EndTime"] < since:
            continue
        if found is None or record["EndTime"] > found[1]["EndTime"]:
            found = execution["PipelineExecutionArn"], record
    return found
