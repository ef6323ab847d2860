"""Batch transform's way with data: an input file in batches of records, and its filters and joins.

A batch is a range of bytes of the input file, so that a payload of any size need not be in memory.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.hosting import jsonpath

MEGABYTE = 2**20
CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
FORMATS = (CSV, JSON, JSON_LINES)
_CHUNK = 2**18


class BadRecord(Exception):
    """The input, or the model's answer, does not fit the job; the message goes to the job's log."""


@dataclass(frozen=True)
class Batch:
    """The bytes `start` to `stop` of a file: one request to the model."""

    file: Path
    start: int
    stop: int
    records: int

    def read(self) -> Iterator[bytes]:
        """The payload in pieces."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            left = self.stop - self.start
            while left:
                piece = file.read(min(_CHUNK, left))
                left -= len(piece)
                yield piece

    def lines(self) -> Iterator[str]:
        """The records as text, without their newlines; of a batch of one record, the whole."""
        if self.records == 1:
            yield b"".join(self.read()).decode()
            return
        with self.file.open("rb") as file:
            file.seek(self.start)
            for _ in range(self.records):
                yield file.readline().decode().rstrip("\r\n")


def batches(file: Path, *, by_line: bool, single: bool, limit: int) -> Iterator[Batch]:
    """Cut a file into requests, in order. An empty file has none; an empty line is a record.

    Args:
        by_line: a line is a record; else the file is.
        single: a request per record; else as many records as fit.
        limit: bytes of a request, 0 for no limit.
    Raises:
        BadRecord: a record is larger than the limit.
    """
    size = file.stat().st_size
    if not by_line:
        _check_size(size, limit)
        if size:
            yield Batch(file, 0, size, 1)
        return
    start = stop = records = 0
    for begin, end in _lines(file, limit):
        if records and (single or (limit and end - start > limit)):
            yield Batch(file, start, stop, records)
            start, records = begin, 0
        _check_size(end - begin, limit)
        stop, records = end, records + 1
    if records:
        yield Batch(file, start, stop, records)


def _lines(path: Path, limit: int) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends, its newline left out."""
    most = limit + 3 if limit else -1  # a longer line is refused: it need not be read to its end
    with path.open("rb") as file:
        begin = 0
        while line := file.readline(most):
            yield begin, begin + len(line.rstrip(b"\r\n"))
            begin += len(line)


def _check_size(size: int, limit: int) -> None:
    if limit and size > limit:
        raise BadRecord(f"Too much data for max payload size: more than {limit // MEGABYTE} MB in one record")


class Processing:
    """A job's DataProcessing: what of a record the model gets, and what of record and answer is written.

    Raises:
        BadPath: a filter that is no JSONPath.
        ValueError: formats or splits with which filters and joins are not possible.
    """

    def __init__(self, settings: dict[str, Any], source: dict[str, Any], target: dict[str, Any]) -> None:
        self._input = jsonpath.parse(settings.get("InputFilter") or "$")
        self._output = jsonpath.parse(settings.get("OutputFilter") or "$")
        self._join = settings.get("JoinSource") == "Input"
        self.filters_input = bool(self._input.steps)
        self.changes_output = self._join or bool(self._output.steps)
        if not (self.filters_input or self.changes_output):
            return
        kinds = source.get("ContentType"), target.get("Accept")
        by_line = source.get("SplitType") == "Line" and target.get("AssembleWith") == "Line"
        if any(kind not in FORMATS for kind in kinds) or (kinds[0] == CSV) != (kinds[1] == CSV):
            raise ValueError(
                "DataProcessing needs ContentType and Accept that are both text/csv, or both application/json or "
                f"application/jsonlines; they are {kinds[0]} and {kinds[1]}."
            )
        if kinds != (JSON, JSON) and not by_line:
            raise ValueError(f"DataProcessing of {kinds[0]} needs SplitType and AssembleWith Line.")
        self._csv = kinds[0] == CSV

    def payload(self, batch: Batch) -> bytes:
        """What the model gets of a batch: each record through InputFilter, a line each.

        Raises:
            BadRecord: a record cannot be read, or has not what the filter names.
        """
        with _naming_the_record():
            return "\n".join(self._write(self._input.select(self._read(line))) for line in batch.lines()).encode()

    def results(self, batch: Batch, answer: Batch) -> Iterator[str]:
        """What is written for each record of a batch: the record and its answer joined, then filtered.

        Raises:
            BadRecord: the model gave another number of answers, or one that cannot be read, joined or filtered.
        """
        for record, result in zip(batch.lines(), answer.lines(), strict=True):
            with _naming_the_record():
                found = self._read(result)
                yield self._write(self._output.select(self._joined(self._read(record), found) if self._join else found))

    def _joined(self, record: Any, result: Any) -> Any:
        if self._csv:
            return record + result
        return {**(record if isinstance(record, dict) else {"SageMakerInput": record}), "SageMakerOutput": result}

    def _read(self, line: str) -> Any:
        return next(csv.reader([line], strict=True), []) if self._csv else json.loads(line)

    def _write(self, value: Any) -> str:
        if not self._csv:
            return json.dumps(value, ensure_ascii=False)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return text.getvalue()


class _naming_the_record:
    """Turns what can be wrong with one record into BadRecord."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, jsonpath.NoSuchElement | ValueError | csv.Error):
            raise BadRecord(f"A record cannot be filtered or joined: {error}") from None


def answer_of(file: Path, records: int) -> Batch:
    """A model's answer in a file, as the answers to that many records; the newlines at its end do not count.

    Raises:
        BadRecord: it has another number of lines.
    """
    size = lines = 0
    for number, (begin, end) in enumerate(_lines(file, 0), start=1):
        if end > begin:
            size, lines = end, number
    if records > 1 and lines != records:
        raise BadRecord(f"The model answered {lines} lines to {records} records")
    return Batch(file, 0, size, records)
