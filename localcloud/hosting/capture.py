"""Data capture: what an endpoint was asked and what it answered, as JSON Lines on S3.

Record and layout as AWS documents them: `{prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/{minute-second-ms-id}.jsonl`, in
UTC. Records are written some seconds after the first of them came, and when the local AWS stops. Requests that the
model has not answered with success are not captured.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import Cloud
from localcloud.jobs import s3io
from localcloud.protocol import ServiceError

log = logging.getLogger("localcloud")
WRITE_SECONDS = 5.0
MAXIMUM_WAITING = 256 * 2**20  # bytes of records that wait to be written
_MODES = {"Input": {"Input"}, "Output": {"Output"}, "InputAndOutput": {"Input", "Output"}}
Json = dict[str, Any]


def check(cloud: Cloud, config: Json) -> None:
    """Refuse a DataCaptureConfig whose records could not be written."""
    try:
        bucket, _ = s3io.parse_uri(config["DestinationS3Uri"])
        cloud.itself.client("s3").head_bucket(Bucket=bucket)
    except (s3io.TransferFailed, ClientError) as error:
        reason = f"DestinationS3Uri {config['DestinationS3Uri']} cannot be written: {error}"
        raise ServiceError("ValidationException", reason) from None
    if config.get("KmsKeyId"):
        raise ServiceError("ValidationException", "KmsKeyId is not offered by the local AWS: it has no KMS.")


class Capture:
    """The records of one endpoint that wait to be written."""

    def __init__(self, endpoint: str, config: Json, cloud: Cloud) -> None:
        self.config, self._cloud = config, cloud
        self._endpoint = endpoint
        modes = set().union(*(_MODES[option["CaptureMode"]] for option in config["CaptureOptions"]))
        self._input, self._output = "Input" in modes, "Output" in modes
        types = config.get("CaptureContentTypeHeader") or {}
        self._encodings = {kind.lower(): "CSV" for kind in types.get("CsvContentTypes", [])}
        self._encodings |= {kind.lower(): "JSON" for kind in types.get("JsonContentTypes", [])}
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, datetime, str]] = []  # variant, time, line
        self._size = 0
        self._since = 0.0

    @property
    def active(self) -> bool:
        return bool(self.config.get("EnableCapture", True))

    def wants(self) -> bool:
        """Whether this request is one of the sample."""
        return self.active and random.random() * 100 < self.config["InitialSamplingPercentage"]

    def record(
        self, variant: str, asked: tuple[str, bytes], answered: tuple[str, bytes], inference_id: str | None
    ) -> None:
        """Keep one request (content type, body) and its answer. Full memory, when S3 does not take it, drops it."""
        now = datetime.now(UTC)
        data = {}
        if self._input:
            data["endpointInput"] = self._part("INPUT", *asked)
        if self._output:
            data["endpointOutput"] = self._part("OUTPUT", *answered)
        event = {"eventId": str(uuid.uuid4()), "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        if inference_id:
            event["inferenceId"] = inference_id
        line = json.dumps({"captureData": data, "eventMetadata": event, "eventVersion": "0"})
        with self._lock:
            if self._size + len(line) > MAXIMUM_WAITING:
                log.warning("data capture of %s: a record is dropped, too many wait for S3", self._endpoint)
                return
            self._since = self._since if self._waiting else time.monotonic()
            self._waiting.append((variant, now, line))
            self._size += len(line)

    def _part(self, mode: str, content_type: str, body: bytes) -> Json:
        encoding = self._encodings.get(content_type.split(";")[0].strip().lower(), "BASE64")
        try:
            data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
        except UnicodeDecodeError:
            encoding, data = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}

    def write(self, *, now: bool = False) -> None:
        """Write what has waited long enough, or everything; what S3 does not take waits for the next time."""
        with self._lock:
            if not self._waiting or not (now or time.monotonic() - self._since > WRITE_SECONDS):
                return
            taken, self._waiting, self._size = self._waiting, [], 0
        files: dict[tuple[str, str], list[tuple[str, datetime, str]]] = defaultdict(list)
        for variant, when, line in taken:
            files[variant, when.strftime("%Y/%m/%d/%H")].append((variant, when, line))
        bucket, prefix = s3io.parse_uri(self.config["DestinationS3Uri"])
        for (variant, hour), records in files.items():
            stamp = records[0][1].strftime("%M-%S-%f")[:9]
            key = f"{self._endpoint}/{variant}/{hour}/{stamp}-{uuid.uuid4()}.jsonl"
            body = "".join(line + "\n" for _, _, line in records).encode()
            try:
                address = f"{prefix.rstrip('/')}/{key}".lstrip("/")
                self._cloud.client("s3").put_object(Bucket=bucket, Key=address, Body=body)
            except (BotoCoreError, ClientError):
                log.exception("data capture of %s", self._endpoint)
                self._wait_again(records)

    def _wait_again(self, records: list[tuple[str, datetime, str]]) -> None:
        with self._lock:
            self._waiting = records + self._waiting
            self._size += sum(len(line) for _, _, line in records)
            self._since = time.monotonic()
