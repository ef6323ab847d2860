"""Every member of a request to our own operations acts, is shown again, is refused by name, or is listed as idle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import Shape
from full_athena import ask_athena
from full_glue import ask_glue
from full_others import ask_others
from full_requests import Asker, leaves, paths
from full_sagemaker import ask_sagemaker

from localcloud.protocol import ServiceError, operation_model
from localcloud.services import AWAITED, OPERATIONS, members
from localcloud.store.state import BUCKET

NEED_AN_IMAGE = {"every"}

# That these are shown again is all that they are for: descriptions, labels, and the records that the catalog, the model
# registry and the definitions of Glue keep for others to read.
SHOWN = re.compile(
    r"(.+\.)?(\w*Description|Comment|Tags(\.Key|\.Value)?|Id|Name|\w*Parameters|Database)"
    r"|(TableInput|DatabaseInput|(Entries\.)?PartitionInput(List)?|ColumnStatisticsList)\..+"
)
_PIPELINE_PARAMETER = "Targets.SageMakerPipelineParameters.PipelineParameterList.Value"
# Our code hands these on to the engine, which acts on them.
BY_THE_ENGINE = {
    ("events", "PutRule"): {"EventBusName", "ScheduleExpression", "State"},
    ("events", "PutTargets"): {"EventBusName", "Rule", _PIPELINE_PARAMETER},
}


@pytest.fixture(scope="module")
def every(sklearn_image: None, glue_image: None) -> Iterator[Asker]:
    """A local AWS of its own that was asked all of it, and has noted what it looked at."""
    asker = Asker()
    try:
        asker.start()
        ask_glue(asker, BUCKET)
        ask_sagemaker(asker, BUCKET)
        ask_athena(asker, BUCKET)
        ask_others(asker, BUCKET)
        yield asker
    finally:
        asker.cloud.remove()


def acting_when_made(every: Asker, key: tuple[str, str]) -> set[str]:
    """Of an update: the names of the members with which such a thing is made, and which act then.

    An update puts its members in their place.
    """
    making = (key[0], key[1].replace("Update", "Create"))
    if making == key or making not in every.asked:
        return set()
    return {path.rpartition(".")[2] for path in {*leaves(*making)} - {*every.idle(making)}}


@pytest.mark.parametrize(("service", "operation"), sorted({**OPERATIONS, **AWAITED}))
def test_each_member_is_looked_at_or_shown_or_in_a_table(every: Asker, service: str, operation: str) -> None:
    key = (service, operation)
    assert key in every.asked or not leaves(*key), "ask it with every member, in full_*.py"
    shown = every.shown(key)
    left = {
        path
        for path in every.idle(key)
        if path not in shown or not (SHOWN.fullmatch(path) or path.rpartition(".")[2] in acting_when_made(every, key))
    }
    assert left <= BY_THE_ENGINE.get(key, set()), "let it act, or give it a line in localcloud/services/members.py"


ENTRIES = [
    pytest.param(service, operation, path, id=f"{operation}-{path}")
    for table in (members.REFUSED, members.WITHOUT_EFFECT)
    for (service, operation), entries in table.items()
    for path in entries
]


@pytest.mark.parametrize(("service", "operation", "path"), ENTRIES)
def test_no_entry_is_stale(service: str, operation: str, path: str) -> None:
    shape = operation_model(service, operation).input_shape
    assert shape
    assert (service, operation) in {**OPERATIONS, **AWAITED}
    assert path.partition("=")[0] in dict(paths(shape))


def given(shape: Shape, path: list[str], value: str) -> Any:
    """A request, or a part of one, that gives the member at a path."""
    if shape.type_name == "list":
        return [given(shape.member, path, value)]
    if shape.type_name == "structure":
        return {path[0]: given(shape.members[path[0]], path[1:], value)} if path else {"Some": value or "x"}
    return value or {"boolean": True, "integer": 1}.get(shape.type_name, "x")


REFUSED = [
    pytest.param(service, operation, path, id=f"{operation}-{path}")
    for (service, operation), entries in members.REFUSED.items()
    for path in entries
]


@pytest.mark.parametrize(("service", "operation", "path"), REFUSED)
def test_a_refused_member_is_named_with_the_reason(service: str, operation: str, path: str) -> None:
    shape = operation_model(service, operation).input_shape
    assert shape
    member, _, value = path.partition("=")
    cloud: Any = None  # it is refused before anything is asked
    with pytest.raises(ServiceError, match="is not offered by the local AWS") as caught:
        OPERATIONS[service, operation](cloud, given(shape, member.split("."), value))
    assert f"{path} of {operation}" in str(caught.value)
    assert members.REFUSED[service, operation][path] in str(caught.value)
    assert caught.value.code == ("InvalidInputException" if service == "glue" else "ValidationException")


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_a_member_that_asks_for_nothing_is_taken(nothing: Any) -> None:
    members.check("sagemaker", "CreateTrainingJob", {"RemoteDebugConfig": nothing, "RoleArn": "any"})
