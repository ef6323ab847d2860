"""What a view is made of: relations over files, and the account of what they read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.sql.task import File, Part

if TYPE_CHECKING:
    from localcloud.sql.readers.streams import Stream  # imports pyarrow, which takes its time


@dataclass
class Scan:
    """What the views read: the bytes, DuckDB's files, and the streams, which keep the errors of their readers.

    `uris` has the objects behind the links that DuckDB reads, for its errors.
    """

    scanned_bytes: int = 0
    paths: list[str] = field(default_factory=list)
    uris: dict[str, str] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)

    def error(self) -> Exception | None:
        """What a reader raised; DuckDB's own error says less of it."""
        return next((stream.error for stream in self.streams if stream.error), None)


@dataclass(frozen=True)
class Source:
    """A relation with the fields as SQL, and for each of its files (by `number`) the file and its partition."""

    relation: str
    columns: dict[str, str]
    number: str
    files: list[tuple[File, Part]]
