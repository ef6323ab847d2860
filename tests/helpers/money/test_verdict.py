"""Where the verdict between a managed service and one's own model flips, by hand calculation and without a slider."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.money import verdict
from helpers.money.verdict import Case

# The own model costs $150 more, and a point of accuracy is worth 100,000 x 1 % x $0.01 = $10: 15 points make it even.
CASE = Case(reviews=100_000, usd_a_mistake=0.01, managed_usd=100, own_usd=250, own_right=0.88)


def test_the_verdict_flips_where_both_cost_the_same() -> None:
    assert pytest.approx(0.73) == CASE.flip
    assert CASE.managed(CASE.flip) == pytest.approx(CASE.own) == pytest.approx(250 + 120)
    assert CASE.says() == "The service costs less if it is right on more than 73.0% of reviews"


def test_a_dear_service_cannot_win_and_one_that_costs_next_to_nothing_cannot_lose() -> None:
    assert "however right" in Case(100_000, 0.01, 1000, 250, 0.88).says()
    assert "only guessed" in Case(1_000, 0.01, 1, 250, 0.88).says()


def test_the_table_turns_at_the_flip() -> None:
    found = verdict.table(CASE, [0.72, 0.74])
    assert found["costs less"].tolist() == ["own model", "service"]
    assert found["service, $"].tolist() == [380, 360]


def test_where_nobody_can_move_a_slider_the_table_is_printed_and_the_case_drawn_once(capsys: Any) -> None:
    drawn: list[tuple[Case, float]] = []
    verdict.explore(CASE, lambda case, right: drawn.append((case, right)), start=0.9)
    assert drawn == [(CASE, 0.9)]
    assert "own model" in capsys.readouterr().out
