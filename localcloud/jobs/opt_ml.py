"""A learner's code, brought to the folder that plays /opt/ml in a run.

Code that names `/opt/ml` literally (the SDK's own drivers do) finds it, because the job's private copy of its code has
the folder's true path written in its place.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.jobs import s3io

_MAX_CODE_FILE = 2**20


class BadCode(Exception):
    """The job's code cannot be started; the message is its FailureReason."""


def place_opt_ml(folder: Path, opt_ml: Path) -> None:
    """Write the true path of /opt/ml into every text file below `folder` that names it."""
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size < _MAX_CODE_FILE:
            content = path.read_bytes()
            if b"/opt/ml" in content and b"\0" not in content:
                path.write_bytes(content.replace(b"/opt/ml", str(opt_ml).encode()))


def fetch_code(cloud: Cloud, uri: str, code: Path, opt_ml: Path) -> None:
    """Download and unpack a sourcedir.tar.gz."""
    bucket, key = s3io.parse_uri(uri)
    archive = opt_ml.parent / "sourcedir.tar.gz"
    s3io.download_file(cloud.client("s3"), bucket, key, archive)
    s3io.extract(archive, code)
    place_opt_ml(code, opt_ml)
