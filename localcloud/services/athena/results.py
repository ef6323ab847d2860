"""What a query has answered, page by page, read from its result file on S3.

A page's token holds where in the file the next one begins, so a deep page costs what the first one does.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from localcloud.jobs.s3io import parse_uri
from localcloud.services.athena.context import ENDED, QUERY
from localcloud.services.athena.requests import invalid
from localcloud.services.registry import Params, operation

_CHUNK = 2**20
MAXIMUM = 1000
# One field of a result file with what ends it: in quotes, or nothing at all, which is NULL.
_FIELD = re.compile(rb'(?:"((?:[^"]|"")*)"|)([,\n])')


def text_column(name: str) -> Params:
    """A column of a DDL statement's answer: Hive's string."""
    return {
        **{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": "string"},
        **{"Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": False},
    }


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_bytes("".join(line + "\n" for line in lines).encode())


@operation("athena", "GetQueryResults")
def get_query_results(cloud: Cloud, params: Params) -> Params:
    if params.get("QueryResultType", "DATA_ROWS") != "DATA_ROWS":
        raise invalid("QueryResultType DATA_MANIFEST is not offered: read the object at DataManifestLocation.")
    identity = params["QueryExecutionId"]
    execution = cloud.store.get(QUERY, identity)
    if execution is None:
        raise invalid(f"QueryExecution {identity} was not found")
    state = execution["Status"]["State"]
    if state not in ENDED:
        raise invalid(f"Query has not yet finished. Current state: {state}")
    if state != "SUCCEEDED":
        raise invalid(f"Query did not finish successfully. Final query state: {state}")
    result = execution.get("_Result") or {}
    answer: Params = {
        "UpdateCount": result.get("UpdateCount", 0),
        "ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": result.get("Columns", [])}},
    }
    if not result.get("Size"):
        return answer
    secret = cloud.credentials.secret_key.encode()
    start = _opened(params["NextToken"], identity, secret) if params.get("NextToken") else 0
    reader = _Reader(cloud, execution["ResultConfiguration"]["OutputLocation"], result["Size"], start)
    rows = reader.fields() if result["Kind"] == "csv" else reader.lines()
    for row in rows:
        answer["ResultSet"]["Rows"].append({"Data": row})
        if len(answer["ResultSet"]["Rows"]) == (params.get("MaxResults") or MAXIMUM):
            break
    if reader.at < result["Size"]:
        answer["NextToken"] = _sealed(reader.at, identity, secret)
    return answer


class _Reader:
    """Rows of an object from an offset on. `at` is where the next row begins."""

    def __init__(self, cloud: Cloud, uri: str, size: int, at: int) -> None:
        self._cloud, self._uri, self._size = cloud, uri, size
        self.at = at
        self._data, self._from = b"", at

    def _more(self) -> bool:
        """Read on; False at the end of the object."""
        bucket, key = parse_uri(self._uri)
        self._data = self._data[self.at - self._from :]
        self._from = self.at
        start = self._from + len(self._data)
        if start >= self._size:
            return False
        asked = f"bytes={start}-{min(start + _CHUNK, self._size) - 1}"
        try:
            body = self._cloud.client("s3").get_object(Bucket=bucket, Key=key, Range=asked)["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise invalid(f"Could not read the result of the query at {self._uri}: {code}") from None
        self._data += body
        return bool(body)

    def fields(self) -> Iterator[list[Params]]:
        """Rows of a CSV file whose fields are in quotes, but for NULL."""
        while True:
            row: list[Params] = []
            place = self.at - self._from
            while match := _FIELD.match(self._data, place):
                text = match.group(1)
                row.append({} if text is None else {"VarCharValue": text.replace(b'""', b'"').decode()})
                place = match.end()
                if match.group(2) == b"\n":
                    break
            if match:
                self.at = self._from + place
                yield row
            elif not self._more():
                return

    def lines(self) -> Iterator[list[Params]]:
        """Lines of a text: one field each, tabs and all."""
        while True:
            end = self._data.find(b"\n", self.at - self._from)
            if end >= 0:
                line = self._data[self.at - self._from : end].decode()
                self.at = self._from + end + 1
                yield [{"VarCharValue": line}]
            elif not self._more():
                return


def _seal(offset: int, identity: str, secret: bytes) -> str:
    return hmac.new(secret, f"{identity} {offset}".encode(), "sha256").hexdigest()[:32]


def _sealed(offset: int, identity: str, secret: bytes) -> str:
    return base64.urlsafe_b64encode(f"{offset} {_seal(offset, identity, secret)}".encode()).decode()


def _opened(token: str, identity: str, secret: bytes) -> int:
    try:
        offset, _, seal = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(" ")
        if hmac.compare_digest(seal.encode(), _seal(int(offset), identity, secret).encode()):
            return int(offset)
    except ValueError:
        pass
    raise invalid("Invalid NextToken: it is none of this query's.")
