"""The engine's EventBridge: it keeps the rules and matches events; what a match starts is ours.

Left alone it would start a target in its own, pretended services, or log that it dropped the event (ministack 1.5.33,
pinned exactly).
"""

from __future__ import annotations

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
