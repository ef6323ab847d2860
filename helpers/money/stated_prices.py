"""What each lesson says, in its first cell, that it costs on AWS: to hold against the ledger."""

from __future__ import annotations

import json
import re

import pandas as pd

from helpers import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
_STATED = re.compile(r"Cost on AWS: (?:about |less than )?\\?\$(\d+\.\d\d)")


def stated() -> pd.Series:
    """Dollars on AWS by lesson ("00" to "12"), as the lessons' first cells state them; "less than" counts in full.

    Raises:
        ValueError: a lesson states none.
    """
    prices: dict[str, float] = {}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        found = _STATED.search(first)
        if not found:
            raise ValueError(f"{path.name} states no cost on AWS in its first cell.")
        prices[path.name[:2]] = float(found[1])
    return pd.Series(prices, name="stated for AWS").rename_axis("lesson")
