"""Requests to S3 as no SDK sends them: signed by hand, in chunks, by form."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from xml.etree import ElementTree

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from own_cloud import REGION, OwnCloud

EMPTY = hashlib.sha256(b"").hexdigest()


def signed(cloud: OwnCloud, method: str, path: str, body: bytes = b"", **headers: str) -> httpx.Response:
    """Send a signed request; header names with _ for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, cloud.endpoint + path, data=body, headers=given)
    own = cloud.credentials
    S3SigV4Auth(Credentials(own["access_key"], own["secret_key"]), "s3", REGION).add_auth(request)
    return httpx.request(method, request.url, content=body, headers=dict(request.headers), trust_env=False)


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, which must be S3's document."""
    assert answer.headers["content-type"] == "application/xml", answer.text
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "Error"
    assert root.findtext("RequestId")
    assert root.findtext("Message")
    return answer.status_code, root.findtext("Code") or ""


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Chunks:
    """An upload in signed chunks, made step by step so that a test can break one.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """

    def __init__(self, cloud: OwnCloud, path: str, kind: str, length: int, **headers: str) -> None:
        own = cloud.credentials
        given = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": str(length), **headers}
        self.request = AWSRequest("PUT", cloud.endpoint + path, headers={"content-encoding": "aws-chunked", **given})
        signer = _Streaming(Credentials(own["access_key"], own["secret_key"]), "s3", REGION)
        signer.kind = kind
        signer.add_auth(self.request)
        authorization = self.request.headers["Authorization"]
        self.stamp, self.last = self.request.headers["X-Amz-Date"], authorization.rpartition("=")[2]
        self.scope = f"{self.stamp[:8]}/{REGION}/s3/aws4_request"
        self.key = f"AWS4{own['secret_key']}".encode()
        for part in self.scope.split("/"):
            self.key = hmac.new(self.key, part.encode(), hashlib.sha256).digest()
        self.body = b""

    def sign(self, algorithm: str, *hashes: str) -> str:
        text = "\n".join([algorithm, self.stamp, self.scope, self.last, *hashes])
        self.last = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        return self.last

    def chunk(self, data: bytes, *, signature: bool = True) -> None:
        mark = ""
        if signature:
            mark = ";chunk-signature=" + self.sign("AWS4-HMAC-SHA256-PAYLOAD", EMPTY, hashlib.sha256(data).hexdigest())
        self.body += f"{len(data):x}{mark}\r\n".encode() + data + (b"\r\n" if data else b"")

    def trailer(self, name: str, value: str, *, signature: bool = True) -> None:
        self.body += f"{name}:{value}\r\n".encode()
        if signature:
            mark = self.sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest())
            self.body += f"x-amz-trailer-signature:{mark}\r\n".encode()

    def send(self) -> httpx.Response:
        headers = dict(self.request.headers)
        return httpx.put(self.request.url, content=self.body + b"\r\n", headers=headers, trust_env=False)


class _Streaming(S3SigV4Auth):
    """Signs the kind of chunks where else the body's hash is."""

    kind = ""

    def payload(self, request: AWSRequest) -> str:
        return self.kind
