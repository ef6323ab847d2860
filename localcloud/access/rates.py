"""How many calls of an operation an account may make in a second: AWS's rates, where it tells them (`rates.csv`).

A bucket of tokens for each operation, as AWS describes its own: a call takes one, and they come back at the rate. Where
no burst is told, it is the rate's. Who calls for the account itself is not counted.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
"""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcloud.protocol import ServiceError

TABLE = Path(__file__).with_name("rates.csv")


@dataclass
class _Bucket:
    per_second: float
    burst: float
    tokens: float
    filled: float


class Rates:
    """The buckets of one account.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, table: Path = TABLE, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        with table.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self._buckets = {
            (row["service"], row["operation"]): _Bucket(
                float(row["per_second"]), float(row["burst"]), float(row["burst"]), clock()
            )
            for row in rows
        }

    def take(self, service: str, operation: str) -> None:
        """Count one call.

        Raises:
            ServiceError: ThrottlingException; no token is left.
        """
        bucket = self._buckets.get((service, operation))
        if bucket is None:
            return
        with self._lock:
            now = self._clock()
            bucket.tokens = min(bucket.burst, bucket.tokens + (now - bucket.filled) * bucket.per_second)
            bucket.filled = now
            if bucket.tokens < 1:
                code = "Throttling" if service == "monitoring" else "ThrottlingException"
                raise ServiceError(code, "Rate exceeded")
            bucket.tokens -= 1
