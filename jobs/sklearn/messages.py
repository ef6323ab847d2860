"""The requests and answers of the sentiment models, the same for all three frameworks.

A request holds one review or many; the answer holds for each, in the same order,
a label ("positive" or "negative") and a score (the probability of positive, 0 to 1).

| content type          | request body                                                                       |
|-----------------------|------------------------------------------------------------------------------------|
| application/json      | a review, a list of reviews, {"instances": [reviews]} or {"inputs": one or a list} |
| application/jsonlines | a review on each line                                                              |
| text/csv              | a review in each row, quoted where needed, no header                               |

A review in JSON is a string, {"review": "..."} or {"features": ["..."]}.
The answer comes as JSON (a list), JSON Lines or CSV (label, score), as the request's Accept header says.
The other jobs have links to this file; it needs the standard library only.
"""

import csv
import io
import json
from typing import Any

JSON, JSON_LINES, CSV = "application/json", "application/jsonlines", "text/csv"
SUPPORTED = (JSON, JSON_LINES, CSV)

# Python's limit for one field is 128 KiB; a batch transform job may send 100 MiB in one request.
csv.field_size_limit(100 * 1024 * 1024)


def read_reviews(body: str | bytes, content_type: str) -> list[str]:
    """Reads the reviews of a request.

    Raises:
        ValueError: the content type is not supported, or the body is not what it says.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in SUPPORTED:
        raise ValueError(f"content type {content_type!r} is not supported: send {', '.join(SUPPORTED)}")
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes | bytearray) else body
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
    reviews = {JSON: _read_json, JSON_LINES: _read_json_lines, CSV: _read_csv}[media_type](text)
    if not reviews:
        raise ValueError("the body holds no reviews")
    return reviews


def answers(scores: list[float]) -> list[dict[str, Any]]:
    """Gives each probability of praise its label."""
    return [{"label": "positive" if score > 0.5 else "negative", "score": score} for score in scores]


def write_answers(predictions: list[dict[str, Any]], accept: str | None) -> tuple[str, str]:
    """Writes the answer; gives the body and its content type.

    Raises:
        ValueError: none of the accepted types is supported.
    """
    for part in (accept or JSON).split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type in (JSON, "application/*", "*/*"):
            return json.dumps(predictions), JSON
        if media_type == JSON_LINES:
            return "".join(json.dumps(answer) + "\n" for answer in predictions), JSON_LINES
        if media_type == CSV:
            return "".join(f"{answer['label']},{answer['score']}\n" for answer in predictions), CSV
    raise ValueError(f"accept type {accept!r} is not supported: accept {', '.join(SUPPORTED)}")


def _read_json(text: str) -> list[str]:
    document = _parse(text, "the body")
    if isinstance(document, dict):
        document = document.get("instances", document.get("inputs", document))
    items = document if isinstance(document, list) else [document]
    return [_review(item, f"review {n}") for n, item in enumerate(items, start=1)]


def _read_json_lines(text: str) -> list[str]:
    # Not splitlines(): a JSON string may hold other line separators, such as U+2028, as they are.
    lines = text.rstrip().split("\n") if text.strip() else []
    return [_review(_parse(line, f"line {n}"), f"line {n}") for n, line in enumerate(lines, start=1)]


def _read_csv(text: str) -> list[str]:
    try:
        rows = list(csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"the body is not CSV: {error}") from error
    for number, row in enumerate(rows, start=1):
        if len(row) != 1:
            raise ValueError(f"row {number} has {len(row)} columns, not 1: quote a review that holds a comma")
    return [row[0] for row in rows]


def _parse(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is not JSON: {error.msg} at character {error.pos + 1}") from error


def _review(item: Any, name: str) -> str:
    if isinstance(item, dict) and "review" in item:
        item = item["review"]
    elif isinstance(item, dict) and "features" in item:
        features = item["features"]
        item = features[0] if isinstance(features, list) and len(features) == 1 else features
    if not isinstance(item, str):
        raise ValueError(f'{name} is not a string, {{"review": "..."}} or {{"features": ["..."]}}')
    return item
