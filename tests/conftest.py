"""What all tests share: one local AWS for the whole session, started on first use, stopped at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import settings
from own_cloud import OwnCloud

from helpers.aws import tags

# The machines are shared: no example has a deadline. The same examples each time: a red run is red again.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")
# No test downloads the reviews: those of the real ones say where they are.
os.environ["COURSE_DATA"] = "sample"
# Fixtures that run code in an image's environment; a module may name fixtures of its own. Their tests are marked
# `image`, and `course.py test --quick`, which builds no image, leaves them out.
NEED_AN_IMAGE = {"sklearn_image", "glue_image", "executed"}
OWNER: dict[str, str] = {}  # what leads boto3 to the session's local AWS, as the account's owner


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an image, and let the lessons begin: they take longest, and others run beside them."""
    for item in items:
        needing = NEED_AN_IMAGE | getattr(getattr(item, "module", None), "NEED_AN_IMAGE", set())
        if needing & set(getattr(item, "fixturenames", ())):
            item.add_marker("image")
    items.sort(key=lambda item: item.path.name != "test_lessons.py")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A `connect()` in a test before leaves neither its tags nor its role to this one."""
    tags.put_on_everything({})
    if OWNER and os.environ.get("AWS_ENDPOINT_URL") == OWNER["AWS_ENDPOINT_URL"] and "AWS_SESSION_TOKEN" in os.environ:
        del os.environ["AWS_SESSION_TOKEN"]
        os.environ.update(OWNER)
        boto3.setup_default_session()


@pytest.fixture(scope="session")
def local_aws() -> Iterator[OwnCloud]:
    """The session's local AWS, running."""
    cloud = OwnCloud()
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture(scope="session")
def sklearn_image(local_aws: OwnCloud) -> None:
    """The scikit-learn image is ready before the first job asks for it."""
    local_aws.build_image("sklearn-1.9-0")


@pytest.fixture(scope="session")
def glue_image(local_aws: OwnCloud) -> None:
    """The Glue image is ready before the first run asks for it."""
    local_aws.build_image("glue-5.1")


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
        from localcloud import environment

        ws = connect(quiet=True)
        environment.lead(local_aws.endpoint)  # as the account's owner, who makes for a test whatever it needs
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        OWNER.update({name: os.environ[name] for name in names})
        tags.put_on_everything({})  # the tests of the local AWS say themselves what they give
        yield ws


@pytest.fixture
def own_cloud() -> Iterator[OwnCloud]:
    """A local AWS of this test alone, running; for tests that kill or restart it."""
    cloud = OwnCloud()
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Stubber]:
    """For what only AWS answers: a client whose answers a test gives, held against botocore's model of the service."""
    clients: dict[str, Any] = {}

    def stub(service: str) -> Stubber:
        session = boto3.Session("key", "secret", region_name="us-east-1")
        clients[service] = session.client(service)
        stubber = Stubber(clients[service])
        stubber.activate()
        return stubber

    monkeypatch.setattr(boto3, "client", lambda service, **_: clients[service])
    return stub
