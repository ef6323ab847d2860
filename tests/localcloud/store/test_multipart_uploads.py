"""A multipart upload goes on where it was after a clean stop and after `kill -9`, and leaves nothing when it ends."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import OwnCloud

PART = bytes(range(256)) * 4 * 5120  # 5 MiB, the least that a part has


def parts_of(s3: Any, upload: dict[str, str]) -> list[dict[str, Any]]:
    found = s3.list_parts(**upload).get("Parts", [])
    return [{name: part[name] for name in ("PartNumber", "ETag", "ChecksumSHA256")} for part in found]


def test_parts_are_there_after_each_end_of_the_server(own_cloud: OwnCloud) -> None:
    s3 = own_cloud.client("s3")
    s3.create_bucket(Bucket="harbour")
    place = {"Bucket": "harbour", "Key": "logs/2023 ü.bin"}
    made = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256", Metadata={"pier": "7"}, Tagging="a=b")
    upload = {**place, "UploadId": made["UploadId"]}
    s3.upload_part(**upload, PartNumber=4, Body=b"replaced below", ChecksumAlgorithm="SHA256")
    s3.upload_part(**upload, PartNumber=4, Body=PART, ChecksumAlgorithm="SHA256")
    s3.put_object(Bucket="harbour", Key="source", Body=b"end")
    given_up = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    s3.abort_multipart_upload(**given_up)
    before = parts_of(s3, upload)

    own_cloud.kill()
    own_cloud.start()
    s3 = own_cloud.client("s3")
    assert parts_of(s3, upload) == before
    s3.upload_part_copy(**upload, PartNumber=9, CopySource="harbour/source")
    own_cloud.stop()
    own_cloud.start()
    s3 = own_cloud.client("s3")
    assert [found["UploadId"] for found in s3.list_multipart_uploads(Bucket="harbour")["Uploads"]] == [
        upload["UploadId"]
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts_of(s3, upload)})
    whole = s3.get_object(**place)
    assert (whole["Body"].read(), whole["Metadata"]) == (PART + b"end", {"pier": "7"})
    assert s3.get_object_tagging(**place)["TagSet"] == [{"Key": "a", "Value": "b"}]

    own_cloud.stop()
    assert list((own_cloud.home / "engine" / "uploads").iterdir()) == []
    own_cloud.start()
    with pytest.raises(ClientError, match="NoSuchUpload"):
        own_cloud.client("s3").list_parts(**upload)
