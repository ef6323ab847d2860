"""What is wrong with raw reviews: each kind of dirt with how many lines have it and one short example."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

SHOWN = 44  # characters of an example
WHOLE = 180  # characters of a line that is shown whole
_MARKUP = {
    "line break as markup": re.compile(r"<br\s*/?>", re.IGNORECASE),
    "other markup": re.compile(r"</?(?!br\b)[a-z][^<>]{0,80}>", re.IGNORECASE),
    "entity": re.compile(r"&(?:#\d{1,7}|[a-z]{2,8});", re.IGNORECASE),
    "mojibake": re.compile(r"â€.|Ã[\x80-ÿ]"),
    "control character": re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]"),
}
_LABELS = {"positive", "negative"}


def find(lines: Iterable[bytes]) -> pd.DataFrame:
    """Look for dirt in JSON Lines.

    Args:
        lines: one JSON object each, with the fields review, sentiment and title_id; as bytes.

    Returns:
        One row for a kind that occurs, most frequent first: kind, lines, share (0 to 1), example (at most 44
        characters, invisible ones as escapes). A line with two kinds of dirt counts for both.
    """
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    total, seen = 0, set[str]()
    for line in lines:
        total += 1
        for kind, example in _dirt_of(line, seen):
            counts[kind] += 1
            examples.setdefault(kind, example)
    rows = [(kind, count, count / total, examples[kind]) for kind, count in counts.most_common()]
    return pd.DataFrame(rows, columns=["kind", "lines", "share", "example"])


def example(lines: Iterable[str]) -> str:
    """The shortest of the lines: whole, or its beginning and end where it is long."""
    line = min(lines, key=lambda line: (len(line), line))
    return line if len(line) <= WHOLE else f"{line[: WHOLE // 3]} … {line[-(WHOLE // 3 * 2) :]}"


def _dirt_of(line: bytes, seen: set[str]) -> Iterator[tuple[str, str]]:
    """The kinds of dirt in one line, each with an example. Adds the review to `seen`."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        window = line[max(0, error.start - SHOWN // 3) : error.start + SHOWN // 2]
        yield "not UTF-8", f"…{repr(window)[2:-1]}…"
        return
    try:
        row = json.loads(text)
        review, sentiment = row["review"] or "", row["sentiment"]
    except (ValueError, KeyError, TypeError):
        yield "not JSON", "…" + _visible(text[-SHOWN + 1 :])
        return
    if not review.strip():
        yield "no review", _visible(f"review: {json.dumps(row['review'])}")
    elif review.lower() in seen:
        yield "same review again", _visible(review[: SHOWN - 1]) + "…"
    seen.add(review.lower())
    if sentiment not in _LABELS:
        yield "other label or none", f"sentiment: {json.dumps(sentiment)}"
    if not row.get("title_id"):
        yield "no title", f"title_id: {json.dumps(row.get('title_id'))}"
    for kind, pattern in _MARKUP.items():
        if match := pattern.search(review):
            yield kind, _visible(_around(review, match.start()))


def _around(text: str, position: int) -> str:
    """A window of the text with the position at a third of it."""
    start = max(0, position - SHOWN // 3)
    end = start + SHOWN - 2
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
