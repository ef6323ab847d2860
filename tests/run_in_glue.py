"""Runs a driver script inside the Glue image, as the local Glue runs a job's script; its results come back as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own_cloud import REGION, OwnCloud, images_folder

from localcloud.jobs import images, spark

JOBS = Path(__file__).parents[1] / "jobs" / "glue"


def glue_python() -> Path:
    """Python of the Glue image, which is built if it is not there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALCLOUD_IMAGES", str(images_folder()))
        return images.ensure("glue-5.1")


def run_driver(
    driver: Path,
    spec: Any,
    folder: Path,
    buckets: dict[str, Path],
    cloud: OwnCloud | None = None,
    java: Path | None = None,
) -> Any:
    """Starts Spark once in the driver, hands it `spec`, and returns what it leaves in its result file.

    Args:
        buckets: name -> folder that plays the bucket for Spark.
        cloud: the local AWS that the driver's boto3 clients reach, if it needs one.
        java: JAVA_HOME, if not the one that a job run would get.
    """
    (folder / "spec.json").write_text(json.dumps(spec))
    arguments = [str(folder / "spec.json"), str(folder / "result.json")]
    command, environment = prepared(driver, arguments, folder, buckets, cloud, java)
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "result.json").read_text())


def prepared(
    driver: Path,
    arguments: list[str],
    folder: Path,
    buckets: dict[str, Path],
    cloud: OwnCloud | None = None,
    java: Path | None = None,
) -> tuple[list[str], dict[str, str]]:
    """The command and the environment that start a driver in the Glue image; it is to run in `folder`."""
    python = glue_python()
    spark.write_conf(folder / "conf", buckets, cores=2, memory="1g")
    (folder / "tmp").mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SPARK_", "JAVA_"))
    }
    environment |= spark.spark_env(python, java or spark.find_java(python), folder / "conf", folder / "tmp")
    environment["PYTHONPATH"] += os.pathsep + str(JOBS)
    if cloud:
        own = cloud.credentials
        environment |= {"AWS_ENDPOINT_URL": cloud.endpoint, "AWS_DEFAULT_REGION": REGION}
        environment |= {"AWS_ACCESS_KEY_ID": own["access_key"], "AWS_SECRET_ACCESS_KEY": own["secret_key"]}
    return spark.command(python, folder / "failure", driver, arguments), environment
