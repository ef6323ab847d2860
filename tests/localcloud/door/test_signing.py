"""Only requests signed with this installation's credentials are answered; anything else gets 403 and starts nothing."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import boto3
import httpx
import psutil
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from own_cloud import REGION, OwnCloud
from training_jobs import Training


def request_to_create(training: Training, name: str) -> bytes:
    return json.dumps(training.request("print('must not run')", name=name)).encode()


def signed(cloud: OwnCloud, body: bytes, secret: str = "", **headers: str) -> AWSRequest:
    """A CreateTrainingJob request as boto3 would send it, signed now."""
    own = cloud.credentials
    everything = {
        "x-amz-target": "SageMaker.CreateTrainingJob",
        "content-type": "application/x-amz-json-1.1",
        **headers,
    }
    request = AWSRequest("POST", f"{cloud.endpoint}/", data=body, headers=everything)
    SigV4Auth(Credentials(own["access_key"], secret or own["secret_key"]), "sagemaker", REGION).add_auth(request)
    return request


def send(cloud: OwnCloud, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
    return httpx.post(f"{cloud.endpoint}/", content=body, headers=dict(headers), trust_env=False)


def s3_code(answer: httpx.Response) -> str:
    """The code in S3's error document."""
    assert answer.headers["content-type"] == "application/xml"
    return ElementTree.fromstring(answer.content).findtext("Code") or ""


def starts_nothing(training: Training, name: str) -> bool:
    try:
        training.describe(name)
    except ClientError:
        return True
    return False


def test_a_signed_request_is_answered(local_aws: OwnCloud, training: Training) -> None:
    body = request_to_create(training, "signed-well")
    answer = send(local_aws, body, signed(local_aws, body).headers)
    assert answer.status_code == 200
    assert training.ended("signed-well")["TrainingJobStatus"] == "Completed"


def test_an_unsigned_request_is_refused(local_aws: OwnCloud, training: Training) -> None:
    body = request_to_create(training, "unsigned")
    answer = send(local_aws, body, {"x-amz-target": "SageMaker.CreateTrainingJob"})
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationToken"
    assert starts_nothing(training, "unsigned")


def test_another_secret_is_refused(local_aws: OwnCloud, training: Training) -> None:
    body = request_to_create(training, "wrong-secret")
    answer = send(local_aws, body, signed(local_aws, body, secret="guessed").headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "SignatureDoesNotMatch")
    assert starts_nothing(training, "wrong-secret")


def test_the_usual_dummy_credentials_are_refused(local_aws: OwnCloud, workshop: Any) -> None:
    for service, call in (("s3", "list_buckets"), ("iam", "list_roles"), ("sts", "get_caller_identity")):
        client = boto3.Session("test", "test", region_name=REGION).client(service)
        with pytest.raises(ClientError) as error:
            getattr(client, call)()
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        code = "InvalidAccessKeyId" if service == "s3" else "InvalidClientTokenId"
        assert error.value.response["Error"]["Code"] == code


def test_a_changed_body_is_refused(local_aws: OwnCloud, training: Training) -> None:
    body = request_to_create(training, "tampered-a")
    answer = send(local_aws, body.replace(b"tampered-a", b"tampered-b"), signed(local_aws, body).headers)
    assert answer.status_code == 403
    assert starts_nothing(training, "tampered-a")
    assert starts_nothing(training, "tampered-b")


def test_a_changed_object_is_refused_and_not_stored(local_aws: OwnCloud, workshop: Any) -> None:
    own = local_aws.credentials
    request = AWSRequest("PUT", f"{local_aws.endpoint}/{workshop.bucket}/tampered", data=b"signed")
    S3SigV4Auth(Credentials(own["access_key"], own["secret_key"]), "s3", REGION).add_auth(request)
    headers = dict(request.headers)
    assert httpx.put(request.url, content=b"other!", headers=headers, trust_env=False).status_code == 400
    with pytest.raises(ClientError, match="404"):
        boto3.client("s3").head_object(Bucket=workshop.bucket, Key="tampered")
    assert httpx.put(request.url, content=b"signed", headers=headers, trust_env=False).status_code == 200


def test_a_changed_header_is_refused(local_aws: OwnCloud, training: Training) -> None:
    body = json.dumps({"TrainingJobName": "any"}).encode()
    headers = {**signed(local_aws, body).headers, "x-amz-target": "SageMaker.DeleteTrainingJob"}
    assert send(local_aws, body, headers).status_code == 403


