"""Lists come whole, what is missing is told from what goes wrong, and a wait ends with an answer or says what for."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from helpers.aws import client


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Describe")


def test_a_list_is_read_page_by_page_and_one_without_anything_is_empty(workshop: Any) -> None:
    s3 = boto3.client("s3")
    for number in range(3):
        s3.put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/listed/{number}", Body=b"")
    wanted = {"Bucket": workshop.bucket, "PaginationConfig": {"PageSize": 2}}
    found = client.listed(s3, "list_objects_v2", "Contents[].Key", Prefix=f"{workshop.prefix}/listed/", **wanted)
    assert [key.rpartition("/")[2] for key in found] == ["0", "1", "2"]
    assert list(client.listed(s3, "list_objects_v2", "Contents[].Key", Prefix="nothing-is-here/", **wanted)) == []


@pytest.mark.parametrize(
    "missing",
    [
        error("EntityNotFoundException"),
        error("NoSuchKey"),
        error("404"),
        error("ValidationException", 'Could not find model "m".'),
        error("ValidationException", "Pipeline p does not exist."),
    ],
)
def test_aws_says_in_several_ways_that_there_is_no_such_thing(missing: ClientError) -> None:
    assert client.is_missing(missing)


def test_a_refusal_does_not_say_that_there_is_no_such_thing(workshop: Any) -> None:
    def refused(Name: str) -> None:
        raise error("AccessDeniedException", "not authorized")

    assert not client.exists(boto3.client("glue").get_database, Name="no_such_database")
    with pytest.raises(ClientError, match="not authorized"):
        client.exists(refused, Name="any")


def test_no_log_group_has_no_streams(workshop: Any) -> None:
    assert list(client.log_streams(boto3.client("logs"), "/no/such/group")) == []


def test_a_wait_returns_the_answer_or_says_what_did_not_come() -> None:
    answers = iter([None, None, "done"])
    assert client.wait_until(lambda: next(answers), "end", every=0) == "done"
    with pytest.raises(TimeoutError, match="Still no end of it after 0 s"):
        client.wait_until(lambda: None, "end of it", seconds=0)


def test_a_wait_asks_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with pytest.raises(TimeoutError):
        client.wait_until(lambda: asked.append(now[0]), "end", seconds=3600)  # type: ignore[func-returns-value]
    pauses = [round(after - before, 6) for before, after in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 10.0)
    assert len(asked) < 500, "twice a second would be 7,200"


def test_a_list_of_sagemaker_comes_a_hundred_a_page(stubbed: Callable[[str], Stubber]) -> None:
    sagemaker = stubbed("sagemaker")
    sagemaker.add_response("list_models", {"Models": [], "NextToken": "more"}, {"MaxResults": 100})
    sagemaker.add_response("list_models", {"Models": []}, {"MaxResults": 100, "NextToken": "more"})
    assert list(client.listed(sagemaker.client, "list_models", "Models[]")) == []
    sagemaker.assert_no_pending_responses()
