"""Where the lines of a job or an endpoint go: CloudWatch Logs, which are the engine's."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from localcloud.cloud import Cloud
from localcloud.engine import logs
from localcloud.protocol import ServiceError

log = logging.getLogger("localcloud")


_LINES, _CHARACTERS = 1000, logs.MOST_BYTES // 8  # a character is four bytes at most


def batches(lines: list[str]) -> Iterator[list[str]]:
    """The lines in requests that CloudWatch Logs takes whole; a very long line is several."""
    batch: list[str] = []
    size = 0
    for line in lines:
        for start in range(0, max(len(line), 1), _CHARACTERS):
            piece = line[start : start + _CHARACTERS] or " "
            cost = len(piece.encode("utf-8", "replace")) + logs.OVERHEAD
            if batch and (len(batch) == _LINES or size + cost > logs.MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(piece)
            size += cost
    if batch:
        yield batch


class LogStream:
    """One CloudWatch log stream; made on first use, with its group."""

    def __init__(self, cloud: Cloud, group: str, stream: str) -> None:
        self._cloud, self._group, self._stream = cloud, group, stream
        self._made = False

    def put(self, lines: list[str]) -> None:
        """Append lines, stamped now. CloudWatch refuses empty messages, so an empty line becomes a blank."""
        if not self._made:
            for operation, extra in (
                ("CreateLogGroup", {}),
                ("CreateLogStream", {"logStreamName": self._stream}),
            ):
                self._call(operation, {"logGroupName": self._group, **extra})
            self._made = True
        now = int(time.time() * 1000)
        for batch in batches(lines):
            events = [{"timestamp": now, "message": line} for line in batch]
            self._call(
                "PutLogEvents",
                {"logGroupName": self._group, "logStreamName": self._stream, "logEvents": events},
            )

    def _call(self, operation: str, params: dict[str, Any]) -> None:
        try:
            self._cloud.authorise("logs", operation, params)
            status, answer = self._cloud.call_engine("logs", f"Logs_20140328.{operation}", params)
        except ServiceError as error:  # on AWS, too, a job whose role may not write its log goes on
            log.warning("%s of %s: %s", operation, self._group, error)
            return
        except Exception:  # a full disk, a busy loop: a job or endpoint does not die of a lost log line
            log.exception("%s of %s", operation, self._group)
            return
        if status >= 300 and b"ResourceAlreadyExists" not in answer:
            log.warning("%s answered %s: %s", operation, status, answer[:200])
