"""localcloud/jobs/spark.py and the launcher: Java, Spark's settings, staged buckets, what goes back to S3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from own_cloud import OwnCloud
from run_in_glue import glue_python, run_driver

from localcloud.jobs import spark
from localcloud.store.state import ACCOUNT

NEED_AN_IMAGE = {"attempts"}

# Java


def make_java(folder: Path, version: str, code: int = 0) -> Path:
    """A program named java that says it is of this version."""
    home = folder / f"java-{version}"
    (home / "bin").mkdir(parents=True)
    java = home / "bin" / "java"
    lines = [f"echo '    {line}' >&2" for line in (f"java.home = {home}", f"java.specification.version = {version}")]
    java.write_text("\n".join(["#!/bin/sh", *lines, f"exit {code}"]))
    java.chmod(0o755)
    return home


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which no Java can be found."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_java_17_of_the_system_is_used(no_java: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = make_java(tmp_path, "17")
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert spark.find_java(Path(sys.executable)) == home


def test_java_home_comes_before_path(no_java: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(make_java(tmp_path / "a", "17") / "bin"))
    home = make_java(tmp_path / "b", "17")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert spark.find_java(Path(sys.executable)) == home


@pytest.mark.parametrize("version", ["1.8", "11", "21", "25"])
def test_another_java_of_the_system_is_passed_over(
    no_java: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path, version)))
    with pytest.raises(spark.NoJava, match="needs Java 17"):
        spark.find_java(Path(sys.executable))


def test_a_java_that_does_not_start_is_passed_over(
    no_java: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path, "17", code=1)))
    with pytest.raises(spark.NoJava):
        spark.find_java(Path(sys.executable))


def java_of_the_image(empty: Path) -> Path:
    """What is found where there is no other Java."""
    python = glue_python()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("JAVA_HOME", raising=False)
        patch.setenv("PATH", str(empty))
        return spark.find_java(python)


@pytest.mark.image
def test_without_any_java_the_image_brings_its_own(tmp_path: Path) -> None:
    home = java_of_the_image(tmp_path)
    assert glue_python().parents[1] in home.parents
    assert subprocess.run([home / "bin" / "java", "-version"], capture_output=True, check=False).returncode == 0


# What Spark sees of the buckets


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Outcome of each attempt of the driver, on the image's own Java.

    The bucket's folder has a space in its name, as a learner's may.
    """
    folder = tmp_path_factory.mktemp("spark")
    home = folder / "My Course"
    for name, content in {"lake.one/in/a.txt": "hello", "lake.one/old/x.json": "{}", "outside/secret.txt": "s"}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    driver = Path(__file__).with_name("spark_driver.py")
    buckets = {"lake.one": home / "lake.one"}
    java = java_of_the_image(folder)
    result: dict[str, Any] = run_driver(driver, {"bucket": "lake.one"}, folder, buckets, java=java)
    return {**result, "files": sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())}


@pytest.mark.parametrize("name", ["write", "append", "overwrite", "dots in a name"])
def test_spark_writes_to_a_bucket(attempts: dict[str, Any], name: str) -> None:
    assert attempts[name] == "done"


def test_spark_reads_what_is_in_a_bucket(attempts: dict[str, Any]) -> None:
    assert attempts["text"] == ["hello"]
    assert attempts["rows"] == 4


def test_spark_leaves_no_checksum_or_marker_files(attempts: dict[str, Any]) -> None:
    assert not [name for name in attempts["files"] if name.endswith((".crc", "_SUCCESS"))]


def test_overwriting_removes_the_old_files(attempts: dict[str, Any]) -> None:
    assert "lake.one/old/x.json" not in attempts["files"]


def test_an_unknown_bucket_is_refused(attempts: dict[str, Any]) -> None:
    assert attempts["unknown bucket"] == "NoSuchBucket: there was no bucket 'no-such-bucket' when this run began"


def test_a_failure_in_a_worker_is_told_by_its_own_exception(attempts: dict[str, Any]) -> None:
    assert attempts["function raises"].startswith("ValueError: cannot do ")


def test_a_failure_in_spark_is_told_in_one_line(attempts: dict[str, Any]) -> None:
    assert attempts["no such column"].startswith("AnalysisException: [UNRESOLVED_COLUMN")


