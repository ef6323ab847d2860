"""localcloud/jobs/s3_files.py: S3 as a tree of files. What is done on either side is there on the other at once."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from own_cloud import OwnCloud

from localcloud.jobs.s3_files import AlreadyThere, NotFound, Refused, S3Files
from localcloud.store.state import ACCOUNT


class Lake:
    """A bucket, seen by boto3 and as files."""

    def __init__(self, cloud: OwnCloud, folder: Path) -> None:
        self.s3, self.bucket, self.told = cloud.client("s3"), f"lake-{uuid.uuid4().hex[:8]}", list[str]()
        self.s3.create_bucket(Bucket=self.bucket)
        stored = cloud.home / "engine" / "s3" / ACCOUNT
        self.files = S3Files(self.s3, folder / "scratch", stored, self.told.append)

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=f"<{key}>".encode())

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def write(self, key: str, content: bytes = b"new") -> None:
        file = self.files.new_file()
        file.write_bytes(content)
        self.files.create(self.bucket, key, file)

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        stream, count, _ = self.files.open(self.bucket, key, offset, length)
        with stream:
            return stream.read(count)

    def names(self, folder: str) -> list[str]:
        entries = self.files.entries(self.bucket, folder)
        return [entry.name + "/" * entry.is_folder for entry in entries]

    def walk(self, folder: str = "") -> list[str]:
        """All keys that are files, found from folder to folder."""
        found = []
        for entry in self.files.entries(self.bucket, folder):
            path = f"{folder}/{entry.name}".lstrip("/")
            found += self.walk(path) if entry.is_folder else [path]
        return found


@pytest.fixture
def lake(local_aws: OwnCloud, tmp_path: Path) -> Lake:
    return Lake(local_aws, tmp_path)


ODD = ("x.tmp", "y.meta.json", "n" * 230 + ".csv", "a b+c #1", "ü%20é", "=&;?", "back\\slash", "deep/t:1.json")


@pytest.mark.parametrize("key", ODD)
def test_an_object_of_any_name_is_a_file(lake: Lake, key: str) -> None:
    lake.put(f"in/{key}")
    assert lake.walk("in") == [f"in/{key}"]
    assert lake.read(f"in/{key}") == f"<in/{key}>".encode()
    assert lake.files.status(lake.bucket, f"in/{key}").size == len(f"<in/{key}>".encode())


def test_keys_below_another_object_are_there(lake: Lake) -> None:
    lake.put("both", "both/one", "both/deep/two", "both-2/x", "both.txt")
    assert not lake.files.status(lake.bucket, "both").is_folder
    assert lake.names("both") == ["deep/", "one"]
    assert lake.names("") == ["both", "both/", "both-2/", "both.txt"]
    assert lake.walk() == ["both", "both/deep/two", "both/one", "both-2/x", "both.txt"]


def test_a_folder_is_found_behind_many_keys_that_sort_before_it(lake: Lake) -> None:
    lake.put(*[f"out-{number}" for number in range(5)], "out/x")
    assert lake.files.status(lake.bucket, "out").is_folder
    with pytest.raises(NotFound):
        lake.files.status(lake.bucket, "ou")


@pytest.mark.parametrize(
    ("key", "reason"),
    [("a//b", "two slashes"), ("/a", "two slashes"), ("a/", "ends with a slash"), ("a/../b", "'..'"), ("t:1", "colon")],
)
def test_a_key_that_no_path_can_name_is_told_once(lake: Lake, key: str, reason: str) -> None:
    lake.put(key, "seen/x")
    assert lake.walk() == ["seen/x"]
    assert lake.walk() == ["seen/x"]
    [sentence] = lake.told
    assert reason in sentence
    assert f"s3://{lake.bucket}/" in sentence


def test_an_empty_marker_is_a_folder_and_no_loss(lake: Lake) -> None:
    lake.s3.put_object(Bucket=lake.bucket, Key="empty/", Body=b"")
    assert lake.files.status(lake.bucket, "empty").is_folder
    assert (lake.names("empty"), lake.told) == ([], [])


@pytest.mark.parametrize(
    ("offset", "length", "part"), [(0, None, b"<in/abc>"), (3, 2, b"/a"), (6, 99, b"c>"), (8, None, b"")]
)
@pytest.mark.parametrize("stored", [True, False])
def test_a_part_of_a_file_is_read(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, offset: int, length: int | None, part: bytes, stored: bool
) -> None:
    if not stored:
        monkeypatch.setattr(lake.files, "_stored", None)
    lake.put("in/abc")
    assert lake.read("in/abc", offset, length) == part


def test_what_is_written_is_an_object_at_once(lake: Lake) -> None:
    lake.write("out/a", b"1")
    assert lake.keys() == ["out/a"]
    lake.write("out/a", b"22")
    assert lake.s3.get_object(Bucket=lake.bucket, Key="out/a")["Body"].read() == b"22"


@pytest.mark.parametrize("unfinished", ["out/_temporary/0/task/p=1/f", "out/.spark-staging-7/p=1/f"])
def test_what_is_not_committed_is_no_object_until_it_is_renamed(lake: Lake, unfinished: str) -> None:
    lake.write(unfinished, b"1")
    assert (lake.keys(), lake.read(unfinished), lake.walk()) == ([], b"1", [unfinished])
    assert lake.files.rename(lake.bucket, unfinished.rpartition("/")[0], "out/p=1")
    assert (lake.keys(), lake.walk()) == (["out/p=1/f"], ["out/p=1/f"])


def test_an_uncommitted_file_that_is_deleted_leaves_nothing(lake: Lake, tmp_path: Path) -> None:
    lake.write("out/_temporary/f")
    assert lake.files.delete(lake.bucket, "out/_temporary", recursive=True)
    assert (lake.keys(), list((tmp_path / "scratch").iterdir())) == ([], [])


def test_what_boto3_deletes_is_gone(lake: Lake) -> None:
    lake.write("out/a")
    lake.s3.delete_object(Bucket=lake.bucket, Key="out/a")
    with pytest.raises(NotFound):
        lake.files.entries(lake.bucket, "out")


def test_objects_are_renamed_with_all_below_them(lake: Lake) -> None:
    lake.put("from/a", "from/b/c", "from-2/x")
    assert lake.files.rename(lake.bucket, "from", "to")
    assert lake.keys() == ["from-2/x", "to/a", "to/b/c"]
    assert lake.read("to/b/c") == b"<from/b/c>"


@pytest.mark.parametrize(("source", "target"), [("nothing", "x"), ("in", "in/deeper"), ("in/a", "in/b"), ("", "x")])
def test_what_cannot_be_renamed_stays(lake: Lake, source: str, target: str) -> None:
    lake.put("in/a", "in/b")
    assert not lake.files.rename(lake.bucket, source, target)
    assert lake.keys() == ["in/a", "in/b"]


def test_a_rename_into_a_folder_keeps_the_name(lake: Lake) -> None:
    lake.put("one", "folder/two")
    assert lake.files.rename(lake.bucket, "one", "folder")
    assert lake.keys() == ["folder/one", "folder/two"]


def test_deleting_takes_a_file_or_a_whole_folder_and_no_neighbour(lake: Lake) -> None:
    lake.put("t", "t/a", "t/b/c", "t2")
    with pytest.raises(Refused, match="not empty"):
        lake.files.delete(lake.bucket, "t/b", recursive=False)
    assert lake.files.delete(lake.bucket, "t", recursive=True)  # the file of that name
    assert lake.files.delete(lake.bucket, "t", recursive=True)  # the folder
    assert not lake.files.delete(lake.bucket, "t", recursive=True)
    assert lake.keys() == ["t2"]


def test_a_new_folder_is_there_until_it_is_filled_and_emptied(lake: Lake) -> None:
    assert lake.files.make_folder(lake.bucket, "new/deep")
    assert (lake.names("new"), lake.names("new/deep"), lake.keys()) == (["deep/"], [], [])
    lake.write("new/deep/a")
    lake.s3.delete_object(Bucket=lake.bucket, Key="new/deep/a")
    with pytest.raises(NotFound):
        lake.files.status(lake.bucket, "new/deep")


@pytest.mark.parametrize(("key", "overwrite"), [("in/a", False), ("in", True), ("", True)])
def test_a_file_does_not_take_the_place_of_another_or_of_a_folder(lake: Lake, key: str, overwrite: bool) -> None:
    lake.put("in/a")
    with pytest.raises(AlreadyThere):
        lake.files.may_create(lake.bucket, key, overwrite)


def test_the_size_of_a_folder_counts_what_is_below(lake: Lake) -> None:
    lake.put("s/a", "s/b/c")
    assert lake.files.size(lake.bucket, "s") == (len("<s/a><s/b/c>"), 2, 2)


KEYS = st.lists(st.sampled_from(["a", "b", "a.", ".a", "a:b", "..", " ", "%41", "+", "é", ""]), min_size=1, max_size=3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example({"a", "a/.."})
@given(st.sets(KEYS.map("/".join).filter(lambda key: key.strip("/.") != ""), min_size=1, max_size=6))
def test_every_key_is_a_file_or_is_told(local_aws: OwnCloud, tmp_path: Path, keys: set[str]) -> None:
    lake = Lake(local_aws, tmp_path)
    lake.put(*keys)
    stored: Any = set(lake.keys())  # a path of dots only may be refused by S3 itself
    found = set(lake.walk())
    told = [line.split(" see s3://")[1].split(": no file")[0].partition("/")[2] for line in lake.told]
    lost = {key for key in stored - found if not any(key.startswith(each.removesuffix("…")) for each in told)}
    assert (lost, found - stored) == (set(), set())
    for key in found:
        assert lake.read(key) == f"<{key}>".encode()


def test_what_s3_answered_is_asked_again_only_after_a_change(local_aws: OwnCloud, tmp_path: Path) -> None:
    s3 = local_aws.client("s3")
    bucket = "asked-once"
    s3.create_bucket(Bucket=bucket)
    asked: list[str] = []
    s3.meta.events.register("before-call.s3", lambda model, **_: asked.append(model.name))
    changes = [0]
    files = S3Files(s3, tmp_path / "scratch", None, print, lambda: changes[0])
    for _ in range(3):
        assert files.entries(bucket, "") == []
    looks = len(asked)
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    changes[0] += 1
    assert [entry.name for entry in files.entries(bucket, "")] == ["a"]
    assert files.status(bucket, "a").size == 1
    assert looks < 3
