"""LOCALCLOUD_LOG=requests shows each request in one line of server.log, and nothing secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from own_cloud import OwnCloud, wait_until


@pytest.fixture
def talkative() -> Iterator[OwnCloud]:
    cloud = OwnCloud()
    cloud.environment["LOCALCLOUD_LOG"] = "requests"
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


def shown(cloud: OwnCloud) -> list[str]:
    """The requests in the log, without their times."""
    lines = (cloud.home / "server.log").read_text().splitlines()
    return [found[1] for line in lines if (found := re.search(r"localcloud: (.+) \d+ ms$", line))]


def test_a_line_says_what_was_asked_and_how_it_ended(talkative: OwnCloud) -> None:
    talkative.client("s3").create_bucket(Bucket="mine")
    talkative.client("iam").list_roles()
    with pytest.raises(Exception, match="not found"):
        talkative.client("sagemaker").describe_training_job(TrainingJobName="none")
    requests.get(f"{talkative.endpoint}/mine", timeout=10)
    lines = [
        "PUT s3 /mine 200",
        "POST iam ListRoles 200",
        "POST sagemaker DescribeTrainingJob 400 ValidationException",
        "GET refused /mine 403 AccessDenied",
    ]
    wait_until(lambda: shown(talkative) == lines, 10)  # a line comes after its answer


def test_no_line_holds_a_credential(talkative: OwnCloud) -> None:
    s3 = talkative.client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"x")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "mine", "Key": "k"})
    assert requests.get(address, timeout=10).content == b"x"
    wait_until(lambda: "GET s3 /mine/k 200" in shown(talkative), 10)
    log = (talkative.home / "server.log").read_text()
    assert not [secret for secret in (*talkative.credentials.values(), "X-Amz", "Signature") if secret in log]


def test_without_the_variable_no_request_is_shown(own_cloud: OwnCloud) -> None:
    own_cloud.client("s3").list_buckets()
    assert shown(own_cloud) == []
