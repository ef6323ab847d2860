"""Model files from outside are looked at without being opened."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import subprocess
import tarfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.models import artifacts

RAN: list[str] = []


class Harmful:
    """Its pickle calls a function when it is loaded."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def pack(folder: Path, files: dict[str, bytes], *special: tarfile.TarInfo) -> Path:
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in special:
            tar.addfile(member)
    return archive


def kind(folder: Path, name: str, content: bytes) -> str:
    (member,) = artifacts.inspect(pack(folder, {name: content}))
    return member.kind


def safetensors(values: bytes = b"\0" * 8, end: int = 8) -> bytes:
    header = b'{"weights":{"dtype":"F32","shape":[2],"data_offsets":[0,%d]}}' % end
    return len(header).to_bytes(8, "little") + header + values


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("model.safetensors", safetensors(), artifacts.SAFE),
        ("model.safetensors", safetensors(end=80), artifacts.REFUSED),
        ("model.safetensors", pickle.dumps([1]), artifacts.REFUSED),
        ("model.safetensors", b"", artifacts.REFUSED),
        ("config.json", b"{}", artifacts.SAFE),
        ("1/saved_model.pb", b"\x08\x01 MatMul", artifacts.SAFE),
        ("1/saved_model.pb", b"\x08\x01 MatMul WriteFile", artifacts.REFUSED),
        ("1/variables/variables.data-00000-of-00001", b"\0\0\0\0", artifacts.SAFE),
        ("model.keras", zipped({"config.json": b"{}"}), artifacts.SAFE),
        ("model.keras", zipped({"config.json": b'{"class_name": "Lambda"}'}), artifacts.REFUSED),
        ("table.npy", b"\x93NUMPY\1\0\x46\0{'descr': '<f8', }", artifacts.SAFE),
        ("table.npy", b"\x93NUMPY\1\0\x46\0{'descr': '|O', }", artifacts.PICKLE),
        ("code/inference.py", b"print()", artifacts.CODE),
        ("code/requirements.txt", b"numpy\n", artifacts.CODE),
        ("1/variables/inference.py", b"print()", artifacts.CODE),
        ("1/variables/notes", b"\1\2", artifacts.UNKNOWN),
        ("code/__pycache__/text.cpython-311.pyc", b"\xa7\r\r\n", artifacts.REFUSED),
        ("libfast.so", b"", artifacts.REFUSED),
        ("helper", b"\x7fELF\2", artifacts.REFUSED),
        ("model.onnx", b"\x08\x07", artifacts.UNKNOWN),
    ],
)
def test_each_format_is_told_by_its_content(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    assert kind(tmp_path, name, content) == expected


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["model.pkl", "model.dat", "weights.txt"])
def test_a_pickle_is_known_whatever_its_name_and_age(tmp_path: Path, protocol: int, name: str) -> None:
    content = pickle.dumps(Harmful(os.system, "true"), protocol)
    (member,) = artifacts.inspect(pack(tmp_path, {name: content}))
    assert member.kind == artifacts.REFUSED
    assert "posix.system" in member.note


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(pickle.dumps(Harmful(eval, "1")), mtime=0),
        bz2.compress(pickle.dumps(Harmful(eval, "1"))),
        lzma.compress(pickle.dumps(Harmful(eval, "1"))),
        lzma.compress(pickle.dumps(Harmful(eval, "1")), lzma.FORMAT_ALONE),
        zipped({"archive/data.pkl": pickle.dumps(Harmful(exec, "1"))}),
        zipped({"a/data.pkl": pickle.dumps([1]), "b/data.pkl": pickle.dumps(Harmful(exec, "1"))}),
        # os.system, with two harmless names pushed and popped between.
        b"\x80\x04\x8c\x02os\x8c\x06system\x8c\x01a\x8c\x01b00\x93\x8c\x04true\x85R.",
        pickle.dumps(Harmful(getattr, "os", "system")),
        pickle.dumps(Harmful(subprocess.run, "true")),
    ],
    ids=[
        *("gzip", "bzip2", "xz", "lzma", "as torch.save writes it", "the second of a zip", "names hidden"),
        *("getattr", "subprocess"),
    ],
)
def test_a_harmful_pickle_is_refused_even_where_pickles_are_allowed(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(artifacts.UnsafeModel, match="a pickle that would call"):
        artifacts.check(pack(tmp_path, {"model.pt": content}), allow_pickle=True)


def test_nothing_is_loaded_or_run_by_looking(tmp_path: Path) -> None:
    content = pickle.dumps(Harmful(RAN.append, "loaded"))
    with pytest.raises(artifacts.UnsafeModel):
        artifacts.check(pack(tmp_path, {"model.pkl": content}))
    marker = tmp_path / "marker"
    artifacts.inspect(pack(tmp_path, {"model.pkl": pickle.dumps(Harmful(os.system, f"touch {marker}"))}))
    assert RAN == []
    assert not marker.exists()


def test_a_pickle_of_ones_own_is_accepted_when_one_says_so(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    joblib.dump(LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1]), buffer)
    archive = pack(tmp_path, {"model.joblib": buffer.getvalue()})
    with pytest.raises(artifacts.UnsafeModel, match="allow_pickle=True"):
        artifacts.check(archive)
    (note,) = artifacts.check(archive, allow_pickle=True)["note"]
    assert "sklearn.linear_model._logistic.LogisticRegression" in note


