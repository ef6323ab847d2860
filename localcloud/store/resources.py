"""Resources of our own services in SQLite: one table, every change a transaction, safe against kill -9."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Body = dict[str, Any]


class Store:
    """Documents by (kind, name). A body is what the service's Describe call answers, plus private `_` keys.

    Threads share one connection behind one lock: a call takes well under a millisecond.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS resources (kind TEXT, name TEXT, body TEXT, created REAL,"
            " PRIMARY KEY (kind, name))"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, entry BLOB)")

    def insert(self, kind: str, name: str, body: Body) -> bool:
        """Add a resource; False, and nothing changed, when the name is taken."""
        with self._lock:
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO resources VALUES (?, ?, ?, ?)",
                (kind, name, json.dumps(body), time.time()),
            )
            return cursor.rowcount == 1

    def get(self, kind: str, name: str) -> Body | None:
        with self._lock:
            row = self._db.execute("SELECT body FROM resources WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return json.loads(row[0]) if row else None

    def update(self, kind: str, name: str, change: Callable[[Body], None]) -> Body | None:
        """Read, change in place, write back: atomic. None when the resource is gone."""
        with self._lock:
            body = self.get(kind, name)
            if body is None:
                return None
            change(body)
            self._db.execute(
                "UPDATE resources SET body = ? WHERE kind = ? AND name = ?", (json.dumps(body), kind, name)
            )
            return body

    def delete(self, kind: str, name: str) -> bool:
        with self._lock:
            cursor = self._db.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name))
            return cursor.rowcount == 1

    def all(self, kind: str) -> list[Body]:
        """All bodies of a kind, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM resources WHERE kind = ? ORDER BY created, name", (kind,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def names(self, kind: str) -> list[str]:
        """The names of a kind, sorted; far cheaper than the bodies."""
        with self._lock:
            rows = self._db.execute("SELECT name FROM resources WHERE kind = ? ORDER BY name", (kind,)).fetchall()
        return [row[0] for row in rows]

    def some(self, kind: str, names: Sequence[str]) -> list[Body]:
        """The bodies of these names, in their order; one that has gone meanwhile is left out."""
        with self._lock:
            found = [self.get(kind, name) for name in names]
        return [body for body in found if body is not None]

    def delete_all(self, kind: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM resources WHERE kind = ?", (kind,))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several calls as one change: all of it or, after an exception, nothing. No other thread comes between."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def journal_append(self, entry: bytes) -> None:
        with self._lock:
            self._db.execute("INSERT INTO journal (entry) VALUES (?)", (entry,))

    def journal(self) -> list[bytes]:
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT entry FROM journal ORDER BY id")]

    def journal_clear(self) -> None:
        with self._lock:
            self._db.execute("DELETE FROM journal")

    def close(self) -> None:
        with self._lock:
            self._db.close()
