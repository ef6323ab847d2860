"""Each member of each request that the engine answers acts, is refused by name, or stands in a list.

The operations are those that the door lets through, the members those of botocore's models: a new one fails here until
a test claims it by `probes` (tests/localcloud/member_probes.py) or a table of `localcloud/engine/refused.py` has it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from member_probes import Operation, members_of, plainest, probed

from localcloud.door.named import JSON_TARGETS, check_members
from localcloud.engine.ministack import PARTS
from localcloud.engine.refused import REFUSED, WITHOUT_EFFECT
from localcloud.protocol import ServiceError, operation_model

PROBED = probed(Path(__file__).parent)
OPERATIONS = sorted((service, operation) for service, operations in PARTS.items() for operation in operations)


def _in(path: str, table: dict[Operation, dict[str, object]], where: Operation) -> bool:
    return any(path == entry or path.startswith(f"{entry}.") for entry in table.get(where, ()))


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_member_is_probed_or_refused_or_idle(service: str, operation: str) -> None:
    where = (service, operation)
    left = set(members_of(*where)) - PROBED.get(where, set())
    forgotten = [
        path for path in sorted(left) if not _in(path, REFUSED, where) and not _in(path, WITHOUT_EFFECT, where)
    ]
    # A structure acts by its members.
    assert [path for path in forgotten if not any(other.startswith(f"{path}.") for other in members_of(*where))] == []


@pytest.mark.parametrize("where", sorted({*PROBED, *REFUSED, *WITHOUT_EFFECT}), ids="-".join)
def test_no_entry_is_stale(where: Operation) -> None:
    assert where in OPERATIONS
    assert {*PROBED.get(where, ()), *REFUSED.get(where, ()), *WITHOUT_EFFECT.get(where, ())} <= set(members_of(*where))


@pytest.mark.parametrize("where", sorted(WITHOUT_EFFECT), ids="-".join)
def test_what_is_idle_is_not_refused(where: Operation) -> None:
    assert not set(WITHOUT_EFFECT[where]) & set(REFUSED.get(where, ()))


NAMED = [
    pytest.param(*where, member, id="-".join([*where, member]))
    for where, refusals in REFUSED.items()
    for member in refusals
    if where[0] in (*JSON_TARGETS, "iam")
]


@pytest.mark.parametrize(("service", "operation", "member"), NAMED)
def test_a_refused_member_is_named_with_the_reason(service: str, operation: str, member: str) -> None:
    shape = operation_model(service, operation).input_shape
    assert shape
    kind, taken = members_of(service, operation)[member], REFUSED[service, operation][member].taken
    words = {"boolean": ["true", "false"]}.get(kind.type_name) or getattr(kind, "enum", None) or ["other"]
    value = next(word for word in words if word not in taken)
    with pytest.raises(ServiceError, match="is not offered by the local AWS") as caught:
        check_members(service, operation, plainest(shape, member.split("."), value))
    assert f"{member} of {operation}" in str(caught.value)
    assert REFUSED[service, operation][member].reason in str(caught.value)
