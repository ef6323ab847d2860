"""Each call of a role is held against its policies, and written down when asked.

Who calls as the installation itself is the account's owner: nobody asks. In strict mode a role must be there and trust
who acts as it; else a role that nobody has made here, as a program from elsewhere names one, may do everything.

Source of the words: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from localcloud.access import calls
from localcloud.access.rates import Rates
from localcloud.engine import policies
from localcloud.engine.policies import Need
from localcloud.protocol import ServiceError
from localcloud.store.resources import Store
from localcloud.store.sessions import Session, role_name
from localcloud.store.state import ACCOUNT, is_strict


class Access:
    """What calls of a role need, and whether its policies allow it."""

    def __init__(self, store: Store, *, strict: bool, record: Path | None) -> None:
        self._store, self.strict = store, strict
        self._rates = Rates()
        self._record, self._writing, self._written = record, threading.Lock(), set[str]()

    @property
    def recording(self) -> bool:
        return self._record is not None

    def count(self, service: str, operation: str) -> None:
        """Raise ThrottlingException when this operation has been called too often in the last second."""
        if self.strict:
            self._rates.take(service, operation)

    def check(self, session: Session, service: str, operation: str, params: dict[str, Any]) -> None:
        """Raise AccessDenied unless the role may make this call of a service whose operations have names."""
        needs = calls.needs(service, operation, params, self._workgroup)
        self.require(session, service, operation, needs)
        passed = [need for need in needs if need.action == "iam:PassRole"] if self.strict else []
        for need in passed:
            principal = need.keys["iam:PassedToService"]
            if not policies.trusts(role_name(need.resource), principal, needs[0].resource):
                raise _unassumable(service, need.resource, principal)

    def require(self, session: Session, service: str, operation: str, needs: Iterable[Need]) -> None:
        """Raise AccessDenied unless the role has all that a call needs; the first that it lacks is told."""
        needs = list(needs)
        denied = next((need for need in needs if not self.allows(session, need)), None)
        if self._record:
            self._write(session, service, operation, needs, denied)
        if denied:
            raise _denied(session, denied)

    def allows(self, session: Session, need: Need) -> bool:
        """Whether the role may do this."""
        return policies.decide(session, need).allowed or not (self.strict or policies.exists(session.role))

    def _write(self, session: Session, service: str, operation: str, needs: list[Need], denied: Need | None) -> None:
        entry = {
            "role": session.role,
            "session": session.name,
            "service": service,
            "operation": operation,
            "needs": [[need.action, need.resource, dict(need.keys)] for need in needs],
            **({"denied": denied.action} if denied else {}),
        }
        line = json.dumps(entry)
        with self._writing:
            if self._record and line not in self._written:  # a call that comes again needs nothing new
                self._written.add(line)
                with self._record.open("a") as file:
                    file.write(line + "\n")

    def _workgroup(self, identity: str) -> str:
        for kind in ("athena-query", "athena-named-query"):
            found = self._store.get(kind, identity)
            if found:
                return str(found.get("WorkGroup", "primary"))
        return "*"  # there is no such query: its owner would be told so, nobody else may ask


def _unassumable(service: str, role: str, principal: str) -> ServiceError:
    """What each service says of a role that is not there, or does not trust it."""
    if service == "glue":
        told = f"Service is unable to assume role {role}. Please verify role's TrustPolicy"
        return ServiceError("InvalidInputException", told)
    if service == "events":
        told = f"Provided role '{role}' cannot be assumed by principal '{principal}'."
        return ServiceError("ValidationException", told)
    told = f"Could not assume role {role}. Please ensure that the role exists and allows principal '{principal}'"
    return ServiceError("ValidationException", f"{told} to assume the role.")


def _denied(session: Session, need: Need) -> ServiceError:
    resource = f'"{need.resource}"' if need.action.startswith("s3:") else need.resource
    if need.action == "iam:ListRoles":
        resource = f"arn:aws:iam::{ACCOUNT}:role/"
    elif re.fullmatch("iam:(?!Create|Pass).*Role.*", need.action):
        resource = resource.replace(f"arn:aws:iam::{ACCOUNT}:role/", "role ")
    explicit = policies.decide(session, need).explicit
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {need.action} action"
    )
    told = f"User: {session.arn} is not authorized to perform: {need.action} on resource: {resource} {why}"
    return ServiceError("AccessDeniedException", told)


def from_environment(store: Store) -> Access:
    """LOCALCLOUD_STRICT=1 adds strict mode; LOCALCLOUD_RECORD=FILE writes each call of a role down."""
    record = os.environ.get("LOCALCLOUD_RECORD")
    return Access(store, strict=is_strict(), record=Path(record) if record else None)
