"""Two models on the same test reviews: who leads, by how much, and whether the reviews are enough to tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.models import twist


def judged(only_first: int, only_second: int, reviews: int = 600) -> twist.Verdict:
    """A verdict on models that differ on so many reviews, and are both right on all others."""
    one, other = np.ones(reviews, dtype=bool), np.ones(reviews, dtype=bool)
    other[:only_first] = False
    one[only_first : only_first + only_second] = False
    right = {"untuned": pd.Series(one), "tuned": pd.Series(other)}
    return twist.compare(right, {"tuned": 0.9, "untuned": 0.91})


def test_the_table_keeps_the_order_of_the_models_and_counts_what_one_alone_has_right() -> None:
    table = judged(12, 30).table
    assert table.index.tolist() == ["untuned", "tuned"]
    assert table["only it"].tolist() == [12, 30]
    assert table["validation"].tolist() == [0.91, 0.9]
    assert table["test"].tolist() == [pytest.approx(570 / 600), pytest.approx(588 / 600)]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [(30, 10, "better"), (10, 30, "worse"), (12, 10, "too close to tell"), (0, 0, "too close to tell")],
)
def test_the_interval_of_the_difference_decides(first: int, second: int, told: str) -> None:
    assert str(judged(first, second)).endswith(told)


def test_the_interval_is_that_of_paired_shares() -> None:
    verdict = judged(30, 10)
    by_chance = np.random.default_rng(0).multinomial(600, [30 / 600, 10 / 600, 560 / 600], 20_000)
    leads = (by_chance[:, 0] - by_chance[:, 1]) / 600
    assert verdict.lead == pytest.approx(20 / 600)
    assert verdict.margin == pytest.approx(1.96 * leads.std(), rel=0.02)
