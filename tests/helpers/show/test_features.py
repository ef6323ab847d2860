"""The pictures of lesson 04 say what words, features and leaks are worth."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.axes import Axes

from helpers.show import features
from helpers.show.figures import NEGATIVE, POSITIVE, Picture


def test_the_word_pairs_at_both_ends_are_shown_in_the_colours_of_their_sentiment(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    ratio = {
        "see it": 3.4,
        "so so": -0.1,
        "best": 5.0,
        "it .": 4.0,
        "or so": 0.1,
        "not recommended": -3.7,
        "see at": 3.4,
    }
    features.word_pairs(pd.Series(ratio), each=1)
    assert shown[0].title == "“not recommended” is the most negative pair, “see it” the most positive"
    assert shown[0].alt == "Bars of 2 word pairs, from not recommended (-3.7) to see it (+3.4)."
    assert [bar.get_facecolor() for bar in drawn[0].patches] == [colour(NEGATIVE), colour(POSITIVE)]


def colour(name: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(name)


def test_negations_have_the_right_ends_of_both_sides_in_their_title(shown: list[Picture]) -> None:
    counted = pd.Series([*range(1, 11), *[2] * 10])
    features.negations(counted, pd.Series(["negative"] * 10 + ["positive"] * 10))
    assert shown[0].title == "20% of negative, 0% of positive reviews have more than 8 negations"
    assert "The medians are 6 and 2." in shown[0].alt


@pytest.mark.parametrize(
    ("reviews", "title"),
    [
        (600, "Except for rating, nothing beats the baseline by more than luck"),
        (10_000, "Except for rating, only stated_score beats the baseline by more than luck"),
    ],
)
def test_a_feature_beats_the_baseline_only_by_more_than_luck(reviews: int, title: str, shown: list[Picture]) -> None:
    features.alone(pd.Series({"words": 0.541, "stated_score": 0.56, "rating": 0.985}), 0.534, reviews)
    assert shown[0].title == title
    assert "words 54.1%, stated_score 56.0%, rating 98.5%. Baseline 53.4%" in shown[0].alt


def test_each_leak_has_its_dots_and_a_line_at_their_mean(shown: list[Picture], drawn: list[Axes]) -> None:
    flattery = pd.DataFrame({"idf": [0.0, 0.001], "titles": [-0.01, 0.03], "labels": [0.02, 0.04]})
    features.leaks(flattery)
    assert shown[0].title == "Labels add 3.0 points, shared titles 1.0, IDF 0.1"
    assert shown[0].alt.startswith(shown[0].title + ". Dots:")
    dots = [sorted(each.get_offsets()[:, 1].tolist()) for each in drawn[0].collections]
    assert dots == [[0.0, 0.1], [-1.0, 3.0], [2.0, 4.0]]
    assert [label.get_text() for label in drawn[0].get_xticklabels()] == ["idf", "titles", "labels"]
    assert drawn[0].get_lines()[0].get_ydata().tolist() == [0.05, 1.0, 3.0]
