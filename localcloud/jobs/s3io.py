"""Between S3 and a job's folder: channels in, artefacts out, archives that cannot escape."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_State = tuple[int, int]  # of a file: size, mtime_ns


class TransferFailed(Exception):
    """A download or upload that cannot succeed; the message is fit for a FailureReason."""


def parse_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` -> (bucket, key).

    Raises:
        TransferFailed: when it is no such address.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise TransferFailed(f"{uri!r} is not an s3://bucket/key address.")
    return bucket, key


def join_uri(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def list_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def relative_keys(s3: Any, uri: str, *, may_be_empty: bool = False) -> dict[str, str]:
    """What an S3Prefix data source means: the keys below the prefix, or the one of that name, with their paths in it.

    Raises:
        TransferFailed: no such bucket, or nothing there (unless it may be empty).
    """
    bucket, prefix = parse_uri(uri)
    try:
        keys = list_keys(s3, bucket, prefix)
    except (ClientError, BotoCoreError) as error:
        raise TransferFailed(f"ClientError: Data download failed:{_reason(error)} {uri}") from None
    if not keys and not may_be_empty:
        raise TransferFailed(
            f"ClientError: Data download failed:S3 key: {uri} has no objects: nothing matches this prefix."
        )
    cut = 0 if not prefix else (len(prefix) if prefix.endswith("/") else prefix.rfind("/") + 1)
    exact_folder = prefix and not prefix.endswith("/") and prefix not in keys
    if exact_folder and all(key.startswith(prefix + "/") for key in keys):
        cut = len(prefix) + 1
    return {key: key[cut:] for key in keys if not key.endswith("/")}


def download_prefix(s3: Any, uri: str, folder: Path, *, may_be_empty: bool = False) -> int:
    """Copy what an S3Prefix data source means into a folder.

    Returns:
        The number of files written.
    Raises:
        TransferFailed: no such bucket, nothing there (unless it may be empty), or a key that would leave `folder`.
    """
    found = relative_keys(s3, uri, may_be_empty=may_be_empty)
    folder.mkdir(parents=True, exist_ok=True)
    for key, relative in found.items():
        download_file(s3, parse_uri(uri)[0], key, inside(folder, relative))
    return len(found)


def download_file(s3: Any, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        s3.download_file(bucket, key, str(target))
    except (ClientError, BotoCoreError) as error:
        raise TransferFailed(f"ClientError: Data download failed:{_reason(error)} s3://{bucket}/{key}") from None


def inside(folder: Path, relative: str) -> Path:
    """`folder/relative`, refused when that would lie outside the folder."""
    target = Path(os.path.normpath(folder / relative))
    if folder not in target.parents:
        raise TransferFailed(f"ClientError: the name {relative!r} leads out of its folder.")
    return target


def upload_file(s3: Any, path: Path, uri: str) -> None:
    """Upload in one step: the object appears whole or not at all.

    Raises:
        TransferFailed: with S3's reason.
    """
    bucket, key = parse_uri(uri)
    try:
        s3.upload_file(str(path), bucket, key)
    except Exception as error:
        answer = error.__context__  # boto3 wraps S3's answer in an exception of its own
        reason = _reason(answer) if isinstance(answer, ClientError) else str(error)
        raise TransferFailed(f"ClientError: Upload to {uri} failed: {reason}") from None


def upload_folder(s3: Any, folder: Path, uri: str) -> int:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        upload_file(s3, path, join_uri(uri, path.relative_to(folder).as_posix()))
    return len(files)


class Mirror:
    """Keeps an address on S3 in step with a folder whose files come, change, move and go meanwhile."""

    def __init__(self, s3: Any, folder: Path, uri: str) -> None:
        self._s3, self._folder, self._uri = s3, folder, uri
        self._seen: dict[Path, _State] = {}

    def know(self) -> None:
        """What is in the folder now is on S3 already."""
        self._seen = self._files()

    def upload(self) -> None:
        """Upload what is new or changed. A file that changes or goes meanwhile is for the next time.

        Raises:
            TransferFailed: S3 refused a file that is still as it was.
        """
        current = self._files()
        for path, state in sorted(current.items()):
            if self._seen.get(path) == state:
                continue
            try:
                upload_file(self._s3, path, join_uri(self._uri, path.relative_to(self._folder).as_posix()))
            except TransferFailed:
                if _state(path) == state:
                    raise
                del current[path]
        self._seen = current

    def _files(self) -> dict[Path, _State]:
        """Every file there and its state. Pipes and sockets are none: reading them would wait for ever."""
        found: dict[Path, _State] = {}
        for directory, _, names in os.walk(self._folder):
            for name in names:
                path = Path(directory, name)
                state = _state(path)
                if state:
                    found[path] = state
        return found


def _state(path: Path) -> _State | None:
    """Size and time of a regular file; None when it is none or not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def pack(folder: Path, archive: Path) -> None:
    """folder -> .tar.gz whose members are relative to the folder. Level 6 as `tar -z`."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def extract(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz from outside. Nothing is written outside `folder`, no link, device or set-uid bit survives.

    Raises:
        TransferFailed: when it is no such archive or a member leads out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            members = [(member, _place(folder, member)) for member in tar if member.name not in ("", ".")]
            for member, target in members:  # all names are good before anything is written
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                if source is not None:
                    with source, target.open("wb") as file:
                        shutil.copyfileobj(source, file)
                    target.chmod(0o644 | (member.mode & 0o111))
                else:
                    target.mkdir(exist_ok=True)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise TransferFailed(f"ClientError: {archive.name} is not a readable .tar.gz archive: {error}") from None


def _place(folder: Path, member: tarfile.TarInfo) -> Path:
    """Where a member goes; only files and folders do. (Python's own filter came with 3.11.4; Debian 12 has 3.11.2.)"""
    if not (member.isfile() or member.isdir()):
        raise TransferFailed(f"ClientError: the archive is refused: {member.name!r} is a link or a device, not a file.")
    target = Path(os.path.normpath(folder / member.name.lstrip("/")))
    if folder not in target.parents:
        raise TransferFailed(f"ClientError: the archive is refused: {member.name!r} leads out of its folder.")
    return target


def _reason(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, BotoCoreError):  # boto3 does not even ask for a bucket of such a name
        return str(error)
    details = error.response.get("Error", {})
    return f"{details.get('Code', 'Unknown')}: {details.get('Message', '')}"
