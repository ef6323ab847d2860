"""Some of the real reviews: few enough that the lessons take minutes, and the same ones each time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

SUBSET_ROWS = 4_000
SEED = 20
# Of the official halves the one to learn from gives more, as in the synthetic sample.
SHARES = {"train": 0.75, "test": 0.25}


def subset(frames: Iterable[pd.DataFrame], rows: int = SUBSET_ROWS, seed: int = SEED) -> pd.DataFrame:
    """At most `rows` reviews of the frames, in their order: whole titles, each label as often as in all of them.

    A title comes with all its reviews or not at all, because later steps keep a title together. Where titles are large
    and `rows` are few, some places stay empty.

    Args:
        frames: with the columns split, sentiment and title_id; reviews without a title are left out.
    """
    whole = pd.concat(frames, ignore_index=True).dropna(subset=["title_id"])
    split, label = whole["split"].fillna(""), whole["sentiment"].fillna("")
    halves = pd.Series(SHARES) if set(SHARES) <= set(split) else split.value_counts(normalize=True)
    within = label.groupby(split).value_counts(normalize=True)
    room = (rows * within.mul(within.index.get_level_values(0).map(halves).fillna(0.0))).round()
    counts = pd.crosstab(whole["title_id"], [split, label])[list(room.index)]
    order = sorted(range(len(counts)), key=lambda row: hashlib.md5(f"{seed}{counts.index[row]}".encode()).digest())
    left, table, chosen = room.to_numpy(), counts.to_numpy(), []
    for row in order:
        if np.all(table[row] <= left):
            left = left - table[row]
            chosen.append(counts.index[row])
    return whole[whole["title_id"].isin(chosen)].reset_index(drop=True)
