"""A training job's checkpoints: its folder kept in step with the job's CheckpointConfig on S3 while it runs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from localcloud import s3io

EVERY_SECONDS = 5.0
_State = tuple[int, int]  # size, mtime_ns


class Checkpoints:
    """Downloads what an earlier job has left, uploads what this one writes. Without a CheckpointConfig, nothing."""

    def __init__(self, s3: Any, job: dict[str, Any], opt_ml: Path) -> None:
        self._s3 = s3
        config = job.get("CheckpointConfig") or {}
        self._uri = config.get("S3Uri")
        self._folder = opt_ml / (config.get("LocalPath") or "/opt/ml/checkpoints").removeprefix("/opt/ml/")
        self._seen: dict[Path, _State] = {}
        self._next = 0.0
        if self._uri:
            self._folder.mkdir(parents=True, exist_ok=True)
            s3io.download_prefix(self._s3, self._uri, self._folder, may_be_empty=True)
            self._seen = self._files()

    def _files(self) -> dict[Path, _State]:
        """Every file there and its state; the job may rename or delete any of them meanwhile."""
        found = {}
        for directory, _, names in os.walk(self._folder):
            for name in names:
                path = Path(directory, name)
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue
                found[path] = (status.st_size, status.st_mtime_ns)
        return found

    def upload_sometimes(self) -> None:
        """Called often while the job runs."""
        if self._uri and time.monotonic() >= self._next:
            self.upload()
            self._next = time.monotonic() + EVERY_SECONDS

    def upload(self) -> None:
        """Upload what is new or changed.

        Raises:
            TransferFailed: S3 refused a file that is still there.
        """
        if not self._uri:
            return
        current = self._files()
        for path, state in current.items():
            if self._seen.get(path) == state:
                continue
            try:
                s3io.upload_file(self._s3, path, s3io.join_uri(self._uri, path.relative_to(self._folder).as_posix()))
            except s3io.TransferFailed:
                if path.exists():
                    raise
        self._seen = current
