"""A service's quota of calls: so many a second, and a second's worth at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from localcloud.protocol import ServiceError


class TokenBucket:
    """Fills with `per_second` tokens a second, up to `per_second`; each call takes one. Used by the event loop only."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._tokens, self._filled = per_second, clock()

    def take(self, error: str, message: str = "Rate exceeded") -> None:
        """Take a token for one call.

        Raises:
            ServiceError: `error`, the service's code for it, when there is none.
        """
        now = self._clock()
        self._tokens = min(self._per_second, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        if self._tokens < 1:
            raise ServiceError(error, message)
        self._tokens -= 1
