"""The engine's CloudWatch Logs, corrected (ministack 1.5.33, pinned exactly).

There, FilterLogEvents has neither pages nor prefixes, and takes a pattern that it cannot read for one that fits all;
group names are searched without regard to case; a wrong token begins anew; and events may be of any time and order.
Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable
from typing import Any

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?=\s|$)', re.ASCII)
_MOST = 10_000
_DAY = 24 * 3600 * 1000  # in milliseconds
MOST_BYTES, OVERHEAD = 2**20, 26
_ONE_GROUP = "Give one of logGroupName and logGroupIdentifier."
Json = dict[str, Any]


class NoPattern(Exception):
    """The filter pattern is not one, or of a kind that is not offered."""


def correct(logs: Any) -> None:
    """Put the corrections into the engine's Logs module, once."""
    groups, streams = logs._describe_log_groups, logs._describe_log_streams
    get_events, put_events = logs._get_log_events, logs._put_log_events

    def wrong(message: str) -> Any:
        return logs.error_response_json("InvalidParameterException", message, 400)

    def page(answer: Any, data: Json, listed: str) -> Any:
        """The answer, but an error for a token that none was given for."""
        if data.get("nextToken") and answer[0] == 200 and not json.loads(answer[2])[listed]:
            return wrong("The specified nextToken is invalid.")
        return answer

    def describe_groups(data: Json) -> Any:
        if data.get("nextToken") and _offset(data["nextToken"]) is None:
            return wrong("The specified nextToken is invalid.")
        part = data.get("logGroupNamePattern")
        if not part or data.get("logGroupNamePrefix"):
            return page(groups(data), data, "logGroups")
        found = [entry for entry in _all(groups) if part in entry["logGroupName"]]
        first, most = _offset(data.get("nextToken", "")) or 0, min(data.get("limit", 50), 50)
        answer: Json = {"logGroups": found[first : first + most]}
        if first + most < len(found):
            answer["nextToken"] = _token(first + most)
        return page(logs.json_response(answer), data, "logGroups")

    def describe_streams(data: Json) -> Any:
        if not _names_one_group(data):
            return wrong(_ONE_GROUP)
        if data.get("nextToken") and _offset(data["nextToken"]) is None:
            return wrong("The specified nextToken is invalid.")
        if data.get("orderBy") == "LastEventTime" and data.get("logStreamNamePrefix"):
            return wrong("Cannot order by LastEventTime with a logStreamNamePrefix.")
        return page(streams({**data, "logGroupName": logs._resolve_log_group_name(data)}), data, "logStreams")

    def get(data: Json) -> Any:
        return get_events(data) if _names_one_group(data) else wrong(_ONE_GROUP)

    def put(data: Json) -> Any:
        problem = _problem(data["logEvents"])
        if problem:
            return wrong(problem)
        if data.get("_replayed"):
            return put_events(data)
        taken, rejected = _taken(data["logEvents"], 1000 * time.time())
        status, headers, body = put_events({**data, "logEvents": taken})
        if status == 200 and rejected:
            body = json.dumps({**json.loads(body), "rejectedLogEventsInfo": rejected}).encode()
        return status, headers, body

    def filter_events(data: Json) -> Any:
        """FilterLogEvents: all events that match, in pages of `limit`, from the streams that are named."""
        if not _names_one_group(data):
            return wrong(_ONE_GROUP)
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
        return page(logs.json_response(answer), data, "events")

    logs._describe_log_groups, logs._describe_log_streams = describe_groups, describe_streams
    logs._filter_log_events, logs._get_log_events, logs._put_log_events = filter_events, get, put


def _names_one_group(data: Json) -> bool:
    return bool(data.get("logGroupName")) != bool(data.get("logGroupIdentifier"))


def _problem(events: list[Json]) -> str:
    """What CloudWatch Logs would say against a batch of events; "" when all is well."""
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        return "Log events in a single PutLogEvents request must be in chronological order."
    if times[-1] - times[0] > _DAY:
        return "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    if sum(len(event["message"].encode()) + OVERHEAD for event in events) > MOST_BYTES:
        return f"Upload too large: a batch is at most {MOST_BYTES} bytes, {OVERHEAD} more for each event."
    return ""


def _taken(events: list[Json], now: float) -> tuple[list[Json], Json]:
    """The events that are neither too old nor too new, and which are not, as the answer tells it."""
    old = sum(event["timestamp"] < now - 14 * _DAY for event in events)
    new = sum(event["timestamp"] > now + _DAY / 12 for event in events)
    rejected = {"tooOldLogEventEndIndex": old} if old else {}
    rejected |= {"tooNewLogEventStartIndex": len(events) - new} if new else {}
    return events[old : len(events) - new], rejected


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
