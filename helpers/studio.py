"""Where this runs: in SageMaker Studio or not, and in which space. Standard library only: `course.py` asks, too.

A space has a file that says what it is. Of a JupyterLab space it has AppType, DomainId, SpaceName, ExecutionRoleArn and
ResourceArn, and no UserProfileName, which Studio Classic had.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/notebooks-run-and-manage-metadata.html
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

# COURSE_STUDIO_METADATA names another file, for tests.
METADATA = Path(os.environ.get("COURSE_STUDIO_METADATA", "/opt/ml/metadata/resource-metadata.json"))


def in_studio() -> bool:
    """Whether this machine is one of SageMaker's, with a notebook server of its own."""
    return METADATA.exists()


def space() -> dict[str, Any]:
    """What the space says of itself; empty outside Studio."""
    found: dict[str, Any] = json.loads(METADATA.read_text(encoding="utf-8")) if in_studio() else {}
    return found


def on_aws() -> bool:
    """Whether the course goes to AWS: in SageMaker Studio, or with COURSE_CLOUD=aws.

    Raises:
        RuntimeError: COURSE_CLOUD is something else than aws or local.
    """
    cloud = os.environ.get("COURSE_CLOUD", "")
    if cloud not in ("", "aws", "local"):
        raise RuntimeError(f"COURSE_CLOUD is {cloud!r}; set it to aws or local, or unset it.")
    return cloud == "aws" or (not cloud and in_studio())
