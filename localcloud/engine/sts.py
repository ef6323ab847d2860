"""STS for the sessions of this installation, which the engine does not know."""

from __future__ import annotations

import hashlib
import uuid

from localcloud.store.sessions import Session
from localcloud.store.state import ACCOUNT


def caller_identity(session: Session) -> bytes:
    """GetCallerIdentity's answer to a role. Names of roles and sessions have no character that XML would mind."""
    role = "AROA" + hashlib.sha256(session.role.encode()).hexdigest()[:17].upper()
    members = f"<Arn>{session.arn}</Arn><UserId>{role}:{session.name}</UserId><Account>{ACCOUNT}</Account>"
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult>{members}</GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    ).encode()