@pytest.mark.parametrize(
    "name",
    [
        *("read above", "read above in capitals", "read above by a list", "read above by a pattern"),
        *("read above by an option", "read above by viewfs", "read above in SQL", "write above", "write above in SQL"),
    ],
)
def test_a_path_that_climbs_out_of_its_bucket_is_refused(attempts: dict[str, Any], name: str) -> None:
    assert attempts[name].startswith("PathRefused: S3 paths must not hold a '..' segment")


def test_nothing_is_written_outside_the_bucket(attempts: dict[str, Any]) -> None:
    assert [name for name in attempts["files"] if not name.startswith("lake.one/")] == ["outside/secret.txt"]


# The launcher


def launch(tmp_path: Path, script: str, *arguments: str) -> tuple[int, str | None, str]:
    """Exit code, failure reason and output of a script that needs no Spark."""
    (tmp_path / "job.py").write_text(script)
    failure = tmp_path / "failure"
    command = spark.command(glue_python(), failure, tmp_path / "job.py", list(arguments))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, failure.read_text() if failure.exists() else None, done.stdout + done.stderr


@pytest.mark.image
def test_a_script_sees_its_own_name_and_arguments(tmp_path: Path) -> None:
    code, reason, output = launch(tmp_path, "import sys; print(__name__, sys.argv)", "--a", "b c")
    assert (code, reason) == (0, None)
    assert output.strip() == f"__main__ ['{tmp_path / 'job.py'}', '--a', 'b c']"


@pytest.mark.image
def test_a_script_imports_modules_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("value = 42")
    assert launch(tmp_path, "import beside; print(beside.value)")[2].strip() == "42"


@pytest.mark.image
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise ValueError('no such\\nthing')", "ValueError: no such"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import sys; sys.exit('why')", "SystemExit: why"),
        ("raise KeyError", "KeyError"),
        ("x = (", "SyntaxError: '(' was never closed (job.py, line 1)"),
    ],
)
def test_the_reason_of_a_failure_is_left_for_the_job_run(tmp_path: Path, script: str, reason: str) -> None:
    code, found, _ = launch(tmp_path, script)
    assert (code, found) == (1, reason)


@pytest.mark.image
def test_a_failure_prints_the_scripts_part_of_the_traceback(tmp_path: Path) -> None:
    printed = launch(tmp_path, "def f():\n    1 / 0\nf()")[2]
    assert [line.split(",")[1] for line in printed.splitlines() if "File" in line] == [" line 3", " line 2"]


@pytest.mark.image
def test_leaving_with_zero_is_no_failure(tmp_path: Path) -> None:
    assert launch(tmp_path, "import sys; sys.exit(0)")[:2] == (0, None)


# Staged buckets


@pytest.fixture
def lake(local_aws: OwnCloud, request: pytest.FixtureRequest) -> str:
    """A new bucket of the running local AWS."""
    name = f"lake-{abs(hash(request.node.name)) % 10**9}"
    local_aws.client("s3").create_bucket(Bucket=name)
    return name


def stage(cloud: OwnCloud, bucket: str, folder: Path, **options: Any) -> spark.StagedBucket:
    return spark.stage_bucket(bucket, engine_folder(cloud, bucket), folder / bucket, **options)


def engine_folder(cloud: OwnCloud, bucket: str) -> Path:
    return cloud.home / "engine" / "s3" / ACCOUNT / bucket


def listed(cloud: OwnCloud, bucket: str) -> dict[str, bytes]:
    s3 = cloud.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def put(cloud: OwnCloud, bucket: str, **objects: bytes) -> None:
    for key, body in objects.items():
        cloud.client("s3").put_object(Bucket=bucket, Key=key.replace("__", "/"), Body=body)


def test_objects_are_staged_without_the_engines_own_files(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, a=b"1", deep__er__b=b"2")
    local_aws.client("s3").put_object(Bucket=lake, Key="folder/", Body=b"")
    staged = stage(local_aws, lake, tmp_path)
    files = {path.relative_to(staged.folder).as_posix(): path.read_bytes() for path in staged.folder.rglob("*.*")}
    assert files == {}
    assert set(staged.before) == {"a", "deep/er/b"}
    assert (staged.folder / "deep/er/b").read_bytes() == b"2"


