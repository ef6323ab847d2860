"""Managed services beside one's own model: limits kept, mistakes counted, dollars by hand calculation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.models import managed_ai
from helpers.money import costs


def test_a_short_text_is_sent_as_it_is() -> None:
    assert managed_ai.fitting("Short and good.") == "Short and good."


@pytest.mark.parametrize("word", ["word", "dépôt", "映画"])
def test_a_long_text_is_cut_at_a_word_to_the_bytes_that_fit(word: str) -> None:
    cut = managed_ai.fitting(f"{word} " * 3000)
    assert 4980 < len(cut.encode()) <= 5000
    assert set(cut.split()) == {word}


def test_a_text_without_a_blank_is_cut_within_a_character_of_the_limit() -> None:
    cut = managed_ai.fitting("é" * 4000, most=5)
    assert cut == "éé"


@pytest.mark.image
def test_comprehend_is_asked_in_batches_and_answers_in_order(workshop: Any) -> None:
    texts = ["I love it. Wonderful!" if number % 3 else "I hate it. Awful!" for number in range(60)]
    table = managed_ai.sentiments([*texts, "word " * 2000])
    assert list(table.columns) == ["sentiment", "positive", "negative", "neutral", "mixed"]
    assert len(table) == 61
    assert [score > 0.5 for score in table["positive"][:60]] == [bool(number % 3) for number in range(60)]


def test_no_texts_make_an_empty_table(workshop: Any) -> None:
    assert managed_ai.sentiments([]).empty


def test_the_text_of_a_card_is_its_lines_without_the_header() -> None:
    blocks = [
        {"BlockType": "PAGE"},
        *({"BlockType": "LINE", "Text": text} for text in ("Review Card No. 3", "A good", "film.")),
        {"BlockType": "WORD", "Text": "A"},
    ]
    assert managed_ai.card_text(blocks) == "A good film."


def test_the_least_sure_word_stands_beside_what_is_nearest_to_it_on_the_card() -> None:
    words = (("REVIEW", 99.0), ("Fanta5tic", 41.5), ("film", 98.0))
    blocks = [{"BlockType": "PAGE"}, *({"BlockType": "WORD", "Text": text, "Confidence": c} for text, c in words)]
    assert managed_ai.least_sure("Fantastic film", blocks) == (41.5, "Fanta5tic", "Fantastic")


@pytest.mark.parametrize(
    ("written", "read", "rate"),
    [
        ("a b c d", "a b c d", 0.0),
        ("a b c d", "a x c d", 1 / 4),
        ("a b c d", "a c d", 1 / 4),
        ("a b c d", "a b b c d", 1 / 4),
        ("a b c d", "", 1.0),
        ("a b", "x y z", 3 / 2),
        ("", "", 0.0),
    ],
)
def test_words_changed_missing_and_added_count_once_each(written: str, read: str, rate: float) -> None:
    assert managed_ai.word_error_rate(written, read) == pytest.approx(rate)


def test_the_word_error_rate_is_the_textbooks_edit_distance() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        one, other = (list(random.choice(list("abc"), random.integers(1, 9))) for _ in range(2))
        assert managed_ai.word_error_rate(" ".join(one), " ".join(other)) * len(one) == pytest.approx(edits(one, other))


def edits(one: list[str], other: list[str]) -> int:
    """Levenshtein's distance, by its definition."""
    if not one or not other:
        return len(one) + len(other)
    change = edits(one[1:], other[1:]) + (one[0] != other[0])
    return min(change, edits(one[1:], other) + 1, edits(one, other[1:]) + 1)


def test_ninety_of_a_hundred_are_known_to_six_points() -> None:
    share, margin = managed_ai.accuracy([True] * 90 + [False] * 10)
    assert (share, margin) == (pytest.approx(0.9), pytest.approx(0.0588))


def test_the_interval_of_a_difference_is_narrow_where_both_fail_on_the_same() -> None:
    right, other = [True] * 60 + [False] * 40, [True] * 50 + [False] * 50
    gap, margin = managed_ai.difference(right, other)
    assert gap == pytest.approx(0.1)
    assert margin == pytest.approx(1.96 * (0.1 * 0.9 / 100) ** 0.5)
    assert managed_ai.difference(right, right) == (0.0, 0.0)


def test_units_are_begun_hundreds_and_three_at_least() -> None:
    assert managed_ai.mean_units(["x", "x" * 300, "x" * 301]) == pytest.approx((3 + 3 + 4) / 3)


def test_what_is_cut_off_before_it_is_sent_is_not_billed() -> None:
    assert managed_ai.mean_units(["x" * 9_000]) == 50


def test_a_month_of_comprehend_by_hand() -> None:
    """2 million documents of 10.5 units: 10 M units at $0.0001, 11 M at $0.00005."""
    estimate = managed_ai.comprehend_month(2e6, 10.5)
    assert estimate.usd == pytest.approx(10e6 * 0.0001 + 11e6 * 0.00005)
    assert "2,000,000 documents of 10.5 units on the average at $0.0001" in str(estimate)


def test_at_break_even_both_ways_cost_the_same() -> None:
    machine = costs.monthly(costs.endpoint("ml.m5.large", 1)).usd
    volume = managed_ai.break_even(lambda n: managed_ai.comprehend_month(n, 10).usd, lambda n: machine)
    assert volume == pytest.approx(0.115 * 730 / 0.001, rel=1e-5)


def test_what_never_becomes_cheaper_breaks_even_at_infinity() -> None:
    assert managed_ai.break_even(lambda n: 0.001 * n, lambda n: 0.002 * n + 5) == float("inf")
