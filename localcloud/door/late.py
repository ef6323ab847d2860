"""Logs and metrics as they arrive on AWS: some time after they were written, a log's first page often empty.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html (a page may be empty
while there are more events; the end is where the token stays the same). How late they are AWS does not promise.
"""

from __future__ import annotations

import time
from typing import Any

LOG_SECONDS = 3
METRIC_SECONDS = 60
Params = dict[str, Any]
_BEFORE_ALL = {"StartTime": 1, "EndTime": 2}  # of 1970


def as_seen_now(service: str, operation: str, params: Params) -> Params:
    """What to ask the engine, so that its answer holds what has arrived by now."""
    if service == "logs" and operation in ("GetLogEvents", "FilterLogEvents"):
        until = int((time.time() - LOG_SECONDS) * 1000)
        asked = {**params, "endTime": min(params.get("endTime", until), until)}
        if operation == "GetLogEvents" and "nextToken" not in params:  # nothing, and the token of where it begins
            begin = params.get("startTime", 0) if params.get("startFromHead") else asked["endTime"]
            return {**asked, "startTime": begin, "endTime": begin}
        return asked
    if service == "monitoring" and isinstance(params.get("EndTime"), int | float):
        begin, end = params["StartTime"], min(params["EndTime"], time.time() - METRIC_SECONDS)
        if end <= begin < params["EndTime"]:  # of what is asked for, nothing has arrived
            return {**params, **_BEFORE_ALL}
        return {**params, "EndTime": end}
    return params
