"""The pictures of lesson 04 say what words, features and leaks are worth."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from helpers.show import features
from helpers.show.figures import NEGATIVE, POSITIVE, Picture


def test_the_word_pairs_at_both_ends_are_shown_in_the_colours_of_their_sentiment(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    features.word_pairs(pd.Series({"not recommended": -3.7, "so so": -0.1, "or so": 0.1, "see it": 3.4}), each=1)
    assert shown[0].title == "“not recommended” blames most, “see it” praises most"
    assert shown[0].alt == "Bars of 2 word pairs, from not recommended (-3.7) to see it (+3.4)."
    assert [bar.get_facecolor() for bar in drawn[0].patches] == [colour(NEGATIVE), colour(POSITIVE)]


def colour(name: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(name)


def test_the_best_feature_is_one_that_an_endpoint_has(shown: list[Picture]) -> None:
    features.alone(pd.Series({"words": 0.541, "rating": 0.985}), baseline=0.534)
    assert shown[0].title == "Without reading, 54% at best; guessing gives 53%"
    assert shown[0].alt == "Bars of accuracy with one feature: words 54.1%, rating 98.5%."


def test_each_leak_has_its_dots_and_a_line_at_their_mean(shown: list[Picture], drawn: list[Axes]) -> None:
    flattery = pd.DataFrame({"idf": [0.0, 0.001], "titles": [-0.01, 0.03], "labels": [0.02, 0.04]})
    features.leaks(flattery)
    assert shown[0].title == "Labels add 3.0 points, shared titles 1.0, IDF 0.1"
    assert shown[0].alt.startswith(shown[0].title + ". Dots:")
    dots = [sorted(each.get_offsets()[:, 1].tolist()) for each in drawn[0].collections]
    assert dots == [[0.0, 0.1], [-1.0, 3.0], [2.0, 4.0]]
    assert [label.get_text() for label in drawn[0].get_xticklabels()] == ["idf", "titles", "labels"]
    assert drawn[0].get_lines()[0].get_ydata().tolist() == [0.05, 1.0, 3.0]
