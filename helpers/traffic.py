"""Ask an endpoint again and again while something else happens to it, and keep every answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
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
