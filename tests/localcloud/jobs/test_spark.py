"""localcloud/jobs/spark.py and the launcher: Java, Spark's settings, buckets that are plain folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from run_in_glue import glue_python, run_driver

from localcloud.jobs import spark

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
    assert attempts["unknown bucket"] == "NoSuchBucket: there is no bucket 'no-such-bucket'"


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
