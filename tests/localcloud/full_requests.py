"""Requests with every member of botocore's model, and what became of each member: read, shown or refused by name."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import Shape
from member_probes import paths
from own_cloud import PROJECT, OwnCloud, wait_until

from localcloud.protocol import _constraint_problems, botocore_name, operation_model
from localcloud.services import members

Key = tuple[str, str]  # service and operation
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/DataScienceOnAWSExecutionRole"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
# The first that fits the model's constraints is the text of a member whose value is of no matter.
_TEXTS = (
    *("{operation}-{name}", "{name}", "every", "s3://every/member", f"{ARN}:every/member", ROLE, ACCOUNT, "1", "a"),
    *("text/csv", "/every", "1.0", "D", "p10", "AA", "EVERY", "Sun:1", "subnet-1", "sg-1", "fs-12345678"),
    *(f"{ARN}:training-plan/every", f"{ARN}:pipeline/every/execution/every", "alias/every", str(uuid.UUID(int=1))),
    *(f"{ARN}:hub-content/every/DataSet/every/1.0.0", f"arn:aws:sns:us-east-1:{ACCOUNT}:every", f"sha256:{'0' * 64}"),
    *("arn:aws:sso:::instance/ins-0123456789abcdef", "arn:aws:glue:every"),
)
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def leaves(service: str, operation: str) -> list[str]:
    """The paths of an operation's members that have none below them."""
    shape = operation_model(service, operation).input_shape
    every = [path for path, _ in paths(shape)] if shape else []
    above = {path[:place] for path in every for place, sign in enumerate(path) if sign == "."}
    return [path for path in dict.fromkeys(every) if path not in above]


def below(path: str, tops: Iterable[str]) -> bool:
    return any(path == top or path.startswith(f"{top}.") for top in tops)


def full(
    shape: Shape,
    values: dict[str, Any],
    without: Iterable[str] = (),
    *,
    of: str,
    path: str = "",
    above: tuple[str, ...] = (),
) -> Any:
    """A value of a shape with every member, but for those `without`; a shape within itself is left out.

    Args:
        values: by path, or by name of a member anywhere; else it is made up.
        of: the operation; the texts of its requests are its own, so that an answer shows whose member it has.
    """
    name = path.rpartition(".")[2]
    for key in (path, name):
        if key in values:
            return values[key]
    kind = shape.type_name
    if kind == "structure":
        inner = {key: f"{path}.{key}".lstrip(".") for key in shape.members}
        return {
            key: full(shape.members[key], values, without, of=of, path=there, above=(*above, shape.name))
            for key, there in inner.items()
            if there not in without and shape.name not in above
        }
    if kind == "list":
        return [full(shape.member, values, without, of=of, path=path, above=above)]
    if kind == "map":
        return {"every": full(shape.value, values, without, of=of, path=path, above=above)}
    if kind == "string":
        texts = [*shape.enum, *(text.format(name=name, operation=of) for text in _TEXTS)]
        fitting = [text for text in texts if not list(_constraint_problems(text, shape, path))]
        assert fitting, f"give a value for {path}: {shape.metadata}"
        return fitting[0]
    if kind == "timestamp":
        return _WHEN
    return {"boolean": True, "blob": b"every"}.get(kind, max(1, shape.metadata.get("min", 1)))


