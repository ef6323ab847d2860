"""Which classifier recognises a file: custom ones first, then the built-in ones in AWS's order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from localcloud.services.crawling import binary, delimited, jsonlike, sample
from localcloud.services.crawling.sample import MOST_MEGABYTES, NotOffered, Sample, Unknown
from localcloud.services.crawling.schema import Schema


def classify(s3: Any, bucket: str, key: str, size: int, scratch: Path, custom: list[dict[str, Any]]) -> Schema:
    """Look at the first megabyte of an object; at more, up to ten, when JSON has no valid record in it.

    Args:
        scratch: a path that may be written to.
        custom: the settings of the crawler's custom CSV classifiers, in its order.
    Raises:
        Unknown: nothing recognises it.
        NotOffered: AWS would recognise it, the local AWS does not.
    """
    megabytes = 1
    while True:
        file = sample.read(s3, bucket, key, size, megabytes)
        try:
            return replace(_recognise(file, scratch, custom), compression=file.compression)
        except Unknown:
            more = not file.complete and megabytes < MOST_MEGABYTES
            if not more or file.start[:1] not in (b"{", b"["):
                raise
        megabytes += 1


def _recognise(file: Sample, scratch: Path, custom: list[dict[str, Any]]) -> Schema:
    if file.compression == "none" and file.start.startswith(b"PAR1"):
        return binary.parquet(file, scratch)
    if file.compression == "none" and file.start.startswith(b"Obj\x01"):
        return binary.avro(file)
    marked = file.text()
    text = marked.removeprefix("\ufeff")
    if not text.strip():
        raise Unknown("it holds nothing but blanks")
    for settings in custom:
        try:
            return delimited.classify(marked, complete=file.complete, size=_unpacked(file), settings=settings)
        except Unknown:
            continue
    if jsonlike.looks_like(text):
        return jsonlike.classify(text, complete=file.complete, size=_unpacked(file))
    if text.lstrip().startswith("<?xml"):
        raise NotOffered("xml")
    return delimited.classify(marked, complete=file.complete, size=_unpacked(file))


def _unpacked(file: Sample) -> int:
    """The file's size; of a packed one that is only sampled, reckoned at the ratio of its beginning."""
    if file.compression == "none":
        return file.size
    return len(file.start) if file.complete else round(file.size * len(file.start) / sample.MEGABYTE)
