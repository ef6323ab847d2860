"""Fixtures of the local AWS's own tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from endpoints import Hosting
from glue_jobs import Glue
from training_jobs import Training


@pytest.fixture(scope="session")
def training(workshop: Any, sklearn_image: None) -> Training:
    """Starts training jobs in the session's local AWS."""
    return Training(workshop.bucket, workshop.role)


@pytest.fixture
def hosting(training: Training) -> Iterator[Hosting]:
    """Makes endpoints in the session's local AWS; they are gone after the test."""
    hosting = Hosting(training)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="session")
def glue(workshop: Any, glue_image: None) -> Glue:
    """Runs Glue jobs in the session's local AWS."""
    return Glue(workshop.bucket, workshop.role)


@pytest.fixture(scope="session")
def endless_run(glue: Glue) -> tuple[str, str]:
    """A Glue run (job, run) that does nothing for ever, with the shortest time limit that Glue has: a minute."""
    job = glue.job("import time\nprint('asleep', flush=True)\ntime.sleep(3600)", Timeout=1)
    return job, glue.start(job)
