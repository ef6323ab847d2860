"""Files as Hadoop reads them: which are data, how they are compressed, where their lines end."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import zstandard

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.task import File

CHUNK = 2**19
MAX_LINE = 100 * 2**20  # bytes, as Trino's hive.text.max-line-length has it
_BOM = codecs.BOM_UTF8


def is_data(file: File, location: str) -> bool:
    """Whether it is read: it is not empty, and no name from the location on down begins with `_` or `.`."""
    inside = location and file.uri.startswith(location.rstrip("/") + "/")
    below = file.uri.removeprefix(location) if inside else file.uri.rpartition("/")[2]
    return file.size > 0 and not any(name.startswith(("_", ".")) for name in below.strip("/").split("/"))


def open_file(file: File) -> BinaryIO:
    """The file's bytes, decompressed by the suffix of its name.

    Raises:
        NotOffered: a compression that is not offered.
    """
    suffix = file.uri.rsplit("/", 1)[-1].rpartition(".")[2].lower()
    if suffix in ("gz", "gzip"):
        return cast(BinaryIO, gzip.open(file.path, "rb"))
    if suffix == "bz2":
        return cast(BinaryIO, bz2.open(file.path, "rb"))
    if suffix in ("zst", "zstd"):
        return cast(BinaryIO, zstandard.open(file.path, "rb", dctx=zstandard.ZstdDecompressor()))
    if suffix == "deflate":
        return cast(BinaryIO, io.BytesIO(zlib.decompress(open(file.path, "rb").read())))
    if suffix in ("snappy", "lz4", "lzo", "zip", "xz", "7z", "rar"):
        raise NotOffered(f"text files compressed as .{suffix} ({file.uri}). Use gzip, bzip2 or Zstandard.")
    return open(file.path, "rb")


def chunks(file: File) -> Iterator[bytes]:
    """The file's bytes in pieces that end with a line's end, which is always LF; the last piece may lack it.

    CR, LF and CR LF end a line, as in Hadoop's line reader, and a UTF-8 byte order mark at the start is no data.
    """
    held: list[bytes] = []  # of a line that has not ended yet
    first = True
    with _failing(file), open_file(file) as stream:
        while piece := stream.read(CHUNK):
            if first:
                piece += stream.read(len(_BOM) - len(piece)) if len(piece) < len(_BOM) else b""
                piece, first = piece.removeprefix(_BOM), False
            if held and held[-1].endswith(b"\r"):  # the line's end may be in two pieces
                piece = held.pop() + piece
            if b"\r" in piece:
                last = b"\r" if piece.endswith(b"\r") else b""
                piece = piece.removesuffix(last).replace(b"\r\n", b"\n").replace(b"\r", b"\n") + last
            end = piece.rfind(b"\n") + 1
            if end:
                yield b"".join((*held, piece[:end]))
                held.clear()
            held.append(piece[end:])
            if sum(map(len, held)) > MAX_LINE:
                raise QueryError("HIVE_BAD_DATA", f"Line too long in text file: {file.uri}")
    if rest := b"".join(held):
        yield rest.replace(b"\r", b"\n")


class _failing:
    """Errors of a damaged file as Athena's. (A context manager.)"""

    def __init__(self, file: File) -> None:
        self.file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (gzip.BadGzipFile, zlib.error, EOFError, zstandard.ZstdError)) or (
            isinstance(error, OSError) and error.errno is None
        ):
            raise QueryError(
                "HIVE_CANNOT_OPEN_SPLIT",
                f"Error opening Hive split {self.file.uri} (offset=0, length={self.file.size}): "
                f"the file is not compressed as its name says, or it is damaged",
            ) from error
        if isinstance(error, FileNotFoundError):
            raise QueryError("HIVE_CANNOT_OPEN_SPLIT", f"{self.file.uri} does not exist any more") from error


def lines(file: File, header: int, footer: int, encoding: str) -> Iterator[list[str]]:
    """The file's lines in batches, without the first `header` and the last `footer`; broken bytes as U+FFFD."""
    held: list[str] = []
    for chunk in chunks(file):
        batch = chunk.decode(encoding, errors="replace").split("\n")
        if not batch[-1]:
            batch.pop()
        if header:
            skipped = min(header, len(batch))
            header, batch = header - skipped, batch[skipped:]
        if footer:
            batch = held + batch
            held, batch = batch[-footer:], batch[:-footer]
        if batch:
            yield batch


def text_encoding(name: str) -> str:
    """A codec's name that splits at ASCII's line ends. Raises QueryError when there is no such encoding."""
    if not name:
        return "utf-8"
    try:
        found = codecs.lookup(name).name
    except LookupError as error:
        raise QueryError("HIVE_INVALID_METADATA", f"Unknown encoding: {name}") from error
    if "a\n".encode(found) != b"a\n":
        raise NotOffered(f"text files in the encoding {name}. Convert them to UTF-8.")
    return found
