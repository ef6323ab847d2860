"""Ask an endpoint again and again: steadily while something else happens to it, or by many callers at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Visit:
    """One request: when it was answered, in seconds since the first; the answer, or None and the error."""

    seconds: float
    answer: Any
    error: str = ""


@contextmanager
def steady(ask: Callable[[], Any], pause: float = 0.05) -> Iterator[list[Visit]]:
    """While the block runs, call `ask` in a thread of its own, with a pause in seconds after each answer.

    The list that the block gets grows meanwhile. An error of `ask` becomes an entry of it, and the asking goes on.
    """
    visits: list[Visit] = []
    done, began = threading.Event(), time.monotonic()

    def go_on() -> None:
        while not done.is_set():
            answer, error = None, ""
            try:
                answer = ask()
            except Exception as problem:  # whatever it is, it is what a visitor would have seen
                error = f"{type(problem).__name__}: {problem}"
            visits.append(Visit(time.monotonic() - began, answer, error))
            done.wait(pause)

    thread = threading.Thread(target=go_on, name="steady traffic", daemon=True)
    thread.start()
    try:
        yield visits
    finally:
        done.set()
        thread.join()


def milliseconds(ask: Callable[..., Any], *given: Any) -> float:
    """What a caller sees: how long it takes from the call to the answer, with everything between."""
    began = time.perf_counter()
    ask(*given)
    return 1000 * (time.perf_counter() - began)


@dataclass(frozen=True)
class Rush:
    """What callers have seen: how long each request took in milliseconds, and all of them together in seconds."""

    milliseconds: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


def rush(ask: Callable[[int], Any], callers: int, requests: int) -> Rush:
    """Call `ask(0)`, `ask(1)`, ... `ask(requests - 1)`, so many at a time; each caller waits for its answer.

    Raises:
        Exception: the first error of `ask`.
    """

    with ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        times = list(pool.map(lambda number: milliseconds(ask, number), range(requests)))
    return Rush(times, time.perf_counter() - began)
