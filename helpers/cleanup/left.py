"""One thing that is left in an account, and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from helpers.aws.client import client, listed
from helpers.workshop import Workshop

Json = dict[str, Any]
COURSE = "data-science-on-aws"  # the tag `course` of all that the course makes, and where its objects begin


class NotDeleted(RuntimeError):
    """Some of what was to be deleted is still there; the message says what and why."""


@dataclass(frozen=True)
class Left:
    """One thing that is left: `state` says how it stands or how much it is; `delete` removes it, and waits for that.

    `hourly` asks what it costs an hour as it is, in dollars; NaN where the price table does not know.
    """

    kind: str
    name: str
    state: str
    delete: Callable[[], object]
    hourly: Callable[[], float] = float  # nothing


@dataclass(frozen=True)
class Everyone:
    """All learners of an account, by the names that the course gives, and what has its tag under any name: `tagged`."""

    region: str
    account: str
    bucket: str
    tagged: frozenset[str]
    prefix: str = COURSE
    database: str = "dsaws_"

    @classmethod
    def of(cls, ws: Workshop, tagged: Iterable[str] = ()) -> Everyone:
        """All whose work is where this learner's is; `tagged` are ARNs."""
        return cls(ws.region, ws.account, ws.bucket, frozenset(map(_resource, tagged)))

    def name(self, what: str) -> str:
        """As a learner's names, but for the learner."""
        return f"dsaws-{what}"


Whose = Workshop | Everyone
Finder = Callable[[Whose], Iterator[Left]]


def tagged() -> list[str]:
    """The ARNs of all that has the course's tag, as far as AWS's tagging API knows them."""
    wanted = {"TagFilters": [{"Key": "course", "Values": [COURSE]}]}
    found = "ResourceTagMappingList[].ResourceARN"
    return list(listed(client("resourcegroupstaggingapi"), "get_resources", found, **wanted))


def _resource(arn: str) -> str:
    """Service, kind and name of an ARN, in small letters: `glue:job/reviews`."""
    parts = arn.lower().split(":", 5)
    return f"{parts[2]}:{parts[5]}" if len(parts) == 6 else arn.lower()


def is_own(ws: Whose, name: str, resource: str) -> bool:
    """Whether a name begins as this learner's do (a list that is asked for "ann" has "joann", too), or is tagged.

    Args:
        resource: its ARN, or the parts that matter of it: `glue:job/reviews`.
    """
    return name.startswith(ws.name("")) or (isinstance(ws, Everyone) and _resource(resource) in ws.tagged)


def own(ws: Whose, names: Iterable[str], kind: str) -> Iterator[str]:
    """Those names that are this learner's; `kind` is what stands before the name in its ARN: `glue:job/`."""
    return (name for name in names if is_own(ws, name, kind + name))


def start(ws: Whose, member: str) -> Json:
    """How to ask for names that begin as this learner's do: by this member; not at all where tags count, too."""
    return {} if isinstance(ws, Everyone) else {member: ws.name("")}
