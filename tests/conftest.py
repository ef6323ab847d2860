"""What all tests share: one local AWS for the whole session, started on first use, stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from own_cloud import OwnCloud


@pytest.fixture(scope="session")
def local_aws() -> Iterator[OwnCloud]:
    """The session's local AWS, running, with the scikit-learn image ready."""
    cloud = OwnCloud()
    try:
        built = cloud.run("image", "build", "sklearn-1.9-0", timeout=1800)
        assert built.returncode == 0, built.stdout + built.stderr
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture(scope="session")
def workshop(local_aws: OwnCloud) -> Iterator[Any]:
    """What a lesson has: `connect()` of the session's local AWS; its environment variables are set for boto3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CLOUD", "local")
        patch.setenv("COURSE_LEARNER", "tester")
        patch.setenv("LOCALCLOUD_HOME", str(local_aws.home))
        patch.setenv("LOCALCLOUD_IMAGES", local_aws.environment["LOCALCLOUD_IMAGES"])
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            patch.delenv(name, raising=False)  # recorded here, so that what connect() sets is undone at the end
        from helpers.workshop import connect

        yield connect(quiet=True)


@pytest.fixture
def own_cloud() -> Iterator[OwnCloud]:
    """A local AWS of this test alone, running; for tests that kill or restart it."""
    cloud = OwnCloud()
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.remove()
