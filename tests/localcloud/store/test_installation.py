"""One installation: what resetting it deletes, and what of the engine inside it nobody reaches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from own_cloud import PROJECT, REGION, OwnCloud


def test_reset_deletes_the_state_and_nothing_else(own_cloud: OwnCloud) -> None:
    (own_cloud.home / "diary.txt").write_text("mine")
    assert (own_cloud.home / "store.db").exists()
    assert own_cloud.run("reset").returncode == 0
    assert [path.name for path in own_cloud.home.iterdir() if path.name != "images"] == ["diary.txt"]


@pytest.mark.parametrize("path", ["/_ministack/health", "/%5Fministack/health", "/%5fministack/reset"])
def test_the_engines_own_pages_are_out_of_reach_even_when_signed(local_aws: OwnCloud, path: str) -> None:
    own = local_aws.credentials
    request = AWSRequest("GET", local_aws.endpoint + path, headers={"host": local_aws.endpoint.removeprefix("http://")})
    SigV4Auth(Credentials(own["access_key"], own["secret_key"]), "sts", REGION).add_auth(request)
    answer = requests.get(local_aws.endpoint + path, headers=dict(request.headers), timeout=10)
    assert answer.status_code in (400, 403, 404)
    assert "services" not in answer.text


def test_a_relative_home_is_the_same_for_the_caller_and_the_server(own_cloud: OwnCloud) -> None:
    own_cloud.stop()
    relative = {**own_cloud.environment, "LOCALCLOUD_HOME": own_cloud.home.name, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "localcloud", "start"]
    done = subprocess.run(command, cwd=own_cloud.home.parent, env=relative, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(own_cloud.home, "server.json").exists()
