"""The pictures of accuracy name the best, and how sure it is."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.axes import Axes

from helpers.show import scores
from helpers.show.figures import Picture


def test_the_stars_of_negative_reviews_are_held_against_those_of_positive_ones(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    right = pd.Series([True, True, True, False, True, True])
    scores.by_stars(right, pd.Series([1.0, 10.0, 4.0, 4.0, 7.0, 7.0]))
    assert shown[0].title == "Negative reviews (1 to 4 stars): 67% right; positive (7 to 10): 100%"
    assert shown[0].alt == "Accuracy by stars: 1: 100%, 4: 50%, 7: 100%, 10: 100%."
    dots = drawn[0].get_lines()[0]
    assert dots.get_xdata().tolist() == pytest.approx([1, 4, 7, 10])
    assert dots.get_ydata().tolist() == pytest.approx([100, 50, 100, 100])


def test_the_bars_of_the_stars_are_two_standard_errors(drawn: list[Axes]) -> None:
    right = pd.Series([True, False] * 50)
    scores.by_stars(right, pd.Series([4.0] * 100))
    bar = drawn[0].get_lines()[1].get_ydata()
    assert max(bar) - 50 == pytest.approx(10, rel=0.02)


def test_the_job_that_wins_is_named_with_what_it_loses_on_new_films(shown: list[Picture]) -> None:
    table = pd.DataFrame({"train:accuracy": [0.99, 0.95], "validation:accuracy": [0.90, 0.86]}, ["three", "strict"])
    scores.by_job(table)
    assert shown[0].title == "“three” wins, with 9 points less on reviews it has not seen"
    parts = "strict 95.0 and 86.0 %; three 99.0 and 90.0 %"
    assert shown[0].alt == f"Accuracy on train and validation: {parts}"


def test_each_model_has_its_accuracy_and_its_times_in_words(shown: list[Picture]) -> None:
    columns = {"accuracy": [86.3, 90.9], "margin": [2.7, 2.3], "p50": [3.0, 4.0], "p95": [3.4, 4.4]}
    scores.by_latency(pd.DataFrame(columns, ["pytorch", "sklearn"]), reviews=607)
    assert shown[0].title == "sklearn is right most often: 90.9 % of 607 reviews"
    assert "pytorch: 86.3 % right, p50 is 3 ms, p95 is 3 ms" in shown[0].alt


def test_two_models_are_held_against_validation_and_test_with_their_steps(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    shares = pd.DataFrame({"live": [0.90, 0.88], "candidate": [0.91, 0.878]}, ["validation", "test"])
    scores.validation_and_test(shares, shares * 0 + 0.02)
    assert shown[0].title == "From validation to test: “live” -2.0 points, “candidate” -3.2 points"
    assert "live 88.0 % ± 2.0 on test; candidate 91.0 % ± 2.0 on validation" in shown[0].alt
    assert [text.get_text() for text in drawn[0].get_legend().get_texts()] == ["live", "candidate"]


def test_two_judges_have_their_names_and_intervals_in_words(shown: list[Picture]) -> None:
    scores.managed_or_own({"vaderSentiment 3.3.2": (0.616, 0.06), "your model": (0.876, 0.041)})
    assert shown[0].title == "vaderSentiment 3.3.2: 62% right · your model: 88% right"
    assert shown[0].alt == "Two dots with intervals: vaderSentiment 3.3.2 61.6% ± 6.0%, your model 87.6% ± 4.1%."
