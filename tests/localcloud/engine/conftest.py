"""What a test claims to have probed, it must have sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from member_probes import given


class _Sent:
    """The requests of boto3's default session, in this process: (service's signing name, operation, members)."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests.append((model.service_model.signing_name, model.name, params))


@pytest.fixture(scope="session", autouse=True)
def sent(workshop: Any) -> _Sent:
    """Listens before a module's fixtures make clients."""
    sent = _Sent()
    assert boto3.DEFAULT_SESSION  # the workshop's
    boto3.DEFAULT_SESSION.events.register("provide-client-params", sent)
    return sent


@pytest.fixture(autouse=True)
def _probes_are_sent(request: pytest.FixtureRequest, sent: _Sent) -> Iterator[None]:
    sent.requests.clear()
    yield
    for service, operation, members in (mark.args for mark in request.node.iter_markers("probes")):
        found = set[str]()
        for asked, name, params in sent.requests:
            if (asked, name) == (service, operation):
                found |= given(service, operation, params)
        assert members <= found, f"{operation}: {sorted(members - found)} are claimed and were not sent"
