"""The store of resources: atomic changes, order, and what two threads or a crash cannot break."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.store.resources import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.db")
    yield store
    store.close()


def test_a_name_is_taken_once(store: Store) -> None:
    assert store.insert("model", "m", {"a": 1})
    assert not store.insert("model", "m", {"a": 2})
    assert store.get("model", "m") == {"a": 1}


def test_kinds_do_not_share_names(store: Store) -> None:
    assert store.insert("model", "m", {})
    assert store.insert("endpoint", "m", {})


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.get("model", "none") is None
    assert store.update("model", "none", lambda body: body.update(a=1)) is None
    assert not store.delete("model", "none")


def test_all_comes_oldest_first(store: Store) -> None:
    for name in ("b", "c", "a"):
        store.insert("model", name, {"name": name})
    assert [body["name"] for body in store.all("model")] == ["b", "c", "a"]


def test_a_change_that_fails_changes_nothing(store: Store) -> None:
    store.insert("model", "m", {"a": 1})

    def fail(body: dict[str, object]) -> None:
        body["a"] = 2
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        store.update("model", "m", fail)
    assert store.get("model", "m") == {"a": 1}


def test_changes_of_many_threads_all_count(store: Store) -> None:
    store.insert("counter", "c", {"n": 0})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.update("counter", "c", lambda body: body.update(n=body["n"] + 1)), range(200)))
    assert store.get("counter", "c") == {"n": 200}


def test_the_journal_keeps_its_order_until_it_is_cleared(store: Store) -> None:
    for entry in (b"one", b"two"):
        store.journal_append(entry)
    assert store.journal() == [b"one", b"two"]
    store.journal_clear()
    assert store.journal() == []


def test_only_the_user_can_read_the_file(store: Store, tmp_path: Path) -> None:
    assert (tmp_path / "store.db").stat().st_mode & 0o777 == 0o600


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from localcloud.store.resources import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for n in range(10**6): store.insert('k', str(n), {}); print(n, flush=True)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for last in writer.stdout:
            if int(last) >= 200:
                os.kill(writer.pid, signal.SIGKILL)
                break
    store = Store(tmp_path / "store.db")
    assert len(store.all("k")) >= int(last) + 1
    store.close()
