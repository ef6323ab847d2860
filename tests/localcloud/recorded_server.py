"""The local AWS, noting what it looks at in its requests: `python recorded_server.py localcloud serve`.

Requests of our own operations, and the bodies that the store gives back, are mappings that note what is asked of them.
A line of MEMBERS_READ is a read, `origin path`, or says that a body has another's members below a path of its own:
`origin path origin path`. An origin is `service.Operation`, or the kind of a body. What copies a mapping whole (`**`,
items()) reads none of its members.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from localcloud import serve
from localcloud.services import AWAITED, OPERATIONS
from localcloud.services.catalog import inputs
from localcloud.store.resources import Store

_written: set[tuple[str, ...]] = set()
_lock = threading.Lock()
_answering: ContextVar[str] = ContextVar("answering", default="")


def _note(*words: str) -> None:
    with _lock:
        if words not in _written:
            _written.add(words)
            with open(os.environ["MEMBERS_READ"], "a") as file:
                print(*(word or "." for word in words), sep="\t", file=file)


class Noting(dict[str, Any]):
    """A mapping of a request or a body that notes the path of each member that is asked for."""

    def __init__(self, members: dict[str, Any], origin: str, path: str = "") -> None:
        super().__init__({name: noting(value, origin, f"{path}.{name}") for name, value in members.items()})
        self.origin, self.path = origin, path

    def _asked(self, name: object) -> None:
        _note(self.origin, f"{self.path}.{name}".lstrip("."))

    def __getitem__(self, name: str) -> Any:
        self._asked(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._asked(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._asked(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._asked(name)
        return super().pop(name, *default)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def noting(value: Any, origin: str, path: str = "") -> Any:
    if isinstance(value, dict):
        return Noting(value, origin, path.lstrip("."))
    return [noting(item, origin, path) for item in value] if isinstance(value, list) else value


def _kept(kind: str, body: Any, path: str = "") -> None:
    """Note whose members a body has that goes to the store."""
    if path == "" and _answering.get():
        _note(kind, "", _answering.get(), "")
    if isinstance(body, Noting) and (body.origin, body.path) != (kind, path):
        _note(kind, path, body.origin, body.path)
    if isinstance(body, dict):
        for name, value in body.items():
            _kept(kind, value, f"{path}.{name}".lstrip("."))
    for value in body if isinstance(body, list) else ():
        _kept(kind, value, path)


def _watch_operations() -> None:
    def watched(name: str, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        @wraps(handler)
        def answer(cloud: Any, params: Any) -> Any:
            _answering.set(name)
            return handler(cloud, noting(params, name))

        return answer

    table: dict[tuple[str, str], Any]
    for table in (OPERATIONS, AWAITED):
        for (service, operation), handler in table.items():
            table[service, operation] = watched(f"{service}.{operation}", handler)


def _watch_store() -> None:
    insert, get, update, everything = Store.insert, Store.get, Store.update, Store.all

    def watched_insert(self: Store, kind: str, name: str, body: Any) -> bool:
        _kept(kind, body)
        return insert(self, kind, name, body)

    def watched_update(self: Store, kind: str, name: str, change: Any) -> Any:
        def noted(body: Any) -> None:
            change(body)
            _kept(kind, body)

        return update(self, kind, name, noted)

    Store.insert, Store.update = watched_insert, watched_update  # type: ignore[method-assign]
    Store.get = lambda self, kind, name: noting(get(self, kind, name), kind)  # type: ignore[method-assign]
    Store.all = lambda self, kind: noting(everything(self, kind), kind)  # type: ignore[method-assign]


def _watch_catalog() -> None:
    """The catalog takes over each member that the model has, whatever it is for: that is no look at it."""
    take_over = inputs._plain
    inputs._plain = lambda value, shape: take_over(json.loads(json.dumps(value)), shape)


if __name__ == "__main__":
    _watch_catalog()
    _watch_operations()
    _watch_store()
    sys.exit(serve.main())
