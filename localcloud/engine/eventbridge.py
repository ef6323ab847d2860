"""The engine's EventBridge: it keeps the rules and matches events; what a match starts is ours.

Left alone it would start a target in its own, pretended services, or log that it dropped the event (ministack 1.5.33,
pinned exactly). It takes any rule and bus for one, any text for an event's detail, and the time of an event for now.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.store.state import ACCOUNT

Json = dict[str, Any]
Operation = Callable[[Json], Any]


def put(entry: Json) -> None:
    """Put an event of an AWS service on the bus; PutEvents takes none of those. On the server's loop."""
    from ministack.core.responses import set_request_account_id
    from ministack.services import eventbridge

    set_request_account_id(ACCOUNT)
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def deliver_by(deliver: Callable[[Json, Json, Json], None]) -> None:
    """From here on, call `deliver(target, event, rule)` for each match."""
    from ministack.services import eventbridge

    def invoke_target(target: Json, event: Json, rule: Json, view: Any = None) -> None:
        deliver(target, (view or eventbridge._pattern_event_view(event)).event_with_detail(), rule)

    eventbridge._invoke_target = invoke_target


def correct(events: Any) -> None:
    """Put the corrections into the engine's EventBridge module, once."""
    events._list_event_buses = _in_pages(events, events._list_event_buses, "EventBuses")
    events._list_targets_by_rule = _in_pages(events, events._list_targets_by_rule, "Targets")
    for name in ("list_rules", "list_rule_names_by_target", "list_event_buses", "list_targets_by_rule"):
        setattr(events, f"_{name}", _checked(events, getattr(events, f"_{name}")))
    for name, member in _OF_A_RULE.items():
        setattr(events, f"_{name}", _of_a_rule(events, getattr(events, f"_{name}"), member))
    for name in (*_OF_A_RULE, "put_rule", "put_targets", "delete_rule", "list_rules", "list_rule_names_by_target"):
        setattr(events, f"_{name}", _on_a_bus(events, getattr(events, f"_{name}"), "EventBusName"))
    events._describe_event_bus = _on_a_bus(events, events._describe_event_bus, "Name")
    events._test_event_pattern = _of_a_whole_event(events, events._test_event_pattern)
    events._put_events = _entry_by_entry(events, events._put_events)


_OF_A_RULE = {  # operation -> the member that names the rule
    **dict.fromkeys(("describe_rule", "enable_rule", "disable_rule"), "Name"),
    **dict.fromkeys(("remove_targets", "list_targets_by_rule"), "Rule"),
}
_MANDATORY = ("id", "account", "source", "time", "region", "resources", "detail-type")
_MOST_BYTES, _LONGEST_TYPE = 256 * 1024, 128


def _on_a_bus(events: Any, answer: Operation, member: str) -> Operation:
    def named(data: Json) -> Any:
        """A bus by its name or ARN, which must be there; without one, the default bus."""
        if member not in data:
            return answer(data)
        name, problem = events._event_bus_name_from_ref(data[member])
        if problem or name not in events._event_buses:
            code, message = problem or ("ResourceNotFoundException", f"Event bus {name} does not exist.")
            return events.error_response_json(code, message, 400)
        return answer({**data, member: name})

    return named


def _of_a_rule(events: Any, answer: Operation, member: str) -> Operation:
    def existing(data: Json) -> Any:
        if events._rule_key(data[member], data.get("EventBusName", "default")) not in events._rules:
            message = f"Rule {data[member]} does not exist on EventBus {data.get('EventBusName', 'default')}."
            return events.error_response_json("ResourceNotFoundException", message, 400)
        return answer(data)

    return existing


def _of_a_whole_event(events: Any, answer: Operation) -> Operation:
    def checked(data: Json) -> Any:
        try:
            event = json.loads(data["Event"])
        except ValueError:
            event = None
        missing = [name for name in _MANDATORY if not isinstance(event, dict) or name not in event]
        if missing:
            message = f"Parameter Event is not valid: it is a JSON object and has {', '.join(missing)}."
            return events.error_response_json("ValidationException", message, 400)
        return answer(data)

    return checked


def _entry_by_entry(events: Any, answer: Callable[..., Any]) -> Callable[..., Any]:
    now = events._now_ts

    def put(data: Json, allow_aws_source: bool = False) -> Any:
        entries: list[Json] = data["Entries"]
        if sum(map(_size, entries)) >= _MOST_BYTES:
            message = "Total size of the entries in the request is over the limit."
            return events.error_response_json("ValidationException", message, 400)
        results: list[Json] = []
        for entry in entries:
            code, message = _problem(events, entry)
            if code:
                results.append({"ErrorCode": code, "ErrorMessage": message})
                continue
            events._now_ts = lambda time=entry.get("Time"): now() if time is None else time
            try:
                results += json.loads(answer({"Entries": [entry]}, allow_aws_source)[2])["Entries"]
            finally:
                events._now_ts = now
        failed = sum("ErrorCode" in result for result in results)
        return events.json_response({"FailedEntryCount": failed, "Entries": results})

    return put


def _size(entry: Json) -> int:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")] + entry.get("Resources", [])
    return 14 * ("Time" in entry) + sum(len(text.encode()) for text in texts)


def _problem(events: Any, entry: Json) -> tuple[str, str]:
    """Code and message of an entry that is no event; "" when it is one."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if len(entry["DetailType"]) > _LONGEST_TYPE:
        return "InvalidArgument", f"Parameter DetailType is not valid. Reason: it is longer than {_LONGEST_TYPE}."
    try:
        whole = isinstance(json.loads(entry["Detail"]), dict)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        return "MalformedDetail", "Detail is malformed."
    bus, problem = events._event_bus_name_from_ref(entry.get("EventBusName", "default"))
    if not problem and bus not in events._event_buses:
        problem = "ResourceNotFoundException", f"Event bus {bus} does not exist."
    return problem or ("", "")


def _checked(events: Any, answer: Operation) -> Operation:
    def checked(data: Json) -> Any:
        token = data.get("NextToken")
        found = answer(data)
        if token is not None and found[0] == 200:
            offset = events._opaque_offset_decode(token)
            listed = next(value for value in json.loads(found[2]).values() if isinstance(value, list))
            if offset < 1 or events._opaque_offset_encode(offset) != token or not listed:
                return events.error_response_json("ValidationException", "The NextToken is invalid.", 400)
        return found

    return checked


def _in_pages(events: Any, whole: Operation, listed: str) -> Operation:
    def page(data: Json) -> Any:
        status, headers, body = whole(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        first = max(events._opaque_offset_decode(data.get("NextToken", "")), 0)
        last = first + data.get("Limit", 100)
        if last < len(answer[listed]):
            answer["NextToken"] = events._opaque_offset_encode(last)
        answer[listed] = answer[listed][first:last]
        return status, headers, json.dumps(answer).encode()

    return page
