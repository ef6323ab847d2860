"""The engine's EventBridge: it keeps the rules and matches events; what a match starts is ours.

Left alone it would start a target in its own, pretended services, or log that it dropped the event (ministack 1.5.33,
pinned exactly).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.store.state import ACCOUNT

Json = dict[str, Any]


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
    """Put pages into the engine's lists of targets and buses, and refuse a token or limit that is none; once."""
    events._list_rules = _checked(events, events._list_rules)
    events._list_rule_names_by_target = _checked(events, events._list_rule_names_by_target)
    events._list_event_buses = _checked(events, _in_pages(events, events._list_event_buses, "EventBuses"))
    targets = _checked(events, _in_pages(events, events._list_targets_by_rule, "Targets"))

    def targets_of_a_rule(data: Json) -> Any:
        rule = data.get("Rule", "")
        if events._rule_key(rule, data.get("EventBusName", "default")) not in events._rules:
            return events.error_response_json("ResourceNotFoundException", f"Rule {rule} does not exist.", 400)
        return targets(data)

    events._list_targets_by_rule = targets_of_a_rule


def _checked(events: Any, answer: Callable[[Json], Any]) -> Callable[[Json], Any]:
    def checked(data: Json) -> Any:
        token = data.get("NextToken")
        if token is not None:
            offset = events._opaque_offset_decode(token)
            if offset < 1 or events._opaque_offset_encode(offset) != token:
                return events.error_response_json("ValidationException", "The NextToken is invalid.", 400)
        if not 1 <= data.get("Limit", 100) <= 100:
            return events.error_response_json("ValidationException", "Limit is a number from 1 to 100.", 400)
        return answer(data)

    return checked


def _in_pages(events: Any, whole: Callable[[Json], Any], listed: str) -> Callable[[Json], Any]:
    def page(data: Json) -> Any:
        status, headers, body = whole(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        first = events._opaque_offset_decode(data.get("NextToken", ""))
        last = first + data.get("Limit", 100)
        if last < len(answer[listed]):
            answer["NextToken"] = events._opaque_offset_encode(last)
        answer[listed] = answer[listed][first:last]
        return status, headers, json.dumps(answer).encode()

    return page
