"""Fixtures of the tests of services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from crawls import Lake


@pytest.fixture
def lake(workshop: Any) -> Iterator[Lake]:
    lake = Lake(workshop.bucket, workshop.role)
    yield lake
    lake.glue.delete_database(Name=lake.database)
