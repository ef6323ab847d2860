"""The tags of all that the course makes: course, learner, lesson. boto3 puts them into each request that takes tags.

So no cell can forget them, and what the SageMaker SDK makes has them, too. What a service makes by itself (a job's log,
the trials of a search) has those that AWS passes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import handlers
from botocore.model import OperationModel, Shape

_MEMBERS = ("Tags", "tags", "ResourceTags")  # as the services call them
_now: dict[str, str] = {}


def put_on_everything(tags: Mapping[str, str]) -> None:
    """From now on, whatever a boto3 session that this process makes creates gets these tags, besides its own.

    The default session that is there already is not such a one.
    """
    _now.clear()
    _now.update(tags)
    if _HANDLER not in handlers.BUILTIN_HANDLERS:  # what each new session of botocore begins with
        handlers.BUILTIN_HANDLERS.append(_HANDLER)


@contextmanager
def of_lesson(lesson: str) -> Iterator[None]:
    """Within the block, what is made belongs to another lesson."""
    before = dict(_now)
    _now.update({"lesson": lesson} if before else {})
    try:
        yield
    finally:
        put_on_everything(before)


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most services write them: a Key and a Value each."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _add(params: dict[str, Any], model: OperationModel, **_: Any) -> None:
    """Before botocore checks and sends a request: the tags that it has not yet, if it creates something with tags."""
    shape = model.input_shape
    if not _now or shape is None or not model.name.startswith(("Create", "Put")):
        return
    if "ModelPackageGroupName" in params and model.name == "CreateModelPackage":
        return  # AWS: a version has the tags of its group, and takes none
    for member in _MEMBERS:
        if member in shape.members:
            params[member] = _with_ours(params.get(member), shape.members[member])


def _with_ours(given: Any, shape: Shape) -> Any:
    if shape.type_name == "map":
        return {**_now, **(given or {})}
    own = {tag["Key"] for tag in given or ()}
    return [*(given or ()), *(tag for tag in pairs(_now) if tag["Key"] not in own)]


_HANDLER = ("before-parameter-build", _add)
