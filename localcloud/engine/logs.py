"""The engine's CloudWatch Logs, corrected (ministack 1.5.33, pinned exactly).

There, FilterLogEvents has neither pages nor prefixes, and takes a pattern that it cannot read for one that fits all;
group names are searched without regard to case; and a wrong token begins anew.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?=\s|$)', re.ASCII)
_MOST = 10_000
Json = dict[str, Any]


class NoPattern(Exception):
    """The filter pattern is not one, or of a kind that is not offered."""


def correct(logs: Any) -> None:
    """Put the corrections into the engine's Logs module, once."""
    groups, streams = logs._describe_log_groups, logs._describe_log_streams

    def wrong(message: str) -> Any:
        return logs.error_response_json("InvalidParameterException", message, 400)

    def describe_groups(data: Json) -> Any:
        if data.get("nextToken") and _offset(data["nextToken"]) is None:
            return wrong("The specified nextToken is invalid.")
        part = data.get("logGroupNamePattern")
        if not part or data.get("logGroupNamePrefix"):
            return groups(data)
        found = [entry for entry in _all(groups) if part in entry["logGroupName"]]
        first, most = _offset(data.get("nextToken", "")) or 0, min(data.get("limit", 50), 50)
        answer: Json = {"logGroups": found[first : first + most]}
        if first + most < len(found):
            answer["nextToken"] = _token(first + most)
        return logs.json_response(answer)

    def describe_streams(data: Json) -> Any:
        if data.get("nextToken") and _offset(data["nextToken"]) is None:
            return wrong("The specified nextToken is invalid.")
        if data.get("orderBy") == "LastEventTime" and data.get("logStreamNamePrefix"):
            return wrong("Cannot order by LastEventTime with a logStreamNamePrefix.")
        return streams({**data, "logGroupName": logs._resolve_log_group_name(data)})

    def filter_events(data: Json) -> Any:
        """FilterLogEvents: all events that match, in pages of `limit`, from the streams that are named."""
        group = logs._log_groups.get(logs._resolve_log_group_name(data))
        names, prefix = data.get("logStreamNames"), data.get("logStreamNamePrefix")
        if names and prefix:
            return wrong("Log stream names and a log stream name prefix cannot both be given.")
        missing = [name for name in names or () if group and name not in group["streams"]]
        if group is None or missing:
            message = f"The specified log {'stream' if missing else 'group'} does not exist."
            return logs.error_response_json("ResourceNotFoundException", message, 400)
        first = _offset(data.get("nextToken", "")) if data.get("nextToken") else 0
        if first is None:
            return wrong("The specified nextToken is invalid.")
        try:
            fits = matcher(data.get("filterPattern", ""))
        except NoPattern as error:
            return wrong(str(error))
        start, end = data.get("startTime", 0), data.get("endTime", float("inf"))
        with logs._log_events_lock:
            found = [
                {**event, "logStreamName": name}
                for name, stream in group["streams"].items()
                if (not names or name in names) and name.startswith(prefix or "")
                for event in stream["events"]
                if start <= event["timestamp"] <= end and fits(event["message"])
            ]
        found.sort(key=lambda event: (event["timestamp"], event["ingestionTime"]))
        most = min(data.get("limit", _MOST), _MOST)
        answer: Json = {"events": found[first : first + most], "searchedLogStreams": []}
        if first + most < len(found):
            answer["nextToken"] = _token(first + most)
        return logs.json_response(answer)

    logs._describe_log_groups, logs._describe_log_streams = describe_groups, describe_streams
    logs._filter_log_events = filter_events


def _all(groups: Callable[[Json], Any]) -> list[Json]:
    found: list[Json] = []
    token: Json = {}
    while True:
        page = json.loads(groups(token)[2])
        found += page["logGroups"]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def _token(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode()


def _offset(token: str) -> int | None:
    try:
        return int(base64.b64decode(token, validate=True)) if token else None
    except (binascii.Error, ValueError):
        return None


def matcher(pattern: str) -> Callable[[str], bool]:
    """What a filter pattern asks of a message: words and phrases, `-` without, `?` any of; or `%regular expression%`.

    Raises:
        NoPattern: it is none; or one of fields, `{...}` or `[...]`, which is not offered.
    """
    text = pattern.strip()
    if text[:1] in ("{", "["):
        raise NoPattern(f"Filter patterns of fields ({text[0]}...) are not offered by the local AWS, words are.")
    if len(text) > 2 and text[0] == text[-1] == "%":
        try:
            return lambda message, found=re.compile(text[1:-1]): found.search(message) is not None  # type: ignore[misc]
        except re.error as error:
            raise NoPattern(f"Invalid regular expression in the filter pattern: {error}.") from None
    with_all, without, any_of, position = list[str](), list[str](), list[str](), 0
    while position < len(text):
        found = _TERM.match(text, position)
        if not found:
            raise NoPattern(f"Invalid character(s) in term '{text[position:].strip()[:100]}': put it in double quotes.")
        mark, phrase, word = found.groups()
        term = re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else word
        (without if mark == "-" else any_of if mark == "?" else with_all).append(term)
        position = found.end()
    if with_all or without:  # on AWS, too, "?" counts alone only
        any_of = []
    return lambda message: (
        all(term in message for term in with_all)
        and not any(term in message for term in without)
        and (not any_of or any(term in message for term in any_of))
    )
