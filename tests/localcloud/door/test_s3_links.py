"""A presigned address does its one thing; a form uploads what its policy allows; a page gets no permission."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from own_cloud import REGION, OwnCloud
from s3_requests import error, signed


@pytest.fixture
def s3(workshop: Any) -> Any:
    return boto3.client("s3", config=Config(signature_version="s3v4"))


def link(s3: Any, operation: str, seconds: int = 60, **params: str) -> str:
    address: str = s3.generate_presigned_url(operation, Params=params, ExpiresIn=seconds)
    return address


@pytest.mark.parametrize(
    "added",
    [
        {"x-amz-copy-source": "BUCKET/links/secret"},
        {"x-amz-acl": "public-read"},
        {"x-amz-meta-owner": "me"},
        {"x-amz-tagging": "a=b"},
        {"x-amz-storage-class": "STANDARD_IA"},
        {"x-amz-metadata-directive": "REPLACE"},
    ],
)
def test_nothing_is_added_to_a_link(workshop: Any, s3: Any, added: dict[str, str]) -> None:
    s3.put_object(Bucket=workshop.bucket, Key="links/secret", Body=b"secret")
    address = link(s3, "put_object", Bucket=workshop.bucket, Key="links/added")
    headers = {name: value.replace("BUCKET", workshop.bucket) for name, value in added.items()}
    answer = httpx.put(address, content=b"", headers=headers, trust_env=False)
    assert error(answer) == (403, "AccessDenied")
    assert s3.list_objects_v2(Bucket=workshop.bucket, Prefix="links/added")["KeyCount"] == 0


def test_what_was_signed_into_a_link_acts(workshop: Any, s3: Any) -> None:
    place = {"Bucket": workshop.bucket, "Key": "links/with-metadata"}
    address = s3.generate_presigned_url("put_object", Params={**place, "Metadata": {"colour": "blue"}})
    assert error(httpx.put(address, content=b"1", trust_env=False))[0] == 403
    headers = {"x-amz-meta-colour": "blue"}
    assert httpx.put(address, content=b"1", headers=headers, trust_env=False).status_code == 200
    assert s3.head_object(**place)["Metadata"] == {"colour": "blue"}
    named = s3.generate_presigned_url("get_object", Params={**place, "ResponseContentType": "text/x-blue"})
    assert httpx.get(named, trust_env=False).headers["content-type"] == "text/x-blue"
    assert error(httpx.get(named.replace("x-blue", "x-red"), trust_env=False)) == (403, "SignatureDoesNotMatch")


def test_headers_in_the_query_of_a_link_act(local_aws: OwnCloud, workshop: Any, s3: Any) -> None:
    """Other SDKs write a link's headers into its query."""
    own = local_aws.credentials
    query = urlencode({"x-amz-meta-colour": "green", "x-amz-storage-class": "STANDARD_IA"})
    request = AWSRequest("PUT", f"{local_aws.endpoint}/{workshop.bucket}/links/hoisted?{query}")
    S3SigV4QueryAuth(Credentials(own["access_key"], own["secret_key"]), "s3", REGION, expires=60).add_auth(request)
    assert httpx.put(request.url, content=b"1", trust_env=False).status_code == 200
    found = s3.head_object(Bucket=workshop.bucket, Key="links/hoisted")
    assert (found["Metadata"], found["StorageClass"]) == ({"colour": "green"}, "STANDARD_IA")


def test_a_link_is_not_for_other_queries_or_another_method(workshop: Any, s3: Any) -> None:
    s3.put_object(Bucket=workshop.bucket, Key="links/a", Body=b"a")
    address = link(s3, "get_object", Bucket=workshop.bucket, Key="links/a")
    assert httpx.get(address, trust_env=False).content == b"a"
    assert error(httpx.get(address + "&versionId=null", trust_env=False)) == (403, "SignatureDoesNotMatch")
    assert error(httpx.get(address + "&tagging", trust_env=False)) == (403, "SignatureDoesNotMatch")
    assert error(httpx.delete(address, trust_env=False)) == (403, "SignatureDoesNotMatch")
    head = httpx.head(address, trust_env=False)
    assert (head.status_code, head.content, head.headers.get("content-length")) == (403, b"", "0")
    both = httpx.get(address, headers={"authorization": "AWS4-HMAC-SHA256 x"}, trust_env=False)
    assert error(both) == (400, "InvalidArgument")
    twice = httpx.get(address + "&X-Amz-Expires=600000", trust_env=False)
    assert error(twice) == (400, "AuthorizationQueryParametersError")


