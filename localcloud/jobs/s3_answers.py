"""What S3 answered, remembered while it does not change: Spark asks the same again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

_MOST = 500  # answers that are remembered


class Answers:
    """Asks a boto3 client of S3, each question once at each count of changes; safe for threads.

    Args:
        changes: a number that grows with each change of S3; None if nobody counts: then everything is asked.
    """

    def __init__(self, s3: Any, changes: Callable[[], int] | None) -> None:
        self._s3, self._changes = s3, changes
        self._found: dict[tuple[Any, ...], Any] = {}
        self._at = -1
        self._lock = threading.Lock()

    def ask(self, operation: str, **parameters: Any) -> Any:
        """S3's answer; errors are those of boto3, and are not remembered."""
        if self._changes is None:
            return getattr(self._s3, operation)(**parameters)
        changes, question = self._changes(), (operation, *sorted(parameters.items()))
        with self._lock:
            if changes != self._at or len(self._found) > _MOST:
                self._found.clear()
                self._at = changes
            if question in self._found:
                return self._found[question]
        answer = getattr(self._s3, operation)(**parameters)
        with self._lock:
            if changes == self._at:
                self._found[question] = answer
        return answer

    def pages(self, **parameters: Any) -> Iterator[Any]:
        """All pages of ListObjectsV2."""
        page: dict[str, Any] = {"NextContinuationToken": ""}
        while (token := page.get("NextContinuationToken")) is not None:
            page = self.ask("list_objects_v2", **parameters, **({"ContinuationToken": token} if token else {}))
            yield page
