"""Downloads that break off, go on, are refused or damaged, on a real HTTP server."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.data.download import download

ROOT = Path(__file__).resolve().parents[3]
DEAD_URL = "http://127.0.0.1:9/aclImdb_v1.tar.gz"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


CONTENT = bytes(range(256)) * 2_000
MD5 = hashlib.md5(CONTENT).hexdigest()


def test_a_download_is_checked_and_kept(serve, tmp_path: Path):
    server = serve(CONTENT)
    path = download(tmp_path / "data", server.url, MD5)
    assert path == tmp_path / "data" / "aclImdb_v1.tar.gz"
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == [path.name]


def test_a_file_that_is_there_is_not_fetched_again(serve, tmp_path: Path):
    server = serve(CONTENT)
    download(tmp_path, server.url, MD5)
    download(tmp_path, server.url, MD5)
    assert server.asked == [None]


def test_a_connection_that_breaks_is_resumed_where_it_stopped(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(200_000, 100_000))
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=200000-", "bytes=300000-"]


def test_a_part_of_an_earlier_attempt_is_used(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT[:400_000])
    server = serve(CONTENT)
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.asked == ["bytes=400000-"]


def test_a_part_that_is_already_whole_is_used(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT)
    assert download(tmp_path, serve(CONTENT).url, MD5).read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_dropped(serve, tmp_path: Path):
    (tmp_path / "aclImdb_v1.tar.gz.part").write_bytes(CONTENT + b"more")
    assert download(tmp_path, serve(CONTENT).url, MD5).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_the_whole_file(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(200_000,), ranges=False)
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_another_file_than_expected_is_refused_and_removed(serve, tmp_path: Path):
    with pytest.raises(ValueError, match="damaged or another file") as caught:
        download(tmp_path, serve(CONTENT[:-1]).url, MD5)
    assert MD5 in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_connection_that_never_brings_anything_ends_and_keeps_what_there_was(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(300_000, 0, 0, 0, 0))
    with pytest.raises(ConnectionError, match="cannot be reached"):
        download(tmp_path, server.url, MD5)
    assert (tmp_path / "aclImdb_v1.tar.gz.part").stat().st_size == 300_000


def test_no_server_is_named(tmp_path: Path):
    with pytest.raises(ConnectionError, match=f"{DEAD_URL} cannot be reached"):
        download(tmp_path, DEAD_URL, MD5)
    assert os.listdir(tmp_path) == []


def test_a_server_that_refuses_is_quoted(serve, tmp_path: Path):
    with pytest.raises(ConnectionError, match="answers 404 Not Found"):
        download(tmp_path, serve(CONTENT, status=404).url, MD5)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_nothing(serve, tmp_path: Path):
    server = serve(CONTENT, cuts=(300_000,), stalls=True)
    part = tmp_path / "aclImdb_v1.tar.gz.part"
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # as in a terminal
        f"from helpers.data.download import download; download({str(tmp_path)!r}, {server.url!r}, {MD5!r})"
    )
    running = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < until
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, shown = running.communicate(timeout=60)
    assert b"KeyboardInterrupt" in shown
    assert os.listdir(tmp_path) == []
