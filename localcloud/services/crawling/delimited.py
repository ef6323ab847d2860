"""The CSV classifier: the built-in one, and one with the settings of a custom classifier.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html, "Built-in CSV classifier". What it leaves open
is decided so that no data is lost: a number with leading zeros, and one that no bigint holds, is a string.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from localcloud.services.crawling.sample import OneLine, Unknown
from localcloud.services.crawling.schema import Columns, Schema, merge, unique

DELIMITERS = (",", "|", "\t", ";", "\x01")
RECORDS = 1000  # of a file, or its first megabyte, whichever comes first
HEADER_LENGTH = 150  # characters that a column's name must be below, but the last column's
LAZY, OPEN = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_NEWLINE = re.compile(r"\r\n|\n|\r")  # as Hadoop's readers see it: no other character ends a line
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# A column's name: https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
NAME = re.compile(r"[\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\t]{0,255}")
Rows = list[list[str]]


@dataclass(frozen=True)
class _Reading:
    """One way to read a text: its rows, and how many of them agree in their number of columns."""

    delimiter: str
    rows: Rows
    width: int
    agreement: float


def classify(text: str, *, complete: bool, size: int, settings: dict[str, Any] | None = None) -> Schema:
    """The schema of a CSV file's beginning; `settings` are those of a custom classifier.

    Raises:
        Unknown: it is no CSV: fewer than two columns or two rows, or lines of no common shape.
    """
    settings = settings or {}
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    quote = settings.get("QuoteSymbol") or '"'
    single = bool(settings.get("AllowSingleColumn"))
    candidates = (settings["Delimiter"],) if settings.get("Delimiter") else DELIMITERS
    lines = [line for line in _NEWLINE.split(text) if line]
    if not lines:
        raise Unknown("it holds nothing but line breaks")
    if len(lines) == 1 and not single:
        raise OneLine(lines[0])
    best = max((_read(text, lines, sign, quote) for sign in candidates), key=_fitness)
    if best.width < (1 if single else 2):
        raise Unknown("it is text without columns: none of the delimiters , | ; tab and Ctrl-A parts its lines")
    if len(best.rows) < 2:
        raise OneLine(lines[0])
    if best.agreement < 0.3:
        raise Unknown("its lines differ too much in their number of columns to be CSV")
    serde = {"OpenCSVSerDe": OPEN, "LazySimpleSerDe": LAZY}.get(settings.get("Serde", ""), "")
    sampled = lines[: len(best.rows)]
    header = _has_header(best, settings)
    if not header:
        best.rows[0][0] = mark + best.rows[0][0]  # a byte order mark is part of the first value
    in_quotes = set() if serde == OPEN else _in_quotes(sampled[header:], best, quote)
    columns = _columns(best, header, settings, in_quotes)
    length = sum(len(line.encode()) + 1 for line in lines) / len(lines)
    records = len(lines) - header if complete else round(size / length)
    return Schema(
        *("csv", columns),
        records=records,
        record_bytes=round(length),
        delimiter=best.delimiter,
        header=header,
        quoted=any(quote in line for line in sampled),
        first=tuple(cell.strip().lower() for cell in best.rows[0]),
        serde=serde,
        quote=quote,
        classifier=settings.get("Name", ""),
        notes=tuple(_notes(best, lines[0], header)),
    )


def as_header(schema: Schema, first: tuple[str, ...]) -> Schema:
    """A schema in which the first line, taken for data, holds the names after all: another file of the table says so.

    It was taken for data because nothing in the file is anything but text.
    """
    taken: set[str] = set()
    columns = tuple((unique(name or f"col{n}", taken), "string") for n, name in enumerate(first))
    return replace(schema, columns=columns, header=True, records=max(0, schema.records - 1), notes=())


def _fitness(read: _Reading) -> tuple[bool, float, int]:
    """More than one column is better than one, then how many rows agree, then how many columns."""
    return read.width > 1, read.agreement, read.width


def _read(text: str, lines: list[str], delimiter: str, quote: str) -> _Reading:
    """Read by physical lines, unless other quoting gives more rows the first one's shape.

    Backslashes before quotes, or line breaks in quotes: then quotes are read so, to find the columns.
    """
    by_line = _reading(delimiter, [_cells(line, delimiter, quote) for line in lines[: RECORDS + 1]])
    if by_line.agreement > 0.95 and by_line.width == len(by_line.rows[0]):
        return by_line
    if quote not in text:  # then no line break is in quotes
        return by_line
    if "\\" + quote in text:
        escaped = _reading(delimiter, [_cells(line, delimiter, quote, "\\") for line in lines[: RECORDS + 1]])
        if escaped.agreement > 0.95 and escaped.width == len(escaped.rows[0]):
            return escaped
    by_record = _reading(delimiter, list(_records(text, delimiter, quote)))
    same = [len(row) == len(by_record.rows[0]) for row in by_record.rows]
    multiline = any("\n" in cell or "\r" in cell for row in by_record.rows for cell in row)
    return by_record if multiline and sum(same) > 0.95 * len(same) and len(same) > 1 else by_line


def _reading(delimiter: str, rows: Rows) -> _Reading:
    rows = [row for row in rows if row] or [[""]]
    parted = [row for row in rows if len(row) > 1]
    if len(parted) < 0.9 * len(rows):
        return _Reading(delimiter, rows, 1, Counter(map(len, rows))[1] / len(rows))
    counts = Counter(map(len, rows))
    width = max(counts, key=lambda size: (counts[size], size))
    return _Reading(delimiter, rows, width, counts[width] / len(rows))


def _cells(line: str, delimiter: str, quote: str, escape: str | None = None) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote, escapechar=escape), [])
    except csv.Error:
        return line.split(delimiter)


def _records(text: str, delimiter: str, quote: str) -> Iterator[list[str]]:
    reader = csv.reader(re.split(r"(?<=\n)|(?<=\r)(?!\n)", text), delimiter=delimiter, quotechar=quote)
    try:
        for number, row in enumerate(reader):
            if number > RECORDS:
                return
            yield row
    except csv.Error:
        return


def _has_header(read: _Reading, settings: dict[str, Any]) -> bool:
    """Whether the first row holds names: all strings, short, possible as names, and some other row has a non-string."""
    if settings.get("ContainsHeader", "UNKNOWN") != "UNKNOWN":
        return bool(settings["ContainsHeader"] == "PRESENT")
    first = read.rows[0]
    if not any(cell.strip() for cell in first):
        return False
    if len(first) != read.width and sum(len(row) == len(first) for row in read.rows) < 0.2 * len(read.rows):
        return False
    names = all(_is_text(cell) and NAME.fullmatch(cell) for cell in first)
    short = all(len(cell) < HEADER_LENGTH for cell in first[:-1])
    return names and short and not all(_is_text(cell) for row in read.rows[1:] for cell in row)


def _in_quotes(lines: list[str], read: _Reading, quote: str) -> set[int]:
    """The columns in which a value stands in quotes. LazySimpleSerDe leaves them in the value."""
    rows = (line.split(read.delimiter) for line in lines if quote in line)
    return {n for row in rows if len(row) == read.width for n, cell in enumerate(row) if cell.startswith(quote)}


def _columns(read: _Reading, header: bool, settings: dict[str, Any], in_quotes: set[int]) -> Columns:
    """Names and types; a column in whose values quotes stay is a string."""
    body = read.rows[1:] if header else read.rows
    given = settings.get("Header") or (read.rows[0] if header else [])
    width = len(settings.get("Header") or ()) or max(len(given), read.width)
    trim = settings.get("DisableValueTrimming") is False
    kinds = [""] * width
    for row in body:
        for position, cell in enumerate(row[:width]):
            kinds[position] = str(merge(kinds[position], _type(cell.strip() if trim else cell)))
    names = [cell.strip().lower() if NAME.fullmatch(cell) else "" for cell in given] + [""] * (width - len(given))
    taken: set[str] = set()
    named = [unique(name or f"col{position}", taken) for position, name in enumerate(names)]
    return tuple((name, "string" if n in in_quotes else kinds[n]) for n, name in enumerate(named))


def _is_text(cell: str) -> bool:
    """Whether a cell parses as nothing but a string; digits do not, though their column may have to be one."""
    return _type(cell) in ("", "string") and not _INTEGER.fullmatch(cell)


def _type(cell: str) -> str:
    """`bigint`, `double`, `boolean` or `string`, and nothing of an empty cell. Dates are strings, t and f too."""
    if not cell:
        return ""
    if _INTEGER.fullmatch(cell):
        digits = cell.lstrip("+-")
        plain = digits == "0" or not digits.startswith("0")
        return "bigint" if plain and -(2**63) <= int(cell) < 2**63 else "string"
    if _DOUBLE.fullmatch(cell):
        return "double"
    return "boolean" if cell.lower() in ("true", "false") else "string"


def _notes(read: _Reading, first: str, header: bool) -> Iterator[str]:
    """What a reader of the crawl's log should know of a file that is taken as CSV."""
    if first.lower().startswith("sep="):
        yield f"its first line, {first!r}, tells Excel the delimiter; Glue and Athena take it for data: remove it"
    if first.startswith("#"):
        yield f"its first line, {first[:40]!r}, looks like a comment; Glue and Athena take it for data: remove it"
    if read.rows[-1][0].lstrip().startswith("{"):
        yield "its lines look like JSON, and its beginning does not: so it is taken for CSV"
    odd = sum(len(row) != read.width for row in read.rows)
    if odd:
        yield f"{odd} of {len(read.rows)} sampled lines do not have {read.width} columns"
    if not header:
        yield "no header: every column of the first line and of the others is text, or the first line holds a number"
