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


@pytest.fixture(scope="session")
def sent(workshop: Any) -> _Sent:
    sent = _Sent()
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("provide-client-params", sent)
    return sent


@pytest.fixture(autouse=True)
def _probes_are_sent(request: pytest.FixtureRequest) -> Iterator[None]:
    marks = list(request.node.iter_markers("probes"))
    if not marks:
        yield
        return
    sent: _Sent = request.getfixturevalue("sent")
    sent.requests.clear()
    yield
    for service, operation, members in (mark.args for mark in marks):
        found = set[str]()
        for asked, name, params in sent.requests:
            if (asked, name) == (service, operation):
                found |= given(service, operation, params)
        assert members <= found, f"{operation}: claimed, and not sent"
