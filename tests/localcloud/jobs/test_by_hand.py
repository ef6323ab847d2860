"""With LOCALCLOUD_KEEP_RUNS a job's folder stays, and its script runs the job once more by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from glue_jobs import Glue
from own_cloud import OwnCloud
from training_jobs import Training

from localcloud.store.state import BUCKET, ROLE_ARN

pytestmark = pytest.mark.image


@pytest.fixture(scope="module")
def keeping() -> Iterator[OwnCloud]:
    cloud = OwnCloud()
    cloud.environment["LOCALCLOUD_KEEP_RUNS"] = "1"
    try:
        for image in ("sklearn-1.9-0", "glue-5.1"):
            assert cloud.run("image", "build", image, timeout=1800).returncode == 0
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


def again(cloud: OwnCloud, kind: str, typed: str = "") -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the script of the one run of that kind. Returns the run's folder, and how it went."""
    [folder] = (cloud.home / "runs").glob(f"{kind}-*")
    script = folder / "again.sh"
    assert script.stat().st_mode & 0o077 == 0  # it holds the credentials
    return folder, subprocess.run([str(script)], input=typed, capture_output=True, text=True, timeout=120, check=False)


def test_a_training_job_runs_again_with_a_breakpoint_in_its_script(keeping: OwnCloud) -> None:
    training = Training(BUCKET, ROLE_ARN, clients=keeping.client)
    data = training.put("one.csv", "a,b\n")
    script = "import os\nprint(os.listdir(os.environ['SM_CHANNEL_TRAIN']), os.environ['SM_HP_DEPTH'])\n"
    name = training.start(script, channels={"train": data}, hyperparameters={"depth": 3})
    assert training.ended(name)["TrainingJobStatus"] == "Completed"
    folder, first = again(keeping, "training-job")
    assert first.stdout == "['one.csv'] 3\n"
    (folder / "opt/ml/code/train.py").write_text(script + "breakpoint()\nprint('the end')\n")
    seen = again(keeping, "training-job", typed="p os.environ['SM_HP_DEPTH'] * 2\ncontinue\n")[1].stdout
    assert "'33'" in seen
    assert seen.endswith("the end\n")


def test_a_glue_job_runs_again_on_s3(keeping: OwnCloud) -> None:
    glue = Glue(BUCKET, ROLE_ARN, clients=keeping.client)
    glue.put("in/rows.csv", "a\n1\n2\n")
    run = glue.run(f"""
        from pyspark.sql import SparkSession
        rows = SparkSession.builder.getOrCreate().read.csv("{glue.uri("in/")}", header=True)
        print(rows.count())
        rows.write.mode("append").parquet("{glue.uri("out/")}")
    """)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    before = glue.s3.list_objects_v2(Bucket=BUCKET, Prefix="glue-tests/out/")["KeyCount"]
    folder, second = again(keeping, "glue")
    assert (second.returncode, second.stdout) == (0, "2\n"), second.stderr
    assert (folder / "script").is_dir()
    after = glue.s3.list_objects_v2(Bucket=BUCKET, Prefix="glue-tests/out/")["KeyCount"]
    assert after == 2 * before  # S3 is live: the second run appends, too
