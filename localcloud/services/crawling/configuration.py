"""A crawler's Configuration, a JSON text of its own, and which of its members have an effect here.

Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

# member -> the values that are offered; () for a whole number above 0
_OFFERED: dict[str, tuple[Any, ...]] = {
    "Version": (1.0, 1),
    "CrawlerOutput.Partitions.AddOrUpdateBehavior": ("InheritFromTable",),
    "CrawlerOutput.Tables.AddOrUpdateBehavior": ("MergeNewColumns",),
    "CrawlerOutput.Tables.TableThreshold": (),
    "Grouping.TableGroupingPolicy": ("CombineCompatibleSchemas",),
    "Grouping.TableLevelConfiguration": (),
    "CreatePartitionIndex": (False,),
}


@dataclass(frozen=True)
class Configuration:
    """What it asks for.

    Attributes:
        inherit: partitions take their properties from the table.
        merge_new_columns: known columns stay as they are, only new ones are added.
        combine: one table for each include path, similar or not.
        level: the depth at which tables begin, the bucket being 1; 0 when it is not given.
        threshold: the number of tables above which a crawl fails; 0 when it is not given.
    """

    inherit: bool = False
    merge_new_columns: bool = False
    combine: bool = False
    level: int = 0
    threshold: int = 0


def parse(text: str) -> Configuration:
    """Raises:
    ValueError: no JSON object, or a member or value that is not offered; the message names it.
    """
    if not text:
        return Configuration()
    try:
        members = dict(_members(json.loads(text)))
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("Configuration is no JSON object.") from None
    if "Version" not in members:
        raise ValueError('Configuration needs a Version: {"Version": 1.0, …}.')
    for name, value in members.items():
        if name not in _OFFERED:
            raise ValueError(f"Configuration: {name} is not offered here. There are: {', '.join(_OFFERED)}.")
        values = _OFFERED[name]
        number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if value not in values if values else not number:
            wanted = " or ".join(json.dumps(one) for one in values[:1]) or "a whole number above 0"
            raise ValueError(f"Configuration: {name} is {json.dumps(value)}; offered is {wanted}.")
    return Configuration(
        inherit="CrawlerOutput.Partitions.AddOrUpdateBehavior" in members,
        merge_new_columns="CrawlerOutput.Tables.AddOrUpdateBehavior" in members,
        combine="Grouping.TableGroupingPolicy" in members,
        level=members.get("Grouping.TableLevelConfiguration", 0),
        threshold=members.get("CrawlerOutput.Tables.TableThreshold", 0),
    )


def _members(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """The values at the ends of nested objects, each with its dotted path."""
    if not isinstance(value, dict):
        if not path:
            raise ValueError("Configuration is no JSON object.")
        return [(path, value)]
    return [item for name, inner in value.items() for item in _members(inner, f"{path}.{name}".lstrip("."))]
