"""connect(): the learner's own AWS settings never lead past the local AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import workshop

PROJECT = Path(__file__).resolve().parents[2]


def connect_in_a_new_process(variables: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Call connect() with these variables, in a local AWS of its own; return what it set and found."""
    code = (
        "import json, os\nfrom helpers.workshop import connect\nimport boto3\nws = connect()\n"
        "boto3.client('s3').list_buckets()\n"
        "print(json.dumps({**os.environ, 'bucket': ws.bucket, 'prefix': ws.prefix, 'line': str(ws)}))"
    )
    own = {"LOCALCLOUD_HOME": str(tmp_path / "cloud"), "PYTHONPATH": str(PROJECT)}
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "COURSE_"))} | own | variables
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return found
    finally:
        subprocess.run([sys.executable, "-m", "localcloud", "stop"], env=environment, cwd=PROJECT, check=True)


def test_a_machine_with_aws_settings_still_talks_to_the_local_aws(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:9\n")
    mine = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": str(config),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "COURSE_LEARNER": "Ada Lovelace!",
    }
    found = connect_in_a_new_process(mine, tmp_path)
    assert found["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "AWS_PROFILE" not in found
    assert "AWS_SESSION_TOKEN" not in found
    assert found["AWS_REGION"] == "us-east-1"
    assert found["prefix"] == "data-science-on-aws/adalovelace18f3"
    assert "the local AWS on this machine" in found["line"]


def test_an_unknown_cloud_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CLOUD", "azure")
    with pytest.raises(RuntimeError, match="set it to aws or local"):
        workshop.connect()


def test_names_of_two_learners_differ() -> None:
    first = workshop.Workshop("", "", "", "", "bucket", "data-science-on-aws/ada", "dsaws_ada")
    assert first.name("reviews-etl") == "dsaws-ada-reviews-etl"
    assert first.s3("clean/") == "s3://bucket/data-science-on-aws/ada/clean/"


@pytest.mark.parametrize("other", ["ann-b", "Ann", "ann_b", "annb@example.com", "ann" * 9, "äöü"])
def test_no_learners_names_begin_with_anothers(monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    names = []
    for learner in ("ann", other):
        monkeypatch.setenv("COURSE_LEARNER", learner)
        names.append(workshop._learner())
    assert names[0] == "ann"
    assert re.fullmatch("[a-z0-9]{5,20}", names[1])
    assert not f"dsaws-{names[1]}-x".startswith("dsaws-ann-")
