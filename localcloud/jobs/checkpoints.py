"""A training job's checkpoints: its folder kept in step with the job's CheckpointConfig on S3 while it runs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from localcloud.jobs import s3io

EVERY_SECONDS = 5.0


class Checkpoints:
    """Downloads what an earlier job has left, uploads what this one writes. Without a CheckpointConfig, nothing."""

    def __init__(self, s3: Any, job: dict[str, Any], opt_ml: Path) -> None:
        config = job.get("CheckpointConfig") or {}
        folder = opt_ml / (config.get("LocalPath") or "/opt/ml/checkpoints").removeprefix("/opt/ml/")
        self._mirror = s3io.Mirror(s3, folder, config["S3Uri"]) if config.get("S3Uri") else None
        self._next = 0.0
        if self._mirror:
            folder.mkdir(parents=True, exist_ok=True)
            s3io.download_prefix(s3, config["S3Uri"], folder, may_be_empty=True)
            self._mirror.know()

    def upload_sometimes(self) -> None:
        """Called often while the job runs."""
        if time.monotonic() >= self._next:
            self.upload()
            self._next = time.monotonic() + EVERY_SECONDS

    def upload(self) -> None:
        """Upload what is new or changed.

        Raises:
            TransferFailed: S3 refused a file.
        """
        if self._mirror:
            self._mirror.upload()
