"""Text and tables in the forms in which people have them: any usual encoding, compression and separator.

What a file is, its first bytes say, not its name. Whatever cannot be read is a ValueError that names what was found
and what is wanted.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
DAMAGED = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, zipfile.BadZipFile)
_COMPRESSED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"SQLite format": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"\x80\x04": "a pickle",
}


class OtherFormat(ValueError):
    """The file is something else than what is wanted."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, those inside if it is gzip, bzip2 or xz.

    Raises:
        ValueError: it is cut short or damaged.
    """
    with path.open("rb") as plain:
        start = plain.read(6)
    opener: Callable[..., Any] = next((one for magic, one in _COMPRESSED.items() if start.startswith(magic)), open)
    try:
        with cast("IO[bytes]", opener(path, "rb")) as stream:
            yield stream
    except DAMAGED as error:
        raise damaged(path.name, error) from None
    except OSError as error:  # bzip2's own
        if error.errno is None:
            raise damaged(path.name, error) from None
        raise


def damaged(name: str, error: Exception) -> ValueError:
    return ValueError(f"{name} is cut short or damaged ({error}); get another copy of it.")


def kind_of(start: bytes) -> str:
    """What a file is by its first bytes: "tar", "zip", "parquet", "json lines", "json array", "table".

    Raises:
        OtherFormat: nothing of these; the message completes "… is".
    """
    if not start:
        raise OtherFormat("an empty file")
    if start[257:262] == b"ustar":
        return "tar"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"PAR1"):
        return "parquet"
    if other := next((name for magic, name in _OTHERS.items() if start.startswith(magic)), ""):
        raise OtherFormat(other)
    text = _decoded(start).lstrip("\ufeff \t\r\n")
    if start[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" in start:
        raise OtherFormat("a binary file of an unknown kind")
    if text[:1] in "[{":
        return "json array" if text[:1] == "[" else "json lines"
    if text[:1] == "<":
        raise OtherFormat("a web page or XML")
    line = text.splitlines()[0] if text.strip() else ""
    if not any(mark in line for mark in SEPARATORS):
        raise OtherFormat("text without columns")
    return "table"


def _decoded(start: bytes) -> str:
    return start.decode(_encoding(io.BytesIO(start)), errors="replace")


def _encoding(stream: IO[bytes]) -> str:
    """UTF-16 by its mark, else UTF-8 if all of it is, else Windows-1252; the stream is read and set back."""
    start = stream.read(2)
    stream.seek(0)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    reader = io.TextIOWrapper(stream, encoding="utf-8")
    try:
        while reader.read(1 << 20):
            pass
        return "utf-8-sig"
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        reader.detach()
        stream.seek(0)


def read_table(stream: IO[bytes], name: str, rows: int, **options: Any) -> Iterator[pd.DataFrame]:
    """A table with a header line, as text, in frames of `rows`; a missing value is None. Tabs mean: no quoting.

    Bytes that are not UTF-8 are read as Windows-1252, those that this leaves open as U+FFFD.

    Raises:
        ValueError: a row does not fit, by its number.
    """
    encoding = _encoding(stream)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    head = text.readline()
    text.seek(0)
    separator = max(SEPARATORS, key=head.count)
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    look: dict[str, Any] = {"sep": separator, "quoting": quoting, "dtype": "str", "chunksize": rows}
    try:
        with closing(pd.read_csv(text, keep_default_na=False, na_values=["\\N"], **look, **options)) as parts:
            for part in parts:
                yield part.rename(columns=lambda column: str(column).strip().lower())
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        what = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise ValueError(f"{name} is no table with {SEPARATORS[separator]} between its columns: {what}.") from None


def read_json_lines(stream: IO[bytes], name: str, rows: int) -> Iterator[pd.DataFrame]:
    """One JSON object a line, in frames. Raises ValueError with the number of the line that is none."""
    text = io.TextIOWrapper(stream, encoding=_encoding(stream), errors="replace", newline="\n")
    found: list[dict[str, Any]] = []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name}, line {number}: no JSON object ({error.msg}).") from None
        found.append(_lower(value, f"{name}, line {number}"))
        if len(found) == rows:
            yield pd.DataFrame(found, dtype="object")
            found = []
    if found:
        yield pd.DataFrame(found, dtype="object")


def read_json_array(stream: IO[bytes], name: str) -> Iterator[pd.DataFrame]:
    """One JSON array of objects, read whole."""
    try:
        values = json.loads(stream.read().decode(_encoding(stream), errors="replace"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is no JSON array: {error}.") from None
    yield pd.DataFrame([_lower(value, f"{name}, item {n}") for n, value in enumerate(values)], dtype="object")


def _lower(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: a JSON object is wanted, not {json.dumps(value)[:40]}.")
    return {key.strip().lower(): item for key, item in value.items()}


def read_parquet(source: Path | IO[bytes], name: str, rows: int) -> Iterator[pd.DataFrame]:
    """A Parquet file in frames; whole numbers stay whole beside missing ones."""
    try:
        file = pq.ParquetFile(source)
        for batch in file.iter_batches(batch_size=rows):
            table = pa.Table.from_batches([batch])
            frame = table.to_pandas(integer_object_nulls=True).astype("object")
            yield frame.rename(columns=lambda column: str(column).strip().lower())
    except (pa.ArrowInvalid, OSError) as error:
        raise damaged(name, error) from None