def test_a_link_ends(workshop: Any, s3: Any) -> None:
    address = link(s3, "get_object", 1, Bucket=workshop.bucket, Key="links/short")
    time.sleep(2.1)
    answer = httpx.get(address, trust_env=False)
    assert error(answer) == (403, "AccessDenied")
    assert "Request has expired" in answer.text
    week = link(s3, "get_object", 604_800, Bucket=workshop.bucket, Key="links/week")
    assert error(httpx.get(week, trust_env=False)) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    "path", ["/", "/bucket", "/bucket/key", "/health", "/_ministack/reset", "/%5Fministack/health"]
)
def test_an_unsigned_request_gets_the_document_of_s3(local_aws: OwnCloud, path: str) -> None:
    assert error(httpx.get(local_aws.endpoint + path, trust_env=False)) == (403, "AccessDenied")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_no_answer_permits_a_page_to_read_it(local_aws: OwnCloud, workshop: Any, method: str) -> None:
    answer = signed(local_aws, method, f"/{workshop.bucket}/links/cors", b"")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    service = boto3.client("iam").list_roles()["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in service if name.startswith("access-control")]


def test_a_preflight_is_refused(local_aws: OwnCloud, workshop: Any) -> None:
    asked = {"access_control_request_method": "PUT"}
    assert error(signed(local_aws, "OPTIONS", f"/{workshop.bucket}/k", **asked)) == (405, "MethodNotAllowed")
    answer = httpx.options(f"{local_aws.endpoint}/{workshop.bucket}", trust_env=False)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


class TestForm:
    """`generate_presigned_post`."""

    CONDITIONS = ({"acl": "private"}, ["starts-with", "$Content-Type", "text/"], ["content-length-range", 1, 20])

    @pytest.fixture
    def form(self, workshop: Any, s3: Any) -> dict[str, Any]:
        fields = {"acl": "private", "Content-Type": "text/csv"}
        made: dict[str, Any] = s3.generate_presigned_post(
            workshop.bucket, "forms/${filename}", Fields=fields, Conditions=list(self.CONDITIONS), ExpiresIn=60
        )
        return made

    @staticmethod
    def post(form: dict[str, Any], content: bytes = b"a,b\n1,2\n", **fields: str) -> httpx.Response:
        given = {**form["fields"], **{name.replace("_", "-"): value for name, value in fields.items()}}
        return httpx.post(form["url"], data=given, files={"file": ("films.csv", content)}, trust_env=False)

    def test_it_uploads(self, workshop: Any, s3: Any, form: dict[str, Any]) -> None:
        answer = self.post(form)
        assert (answer.status_code, answer.content) == (204, b"")
        found = s3.get_object(Bucket=workshop.bucket, Key="forms/films.csv")
        assert (found["Body"].read(), found["ContentType"]) == (b"a,b\n1,2\n", "text/csv")

    @pytest.mark.parametrize(
        ("content", "fields", "expected"),
        [
            (b"", {}, (400, "EntityTooSmall")),
            (b"x" * 21, {}, (400, "EntityTooLarge")),
            (b"x", {"Content_Type": "image/png"}, (403, "AccessDenied")),
            (b"x", {"key": "elsewhere"}, (403, "AccessDenied")),
            (b"x", {"x_amz_meta_more": "1"}, (403, "AccessDenied")),
            (b"x", {"x_amz_signature": "0" * 64}, (403, "SignatureDoesNotMatch")),
            (b"x", {"policy": "e30="}, (403, "SignatureDoesNotMatch")),
            (b"x", {"x_amz_credential": "AKIA/20260101/us-east-1/s3/aws4_request"}, (403, "InvalidAccessKeyId")),
            (b"x", {"tagging": "<Tagging/>"}, (501, "NotImplemented")),
        ],
    )
    def test_it_keeps_to_its_policy(
        self, form: dict[str, Any], content: bytes, fields: dict[str, str], expected: tuple[int, str]
    ) -> None:
        assert error(self.post(form, content, **fields)) == expected

    def test_it_answers_as_it_was_asked(self, workshop: Any, s3: Any) -> None:
        asked = {"success_action_status": "201"}
        form = s3.generate_presigned_post(workshop.bucket, "forms/told", Fields=asked, Conditions=[asked])
        answer = self.post(form)
        assert answer.status_code == 201
        assert f"<Location>{form['url']}/forms/told</Location>" in answer.text

    def test_it_ends(self, workshop: Any, s3: Any) -> None:
        form = s3.generate_presigned_post(workshop.bucket, "forms/late", ExpiresIn=1)
        time.sleep(2.1)
        assert error(self.post(form)) == (403, "AccessDenied")

    def test_without_signature_or_with_the_older_one_it_is_refused(self, local_aws: OwnCloud, workshop: Any) -> None:
        place = {"url": f"{local_aws.endpoint}/{workshop.bucket}", "fields": {"key": "forms/open"}}
        assert error(self.post(place)) == (403, "AccessDenied")
        old = boto3.client("s3", config=Config(signature_version="s3")).generate_presigned_post(workshop.bucket, "k")
        assert error(self.post(old)) == (400, "InvalidRequest")
