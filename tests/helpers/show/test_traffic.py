"""The pictures of an endpoint say how long answers take."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from helpers.aws.endpoints import Rush, Visit
from helpers.show import traffic
from helpers.show.figures import Picture


def test_half_and_nineteen_in_twenty_of_the_answers_are_named(shown: list[Picture], drawn: list[Axes]) -> None:
    traffic.latency(pd.Series([float(ms) for ms in range(1, 102)]))
    assert shown[0].title == "Half of the answers come within 51 ms, 95 of 100 within 96 ms"
    assert shown[0].alt.startswith("Rising steps: share of 101 requests answered within a time. p50 is 51 ms")
    assert max(drawn[0].get_lines()[0].get_ydata()) == 100


def test_fast_times_are_told_apart_and_equal_ones_are_said_once(shown: list[Picture]) -> None:
    traffic.latency(pd.Series([3.9] * 51 + [4.3] * 49))
    traffic.latency(pd.Series([4.0] * 100))
    assert shown[0].title == "Half of the answers come within 3.9 ms, 95 of 100 within 4.3 ms"
    assert shown[1].title == "95 of 100 answers come within 4.0 ms"


def test_the_load_is_read_from_the_first_to_the_last_number_of_callers(shown: list[Picture]) -> None:
    traffic.load({1: Rush([4.0] * 10, seconds=0.1), 16: Rush([30.0] * 10, seconds=0.05)})
    assert shown[0].title == "p95 goes from 4 to 30 ms, from 1 to 16 callers"
    assert shown[0].alt.endswith("With 16 callers p50 is 30 ms, p95 is 30 ms.")


def test_an_update_counts_the_failed_requests_and_draws_the_others(shown: list[Picture], drawn: list[Axes]) -> None:
    traffic.update([Visit(0.0, 0.54), Visit(0.1, None, "Timeout: gone"), Visit(0.2, 0.51)])
    assert shown[0].title == "1 of 3 requests failed; the score goes from 0.54 to 0.51"
    assert "The score is 0.54 at first, then 0.51" in shown[0].alt
    assert drawn[0].collections[0].get_offsets().tolist() == [[0.0, 0.54], [0.2, 0.51]]


def test_two_models_that_nearly_agree_are_far_apart_on_the_axis_with_their_numbers(drawn: list[Axes]) -> None:
    traffic.update([Visit(0.0, 0.54), Visit(0.1, 0.51)])
    low, high = drawn[0].get_ylim()
    assert (0.54 - 0.51) / (high - low) >= 0.4
    assert [text.get_text() for text in drawn[0].texts] == ["0.54", "0.51"]
