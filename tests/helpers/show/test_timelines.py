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


def test_each_way_has_a_line_for_each_machine_and_a_bar_for_each_trial(shown: list[Picture], drawn: list[Axes]) -> None:
    timelines.plans([parallel_search.plan(1), parallel_search.plan(2)], parallel_search.TRIAL_MINUTES)
    labels = {text.get_text(): text.get_position()[1] for text in drawn[0].get_yticklabels()}
    assert labels == {"1 at a time": 0, "2 at a time": 2.5}
    assert len(drawn[0].patches) == 2 * len(parallel_search.PENALTIES)
    assert shown[0].title == r"2 at a time: 7.5 minutes in place of 15, for the same \$0.029"
    assert shown[0].alt == "1 at a time: 6 rounds of 2.5 minutes; 2 at a time: 3 rounds of 2.5 minutes"


def test_what_is_not_measured_and_a_server_without_a_dated_source_have_a_star(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    servers = elasticity.lead_times()
    timelines.lead_times(servers)
    stars = [text.get_text().endswith(" *") for text in drawn[0].get_yticklabels()]
    assert stars == [True, *(checked != "verified" for checked in servers["checked"])]
    assert shown[0].title == "Rented, a machine works in minutes; ordered, after 4 to 52 weeks"


def test_the_timeline_tells_each_step_in_words(shown: list[Picture]) -> None:
    timelines.steps(pd.DataFrame(STEPS, columns=COLUMNS))
    assert shown[0].title == "4 steps in 7 s, up to 2 at a time"
    assert "TrainThree from 2.1 s for 5.0 s ($0.10), Succeeded" in shown[0].alt
    assert "TooWeak from 7.1 s for 0.0 s ($0.00), Failed" in shown[0].alt


@pytest.mark.parametrize(("number", "most"), [(1, 1), (3, 2), (4, 2)])
def test_steps_that_overlap_are_counted_as_side_by_side(number: int, most: int) -> None:
    assert timelines.most_at_once(pd.DataFrame(STEPS[:number], columns=COLUMNS)) == most


def test_a_step_that_took_no_time_is_no_reason_to_count_it_beside_another() -> None:
    steps = [("A", "Succeeded", 0.0, 0.0, True, 0, 0.0), ("B", "Succeeded", 0.0, 0.0, True, 0, 0.0)]
    assert timelines.most_at_once(pd.DataFrame(steps, columns=COLUMNS)) == 1
