"""S3 as the tree of files that Hadoop's file systems expect, always as S3 is at this moment.

Nothing is kept but what a Spark job has not finished: what it writes below `_temporary` or `.spark-staging…` lies in a
folder of the run, and becomes an object when Spark's committer renames it to its place. Everything else is asked of S3,
and done there, at once; so boto3 sees what Spark wrote, and Spark what boto3 put.

What a path means follows Hadoop's S3A connector, which is the default of Glue 5.1: a path is a file when there is such
an object, otherwise a folder when keys begin with `path/`. Beside an object `a` the keys below `a/` are there, too: the
listing of `a` shows them. A key that no path can name is left out, and `tell` hears of it.
Source: https://hadoop.apache.org/docs/r3.3.4/hadoop-project-dist/hadoop-common/filesystem/filesystem.html
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NamedTuple

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from localcloud.jobs.s3_answers import Answers

_TRANSFER = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=64 * 2**20, use_threads=False)
_DELETE_AT_ONCE = 1000  # the most keys that DeleteObjects takes
_UPLOADS = 8


class NotFound(Exception):
    """There is neither an object nor a folder of this name."""


class Refused(Exception):
    """It is not done, for the reason of the message."""


class AlreadyThere(Refused):
    """A file is to be made where there is one, or a folder."""


class Status(NamedTuple):
    """A file or folder: its last name, size in bytes, and time of the last change in milliseconds."""

    name: str
    is_folder: bool
    size: int = 0
    modified: int = 0


class Unfinished(NamedTuple):
    """A file that Spark wrote and has not committed."""

    path: Path
    size: int
    modified: int


class S3Files:
    """The buckets of one S3 as folders. A path is a bucket and a key without slashes at its ends; "" is the bucket.

    Args:
        s3: boto3 client.
        scratch: folder of the run for files that are not finished.
        stored: folder in which the engine keeps each bucket's objects as files: those are read without a detour.
        tell: gets a sentence for each object that is left out.
        changes: a number that grows with each change of S3. While it stays, what S3 has answered is not asked again.
    """

    def __init__(
        self,
        s3: Any,
        scratch: Path,
        stored: Path | None,
        tell: Callable[[str], object],
        changes: Callable[[], int] | None = None,
    ) -> None:
        self._s3, self._scratch, self._stored, self._tell = s3, scratch, stored, tell
        self._answers = Answers(s3, changes)
        scratch.mkdir(parents=True, exist_ok=True)
        self._files: dict[tuple[str, str], Unfinished] = {}
        self._folders: set[tuple[str, str]] = set()  # made, and nothing in them yet
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._told: set[str] = set()

    # --- looking ---------------------------------------------------------------------------------------------

    def status(self, bucket: str, key: str) -> Status:
        """
        Raises:
            NotFound: nothing is there.
            ClientError: there is no such bucket.
        """
        name = key.rpartition("/")[2]
        own = self._files.get((bucket, key))
        if own:
            return Status(name, False, own.size, own.modified)
        if not key:
            self._answers.ask("list_objects_v2", Bucket=bucket, MaxKeys=1)
            return Status("", True)
        # One request where two do not decide more: a key sorts before all that begin with it.
        first = self._answers.ask("list_objects_v2", Bucket=bucket, Prefix=key, Delimiter="/", MaxKeys=3)
        for item in first.get("Contents", []):
            if item["Key"] == key:
                return Status(name, False, item["Size"], _milliseconds(item["LastModified"]))
        is_folder = bool(self._own_below(bucket, key)) or (bucket, key) in self._folders
        is_folder = is_folder or key + "/" in (item["Prefix"] for item in first.get("CommonPrefixes", []))
        if not is_folder and first["IsTruncated"]:  # others, like `key-2/`, come before `key/`
            is_folder = bool(
                self._answers.ask("list_objects_v2", Bucket=bucket, Prefix=key + "/", MaxKeys=1).get("Contents")
            )
        if is_folder:
            return Status(name, True)
        raise NotFound(f"s3://{bucket}/{key}")

    def entries(self, bucket: str, key: str) -> list[Status]:
        """What is in a folder, or the one file of this name (which then has no name here).

        Raises:
            NotFound: nothing is there.
        """
        prefix = key + "/" if key else ""
        found = {(status.name, status.is_folder): status for status in self._in_s3(bucket, prefix)}
        for path, own in self._own_below(bucket, key).items():
            name, _, deeper = path[len(prefix) :].partition("/")
            is_folder = bool(deeper) or own is None
            found[name, is_folder] = Status(name, is_folder, *((0, 0) if is_folder else own[1:]))  # type: ignore[index]
        if found:
            return sorted(found.values())
        there = self.status(bucket, key)
        return [] if there.is_folder else [there._replace(name="")]

    def keys(self, bucket: str, key: str) -> list[str]:
        """The keys of all objects below a folder, its markers too."""
        pages = self._answers.pages(Bucket=bucket, Prefix=key + "/" if key else "")
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def size(self, bucket: str, key: str) -> tuple[int, int, int]:
        """Bytes, files and folders of a file or of all that is below a folder."""
        there = self.status(bucket, key)
        if not there.is_folder:
            return there.size, 1, 0
        total, files, folders = 0, 0, 1
        for entry in self.entries(bucket, key):
            below = (entry.size, 1, 0)
            if entry.is_folder:
                below = self.size(bucket, f"{key}/{entry.name}".lstrip("/"))
            total, files, folders = total + below[0], files + below[1], folders + below[2]
        return total, files, folders

    def _object(self, bucket: str, key: str) -> Status | None:
        try:
            head = self._answers.ask("head_object", Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return Status(key.rpartition("/")[2], False, head["ContentLength"], _milliseconds(head["LastModified"]))

    def _in_s3(self, bucket: str, prefix: str) -> Iterator[Status]:
        files: set[str] = set()
        for page in self._answers.pages(Bucket=bucket, Prefix=prefix, Delimiter="/"):
            for item in page.get("Contents", []):
                name = item["Key"][len(prefix) :]
                if not name and not item["Size"]:
                    continue  # a marker: the folder itself
                if self._can_be_named(bucket, prefix, name, item["Key"]):
                    files.add(name)
                    yield Status(name, False, item["Size"], _milliseconds(item["LastModified"]))
            for item in page.get("CommonPrefixes", []):
                name = item["Prefix"][len(prefix) : -1]
                if not self._can_be_named(bucket, prefix, name, item["Prefix"] + "…"):
                    continue
                if name in files and not any(True for _ in self._in_s3(bucket, item["Prefix"])):
                    continue  # the listing of an empty folder would show the file of its name once more
                yield Status(name, True)

    def _can_be_named(self, bucket: str, prefix: str, name: str, key: str) -> bool:
        reason = ""
        if not name:
            reason = "ends with a slash" if key == prefix else "has two slashes side by side, or begins with one"
        elif name in (".", ".."):
            reason = f"has a part {name!r}"
        elif not prefix and ":" in name:
            reason = "has a colon in the first part of its name, which Hadoop takes for a scheme"
        if reason and (address := f"s3://{bucket}/{key}") not in self._told:
            self._told.add(address)
            self._tell(f"WARN Spark does not see {address}: no file path can name this key, because it {reason}.")
        return not reason

    def _own_below(self, bucket: str, key: str) -> dict[str, Unfinished | None]:
        """Unfinished files and new empty folders (None) below a folder, by their paths."""
        prefix = key + "/" if key else ""
        with self._lock:
            found: dict[str, Unfinished | None] = dict.fromkeys(
                path for where, path in self._folders if where == bucket and path.startswith(prefix) and path != key
            )
            found |= {p: own for (where, p), own in self._files.items() if where == bucket and p.startswith(prefix)}
        return found

    # --- reading ---------------------------------------------------------------------------------------------

    def open(self, bucket: str, key: str, offset: int, length: int | None) -> tuple[IO[bytes], int, bool]:
        """A stream at `offset`, how many bytes to take from it, and whether it is a file on this disk.

        Raises:
            NotFound: there is no such file.
        """
        own = self._files.get((bucket, key))
        found = Status("", False, own.size) if own else self._object(bucket, key)
        if found is None:
            raise NotFound(f"s3://{bucket}/{key}")
        count = max(0, found.size - offset) if length is None else min(length, max(0, found.size - offset))
        path = own.path if own else self._file_of(bucket, key, found.size)
        if path:
            file = path.open("rb")
            file.seek(offset)
            return file, count, True
        part = f"bytes={offset}-{offset + count - 1}" if count else "bytes=0-0"
        body: IO[bytes] = self._s3.get_object(Bucket=bucket, Key=key, **({"Range": part} if found.size else {}))["Body"]
        return body, count, False

    def _file_of(self, bucket: str, key: str, size: int) -> Path | None:
        """The engine's own file of an object, where it has one under the object's name."""
        if self._stored is None or any(part in ("", ".", "..") for part in key.split("/")):
            return None
        path = self._stored / bucket / key
        try:
            usual = path.is_file() and not path.is_symlink() and path.stat().st_size == size
        except OSError:  # a name that is too long for a file
            return None
        return path if usual and not key.startswith(".ministack-keys/") else None

    # --- changing --------------------------------------------------------------------------------------------

    def new_file(self) -> Path:
        """A name in the scratch folder for the bytes of a file, which `create` takes."""
        return self._scratch / str(next(self._numbers))

    def may_create(self, bucket: str, key: str, overwrite: bool) -> None:
        """
        Raises:
            AlreadyThere: there is such a file and it is not to be replaced, or such a folder.
        """
        if not key:
            raise AlreadyThere(f"s3://{bucket} is a bucket, not a file")
        try:
            there = self.status(bucket, key)
        except NotFound:
            return
        if there.is_folder:
            raise AlreadyThere(f"s3://{bucket}/{key} is a folder")
        if not overwrite:
            raise AlreadyThere(f"s3://{bucket}/{key} is there already")

    def create(self, bucket: str, key: str, content: Path) -> None:
        """Make a file of what was written to `new_file()`, as a whole."""
        if is_unfinished(key):
            own = Unfinished(content, content.stat().st_size, int(time.time() * 1000))
            with self._lock:
                self._files[bucket, key] = own
                self._filled(bucket, key)
        else:
            self._publish(bucket, key, content)

    def _publish(self, bucket: str, key: str, content: Path) -> None:
        self._s3.upload_file(str(content), bucket, key, Config=_TRANSFER)
        content.unlink()
        with self._lock:
            self._filled(bucket, key)

    def _filled(self, bucket: str, key: str) -> None:
        parents = itertools.accumulate(key.split("/"), lambda above, name: f"{above}/{name}")
        self._folders.difference_update((bucket, parent) for parent in parents)

    def make_folder(self, bucket: str, key: str) -> bool:
        """S3 has no folders: a new one is remembered until something is in it, and is gone with the run."""
        try:
            if not self.status(bucket, key).is_folder:
                raise AlreadyThere(f"s3://{bucket}/{key} is a file")
        except NotFound:
            with self._lock:
                self._folders.add((bucket, key))
        return True

    def delete(self, bucket: str, key: str, recursive: bool) -> bool:
        """Delete a file, or a folder with all that is in it. False when nothing is there.

        Raises:
            Refused: a folder that is not empty, or a whole bucket.
        """
        try:
            there = self.status(bucket, key)
        except NotFound:
            return False
        if not there.is_folder:
            self._forget(bucket, [key])
            self._delete_objects(bucket, [key])
            return True
        objects, own = self.keys(bucket, key), self._own_below(bucket, key)
        if not recursive and (own or set(objects) - {key + "/"}):
            raise Refused(f"s3://{bucket}/{key} is not empty")
        if not key and not recursive:
            raise Refused(f"s3://{bucket} is a bucket")
        self._forget(bucket, [*own, key])
        self._delete_objects(bucket, objects)
        return True

    def _forget(self, bucket: str, paths: list[str]) -> None:
        with self._lock:
            for path in paths:
                self._folders.discard((bucket, path))
                if own := self._files.pop((bucket, path), None):
                    own.path.unlink(missing_ok=True)

    def _delete_objects(self, bucket: str, keys: list[str]) -> None:
        for start in range(0, len(keys), _DELETE_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _DELETE_AT_ONCE]]
            answer = self._s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            if answer.get("Errors"):
                raise Refused(f"S3 did not delete {answer['Errors'][0]}")

    def rename(self, bucket: str, source: str, target: str) -> bool:
        """Move a file or folder; into the target, if that is a folder. False when it cannot be, as Hadoop has it.

        What is not finished becomes an object by this. Objects are copied and deleted, as S3 has no renaming.
        """
        try:
            there = self.status(bucket, source)
        except NotFound:
            return False
        try:
            if not self.status(bucket, target).is_folder:
                return False
            target = f"{target}/{source.rpartition('/')[2]}".lstrip("/")
        except NotFound:
            pass
        if target == source:
            return True
        if not source or target.startswith(source + "/"):
            return False
        objects = [source] if not there.is_folder else self.keys(bucket, source)
        own = self._own_below(bucket, source) if there.is_folder else {}
        if (bucket, source) in self._files:
            objects, own = [], {source: self._files[bucket, source]}
        with ThreadPoolExecutor(_UPLOADS) as pool:
            moves = [
                pool.submit(self._move_own, bucket, path, target + path[len(source) :], file)
                for path, file in own.items()
            ]
            moves += [pool.submit(self._copy, bucket, key, target + key[len(source) :]) for key in objects]
        for move in moves:
            move.result()
        self._delete_objects(bucket, objects)
        if there.is_folder and (bucket, source) in self._folders:
            with self._lock:
                self._folders.discard((bucket, source))
                self._folders.add((bucket, target))
        return True

    def _move_own(self, bucket: str, source: str, target: str, own: Unfinished | None) -> None:
        if own is None:
            with self._lock:
                self._folders.discard((bucket, source))
                self._folders.add((bucket, target))
            return
        self.create(bucket, target, own.path)
        with self._lock:
            self._files.pop((bucket, source), None)

    def _copy(self, bucket: str, source: str, target: str) -> None:
        self._s3.copy({"Bucket": bucket, "Key": source}, bucket, target, Config=_TRANSFER)


def is_unfinished(key: str) -> bool:
    """Whether a path lies where Spark's committers keep what they have not committed."""
    return any(part == "_temporary" or part.startswith(".spark-staging") for part in key.split("/"))


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
