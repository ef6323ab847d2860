"""Archives and names from outside never write outside their folder."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest
from training_jobs import archive

from localcloud.jobs import s3io


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def file(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), b"content"


BAD = {
    "a member that climbs": [file("../climbed")],
    "a member that climbs late": [file("fine"), file("deep/../../climbed")],
    "an absolute link": [link("link", "/etc/passwd")],
    "a link that climbs": [link("link", "../../outside")],
    "a file through a link": [link("out", ".."), file("out/climbed")],
    "a hard link that climbs": [link("hard", "../outside", tarfile.LNKTYPE)],
    "a device": [link("device", "", tarfile.CHRTYPE)],
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD.keys())
def test_a_bad_archive_is_refused_and_leaves_nothing_outside(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    (tmp_path / "outside").write_text("untouched")
    (tmp_path / "a.tar.gz").write_bytes(tar_of(*members))
    with pytest.raises(s3io.TransferFailed, match="refused"):
        s3io.extract(tmp_path / "a.tar.gz", tmp_path / "in" / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "in", "outside"]
    assert (tmp_path / "outside").read_text() == "untouched"
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["folder"]


def test_an_absolute_member_lands_inside(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(tar_of(file("/absolute/name")))
    s3io.extract(tmp_path / "a.tar.gz", tmp_path / "folder")
    assert (tmp_path / "folder" / "absolute" / "name").read_text() == "content"


def test_a_good_archive_comes_out_as_it_went_in(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "ä b.txt").write_text("x")
    (source / "top").write_text("y")
    s3io.pack(source, tmp_path / "a.tar.gz")
    s3io.extract(tmp_path / "a.tar.gz", tmp_path / "back")
    assert (tmp_path / "back" / "deep" / "ä b.txt").read_text() == "x"
    assert (tmp_path / "back" / "top").read_text() == "y"


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", archive({"a": random.Random(0).randbytes(10_000)})[:5_000]],
    ids=["empty", "text", "cut off"],
)
def test_what_is_no_whole_archive_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(s3io.TransferFailed, match=r"not a readable \.tar\.gz archive"):
        s3io.extract(tmp_path / "a.tar.gz", tmp_path / "folder")


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/passwd", "", "."])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(s3io.TransferFailed, match="leads out of its folder"):
        s3io.inside(tmp_path, name)


def test_a_name_inside_is_its_path(tmp_path: Path) -> None:
    assert s3io.inside(tmp_path, "a/./b.txt") == tmp_path / "a" / "b.txt"


@pytest.mark.parametrize("uri", ["", "bucket/key", "s3:/bucket", "s3:///key", "https://bucket/key"])
def test_what_is_no_s3_address_is_refused(uri: str) -> None:
    with pytest.raises(s3io.TransferFailed, match=r"s3://bucket/key"):
        s3io.parse_uri(uri)