def link(name: str, to: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    return member


@pytest.mark.parametrize(
    "member",
    [
        link("weights", "/etc/passwd", tarfile.SYMTYPE),
        link("weights", "code/inference.py", tarfile.LNKTYPE),
        link("weights", "", tarfile.FIFOTYPE),
        link("weights", "", tarfile.CHRTYPE),
        tarfile.TarInfo("../outside.txt"),
        tarfile.TarInfo("/etc/cron.d/job"),
        tarfile.TarInfo("code/../../outside.txt"),
    ],
    ids=["symbolic link", "hard link", "pipe", "device", "parent", "absolute", "hidden parent"],
)
def test_what_leads_out_of_the_folder_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    archive = pack(tmp_path, {"config.json": b"{}"}, member)
    with pytest.raises(artifacts.UnsafeModel):
        artifacts.unpack(archive, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_a_pickle_in_a_compression_that_is_not_known_here_is_still_one(tmp_path: Path) -> None:
    lz4 = b"\x04\x22\x4d\x18" + bytes(20)
    with pytest.raises(artifacts.UnsafeModel, match="a pickle, and loading one runs what is in it"):
        artifacts.check(pack(tmp_path, {"model.joblib": lz4}))


@pytest.mark.parametrize("again", ["config.json", "./config.json", ".//./config.json"])
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, again: str) -> None:
    empty = tarfile.TarInfo(again)
    with pytest.raises(artifacts.UnsafeModel, match="twice"):
        artifacts.check(pack(tmp_path, {"config.json": b"{}"}, empty))


def test_gigabytes_in_a_few_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(artifacts.UnsafeModel, match="more than 1 MiB"):
        artifacts.check(pack(tmp_path, {"zeros.txt": bytes(2 * 2**20)}), max_mebibytes=1)


def test_a_sparse_file_counts_as_what_it_takes_when_unpacked(tmp_path: Path) -> None:
    sparse = tarfile.TarInfo("weights.bin")
    sparse.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % 2**32  # the size of the whole file; all of it is a hole
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * ord(" "))  # the checksum
    (tmp_path / "model.tar.gz").write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    with pytest.raises(artifacts.UnsafeModel, match=r"weights\.bin: more than 1024 MiB"):
        artifacts.check(tmp_path / "model.tar.gz")


def test_a_header_of_any_length_is_not_read_into_memory(tmp_path: Path) -> None:
    """As tarfile does with the value of an extended header, before anybody can ask how large the file is."""
    archive, megabytes = tmp_path / "model.tar.gz", 64
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, megabytes * 2**20
    with gzip.open(archive, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        for _ in range(megabytes):
            file.write(bytes(2**20))
    tracemalloc.start()
    try:
        with pytest.raises(artifacts.UnsafeModel, match="more than 1 MiB"):
            artifacts.check(archive, max_mebibytes=1)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_ten_thousand_files_are_looked_at_in_a_moment(tmp_path: Path) -> None:
    archive = pack(tmp_path, {f"{number}.txt": b"" for number in range(artifacts.MAX_MEMBERS)})
    began = time.monotonic()
    assert len(artifacts.inspect(archive)) == artifacts.MAX_MEMBERS
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"no tar", mtime=0), gzip.compress(b"x" * 2000, mtime=0)[:-5]],
    ids=["empty", "text", "no tar", "cut off"],
)
def test_a_file_that_is_no_archive_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gift.tar.gz").write_bytes(content)
    with pytest.raises(artifacts.UnsafeModel, match=r"gift\.tar\.gz is not a readable"):
        artifacts.check(tmp_path / "gift.tar.gz")


def test_a_good_archive_is_unpacked_as_it_is(tmp_path: Path) -> None:
    files = {"model.safetensors": safetensors(), "./code/inference.py": b"print()\n"}
    folder = artifacts.unpack(pack(tmp_path, files), tmp_path / "model")
    assert (folder / "model.safetensors").read_bytes() == safetensors()
    assert (folder / "code" / "inference.py").read_text() == "print()\n"
