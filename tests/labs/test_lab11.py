"""Lab 11 teaches what lesson 11 does: its exercises give the figures of the course's own model."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.checks import lab11
from helpers.checks.exercise import worked_answer
from helpers.money import elasticity, pareto, tco


def worked(name: str) -> Any:
    """The worked answer of an exercise, as a function."""
    answer: dict[str, Any] = {}
    exec(worked_answer(lab11.LAB, name), answer)
    return answer[name]


def test_the_year_of_exercise_1_is_the_lesson_s_without_maintenance_and_place() -> None:
    x = tco.values(maintenance=0, colocation=0, price_rise=0, growth=0, admins_floor=0)
    staff = x["admins"] * x["salary"] * x["loaded"]
    year = worked("own_year")(x["server_price"], x["life"], x["power"], x["pue"], x["electricity"], staff)
    assert 10 * year == pytest.approx(sum(tco.on_premises(x, 1).values()))


def test_the_break_even_of_exercise_2_is_the_lesson_s_when_rented_machines_are_always_at_work() -> None:
    x = tco.values(growth=0, egress=0, cloud_admins=0, admins_floor=0, cloud_utilisation=100, cloud_speed=1)
    x |= {"server_price": 8_000, "discount_rate": 0}
    own = sum(tco.on_premises(x, 1).values()) / 10
    even = worked("break_even")(own, x["server_vcpus"] * x["vcpu_hour"])
    assert 100 * even == pytest.approx(tco.break_even(x))


def test_the_cash_of_exercise_3_is_the_lesson_s() -> None:
    x = tco.values(growth=0, life=3)
    flow = tco.cash_flow(x)
    price = x["server_price"] * (1 + x["price_rise"] / 100)
    cash = worked("cash")(10, price, 3, flow["running"].iloc[0], 5)
    assert cash == pytest.approx((flow["capital"] + flow["running"]).to_list())


def test_the_queue_of_exercise_4_is_the_lesson_s() -> None:
    coming = elasticity.arrivals(2, 24, burst=60, burst_at=9)
    assert worked("waits")(coming, 1, 3) == pytest.approx(elasticity.queue(coming, 1, 3)["waits"].to_list())


def test_the_front_of_exercise_5_is_the_lesson_s() -> None:
    table = pareto.operations(pareto.measured(trials=20), 1_000_000)
    rows = [(place, row["usd"], row["accuracy"]) for place, row in table.iterrows()]
    assert set(worked("front")(rows)) == set(table.index[table["front"]])
