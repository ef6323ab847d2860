"""One line that says what runs, how it stands and for how long; what is stored in a notebook is its last state."""

from __future__ import annotations

import html
import sys
import time
from typing import Any

from helpers import front_end


class Progress:
    """A status line, updated in place: in Jupyter as an output of its own, elsewhere on one line of the terminal."""

    def __init__(self, what: str) -> None:
        self._what, self._started, self._width = what, time.monotonic(), 0
        self._handle: Any = None
        if front_end.kernel():
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(self._bundle("starting", done=None), raw=True)

    def update(self, status: str) -> None:
        self._show(status, done=None)

    def end(self, status: str, *, good: bool) -> None:
        self._show(status, done=good)
        if not self._handle and sys.stdout.isatty():
            print()

    def _show(self, status: str, done: bool | None) -> None:
        if self._handle:
            self._handle.update(self._bundle(status, done), raw=True)
        elif sys.stdout.isatty():
            line = self._text(status, done)
            print("\r" + line.ljust(self._width), end="", flush=True)
            self._width = len(line)
        elif done is not None:
            print(self._text(status, done))

    def _text(self, status: str, done: bool | None) -> str:
        sign = {None: "⏰", True: "✓", False: "✗"}[done]
        return f"{sign} {self._what}: {status} · waited {time.monotonic() - self._started:.0f} s"

    def _bundle(self, status: str, done: bool | None) -> dict[str, str]:
        text = self._text(status, done)
        bar = ' <progress style="vertical-align:middle;width:8em"></progress>' if done is None else ""
        return {"text/plain": text, "text/html": f"<div>{html.escape(text)}{bar}</div>"}