def test_another_host_is_refused(local_aws: OwnCloud, training: Training) -> None:
    body = request_to_create(training, "rebound")
    headers = {**signed(local_aws, body).headers, "host": "attacker.example"}
    answer = send(local_aws, body, headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDenied")
    assert starts_nothing(training, "rebound")


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://127.0.0.1:1"])
def test_a_web_pages_origin_is_refused(local_aws: OwnCloud, training: Training, origin: str) -> None:
    body = request_to_create(training, "web-page")
    answer = send(local_aws, body, {**signed(local_aws, body).headers, "origin": origin})
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDenied")
    assert starts_nothing(training, "web-page")


def test_a_pages_question_for_permission_is_refused(local_aws: OwnCloud) -> None:
    headers = {"origin": "https://attacker.example", "access-control-request-method": "POST"}
    answer = httpx.options(f"{local_aws.endpoint}/", headers=headers, trust_env=False)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_an_old_signature_is_refused(local_aws: OwnCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    old = datetime.now(UTC) - timedelta(minutes=20)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: old)
    body = b"{}"
    request = signed(local_aws, body)
    answer = send(local_aws, body, request.headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "RequestTimeTooSkewed")


def test_a_malformed_signature_is_refused_and_not_a_failure(local_aws: OwnCloud) -> None:
    for authorization in ("", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b", "AWS4-HMAC-SHA256 " + "x" * 9000):
        answer = send(local_aws, b"{}", {"authorization": authorization})
        assert answer.status_code == 403, authorization[:40]


# --- Presigned addresses ---------------------------------------------------------------------------------------


@pytest.fixture
def s3(workshop: Any) -> Any:
    """A client whose presigned addresses are of Signature Version 4."""
    return boto3.client("s3", config=Config(signature_version="s3v4"))


def test_a_presigned_address_reads_and_writes(workshop: Any, s3: Any) -> None:
    place = {"Bucket": workshop.bucket, "Key": "presigned/a b+ä.txt"}
    put = s3.generate_presigned_url("put_object", Params=place, ExpiresIn=60)
    assert httpx.put(put, content=b"by address", trust_env=False).status_code == 200
    get = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
    assert httpx.get(get, trust_env=False).content == b"by address"


def test_a_presigned_address_is_good_for_its_object_only(workshop: Any, s3: Any) -> None:
    s3.put_object(Bucket=workshop.bucket, Key="presigned/secret", Body=b"secret")
    get = s3.generate_presigned_url("get_object", Params={"Bucket": workshop.bucket, "Key": "presigned/open"})
    assert httpx.get(get.replace("presigned/open", "presigned/secret"), trust_env=False).status_code == 403


def test_a_presigned_address_is_good_for_its_method_only(workshop: Any, s3: Any) -> None:
    place = {"Bucket": workshop.bucket, "Key": "presigned/read-only"}
    get = s3.generate_presigned_url("get_object", Params=place)
    assert httpx.put(get, content=b"overwritten", trust_env=False).status_code == 403


def test_a_presigned_address_expires(workshop: Any, s3: Any) -> None:
    place = {"Bucket": workshop.bucket, "Key": "presigned/short"}
    get = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=1)
    time.sleep(2.1)
    assert httpx.get(get, trust_env=False).status_code == 403


@pytest.mark.parametrize("expires", ["", "x", "-1", "604801", "99999999999999999999", "1.5", " 60", "٣"])
def test_a_presigned_address_with_an_impossible_lifetime_is_refused(local_aws: OwnCloud, expires: str) -> None:
    own = local_aws.credentials
    request = AWSRequest("GET", f"{local_aws.endpoint}/bucket/key")
    signer = S3SigV4QueryAuth(
        Credentials(own["access_key"], own["secret_key"]), "s3", REGION, expires=expires
    )  # as it is given
    signer.add_auth(request)
    answer = httpx.get(request.url, trust_env=False)
    assert (answer.status_code, s3_code(answer)) == (400, "AuthorizationQueryParametersError")


def test_an_address_of_the_older_signature_is_refused_with_the_way_out(workshop: Any) -> None:
    client = boto3.client("s3", config=Config(signature_version="s3"))
    get = client.generate_presigned_url("get_object", Params={"Bucket": workshop.bucket, "Key": "any"})
    answer = httpx.get(get, trust_env=False)
    assert answer.status_code == 403
    assert "signature_version=" in answer.text


# --- What is open to whom --------------------------------------------------------------------------------------


def test_the_server_listens_on_this_machine_only(local_aws: OwnCloud) -> None:
    listening = [c for c in psutil.Process(local_aws.info["pid"]).net_connections() if c.status == "LISTEN"]
    assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", local_aws.info["port"])]


def test_only_the_user_can_read_the_credentials(local_aws: OwnCloud) -> None:
    for name in ("credentials.json", "store.db", "server.json"):
        assert stat.S_IMODE((local_aws.home / name).stat().st_mode) == 0o600, name


def test_credentials_are_random_for_each_installation(local_aws: OwnCloud, own_cloud: OwnCloud) -> None:
    mine, other = local_aws.credentials, own_cloud.credentials
    assert mine["access_key"] != other["access_key"]
    assert len(mine["secret_key"]) >= 40
    session = boto3.Session(mine["access_key"], mine["secret_key"], region_name=REGION)
    stranger = session.client("s3", endpoint_url=own_cloud.endpoint)
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        stranger.list_buckets()
