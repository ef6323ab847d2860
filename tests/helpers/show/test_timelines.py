"""The pictures of time say what ran when, and mark what nobody has measured."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.axes import Axes

from helpers.models import parallel_search
from helpers.money import elasticity
from helpers.show import timelines
from helpers.show.figures import Picture

COLUMNS = ["step", "status", "begins", "seconds", "cached", "billed", "usd"]
STEPS = [
    ("Features", "Succeeded", 0.0, 2.0, False, 2, 0.1),
    ("TrainWords", "Succeeded", 2.0, 4.0, False, 4, 0.1),
    ("TrainThree", "Succeeded", 2.1, 5.0, False, 5, 0.1),
    ("TooWeak", "Failed", 7.1, 0.0, False, 0, 0.0),
]


def searched(seconds: float, usd: float) -> parallel_search.Measured:
    trials = pd.DataFrame({"asked": [0.0, 2.0], "works": [1.0, 3.0], "ends": [2.0, seconds]})
    return parallel_search.Measured(seconds, 4.0, usd, trials)


def test_each_search_is_named_at_the_middle_of_its_trials(shown: list[Picture], drawn: list[Axes]) -> None:
    one, many = searched(4.0, 0.002), searched(3.0, 0.002)
    timelines.searches({"one at a time": one, "three at a time": many})
    labels = {text.get_text(): text.get_position()[1] for text in drawn[0].get_yticklabels()}
    assert labels == {"one at a time": 0.5, "three at a time": 3.5}
    assert shown[0].title == "75% of the time, 100% of the dollars"


def test_what_is_not_measured_and_a_server_without_a_dated_source_have_a_star(drawn: list[Axes]) -> None:
    servers = elasticity.lead_times()
    timelines.lead_times(servers, 2)
    stars = [text.get_text().endswith(" *") for text in drawn[0].get_yticklabels()]
    assert stars == [False, True, *(checked != "verified" for checked in servers["checked"])]


@pytest.mark.parametrize("seconds", [0.1, 2, 120])
def test_the_measured_machine_lies_inside_the_figure(seconds: float, shown: list[Picture], drawn: list[Axes]) -> None:
    timelines.lead_times(elasticity.lead_times(), seconds)
    low, high = drawn[0].get_xlim()
    assert low < seconds < high
    assert shown[0].title == f"Measured here: {seconds:.1f} s; an order: weeks"
    assert f"here a machine worked {seconds:.1f} s after the request" in shown[0].alt


def test_the_timeline_tells_each_step_in_words(shown: list[Picture]) -> None:
    timelines.steps(pd.DataFrame(STEPS, columns=COLUMNS))
    assert shown[0].title == "4 steps in 7 s, up to 2 at a time"
    assert "TrainThree from 2.1 s for 5.0 s, Succeeded" in shown[0].alt
    assert "TooWeak from 7.1 s for 0.0 s, Failed" in shown[0].alt


@pytest.mark.parametrize(("number", "most"), [(1, 1), (3, 2), (4, 2)])
def test_steps_that_overlap_are_counted_as_side_by_side(number: int, most: int) -> None:
    assert timelines.most_at_once(pd.DataFrame(STEPS[:number], columns=COLUMNS)) == most


def test_a_step_that_took_no_time_is_no_reason_to_count_it_beside_another() -> None:
    steps = [("A", "Succeeded", 0.0, 0.0, True, 0, 0.0), ("B", "Succeeded", 0.0, 0.0, True, 0, 0.0)]
    assert timelines.most_at_once(pd.DataFrame(steps, columns=COLUMNS)) == 1
