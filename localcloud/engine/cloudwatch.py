"""Two corrections to the engine's CloudWatch metrics (ministack 1.5.33, pinned exactly).

There, a request without dimensions reads the metrics of all dimensions together; on AWS it reads the one metric that
has none. And GetMetricData ignores ScanBy, whose default is newest first. Not corrected, because the engine says so
itself: metric math (Expression) answers with a message and no data.
"""

from __future__ import annotations

import json
from typing import Any


class _Dimensions(dict[str, str]):
    """Dimensions that are compared also when there are none: the engine skips what is false."""

    def __bool__(self) -> bool:
        return True


def correct(cloudwatch: Any) -> None:
    """Put the corrections into the engine's CloudWatch module, once."""
    from_list, get_metric_data = cloudwatch._dims_from_list, cloudwatch._get_metric_data

    def dims_from_list(dimensions: list[dict[str, Any]]) -> _Dimensions:
        return _Dimensions(from_list(dimensions))

    def newest_first(params: Any, request: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        status, headers, body = get_metric_data(params, request, is_cbor, is_json)
        if status != 200 or not is_json or request.get("ScanBy") == "TimestampAscending":
            return status, headers, body
        answer = json.loads(body)
        for result in answer["MetricDataResults"]:
            result["Timestamps"].reverse()
            result["Values"].reverse()
        return status, headers, json.dumps(answer).encode()

    cloudwatch._dims_from_list = dims_from_list
    cloudwatch._get_metric_data = newest_first
