"""The line in which queries wait: as many run at once as there are cores, the others in the order of their coming."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_POLL_SECONDS = 0.2


class Line:
    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def length(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, give_up: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a place and hold it; yields False when `give_up` came first."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            while not (got := self._free > 0 and self._waiting[0] is ticket) and not give_up():
                self._changed.wait(_POLL_SECONDS)
            self._waiting.remove(ticket)
            self._free -= got
            self._changed.notify_all()
        try:
            yield got
        finally:
            with self._changed:
                self._free += got
                self._changed.notify_all()


QUERIES = Line(os.cpu_count() or 1)
