"""What an event costs: from the price table and the lessons' own words, and the page says the same."""

from __future__ import annotations

import pytest

from helpers.money.costs import price
from helpers.money.ledger import stated
from kit import event_costs


def test_the_page_has_the_tables_of_today() -> None:
    text = event_costs.PAGE.read_text(encoding="utf-8")
    assert text == event_costs.in_text(text), "run `python -m kit.event_costs --write`"


def test_a_page_without_a_place_for_a_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no marks for the table of costs"):
        event_costs.in_text("# A page")


def test_a_class_costs_as_much_as_its_learners() -> None:
    one, sixty = event_costs.parts(1, hours=8, days=2), event_costs.parts(60, hours=8, days=2)
    assert sixty == pytest.approx({what: 60 * usd for what, usd in one.items()})


def test_a_learner_costs_the_lessons_a_space_and_a_disk() -> None:
    parts = event_costs.parts(1, hours=10, days=365 / 12)
    space = price("SageMaker AI", "ml.t3.large Studio-JupyterLab").usd
    disk = price("SageMaker AI", "Studio space storage gp3").usd
    assert list(parts.values()) == pytest.approx([stated()["with optional"].sum(), 10 * space, 20 * disk])


def test_a_space_runs_longer_than_the_lessons_take_at_home() -> None:
    assert event_costs.hours() * 60 > event_costs.minutes() > 13 * 10


def test_the_quotas_to_raise_are_those_that_sixty_do_not_have() -> None:
    lines = list(event_costs.quotas_table())[2:]
    assert any("ml.m5.large for endpoint usage | 0 | 3 | 60 | 180" in line for line in lines)
    assert not any("Roles per account" in line for line in lines)
