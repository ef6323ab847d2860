"""The experiment of lesson 04: what is learned from held-out reviews shows, and only that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.models import leakage


@pytest.fixture(scope="module")
def noise() -> pd.DataFrame:
    """Reviews whose labels have nothing to do with their words: the honest accuracy is one half."""
    random = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(400)])
    texts = [" ".join(random.choice(words, 12)) for _ in range(400)]
    titles = [f"tt{number % 80:04}" for number in range(400)]
    return pd.DataFrame({"review": texts, "label": random.integers(0, 2, 400), "title_id": titles})


def test_only_a_leak_of_labels_makes_something_of_noise(noise: pd.DataFrame) -> None:
    means = leakage.trials(noise, range(4)).mean()
    assert means["labels"] > 0.65
    assert means.drop("labels").between(0.40, 0.60).all()


def test_the_same_seeds_give_the_same_numbers(noise: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(leakage.trials(noise, [3]), leakage.trials(noise, [3]))


def test_titles_are_taken_whole_and_always_the_same(noise: pd.DataFrame) -> None:
    some = leakage.whole_titles(noise, most=103)
    assert len(some) == 100
    assert (some["title_id"].value_counts() == 5).all()
    pd.testing.assert_frame_equal(some, leakage.whole_titles(noise, most=103))
