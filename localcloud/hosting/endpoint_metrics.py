"""What CloudWatch knows of endpoints: namespace AWS/SageMaker, dimensions EndpointName and VariantName.

An invocation only adds to counters in memory. They go to CloudWatch when the endpoint has been quiet for two seconds,
once a minute while it is not (AWS publishes once a minute), and when the local AWS stops. Latencies are sent as values
with counts, rounded to the next half per cent, so percentiles can be asked for, too.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from localcloud.cloud import Cloud

log = logging.getLogger("localcloud")
NAMESPACE = "AWS/SageMaker"
QUIET_SECONDS, LONGEST_SECONDS = 2.0, 60.0
_TARGET = "GraniteServiceVersion20100801.PutMetricData"
_VALUES = 150  # in one datum, at most
_STEP = math.log(1.01)
Json = dict[str, Any]
Histogram = Counter[int]  # rounded logarithm of microseconds -> how many


@dataclass
class _Tally:
    """The invocations of one variant within one minute that CloudWatch has not got yet."""

    began: float
    last: float = 0.0
    invocations: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Counter))


class Meter:
    """Counts invocations per variant and minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, str, int], _Tally] = {}

    def unanswered(self, endpoint: str, variant: str, seconds: float) -> None:
        """An invocation that got no answer from its model: an error of the model, `seconds` from start to end."""
        with self._lock:
            tally = self._tally(endpoint, variant)
            tally.errors["InvocationModelErrors"] += 1
            tally.latencies["OverheadLatency"][_bin(seconds)] += 1

    def answered(
        self, endpoint: str, variant: str, status: int, *, model: float, whole: float, setup: float = 0.0
    ) -> None:
        """An invocation that its model answered.

        Args:
            status: the HTTP status of the model's answer.
            model, whole, setup: seconds in the model, from request to answer, and to start the model's process.
        """
        with self._lock:
            tally = self._tally(endpoint, variant)
            tally.latencies["ModelLatency"][_bin(model)] += 1
            tally.latencies["OverheadLatency"][_bin(whole - model)] += 1
            if setup:
                tally.latencies["ModelSetupTime"][_bin(setup)] += 1
            if status >= 400:
                tally.errors["Invocation4XXErrors" if status < 500 else "Invocation5XXErrors"] += 1
                tally.errors["InvocationModelErrors"] += 1

    def _tally(self, endpoint: str, variant: str) -> _Tally:
        now = time.time()
        key = (endpoint, variant, int(now // 60))
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally(now)
        tally.last = now
        tally.invocations += 1
        return tally

    def publish(self, cloud: Cloud, *, everything: bool = False) -> None:
        """Send what is due. What CloudWatch does not take is lost, and said in the log."""
        now = time.time()
        with self._lock:
            due = {
                key: tally
                for key, tally in self._tallies.items()
                if everything or now - tally.last > QUIET_SECONDS or now - tally.began > LONGEST_SECONDS
            }
            for key in due:
                del self._tallies[key]
        data = [datum for (endpoint, variant, _), tally in due.items() for datum in _data(endpoint, variant, tally)]
        if not data:
            return
        status, answer = cloud.call_engine("monitoring", _TARGET, {"Namespace": NAMESPACE, "MetricData": data})
        if status >= 300:
            log.warning("PutMetricData answered %s: %s", status, answer[:200])


def _bin(seconds: float) -> int:
    return round(math.log(max(seconds * 1e6, 1.0)) / _STEP)


def _data(endpoint: str, variant: str, tally: _Tally) -> list[Json]:
    """A tally as MetricData. Of errors 1 is sent for each, 0 for each invocation without, so that Average is a rate."""
    counts: dict[str, dict[float, int]] = {"Invocations": {1.0: tally.invocations}}
    for name in ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"):
        wrong = tally.errors[name]
        counts[name] = {value: n for value, n in ((1.0, wrong), (0.0, tally.invocations - wrong)) if n}
    for name, histogram in tally.latencies.items():
        counts[name] = {round(math.exp(place * _STEP), 1): n for place, n in sorted(histogram.items())}
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
            "Timestamp": tally.last,
            "Unit": "Microseconds" if name in tally.latencies else "None",
            "Values": part,
            "Counts": [values[value] for value in part],
        }
        for name, values in counts.items()
        for part in _parts(list(values))
    ]


def _parts(values: list[float]) -> list[list[float]]:
    return [values[start : start + _VALUES] for start in range(0, len(values), _VALUES)]
