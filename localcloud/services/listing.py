"""The filters, order and pages that SageMaker's List operations share."""

from __future__ import annotations

import re
from datetime import datetime

from localcloud.protocol import ServiceError
from localcloud.services.registry import Params


def page(
    items: list[Params],
    params: Params,
    key: str,
    *,
    name: str,
    order: str = "Descending",
    sort_by: dict[str, str] | None = None,
) -> Params:
    """Filter, sort and cut `items` as `params` ask. For items that are in their order already: `cut`.

    Args:
        key: the member of the answer that holds the summaries.
        name: the member of an item that NameContains and SortBy=Name look at.
        order: what AWS documents as this operation's default SortOrder.
        sort_by: SortBy values of this operation beside Name, Status and CreationTime, and the member each looks at.
    """
    status = f"{name.removesuffix('Name')}Status"  # TrainingJobName -> TrainingJobStatus
    kept = [item for item in items if _wanted(item, params, name, status)]
    by = {"Name": name, "Status": status, **(sort_by or {})}.get(params.get("SortBy", ""), "CreationTime")
    kept.sort(key=lambda item: item.get(by) or 0, reverse=params.get("SortOrder", order) == "Descending")
    return cut(kept, params, key)


def cut(kept: list[Params], params: Params, key: str) -> Params:
    """One page of items that are filtered and sorted: MaxResults and NextToken."""
    token = params.get("NextToken") or "0"
    if not re.fullmatch(r"[0-9]{1,9}", token):
        raise ServiceError("ValidationException", "The NextToken is not one of this listing.")
    start = int(token)
    end = start + params.get("MaxResults", 100)
    answer: Params = {key: kept[start:end]}
    if end < len(kept):
        answer["NextToken"] = str(end)
    return answer


def _wanted(item: Params, params: Params, name: str, status: str) -> bool:
    if params.get("NameContains", "").lower() not in item[name].lower():
        return False
    if params.get("StatusEquals") and item.get(status) != params["StatusEquals"]:
        return False
    for prefix, member in (("Creation", "CreationTime"), ("LastModified", "LastModifiedTime")):
        after, before = params.get(f"{prefix}TimeAfter"), params.get(f"{prefix}TimeBefore")
        when = round(item[member], 3)  # as the caller has seen it
        if after is not None and when < _seconds(after):
            return False
        if before is not None and when > _seconds(before):
            return False
    return True


def _seconds(value: float | str) -> float:
    return round(datetime.fromisoformat(value).timestamp() if isinstance(value, str) else float(value), 3)
