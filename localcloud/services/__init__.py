"""One module per AWS service or job kind. Importing this package registers every operation we own."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.aws import Cloud
from localcloud.services import crawler, glue, hosting, tags, training
from localcloud.services.registry import OPERATIONS

# Run at start, before the first request: end or revive what the last server left unfinished.
RECOVERIES: list[Callable[[Cloud], None]] = [training.recover, hosting.recover, glue.recover, crawler.recover]

__all__ = ["OPERATIONS", "RECOVERIES", "tags"]
