"""The beginning of an object on S3, unpacked: what a classifier looks at."""

from __future__ import annotations

import bz2
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

MEGABYTE = 2**20
MOST_MEGABYTES = 10  # of a file in whose first megabyte there is no valid record
# Formats that AWS's crawler knows by their first bytes, and this one does not.
FOREIGN = {
    b"ORC": "orc",
    b"\xe0\x01\x00\xea": "ion",
    b"\x04\x22\x4d\x18": "an LZ4 archive",
    b"\xff\x06\x00\x00sNaPpY": "a Snappy archive",
    b"PARE": "parquet with an encrypted footer",
}


class Unknown(Exception):
    """No classifier recognises the file; the message says why. On AWS its classification is UNKNOWN."""


class OneLine(Unknown):
    """Text of one line: no table by itself, but it may be one file of a table whose other files are CSV."""

    def __init__(self, line: str) -> None:
        super().__init__("it has one line; to be classified as CSV a file needs two")
        self.line = line


class NotOffered(Exception):
    """AWS has a classifier for the file, and the local AWS has none; the message names the format."""


@dataclass
class Sample:
    """An object and its beginning.

    Attributes:
        start: the first bytes, unpacked.
        complete: `start` is all of it.
        compression: of the whole file, `none` where it is not packed.
    """

    s3: Any
    bucket: str
    key: str
    size: int
    start: bytes
    complete: bool
    compression: str

    def range(self, first: int, last: int) -> bytes:
        """Bytes of the object as it lies on S3, both ends included."""
        answer = self.s3.get_object(Bucket=self.bucket, Key=self.key, Range=f"bytes={first}-{last}")
        return bytes(answer["Body"].read())

    def text(self) -> str:
        """The beginning as text, a byte order mark too, whole lines only when it is cut.

        What is no UTF-8 is U+FFFD, as Athena shows it.


        Raises:
            Unknown: UTF-16, or bytes that are no text.
        """
        if self.start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Unknown("it is UTF-16; crawlers read UTF-8 only: save it in that encoding")
        if b"\0" in self.start:
            raise Unknown("it holds bytes that are no text, and begins as no known format")
        start = self.start
        if not self.complete:
            start = start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1] or start
        return start.decode("utf-8", errors="replace")


def read(s3: Any, bucket: str, key: str, size: int, megabytes: int = 1) -> Sample:
    """Fetch the first megabytes of an object, unpacked where it is gzip, bzip2 or a zip archive of one file.

    Raises:
        Unknown: an archive that is damaged or holds several files.
        NotOffered: packed in a way, or of a format, that only AWS's crawler reads.
    """
    most = megabytes * MEGABYTE
    sample = Sample(s3, bucket, key, size, b"", size <= most, "none")
    start = sample.range(0, most - 1)
    for magic, name in FOREIGN.items():
        if start.startswith(magic):
            raise NotOffered(name)
    if start.startswith(b"\x1f\x8b"):
        unpacked, sample.compression = _gunzip(start, most), "gzip"
    elif re.match(rb"BZh[1-9]1AY&SY", start):
        unpacked, sample.compression = _bunzip(start, most), "bzip2"
    elif start.startswith(b"PK\x03\x04"):
        unpacked, sample.compression = _unzip(sample, most), "zip"
    else:
        sample.start = start
        return sample
    sample.start, sample.complete = unpacked[:most], sample.complete and len(unpacked) <= most
    if not sample.start.strip():
        raise Unknown(f"it is a {sample.compression} archive with nothing in it")
    return sample


def _gunzip(packed: bytes, most: int) -> bytes:
    """All members of a gzip file one after the other, as far as they are there."""
    out = b""
    try:
        while packed[:2] == b"\x1f\x8b" and len(out) <= most:
            member = zlib.decompressobj(wbits=31)
            out += member.decompress(packed, most + 1 - len(out))
            if not member.eof:
                break
            packed = member.unused_data
    except zlib.error:
        if not out:
            raise Unknown("it begins as gzip and cannot be unpacked") from None
    return out


def _bunzip(packed: bytes, most: int) -> bytes:
    out = b""
    try:
        while packed.startswith(b"BZh") and len(out) <= most:
            member = bz2.BZ2Decompressor()
            out += member.decompress(packed, most + 1 - len(out))
            if not member.eof:
                break
            packed = member.unused_data
    except (OSError, ValueError, EOFError):
        if not out:
            raise Unknown("it begins as bzip2 and cannot be unpacked") from None
    return out


def _unzip(sample: Sample, most: int) -> bytes:
    """The one file of a zip archive. Its table of contents is at the end, so the archive is read whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(sample.range(0, sample.size - 1))) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise Unknown(f"it is a zip archive of {len(names)} files; crawlers read archives of one file")
            with archive.open(names[0]) as file:
                return file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        raise Unknown("it begins as a zip archive and cannot be unpacked") from None
