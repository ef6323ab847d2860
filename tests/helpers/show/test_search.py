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
    search.progress(RUNS, "accuracy", before=0.78, margin=0.03, reviews=500)
    lines = {line.get_label(): [round(y) for y in line.get_ydata()] for line in drawn[0].get_lines()}
    assert lines["best so far"] == [70, 80, 80, 80]
    assert lines["untuned"] == [78, 78]
    assert {"random", "bayes"} <= {text.get_text() for text in drawn[0].get_legend().get_texts()}
    assert shown[0].title == "The best of 4 trials has 10 of 500 reviews more right than untuned"
    assert "80.0 % at the end, and a band for the untuned model, 78.0 % ± 3.0 points" in shown[0].alt


def test_a_search_that_finds_nothing_better_is_told_so(shown: list[Picture]) -> None:
    search.progress(RUNS, "accuracy", before=0.85, margin=0.03, reviews=500)
    assert shown[0].title.startswith("The best of 4 trials has 25 of 500 reviews fewer right")


def test_a_trial_without_the_metric_is_a_cross_at_the_edge(drawn: list[Axes]) -> None:
    search.progress(RUNS, "accuracy", before=0.78, margin=0.03, reviews=500)
    assert drawn[0].collections[-1].get_offsets().tolist() == [[4, drawn[0].get_ylim()[0]]]


def test_one_bad_trial_does_not_flatten_the_axis_and_stands_at_its_edge_with_its_value(drawn: list[Axes]) -> None:
    values = [0.90, 0.89, 0.91, 0.90, 0.53, 0.88]
    runs = pd.DataFrame({"source": "random", "C": [1.0, 2, 3, 4, 0.01, 6], "accuracy": values})
    search.progress(runs, "accuracy", before=0.90, margin=0.02, reviews=500)
    search.by_parameter(runs, "C", "accuracy")
    for axes in drawn:
        assert axes.get_ylim()[0] > 85
        assert [text.get_text() for text in axes.texts] == ["53.0 %"]
        assert "lower than the axis" in {text.get_text() for text in axes.get_legend().get_texts()}


def test_the_best_trial_is_ringed(shown: list[Picture], drawn: list[Axes]) -> None:
    search.by_parameter(RUNS, "C", "accuracy")
    (ring,) = [dots for dots in drawn[0].collections if list(dots.get_sizes()) == [180]]
    assert ring.get_offsets().tolist() == [[1.0, 80]]
    assert drawn[0].get_xscale() == "log"
    assert shown[0].title == "The best trial has C = 1; C alone decides little"
    assert shown[0].alt.startswith("Accuracy of the 4 trials by C on a logarithmic axis")


def test_what_is_lost_far_below_the_best_value_is_said(shown: list[Picture]) -> None:
    runs = pd.DataFrame({"source": "random", "C": [0.01, 0.02, 5, 10], "accuracy": [0.7, 0.71, 0.9, 0.91]})
    search.by_parameter(runs, "C", "accuracy")
    assert shown[0].title == "The best trial has C = 10; far below, the median is 20 points lower"


def test_the_measured_searches_are_a_table_that_a_person_can_read() -> None:
    measured = search.measured()
    table = search.compared(measured)
    assert table.index.tolist() == ["8 trials", "12 trials", "20 trials"]
    after = measured["parallel 1"]["after 8"]
    assert table.loc["8 trials", "ahead"] == f"{after['difference']:+.2f}"
    assert sum(map(int, table.loc["8 trials", "better / equal / worse"].split(" / "))) in (99, 100, 101)


def test_the_strategies_are_compared_by_the_trials_that_they_need(shown: list[Picture], drawn: list[Axes]) -> None:
    curves = {"Random": [80.0 + n for n in range(20)], "Bayesian": [80.0 + 2 * n for n in range(20)]}
    search.strategies({"parallel 1": curves, "trials": 20, "seeds": 30, "best_of_grid": 0.99})
    assert shown[0].title == "Bayesian needs 11 trials for what random finds in 20"
    assert "over 30 seeds: Random 87.0 % after 8, 99.0 % after 20; Bayesian 94.0 % after 8" in shown[0].alt
    assert [line.get_ydata()[0] for line in drawn[0].get_lines()[:2]] == [80.0, 80.0]
    assert drawn[0].get_lines()[0].get_xdata().tolist() == list(range(1, 21))
