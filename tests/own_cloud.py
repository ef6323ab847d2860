"""A local AWS of the tests' own: its own folder, its own process, the project's image environments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

PROJECT = Path(__file__).resolve().parents[1]
REGION = "us-east-1"


def images_folder() -> Path:
    """Where the image environments are: built once per project, not once per test session."""
    return Path(os.environ.get("LOCALCLOUD_IMAGES") or PROJECT / ".localcloud" / "images")


class OwnCloud:
    """One installation in a temporary folder, driven as a user drives it: by `python -m localcloud`."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="lc-test-"))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment |= {"LOCALCLOUD_HOME": str(self.home), "LOCALCLOUD_IMAGES": str(images_folder())}
        self.environment["LOCALCLOUD_CHECK_ANSWERS"] = "1"  # every answer in every test must fit botocore's model

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """`python -m localcloud ARGUMENTS`, its output captured."""
        command = [sys.executable, "-m", "localcloud", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def build_image(self, name: str) -> None:
        built = self.run("image", "build", name, timeout=1800)
        assert built.returncode == 0, built.stdout + built.stderr

    def start(self) -> None:
        result = self.run("start")
        assert result.returncode == 0, result.stderr

    def stop(self) -> None:
        assert self.run("stop").returncode == 0

    def kill(self) -> None:
        """`kill -9` of the server process only, as a crash does; what it had started must die by itself."""
        server = psutil.Process(self.info["pid"])
        server.kill()
        server.wait(10)

    def remove(self) -> None:
        self.run("stop")
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def info(self) -> dict[str, Any]:
        info: dict[str, Any] = json.loads((self.home / "server.json").read_text())
        return info

    @property
    def endpoint(self) -> str:
        return str(self.info["endpoint"])

    @property
    def credentials(self) -> dict[str, str]:
        own: dict[str, str] = json.loads((self.home / "credentials.json").read_text())
        return own

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of this installation."""
        own = self.credentials
        session = boto3.Session(own["access_key"], own["secret_key"], region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint, config=Config(**config))


def wait_until(true: Any, seconds: float = 30, every: float = 0.1) -> Any:
    """Poll `true()` until it answers something true, and return that. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = true()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still not so after {seconds} s: {true}"
        time.sleep(every)