class Asker:
    """Sends full requests to a local AWS that notes which of their members it looks at."""

    def __init__(self) -> None:
        self.cloud = OwnCloud()
        self.notes = self.cloud.home / "members-read"
        self.common: dict[str, Any] = {}  # values for all requests, see `full`
        self.asked: set[Key] = set()
        self.refused: dict[Key, set[str]] = defaultdict(set)
        self._sent: dict[Key, set[tuple[str, str]]] = defaultdict(set)  # name and value of what has been given
        self._shown: set[tuple[str, str]] = set()
        self._clients: dict[str, Any] = {}

    def start(self) -> None:
        script = Path(__file__).with_name("recorded_server.py")
        environment = {**self.cloud.environment, "MEMBERS_READ": str(self.notes), "PYTHONPATH": str(PROJECT)}
        with (self.cloud.home / "server.log").open("wb") as log:
            command = [sys.executable, str(script), "localcloud", "serve"]
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=PROJECT)
        threading.Thread(target=server.wait, daemon=True).start()  # else it stays as a zombie when it has ended
        wait_until(lambda: (self.cloud.home / "server.json").exists() or server.poll() is not None)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.cloud.client(botocore_name(service), retries={"total_max_attempts": 1})
        return self._clients[service]

    def ask(
        self,
        service: str,
        operation: str,
        values: dict[str, Any] | None = None,
        *,
        refuses: Iterable[str] = (),
        without: Iterable[str] = (),
        only_refuses: bool = False,
        late: bool = False,
    ) -> Any:
        """Send a request with every member, and return its answer.

        Args:
            values: by path or name, see `full`.
            refuses: members that are refused by name; each is sent once, in a request that is full otherwise.
            without: members that cannot stand beside others; another request must have them.
            only_refuses: no request without the refused member would do; None is returned.
            late: the request may come too late, for a job that has ended; None is returned.
        """
        key = (service, operation)
        self.asked.add(key)
        given = {**self.common, **(values or {})}
        known = {path.partition("=")[0] for path in members.REFUSED.get(key, {}) if "=" not in path}
        left = {*known, *refuses, *without}
        for path in refuses:
            error = self._refusal(key, full(self._shape(key), given, left - {path}, of=operation))
            assert error, f"{operation} takes {path}"
            plain = error.replace(" ", "").lower()
            assert any(part.lower() in plain for part in path.split(".")), f"{operation}, {path}: {error}"
            self.refused[key].add(path)
        if only_refuses:
            return None
        request = full(self._shape(key), given, left, of=operation)
        self._sent[key] |= set(_pairs(request))
        if late:
            self._refusal(key, request)
            return None
        answer = getattr(self.client(service), xform_name(operation))(**request)
        if operation.startswith(("Get", "Describe", "List", "BatchGet", "Search")):
            answer.pop("ResponseMetadata")
            self._shown |= set(_pairs(answer))
        return answer

    @staticmethod
    def members(service: str, operation: str) -> set[str]:
        """The paths of an operation's members."""
        return {path for path, _ in paths(Asker._shape((service, operation)))}

    @staticmethod
    def _shape(key: Key) -> Shape:
        return operation_model(*key).input_shape or Shape("None", {"type": "structure", "members": {}})

    def _refusal(self, key: Key, request: dict[str, Any]) -> str:
        try:
            answer = getattr(self.client(key[0]), xform_name(key[1]))(**request)
            return str(answer.get("Errors") or "")
        except ClientError as error:
            return str(error.response["Error"]["Message"])

    def _read(self) -> dict[str, set[str]]:
        """The members that were looked at, in the request or in a body that has them from it: origin -> paths."""
        lines = [line.replace("\t.", "\t").split("\t") for line in self.notes.read_text().splitlines()]
        sources = defaultdict(set)
        for line in lines:
            if len(line) == 4:
                sources[line[0]].add((line[1], line[2], line[3]))
        found: dict[str, set[str]] = defaultdict(set)
        todo = [(line[0], line[1]) for line in lines if len(line) == 2]
        while todo:
            origin, path = todo.pop()
            if path not in found[origin]:
                found[origin].add(path)
                for top, source, place in sources[origin]:
                    if not top or below(path, [top]):
                        rest = path[len(top) :].lstrip(".")
                        todo.append((source, f"{place}.{rest}".strip(".")))
        return found

    def idle(self, key: Key) -> list[str]:
        """The members of an operation that nothing looked at and that no table has."""
        told = {*members.REFUSED.get(key, {}), *members.WITHOUT_EFFECT.get(key, {}), *self.refused[key]}
        read = self._read()[".".join(key)]
        return [path for path in leaves(*key) if path not in read and not below(path, told)]

    def shown(self, key: Key) -> set[str]:
        """The members of an operation whose value an answer shows, under the same name."""
        names = {name for name, value in self._sent[key] & self._shown}
        return {path for path in leaves(*key) if path.rpartition(".")[2] in names}


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each name of a member with its value as a text, at any depth."""
    if isinstance(value, dict):
        yield name, repr(value)
        for key, item in value.items():
            yield from _pairs(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _pairs(item, name)
    else:
        yield name, repr(value.timestamp() if isinstance(value, datetime) else value)
