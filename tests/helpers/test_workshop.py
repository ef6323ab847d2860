"""connect(): the learner's own AWS settings never lead past the local AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert found["AWS_SESSION_TOKEN"] != "token"  # it is that of the role which the notebook acts as here
    assert found["AWS_REGION"] == "us-east-1"
    assert found["prefix"] == "data-science-on-aws/adalovel18f30827"
    assert "the local AWS on this machine" in found["line"]


def test_an_unknown_cloud_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CLOUD", "azure")
    with pytest.raises(RuntimeError, match="set it to aws or local"):
        workshop.connect()


def of(name: str) -> workshop.Workshop:
    return workshop.Workshop("", "", "", workshop.short_name(name), "bucket", "", "", "", "")


def test_what_a_learner_makes_is_named_after_the_learner() -> None:
    ada = of("ada")
    assert ada.name("reviews-etl") == "dsaws-ada-reviews-etl"
    assert ada.s3("clean/") == "s3://bucket/data-science-on-aws/ada/clean/"
    assert ada.database == "dsaws_ada"


# A user profile's name: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateUserProfile.html
PROFILES = st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", fullmatch=True).filter(lambda name: len(name) <= 63)
NAMES = st.one_of(PROFILES, st.text(min_size=1), st.from_regex(r"(ann|Ann|ANN|an-n)-?[0-9a-f]{0,8}", fullmatch=True))


@given(st.lists(NAMES, unique=True, min_size=2, max_size=60))
def test_no_two_learners_share_anything(names: list[str]) -> None:
    learners = [of(name) for name in names]
    # What each of them has: as a whole for two to differ, as a beginning for none to begin as another's.
    assert len({ws.database for ws in learners}) == len(names)
    for starts in ([ws.name("") for ws in learners], [ws.s3() for ws in learners]):
        ordered = sorted(starts)  # what begins as another follows it at once, or after others that do, too
        assert not [b for a, b in pairwise(ordered) if b.startswith(a)]


@given(NAMES)
def test_a_learners_name_fits_every_name_that_is_made_of_it(name: str) -> None:
    short = workshop.short_name(name)
    assert re.fullmatch("[a-z0-9]{1,16}", short)
    assert workshop.short_name(short) == short or re.search("[0-9a-f]{8}$", short)


@pytest.mark.parametrize("name", ["ann", "attendee01", "sixteenletters16"])
def test_a_short_plain_name_stays_as_it_is(name: str) -> None:
    assert workshop.short_name(name) == name


def test_a_name_that_looks_like_a_hashed_one_is_hashed_too() -> None:
    hashed = workshop.short_name("Ann")
    assert hashed.startswith("ann")
    assert workshop.short_name(hashed) != hashed
