"""localcloud without the course: its package and the price table only, as its README tells a stranger to use it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_cloud import PROJECT, images_folder

from localcloud.door import offered

README = (PROJECT / "localcloud" / "README.md").read_text()
ROUND_TRIP = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="mine")
s3.put_object(Bucket="mine", Key="k", Body=b"hello")
print(s3.get_object(Bucket="mine", Key="k")["Body"].read().decode())
"""


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Path]:
    """A folder with copies of localcloud and pricelist, where the course cannot be imported and no AWS is set."""
    for name in ("localcloud", "pricelist"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules.update(helpers=None, kit=None)\n")
    yield tmp_path
    run(tmp_path, "-m", "localcloud", "stop")


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Python in that folder, its environment without ours; `more` are further variables."""
    ours = ("AWS_", "LOCALCLOUD_", "COURSE_", "PYTEST_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    images = {"LOCALCLOUD_IMAGES": str(images_folder())}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**plain, **images, "PYTHONPATH": str(folder), **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def exported(lines: str) -> dict[str, str]:
    """What a shell would have after `eval` of these lines."""
    shell = f"{lines}\nexec env"
    done = subprocess.run(["sh", "-c", shell], env={}, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_it_runs_where_the_course_cannot_be_imported(alone: Path) -> None:
    assert "ModuleNotFoundError" in run(alone, "-c", "import helpers").stderr
    started = run(alone, "-m", "localcloud", "start")
    assert started.returncode == 0, started.stderr
    assert "python -m localcloud env" in started.stdout
    environment = run(alone, "-m", "localcloud", "env")
    assert environment.returncode == 0, environment.stderr
    done = run(alone, "-c", ROUND_TRIP, **exported(environment.stdout))
    assert done.stdout == "hello\n", done.stderr
    assert (alone / ".localcloud" / "server.log").exists()
    assert run(alone, "-m", "localcloud", "stop").stdout == "The local AWS is stopped.\n"


def test_every_module_imports_where_the_course_cannot(alone: Path) -> None:
    code = (
        "import pkgutil, importlib, localcloud\n"
        "names = [m.name for m in pkgutil.walk_packages(localcloud.__path__, 'localcloud.')]\n"
        "names = [name for name in names if '.runtime' not in name and not name.endswith('__main__')]\n"
        "assert len(names) > 50, names\n"
        "[importlib.import_module(name) for name in names]\n"
    )
    done = run(alone, "-c", code)
    assert done.returncode == 0, done.stderr


def test_without_a_server_env_prints_nothing_to_evaluate(alone: Path) -> None:
    done = run(alone, "-m", "localcloud", "env")
    assert (done.returncode, done.stdout) == (3, "")
    assert "python -m localcloud start" in done.stderr


def test_env_removes_what_would_lead_elsewhere(alone: Path) -> None:
    run(alone, "-m", "localcloud", "start")
    mine = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "no_proxy": "example.org"}
    lines = run(alone, "-m", "localcloud", "env", **mine).stdout.splitlines()
    assert {"unset AWS_PROFILE", "unset AWS_ENDPOINT_URL_S3"} <= set(lines)
    assert "export NO_PROXY=127.0.0.1,example.org,localhost" in lines


def test_the_pytest_fixture_of_the_readme_works(alone: Path) -> None:
    [fixture] = re.findall(r"```python\n(import pytest\n.*?)```", README, re.DOTALL)
    body = fixture.split("\n\n")[-1]
    assert len(body.splitlines()) <= 5
    body_of_test = "\n".join(f"    {line}" for line in ROUND_TRIP.strip().splitlines())
    (alone / "test_mine.py").write_text(
        f"{fixture}\ndef test_mine(aws):\n{body_of_test}\n\ndef test_each_is_empty(aws):\n    test_mine(aws)\n"
        "\ndef test_afterwards_all_is_as_before():\n    import os\n    assert 'AWS_ENDPOINT_URL' not in os.environ\n"
    )
    done = run(alone, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py")
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_the_readmes_table_is_what_is_registered() -> None:
    assert offered.in_text(README) == README, "write it again: python -m localcloud operations --write"
    assert "CreateTrainingJob" in README
    assert "InvokeEndpoint" in README
