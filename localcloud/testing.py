"""A local AWS for one test, or for a session of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from localcloud import environment, process
from localcloud.store.state import images_folder


@contextmanager
def local_aws(folder: Path) -> Iterator[str]:
    """Run an empty local AWS whose state is in `folder`, and lead this process's boto3 to it; yields its endpoint.

    Image environments are shared with the installation that this process would use otherwise: they take minutes to
    build. At the end the local AWS stops and `os.environ` is as before.

    Raises:
        CannotStart: with the last lines of its log.
    """
    before, images = dict(os.environ), images_folder()
    os.environ.update(LOCALCLOUD_HOME=str(folder), LOCALCLOUD_IMAGES=str(images))
    try:
        endpoint = process.start()
        environment.lead(endpoint)
        boto3.DEFAULT_SESSION = None  # the one that it has made may remember other credentials
        yield endpoint
    finally:
        process.stop()
        os.environ.clear()
        os.environ.update(before)
        boto3.DEFAULT_SESSION = None
