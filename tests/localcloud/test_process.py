"""Starting, stopping and resetting the one server process of an installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError
from own_cloud import PROJECT, OwnCloud, wait_until
from training_jobs import Training

BUCKET, ROLE = "sagemaker-us-east-1-123456789012", "arn:aws:iam::123456789012:role/DataScienceOnAWSExecutionRole"


def servers(cloud: OwnCloud) -> list[int]:
    """Processes that serve this installation."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            mine = process.environ().get("LOCALCLOUD_HOME") == str(cloud.home)
            if mine and command[-2:] == ["localcloud", "serve"]:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_many_starts_at_once_make_one_server() -> None:
    cloud = OwnCloud()
    try:
        with ThreadPoolExecutor(3) as pool:
            results = list(pool.map(lambda _: cloud.run("start"), range(3)))
        assert [result.returncode for result in results] == [0, 0, 0], [result.stderr for result in results]
        assert len({result.stdout for result in results}) == 1
        wait_until(lambda: servers(cloud) == [cloud.info["pid"]], 10)
    finally:
        cloud.remove()


def test_status_says_where_it_runs_and_how_large_it_is(own_cloud: OwnCloud) -> None:
    status = own_cloud.run("status")
    assert status.returncode == 0
    assert own_cloud.endpoint in status.stdout
    assert str(own_cloud.home) in status.stdout


def test_after_stop_nothing_runs(own_cloud: OwnCloud) -> None:
    own_cloud.stop()
    assert servers(own_cloud) == []
    assert own_cloud.run("status").returncode == 3
    assert own_cloud.run("stop").stdout == "The local AWS was not running.\n"


@pytest.mark.image
def test_stop_does_not_wait_for_jobs_that_run_or_wait(own_cloud: OwnCloud) -> None:
    training = Training(BUCKET, ROLE, clients=own_cloud.client)
    names = [training.start("import time; time.sleep(300)") for _ in range((os.cpu_count() or 1) + 2)]
    wait_until(lambda: "Pending" in {training.describe(name)["SecondaryStatus"] for name in names})
    began = time.monotonic()
    own_cloud.stop()
    assert time.monotonic() - began < 10
    own_cloud.start()
    training = Training(BUCKET, ROLE, clients=own_cloud.client)
    assert {training.describe(name)["TrainingJobStatus"] for name in names} == {"Failed"}


def test_reset_empties_everything_but_the_credentials_change_too(own_cloud: OwnCloud) -> None:
    own_cloud.client("s3").create_bucket(Bucket="mine")
    before = own_cloud.credentials
    assert own_cloud.run("reset").returncode == 0
    own_cloud.start()
    names = [bucket["Name"] for bucket in own_cloud.client("s3").list_buckets()["Buckets"]]
    assert names == [BUCKET]
    assert own_cloud.credentials != before


@pytest.mark.image
def test_a_home_with_a_space_in_its_path_works() -> None:
    cloud = OwnCloud()
    cloud.home = cloud.home / "with a space"
    cloud.environment["LOCALCLOUD_HOME"] = str(cloud.home)
    try:
        cloud.start()
        training = Training(BUCKET, ROLE, clients=cloud.client)
        job = training.run("open('/opt/ml/model/m', 'w').write('m')")
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    finally:
        cloud.remove()
        shutil.rmtree(cloud.home.parent, ignore_errors=True)


def test_a_server_that_cannot_start_says_why() -> None:
    cloud = OwnCloud()
    try:
        (cloud.home / "store.db").mkdir()
        result = cloud.run("start")
        assert result.returncode == 1
        assert "did not start" in result.stderr
        assert "unable to open database file" in result.stderr
    finally:
        cloud.remove()


@pytest.fixture
def small_disk() -> OwnCloud:
    """An installation on a file system of its own that is nearly full."""
    cloud = OwnCloud()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=230m", "tmpfs", str(cloud.home)], capture_output=True, check=False
    )
    if mounted.returncode:
        cloud.remove()
        pytest.skip("mounting a small file system needs root")
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.run("stop")
        subprocess.run(["umount", str(cloud.home)], check=True)
        cloud.remove()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tmpfs is Linux's")
def test_a_full_disk_refuses_writes_and_keeps_what_is_there(small_disk: OwnCloud) -> None:
    s3, glue = small_disk.client("s3", retries={"total_max_attempts": 1}), small_disk.client("glue")
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"kept")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=BUCKET, Key="large", Body=b"x" * 20 * 2**20)
    assert error.value.response["Error"]["Code"] == "InsufficientStorageCapacity"
    assert "disk" in error.value.response["Error"]["Message"]
    fill = Path(small_disk.home, "fill")
    fill.write_bytes(b"x" * 60 * 2**20)
    with pytest.raises(ClientError) as error:
        glue.create_database(DatabaseInput={"Name": "late"})
    assert error.value.response["Error"]["Code"] == "InsufficientStorageCapacity"
    assert s3.get_object(Bucket=BUCKET, Key="small")["Body"].read() == b"kept"
    fill.unlink()
    glue.create_database(DatabaseInput={"Name": "late"})


def test_the_server_needs_neither_aws_settings_nor_a_home_folder(tmp_path: Path) -> None:
    cloud = OwnCloud()
    cloud.environment = {
        "PATH": os.environ["PATH"],
        "LOCALCLOUD_HOME": str(cloud.home),
        "HOME": str(tmp_path / "absent"),
    }
    try:
        cloud.start()
        assert cloud.client("s3").list_buckets()["Buckets"][0]["Name"] == BUCKET
    finally:
        cloud.remove()


def test_the_project_folder_is_the_default_home() -> None:
    code = "from localcloud.store.state import home; print(home())"
    environment = {name: value for name, value in os.environ.items() if name != "LOCALCLOUD_HOME"}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == str(PROJECT / ".localcloud")
