"""A server of the WebHDFS protocol over `S3Files`: with it Spark's `s3://` is S3 itself.

Hadoop's own client of that protocol is in every Spark; no jar is added. The server listens on 127.0.0.1, and a path
begins with a secret of the run, so that nobody else on the machine gets at the data.
Source: https://hadoop.apache.org/docs/r3.3.4/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import printable
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.jobs.s3_files import AlreadyThere, NotFound, Refused, S3Files, Status

log = logging.getLogger("localcloud")
_PREFIX = "/webhdfs/v1"
_PIECE = 2**20
_NO_EFFECT = {"SETPERMISSION", "SETOWNER", "SETTIMES", "SETREPLICATION"}  # S3 keeps none of these
Answer = dict[str, Any]


class Gateway:
    """The server for one run, in threads of this process, until `close`."""

    def __init__(self, files: S3Files) -> None:
        self.files = files
        self.secret = secrets.token_hex(16)
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="webhdfs", daemon=True).start()

    @property
    def root(self) -> str:
        """The address below which each bucket is a folder."""
        return f"webhdfs://127.0.0.1:{self._server.server_port}/{self.secret}"

    def close(self) -> None:
        """Answer no more requests."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that has enough closes its connection: nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 2**16  # headers and a short body leave together
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_PUT = do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path.encode("latin-1").decode("utf-8", "replace"))
        query = {name.lower(): values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        operation = query.get("op", "").upper()
        try:
            self._answer_to(operation, path, query)
        except NotFound as error:
            self._fail(404, "FileNotFoundException", f"There is no {error}")
        except AlreadyThere as error:
            self._fail(403, "FileAlreadyExistsException", str(error))
        except Refused as error:
            self._fail(403, "IOException", str(error))
        except ClientError as error:
            bucket = "/".join(path.removeprefix(_PREFIX).split("/")[2:3])
            about = error.response["Error"]
            self._fail(403, "IOException", f"{about['Code']}: {about.get('Message')}: s3://{bucket}")
        except BotoCoreError as error:
            self._fail(500, "IOException", f"S3 did not answer: {error}")
        except ConnectionError:
            self.close_connection = True
        except Exception as error:
            log.exception("webhdfs %s", operation)
            self._fail(500, "IOException", f"{type(error).__name__}: {error}")

    def _answer_to(self, operation: str, path: str, query: dict[str, str]) -> None:
        if operation == "GETHOMEDIRECTORY":  # asked before any path, and without one
            self._send(200, {"Path": "/"})
            return
        files = self.server.gateway.files
        bucket, key = self._named(path)
        if operation == "OPEN":
            self._send_file(files, bucket, key, query)
        elif operation == "CREATE":
            self._create(files, bucket, key, query)
        elif operation in _NO_EFFECT or operation == "CHECKACCESS":
            files.status(bucket, key)
            self._send(200, {"boolean": True} if operation == "SETREPLICATION" else None)
        elif operation == "RENAME":
            self._rename(files, bucket, key, query)
        elif operation in _ANSWERS:
            self._send(200, _ANSWERS[operation](files, bucket, key, query))
        else:
            raise Refused(f"{operation or 'This'} is not offered on s3:// by the local Glue")

    def _named(self, path: str) -> tuple[str, str]:
        """Bucket and key of a path, once it has proved to be the run's."""
        parts = path.removeprefix(_PREFIX).strip("/").split("/")
        if not secrets.compare_digest(parts[0].encode(), self.server.gateway.secret.encode()):
            raise Refused("This address is not one of this run")
        if len(parts) < 2 or any(part in ("", ".", "..") for part in parts[1:]):
            raise Refused("The path names no bucket, or has an empty part or one of dots")
        return parts[1], "/".join(parts[2:])

    def _rename(self, files: S3Files, bucket: str, key: str, query: dict[str, str]) -> None:
        other, target = self._named(query.get("destination", ""))
        if other != bucket:
            raise Refused("A file is not moved from bucket to bucket")
        options = query.get("renameoptions", "NONE").upper()
        if "renameoptions" not in query:
            self._send(200, {"boolean": files.rename(bucket, key, target)})
            return
        if options == "OVERWRITE":
            files.delete(bucket, target, recursive=False)
        if not files.rename(bucket, key, target):
            raise Refused(f"s3://{bucket}/{key} cannot be renamed to {target}")
        self._send(200, None)

    # --- bytes -----------------------------------------------------------------------------------------------

    def _send_file(self, files: S3Files, bucket: str, key: str, query: dict[str, str]) -> None:
        length = int(query["length"]) if query.get("length", "null") != "null" else None
        stream, count, is_file = files.open(bucket, key, int(query.get("offset", 0)), length)
        with stream:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(count))
            self.end_headers()
            self.wfile.flush()
            if is_file:
                if count:
                    self.connection.sendfile(stream, stream.tell(), count)
                return
            while count > 0 and (piece := stream.read(min(_PIECE, count))):
                self.wfile.write(piece)
                count -= len(piece)

    def _create(self, files: S3Files, bucket: str, key: str, query: dict[str, str]) -> None:
        """In two steps, as the protocol has it: the first names the address to which the bytes go."""
        if "written" not in query:
            files.may_create(bucket, key, query.get("overwrite", "false").lower() == "true")
            self.send_response(307)
            again = quote(self.path, safe=printable, encoding="latin-1")  # Java sends UTF-8 as it is, and reads Latin-1
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}{again}&written=here")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = files.new_file()
        try:
            with content.open("wb") as file:
                self._receive(file)
            files.create(bucket, key, content)
        except BaseException:
            content.unlink(missing_ok=True)
            self.close_connection = True
            raise
        self._send(201, None)

    def _receive(self, file: BinaryIO) -> None:
        """The body of a request.

        Raises:
            ConnectionError: the writer went before the end; nothing has been made then.
        """
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            self._copy(file, int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"x", 16):
            self._copy(file, size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _copy(self, file: BinaryIO, count: int) -> None:
        while count:
            piece = self.rfile.read(min(_PIECE, count))
            if not piece:
                raise ConnectionError("the writer has gone")
            file.write(piece)
            count -= len(piece)

    # --- answers ---------------------------------------------------------------------------------------------

    def _send(self, status: int, content: Answer | None) -> None:
        body = json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _fail(self, status: int, name: str, message: str) -> None:
        package = "java.io" if name in ("IOException", "FileNotFoundException") else "org.apache.hadoop.fs"
        exception = {"exception": name, "javaClassName": f"{package}.{name}", "message": message}
        try:
            self._send(status, {"RemoteException": exception})
        except ConnectionError:
            self.close_connection = True


def _file_status(status: Status) -> Answer:
    # A name with a colon would be read as a scheme; `./` before it says that it is none.
    name = f"./{status.name}" if ":" in status.name else status.name
    return {
        "pathSuffix": name,
        "type": "DIRECTORY" if status.is_folder else "FILE",
        "length": status.size,
        "modificationTime": status.modified,
        "accessTime": 0,
        "owner": "hadoop",
        "group": "hadoop",
        "permission": "777" if status.is_folder else "666",
        "replication": 1,
        "blockSize": 128 * 2**20,
    }


def _status(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    return {"FileStatus": _file_status(files.status(bucket, key)._replace(name=""))}


def _listing(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    return {"FileStatuses": {"FileStatus": [_file_status(status) for status in files.entries(bucket, key)]}}


def _batch(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    return {"DirectoryListing": {"partialListing": _listing(files, bucket, key, query), "remainingEntries": 0}}


def _summary(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    size, count, folders = files.size(bucket, key)
    numbers = {"length": size, "fileCount": count, "directoryCount": folders, "spaceConsumed": size}
    return {"ContentSummary": {**numbers, "quota": -1, "spaceQuota": -1}}


def _make_folder(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    return {"boolean": files.make_folder(bucket, key)}


def _delete(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    return {"boolean": files.delete(bucket, key, query.get("recursive", "false").lower() == "true")}


def _one_block(files: S3Files, bucket: str, key: str, query: dict[str, str]) -> Answer:
    """Where a file's bytes are: one block, on this machine."""
    size = files.status(bucket, key).size
    block = {
        "block": {"blockPoolId": "s3", "blockId": 1, "numBytes": size, "generationStamp": 1},
        "locations": [_THIS_MACHINE],
        "cachedLocations": [],
        "storageTypes": ["DISK"],
        "startOffset": 0,
        "isCorrupt": False,
    }
    about = {"fileLength": size, "isUnderConstruction": False, "isLastBlockComplete": True}
    return {"LocatedBlocks": {**about, "locatedBlocks": [block] if size else [], "lastLocatedBlock": None}}


_THIS_MACHINE = {
    **{"ipAddr": "127.0.0.1", "hostName": "localhost", "storageID": "s3", "networkLocation": "/default-rack"},
    **{"xferPort": 1, "infoPort": 1, "infoSecurePort": 1, "ipcPort": 1, "adminState": "NORMAL"},
}
_ANSWERS: dict[str, Callable[[S3Files, str, str, dict[str, str]], Answer]] = {
    "GETFILESTATUS": _status,
    "LISTSTATUS": _listing,
    "LISTSTATUS_BATCH": _batch,
    "GETCONTENTSUMMARY": _summary,
    "GET_BLOCK_LOCATIONS": _one_block,
    "MKDIRS": _make_folder,
    "DELETE": _delete,
}


def serve(
    s3: Any,
    scratch: Path,
    stored: Path | None,
    tell: Callable[[str], object],
    changes: Callable[[], int] | None = None,
) -> Gateway:
    """Start the server of a run; the arguments are those of `S3Files`."""
    return Gateway(S3Files(s3, scratch, stored, tell, changes))
