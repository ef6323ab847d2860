"""Looking into the lake: objects and lines below a learner's prefix."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from helpers.data import lake

PLACE = "lake-test"


@pytest.fixture
def files(workshop: Any) -> None:
    s3 = boto3.client("s3")
    for name, body in {"b.txt": b"3\n\xff\x85", "a.txt": b"1\n2\x0b2\n", "empty.txt": b""}.items():
        s3.put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/{PLACE}/{name}", Body=body)


@pytest.mark.usefixtures("files")
def test_objects_are_listed_in_order_without_the_learners_prefix(workshop: Any) -> None:
    table = lake.objects(workshop, f"{PLACE}/")
    assert table.to_dict("list") == {
        "key": [f"{PLACE}/a.txt", f"{PLACE}/b.txt", f"{PLACE}/empty.txt"],
        "bytes": [6, 4, 0],
    }


def test_an_empty_prefix_is_an_empty_table(workshop: Any) -> None:
    table = lake.objects(workshop, "nothing/here/")
    assert table.empty
    assert table["bytes"].sum() == 0


@pytest.mark.usefixtures("files")
def test_lines_end_at_newlines_only_and_stay_bytes(workshop: Any) -> None:
    assert lake.lines(workshop, f"{PLACE}/") == [b"1", b"2\x0b2", b"3", b"\xff\x85"]


@pytest.mark.usefixtures("files")
def test_what_is_not_kept_is_deleted_below_the_prefix_only(workshop: Any) -> None:
    boto3.client("s3").put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/{PLACE}-other/c.txt", Body=b"3")
    lake.keep_only(workshop, f"{PLACE}/", [f"{PLACE}/a.txt"])
    assert lake.objects(workshop, PLACE)["key"].tolist() == [f"{PLACE}-other/c.txt", f"{PLACE}/a.txt"]