def test_a_bucket_without_objects_is_an_empty_folder(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    staged = stage(local_aws, lake, tmp_path)
    assert staged.folder.is_dir()
    assert staged.before == {}


def test_a_staged_file_keeps_the_time_of_its_object(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, a=b"1")
    original = engine_folder(local_aws, lake) / "a"
    os.utime(original, (1_000_000_000, 1_000_000_000))
    assert stage(local_aws, lake, tmp_path).before["a"].mtime_ns == 1_000_000_000 * 10**9


def test_writing_into_a_small_staged_file_does_not_reach_the_object(
    local_aws: OwnCloud, lake: str, tmp_path: Path
) -> None:
    put(local_aws, lake, a=b"one")
    (stage(local_aws, lake, tmp_path).folder / "a").write_bytes(b"two")
    assert listed(local_aws, lake) == {"a": b"one"}


def test_a_large_file_takes_no_space(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, large=b"x" * 100, small=b"x" * 9)
    staged = stage(local_aws, lake, tmp_path, copy_below=10)
    original = engine_folder(local_aws, lake)
    assert (staged.folder / "large").samefile(original / "large")
    assert not (staged.folder / "small").samefile(original / "small")


def test_writing_into_a_linked_file_is_noticed_and_mended(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, large=b"x" * 100)
    staged = stage(local_aws, lake, tmp_path, copy_below=10)
    (staged.folder / "large").write_bytes(b"y" * 100)
    assert spark.sync(staged, local_aws.client("s3")).written == ["large"]
    assert listed(local_aws, lake) == {"large": b"y" * 100}


def test_an_unchanged_bucket_is_left_alone(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, a=b"1")
    assert spark.sync(stage(local_aws, lake, tmp_path), local_aws.client("s3")) == ([], [])


def test_new_changed_and_deleted_files_reach_the_bucket(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, kept=b"1", changed=b"1", table__gone=b"1")
    staged = stage(local_aws, lake, tmp_path)
    (staged.folder / "changed").write_bytes(b"2")
    (staged.folder / "table/gone").unlink()
    (staged.folder / "table/part=a b").mkdir()
    (staged.folder / "table/part=a b/new").write_bytes(b"3")
    done = spark.sync(staged, local_aws.client("s3"))
    assert done == (["changed", "table/part=a b/new"], ["table/gone"])
    assert listed(local_aws, lake) == {"kept": b"1", "changed": b"2", "table/part=a b/new": b"3"}


def test_more_deletions_than_one_call_takes_are_done(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    put(local_aws, lake, a=b"1")
    staged = stage(local_aws, lake, tmp_path)
    gone = {f"gone-{number}": spark.FileState(number, 1, 1) for number in range(1500)}
    done = spark.sync(spark.StagedBucket(lake, staged.folder, staged.before | gone), local_aws.client("s3"))
    assert len(done.deleted) == 1500


@pytest.mark.parametrize(
    "key",
    [
        *("t/_temporary/0/x", "t/.spark-staging-1/p=1/x", "t/_SUCCESS", "t/.part-0.crc", "_temporary/x"),
    ],
)
def test_what_an_unfinished_write_leaves_is_no_object(key: str) -> None:
    assert spark.changes({}, {key: spark.FileState(1, 1, 1)}) == ([], [])


@pytest.mark.parametrize("key", ["t/_metadata", "data.crc", "my_temporary/x", "SUCCESS"])
def test_a_name_like_a_leftover_is_an_object(key: str) -> None:
    assert spark.changes({}, {key: spark.FileState(1, 1, 1)}).written == [key]


@pytest.mark.parametrize("state", [(2, 1, 1), (1, 2, 1), (1, 1, 2)])
def test_another_inode_size_or_time_is_a_change(state: tuple[int, int, int]) -> None:
    before, after = {"a": spark.FileState(1, 1, 1)}, {"a": spark.FileState(*state)}
    assert spark.changes(before, after) == (["a"], [])


def test_a_link_that_a_script_made_is_not_uploaded(local_aws: OwnCloud, lake: str, tmp_path: Path) -> None:
    staged = stage(local_aws, lake, tmp_path)
    (staged.folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match="symbolic link"):
        spark.sync(staged, local_aws.client("s3"))
    assert listed(local_aws, lake) == {}
