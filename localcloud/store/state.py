"""Where the local AWS keeps everything, and the files that say how to reach it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE_NAME = "DataScienceOnAWSExecutionRole"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
READER_ROLE_NAME = "DataScienceOnAWSReaderRole"
READER_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{READER_ROLE_NAME}"
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"


def home() -> Path:
    """The one folder of state: $LOCALCLOUD_HOME, else `.localcloud` in the project."""
    configured = os.environ.get("LOCALCLOUD_HOME")
    folder = Path(configured) if configured else Path(__file__).resolve().parents[2] / ".localcloud"
    folder = folder.expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def is_strict() -> bool:
    """Whether LOCALCLOUD_STRICT asks for strict mode: permissions, quotas and limits as on AWS."""
    return os.environ.get("LOCALCLOUD_STRICT", "") not in ("", "0")


def images_folder() -> Path:
    """Where the image environments are: $LOCALCLOUD_IMAGES, else below the home. Installations may share them."""
    return Path(os.environ.get("LOCALCLOUD_IMAGES") or home() / "images")


def runs_folder(home: Path) -> Path:
    """Where this installation's runs are: below its home, or, when that path has a space, in the temporary folder."""
    if " " not in str(home):
        return home / "runs"
    return Path(tempfile.gettempdir()) / f"localcloud-runs-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"


def mark(folder: Path) -> str:
    """The LOCALCLOUD_OWNER of an installation's processes. A hash, not the path: jobs print it to their logs."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Credentials:
    """A pair of keys; with a session token they are temporary, as those of a role are."""

    access_key: str
    secret_key: str
    session_token: str = ""


def write_private(path: Path, text: str) -> None:
    """Write atomically a file that only this user can read."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(temporary, path)


def credentials() -> Credentials:
    """This installation's random credentials, made on first use."""
    path = home() / "credentials.json"
    if not path.exists():
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        made = {
            "access_key": "LKIA" + "".join(secrets.choice(alphabet) for _ in range(16)),
            "secret_key": secrets.token_urlsafe(30),
        }
        write_private(path, json.dumps(made))
    return Credentials(**json.loads(path.read_text()))


def server_info() -> dict[str, object] | None:
    """What the running server wrote about itself (pid, port, endpoint), or None."""
    try:
        info: dict[str, object] = json.loads((home() / "server.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return info
