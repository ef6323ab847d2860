"""Multipart uploads that outlive the server: S3 keeps the parts until the upload is completed or aborted.

The engine holds them in memory. Here each upload has a folder, with its settings and a pair of files for each part.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

_UPLOAD = "upload.json"


def correct(s3: Any) -> None:
    folder = Path(s3.DATA_DIR).parent / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for place in folder.iterdir():
        if (place / _UPLOAD).exists():
            s3._multipart_uploads[place.name] = _read(place)
    create = s3._create_multipart_upload

    def create_upload(*request: Any) -> Any:
        before = set(s3._multipart_uploads)
        answer = create(*request)
        for number in set(s3._multipart_uploads) - before:
            upload = s3._multipart_uploads[number]
            (folder / number).mkdir()
            _write(folder / number / _UPLOAD, json.dumps({**upload, "parts": {}}).encode())
        return answer

    def with_part(call: Callable[..., Any], query_at: int) -> Callable[..., Any]:
        def add(*request: Any) -> Any:
            answer = call(*request)
            if answer[0] == 200:
                upload, part = (s3._qp(request[query_at], name) for name in ("uploadId", "partNumber"))
                kept = s3._multipart_uploads[upload]["parts"][int(part)]
                about = {name: value for name, value in kept.items() if name != "body"}
                _write(folder / upload / part, kept["body"])
                _write(folder / upload / f"{part}.json", json.dumps(about).encode())
            return answer

        return add

    def with_end(call: Callable[..., Any], query_at: int) -> Callable[..., Any]:
        def end(*request: Any) -> Any:
            answer = call(*request)
            number = s3._qp(request[query_at], "uploadId")
            if answer[0] in (200, 204) and number not in s3._multipart_uploads:
                shutil.rmtree(folder / number, ignore_errors=True)
            return answer

        return end

    s3._create_multipart_upload = create_upload
    s3._upload_part = with_part(s3._upload_part, 3)
    s3._upload_part_copy = with_part(s3._upload_part_copy, 2)
    s3._complete_multipart_upload = with_end(s3._complete_multipart_upload, 3)
    s3._abort_multipart_upload = with_end(s3._abort_multipart_upload, 2)


def _read(place: Path) -> dict[str, Any]:
    upload: dict[str, Any] = json.loads((place / _UPLOAD).read_text())
    for about in place.glob("[0-9]*.json"):
        body = (place / about.stem).read_bytes()
        upload["parts"][int(about.stem)] = {**json.loads(about.read_text()), "body": body}
    return upload


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the server is killed."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
