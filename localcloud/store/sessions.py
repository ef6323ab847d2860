"""Temporary credentials of a role, as STS gives them, made from this installation's own.

The session token says whose they are, and is sealed with the installation's secret: nothing is stored, and they hold
until they expire, also when the local AWS has started anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from localcloud.store.state import ACCOUNT, Credentials

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class BadToken(Exception):
    """A session token that this installation has not made, or that has expired."""

    def __init__(self, message: str, *, expired: bool) -> None:
        super().__init__(message)
        self.expired = expired


@dataclass(frozen=True)
class Session:
    """A role that somebody acts as.

    Attributes:
        role: the role's name, without its path.
        name: of the session; a service's own names the job or the notebook.
        expires: seconds since 1970, or 0 for the credentials that a service renews for its own process.
    """

    role: str
    name: str
    expires: int = 0

    @property
    def arn(self) -> str:
        """As `GetCallerIdentity` and messages of denied requests show it."""
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"


def role_name(role: str) -> str:
    """The name of a role that is given by name or by ARN."""
    return role.rpartition("/")[2]


def credentials_of(session: Session, own: Credentials) -> Credentials:
    """The credentials of a session."""
    said = base64.urlsafe_b64encode(json.dumps([session.role, session.name, session.expires]).encode()).decode()
    key = "".join(_ALPHABET[byte % 32] for byte in _digest(own, f"key {said}")[:16])
    secret = base64.urlsafe_b64encode(_digest(own, f"secret {said}")).decode().rstrip("=")
    return Credentials(f"ASIA{key}", secret, f"{said}.{_digest(own, f'token {said}').hex()}")


def session_of(token: str, own: Credentials) -> Session:
    """Whose a session token is.

    Raises:
        BadToken: it is none of this installation's, or has expired.
    """
    said, _, seal = token.partition(".")
    if not hmac.compare_digest(_digest(own, f"token {said}").hex().encode(), seal.encode()):
        raise BadToken("The provided token is malformed or otherwise invalid.", expired=False)
    session = Session(*json.loads(base64.urlsafe_b64decode(said)))
    if session.expires and session.expires < time.time():
        raise BadToken("The provided token has expired.", expired=True)
    return session


def _digest(own: Credentials, text: str) -> bytes:
    return hmac.new(own.secret_key.encode(), text.encode(), hashlib.sha256).digest()
