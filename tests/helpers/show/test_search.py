"""The pictures of a search: the best so far never falls, the best of all is ringed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from helpers.show import search
from helpers.show.figures import Picture

RUNS = pd.DataFrame(
    {
        "source": ["random", "random", "bayes", "bayes"],
        "C": [0.1, 1.0, 10.0, 100.0],
        "accuracy": [0.7, 0.8, 0.75, None],
    }
)


def test_the_line_of_the_best_so_far_never_falls(shown: list[Picture], drawn: list[Axes]) -> None:
    search.progress(RUNS, "accuracy")
    assert [line.get_ydata().tolist() for line in drawn[0].get_lines()[:2]] == [[0.7, 0.8], [0.75, 0.75]]
    assert [text.get_text() for text in drawn[0].get_legend().get_texts()] == ["random", "bayes"]
    assert shown[0].title == "After 2 trials each: random 80.0%, Bayesian 75.0%"
    assert shown[0].alt.startswith("Accuracy of 2 random and 2 Bayesian trials in their order")


def test_a_trial_without_the_metric_is_a_cross_at_the_edge(drawn: list[Axes]) -> None:
    search.progress(RUNS, "accuracy")
    assert drawn[0].collections[-1].get_offsets().tolist() == [[2.0, 0.7]]


def test_the_best_trial_is_ringed(shown: list[Picture], drawn: list[Axes]) -> None:
    search.by_parameter(RUNS, "C", "accuracy")
    assert drawn[0].collections[-1].get_offsets().tolist() == [[1.0, 0.8]]
    assert drawn[0].get_xscale() == "log"
    assert shown[0].title == "The best trial has C = 1; far below it the accuracy falls"
    assert shown[0].alt.startswith("Accuracy of the 4 trials by C on a logarithmic axis")


def test_the_strategies_are_compared_by_the_trials_that_they_need(shown: list[Picture], drawn: list[Axes]) -> None:
    curves = {"Random": [80.0 + n for n in range(20)], "Bayesian": [80.0 + 2 * n for n in range(20)]}
    search.strategies({"parallel 1": curves, "trials": 20, "seeds": 30, "best_of_grid": 0.99})
    assert shown[0].title == "Bayesian needs 11 trials for what random finds in 20"
    assert "over 30 seeds: Random 87.0 % after 8, 99.0 % after 20; Bayesian 94.0 % after 8" in shown[0].alt
    assert [line.get_ydata()[0] for line in drawn[0].get_lines()[:2]] == [80.0, 80.0]
    assert drawn[0].get_lines()[0].get_xdata().tolist() == list(range(1, 21))
