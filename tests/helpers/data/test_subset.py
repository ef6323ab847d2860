"""Some of the reviews: whole titles, each label as often as in all, the same ones each time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from real_reviews import REAL_REVIEWS, needs_real_reviews

from helpers.data.review_files import read_reviews
from helpers.data.subset import subset


def reviews(rows: int = 6_000, splits: tuple[str, ...] = ("train", "test")) -> pd.DataFrame:
    """Titles with one to thirty reviews each, all of one split and mostly of one label, two in three positive."""
    random = np.random.default_rng(7)
    sizes = random.integers(1, 31, rows)
    title = np.repeat(np.arange(rows), sizes)[:rows]
    liked = random.random(rows) < np.where(random.random(rows) < 2 / 3, 0.9, 0.2)[title]
    return pd.DataFrame(
        {
            "review": [f"review {row}" for row in range(rows)],
            "sentiment": np.where(liked, "positive", "negative"),
            "split": np.array(splits)[title % len(splits)],
            "title_id": [f"tt{number}" for number in title],
        }
    )


def test_no_title_is_torn_apart() -> None:
    whole = reviews()
    some = subset([whole], rows=1_000)
    assert some["title_id"].value_counts().eq(whole["title_id"].value_counts()[some["title_id"].unique()]).all()


def test_each_label_is_as_frequent_as_in_its_half_and_three_in_four_are_to_learn_from() -> None:
    whole = reviews()
    some = subset([whole], rows=1_000)
    assert 980 <= len(some) <= 1_000
    assert (some["split"] == "train").mean() == pytest.approx(0.75, abs=0.01)
    shares = (some["sentiment"] == "positive").groupby(some["split"]).mean()
    all_shares = (whole["sentiment"] == "positive").groupby(whole["split"]).mean()
    assert shares.to_dict() == pytest.approx(all_shares.to_dict(), abs=0.02)


def test_reviews_of_one_half_only_are_taken_from_it() -> None:
    assert 980 <= len(subset([reviews(splits=("train",))], rows=1_000)) <= 1_000


def test_few_reviews_are_all_taken() -> None:
    assert len(subset([reviews(200)], rows=4_000)) == 200


def test_the_same_seed_takes_the_same_reviews_however_they_are_framed() -> None:
    whole = reviews()
    some = subset([whole], rows=500)
    pd.testing.assert_frame_equal(subset([whole.head(2_000), whole.iloc[2_000:]], rows=500), some)
    assert set(subset([whole], rows=500, seed=1)["review"]) != set(some["review"])


@needs_real_reviews
def test_of_the_real_reviews_it_takes_what_it_says() -> None:
    some = subset(read_reviews(REAL_REVIEWS, Counter()))
    assert 3_990 <= len(some) <= 4_000
    assert (some["sentiment"] == "positive").mean() == pytest.approx(0.5, abs=0.01)
