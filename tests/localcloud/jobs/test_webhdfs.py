"""localcloud/jobs/webhdfs.py: the protocol that Hadoop's client speaks, and who is not let in."""

from __future__ import annotations

import json
import re
import socket
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from own_cloud import OwnCloud

from localcloud.jobs import webhdfs


class Hadoop:
    """A client that sends what Hadoop's does."""

    def __init__(self, root: str, bucket: str) -> None:
        address = urlsplit(root)
        self.connection = HTTPConnection(str(address.hostname), address.port, timeout=20)
        self.base, self.bucket = f"/webhdfs/v1{address.path}/{bucket}", bucket

    def ask(self, method: str, path: str, operation: str, body: Any = None, **query: str) -> tuple[int, bytes, Any]:
        more = "".join(f"&{name}={quote(value)}" for name, value in query.items())
        self.connection.request(method, f"{path}?op={operation}{more}", body=body, encode_chunked=False)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def __call__(self, method: str, key: str, operation: str, **query: str) -> tuple[int, Any]:
        status, body, _ = self.ask(method, f"{self.base}/{quote(key)}", operation, **query)
        return status, json.loads(body) if body else None

    def write(self, key: str, *pieces: bytes) -> int:
        status, _, headers = self.ask("PUT", f"{self.base}/{quote(key)}", "CREATE", overwrite="true")
        if status != 307:
            return status
        address = urlsplit(headers["Location"])
        target = f"{address.path}?{address.query}"
        self.connection.request("PUT", target, body=iter(pieces), encode_chunked=True)  # as Java does: chunked
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


@pytest.fixture(scope="module")
def hadoop(local_aws: OwnCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    s3, bucket = local_aws.client("s3"), f"hdfs-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/a b+c%20ü.txt", Body=b"0123456789")
    gateway = webhdfs.serve(s3, tmp_path_factory.mktemp("webhdfs"), None, print)
    yield Hadoop(gateway.root, bucket)
    gateway.close()


def test_a_file_is_described_listed_and_read_in_part(hadoop: Hadoop) -> None:
    status, answer = hadoop("GET", "in/a b+c%20ü.txt", "GETFILESTATUS")
    assert (status, answer["FileStatus"]["type"], answer["FileStatus"]["length"]) == (200, "FILE", 10)
    listed = hadoop("GET", "in", "LISTSTATUS")[1]["FileStatuses"]["FileStatus"]
    assert [one["pathSuffix"] for one in listed] == ["a b+c%20ü.txt"]
    path = f"{hadoop.base}/{quote('in/a b+c%20ü.txt')}"
    assert hadoop.ask("GET", path, "OPEN", offset="3", length="4")[:2] == (200, b"3456")


def test_a_written_file_comes_in_two_steps_and_pieces(hadoop: Hadoop, local_aws: OwnCloud) -> None:
    assert hadoop.write("out/new", b"one ", b"two") == 201
    read = local_aws.client("s3").get_object(Bucket=hadoop.bucket, Key="out/new")["Body"].read()
    assert read == b"one two"
    assert hadoop.write("out") == 403  # a folder


def test_a_commit_renames_and_the_rest_is_deleted(hadoop: Hadoop, local_aws: OwnCloud) -> None:
    hadoop.write("t/_temporary/0/part", b"1")
    target = hadoop.base.removeprefix("/webhdfs/v1") + "/t/part"
    assert hadoop("PUT", "t/_temporary/0/part", "RENAME", destination=target) == (200, {"boolean": True})
    assert hadoop("DELETE", "t/_temporary", "DELETE", recursive="true") == (200, {"boolean": False})
    found = local_aws.client("s3").list_objects_v2(Bucket=hadoop.bucket, Prefix="t/")["Contents"]
    assert [item["Key"] for item in found] == ["t/part"]


@pytest.mark.parametrize(
    ("method", "key", "operation", "status", "exception"),
    [
        ("GET", "nothing", "GETFILESTATUS", 404, "FileNotFoundException"),
        ("GET", "nothing", "OPEN", 404, "FileNotFoundException"),
        ("PUT", "in/a b+c%20ü.txt", "MKDIRS", 403, "FileAlreadyExistsException"),
        ("DELETE", "in", "DELETE", 403, "IOException"),
        ("POST", "in/x", "APPEND", 403, "IOException"),
        ("PUT", "in", "CREATESYMLINK", 403, "IOException"),
        ("GET", "in/../in", "LISTSTATUS", 403, "IOException"),
    ],
)
def test_what_is_not_done_is_an_exception_of_java(
    hadoop: Hadoop, method: str, key: str, operation: str, status: int, exception: str
) -> None:
    answered, body = hadoop(method, key, operation)
    assert (answered, body["RemoteException"]["exception"]) == (status, exception)


def test_a_bucket_that_does_not_exist_says_so(hadoop: Hadoop) -> None:
    base = hadoop.base.replace(hadoop.bucket, "no-such-bucket-at-all")
    status, body, _ = hadoop.ask("GET", f"{base}/x", "GETFILESTATUS")
    assert status == 403
    assert b"NoSuchBucket" in body


@pytest.mark.parametrize("folder", ["genre=comédie", "жанр=драма 1%2F2"])
def test_a_key_that_java_sends_in_utf8_as_it_is_is_written_so(hadoop: Hadoop, local_aws: OwnCloud, folder: str) -> None:
    """Java leaves letters outside ASCII unescaped, and reads the address that it is sent to as Latin-1."""
    key = f"words/{folder}/part-0.txt"
    raw = f"{hadoop.base}/{re.sub('[ %]', lambda found: quote(found[0]), key)}?op=CREATE&overwrite=true"
    with socket.create_connection(("127.0.0.1", hadoop.connection.port)) as java:
        java.sendall(f"PUT {raw} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
        told = java.makefile("rb").read()
    address = urlsplit(re.findall(rb"Location: (\S+)", told)[0].decode("ascii"))
    hadoop.connection.request("PUT", f"{address.path}?{address.query}", body=b"bonjour")
    hadoop.connection.getresponse().read()
    s3 = local_aws.client("s3")
    assert s3.get_object(Bucket=hadoop.bucket, Key=key)["Body"].read() == b"bonjour"
    assert s3.list_objects_v2(Bucket=hadoop.bucket, Prefix="words/" + folder[:5])["KeyCount"] == 1


@pytest.mark.parametrize("secret", ["", "0" * 32, "x"])
def test_nobody_gets_in_without_the_runs_secret(hadoop: Hadoop, secret: str) -> None:
    own = hadoop.base.split("/")[3]
    path = hadoop.base.replace(own, secret) + "/in"
    status, body, _ = hadoop.ask("GET", path, "LISTSTATUS")
    assert (status, b"not one of this run" in body, b"a b" in body) == (403, True, False)


def test_a_writer_that_goes_before_the_end_has_made_nothing(hadoop: Hadoop, local_aws: OwnCloud) -> None:
    root = f"webhdfs://127.0.0.1:{hadoop.connection.port}/{hadoop.base.split('/')[3]}"
    other = Hadoop(root, hadoop.bucket)
    _, _, headers = other.ask("PUT", f"{other.base}/half", "CREATE")
    address = urlsplit(headers["Location"])
    other.connection.putrequest("PUT", f"{address.path}?{address.query}")
    other.connection.putheader("Transfer-Encoding", "chunked")
    other.connection.endheaders()
    other.connection.send(b"5\r\nhello\r\n")
    other.connection.close()
    assert hadoop("GET", "half", "GETFILESTATUS")[0] == 404
