"""The model of own servers and rented machines, by hand calculation."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.money import costs, tco

# Ten servers of 10 vCPUs, round numbers everywhere.
PLAIN = tco.values(
    peak_vcpus=100, server_vcpus=10, utilisation=20, growth=0, server_price=10_000, price_rise=0, life=5, power=0.5,
    rack_power=1, pue=1.5, electricity=0.1, colocation=100, maintenance=10, admins=0.01, salary=100_000, loaded=1.5,
    cloud_utilisation=50, interruptible=50, spot_discount=60, baseline=50, commitment_discount=40, cloud_speed=1,
    cloud_admins=50, admins_floor=0, egress=1100, vcpu_hour=0.05, egress_price=0.09, discount_rate=0,
)  # fmt: skip


def test_a_year_of_own_servers_costs_by_hand() -> None:
    found = tco.on_premises(PLAIN, 1)
    assert found["servers"] == 10 * 10_000 / 5
    assert found["maintenance"] == 10 * 1_000
    assert found["electricity"] == pytest.approx(10 * 0.5 * 1.5 * 8760 * 0.1)
    assert found["colocation"] == 10 * 1 * 12 * 100
    assert found["administration"] == pytest.approx(10 * 0.01 * 150_000)


def test_a_rented_year_costs_by_hand() -> None:
    work = 100 * 0.2 * 8760  # vCPU-hours
    compute = {way: tco.rented(PLAIN, 1, way)["compute"] for way in tco.RENTED}
    assert compute["on demand"] == pytest.approx(work / 0.5 * 0.05)
    assert compute["Spot"] == pytest.approx(work / 0.5 * 0.05 * (0.5 * 0.4 + 0.5))
    assert compute["Savings Plan"] == pytest.approx(work / 0.5 * 0.05 * (0.5 * 0.6 + 0.5))
    assert compute["Savings Plan and Spot"] == pytest.approx(work / 0.5 * 0.05 * (0.5 * 0.4 + 0.5 * 0.6))


def test_a_plan_beside_spot_covers_at_most_what_spot_leaves() -> None:
    x = PLAIN | {"interruptible": 80, "baseline": 50}
    on_demand, both = (tco.rented(x, 1, way)["compute"] for way in ("on demand", "Savings Plan and Spot"))
    assert both == pytest.approx(on_demand * (0.8 * 0.4 + 0.2 * 0.6))


def test_a_slower_rented_vcpu_takes_more_hours() -> None:
    fast, slow = (tco.rented(PLAIN | {"cloud_speed": speed}, 1, "on demand")["compute"] for speed in (1, 0.8))
    assert slow == pytest.approx(fast / 0.8)


def test_administration_has_a_floor_on_either_side() -> None:
    x = PLAIN | {"admins_floor": 0.08}  # ten servers at 0.01 are 0.1 people, and half of that in the cloud
    assert tco.on_premises(x, 1)["administration"] == pytest.approx(0.1 * 150_000)
    assert tco.rented(x, 1, "on demand")["administration"] == pytest.approx(0.08 * 150_000)


def test_rent_has_its_own_administration_and_data_out_beyond_what_is_free() -> None:
    found = tco.rented(PLAIN, 1, "on demand")
    assert found["data out"] == pytest.approx(12 * 1000 * 0.09)
    assert found["administration"] == pytest.approx(7_500)
    assert tco.rented(PLAIN | {"egress": 50}, 1, "on demand")["data out"] == 0


def test_rented_machines_are_as_full_as_the_own_ones_would_be_when_those_are_fuller() -> None:
    full = tco.rented(PLAIN | {"utilisation": 80}, 1, "on demand")["compute"]
    assert full == pytest.approx(100 * 8760 * 0.05)


def test_a_way_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no way 'leased'"):
        tco.rented(PLAIN, 1, "leased")


def test_servers_are_whole_and_grow_with_the_load() -> None:
    growing = PLAIN | {"growth": 10}
    assert [float(tco.servers(growing, year)) for year in (1, 2, 3)] == [10, 11, 13]  # 10, 11, 12.1


def test_it_says_rent_for_the_average_server_and_own_for_a_busy_one() -> None:
    assert tco.verdict(tco.values()).startswith("At 15 % load renting costs less: about $")
    assert tco.verdict(tco.values(utilisation=50)).startswith("At 50 % load owning costs less: about $")


def test_the_verdict_names_both_sums_to_two_digits_and_the_cheapest_rent() -> None:
    x = PLAIN | {"server_price": 1_000}
    own = 2_000 + 1_000 + 6_570 + 12_000 + 15_000
    rent = 17_520 * (0.5 * 0.4 + 0.5 * 0.6) + 1_080 + 7_500
    assert (own, round(rent)) == (36_570, 17_340)
    sums = "about $17,000 (Savings Plan + Spot) against $37,000 in 1 years"
    assert tco.verdict(x, 1) == f"At 20 % load renting costs less: {sums}"


@pytest.mark.parametrize(("way", "paid"), [("on demand", 1.0), ("Spot", 0.7), ("Savings Plan", 0.8)])
def test_at_break_even_both_cost_the_same(way: str, paid: float) -> None:
    even = tco.break_even(PLAIN | {"server_price": 1_000}, way)
    # A year on-premises; rent is 8,580 and 87,600 for 100 % of the peak at work, on machines that are half full.
    own = 2_000 + 1_000 + 6_570 + 12_000 + 15_000
    assert even == pytest.approx(100 * (own - 8_580) / (paid * 87_600))


def test_there_is_no_break_even_where_renting_is_always_cheaper() -> None:
    assert tco.break_even(PLAIN | {"server_price": 100_000}) is None


def test_cash_leaves_when_servers_are_bought_and_again_when_their_life_is_over() -> None:
    flow = tco.cash_flow(PLAIN | {"life": 3}, years=5)
    assert flow["capital"].to_list() == [100_000, 0, 0, 100_000, 0]
    assert flow["running"].iloc[0] == pytest.approx(10_000 + 6_570 + 12_000 + 15_000)
    assert flow["on-premises so far"].iloc[-1] == pytest.approx(200_000 + 5 * 43_570)


@pytest.mark.parametrize(("growth", "life"), [(0, 5), (10, 4), (25, 6), (10, 5.5)])
def test_the_yearly_costs_are_the_cash_less_what_the_servers_are_still_worth(growth: float, life: float) -> None:
    x = PLAIN | {"growth": growth, "life": life}
    spent = tco.cash_flow(x)["on-premises so far"].iloc[-1]
    if life == int(life):
        assert tco.totals(x)["on-premises"] == pytest.approx(spent - tco.book_value(x))
    else:  # a server that is used into its sixth year is bought once and is worth half a year more
        assert tco.book_value(x) > 0


def test_the_totals_are_money_of_today_by_hand() -> None:
    # Bought at the start of years 1 and 4; two of the three years of the second servers are over at the end of year 5.
    x = PLAIN | {"life": 3, "discount_rate": 10}
    middles = sum(1.1 ** -(year - 0.5) for year in range(1, 6))
    own = 100_000 * (1 + 1.1**-3 - 1 / 3 * 1.1**-5) + 43_570 * middles
    rent = (17_520 + 1_080 + 7_500) * middles
    found = tco.totals(x)
    assert found["on-premises"] == pytest.approx(own)
    assert found["on demand"] == pytest.approx(rent)


def test_the_dearer_money_is_the_better_is_renting() -> None:
    x = tco.values()
    gaps = [tco.totals(x | {"discount_rate": rate}) for rate in (0, 10)]
    assert gaps[0]["on-premises"] / gaps[0]["on demand"] < gaps[1]["on-premises"] / gaps[1]["on demand"]


def test_an_input_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(tco.UnknownInput, match="no input 'tax'"):
        tco.values(tax=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("utilisation", 120), ("power", -1), ("life", 0), ("cloud_utilisation", 0), ("pue", 0.9), ("growth", np.nan)],
)
def test_a_value_that_cannot_be_is_refused_with_its_name_and_its_limit(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name} \(.* must be (at least|above) [01]"):
        tco.values(**{name: value})
    with pytest.raises(ValueError, match=name):
        tco.values(**{name: np.array([1.0, value])})


def test_every_input_has_a_source_and_lies_in_its_range() -> None:
    for each in tco.inputs().values():
        assert each.source, each.name
        assert each.low <= each.value <= each.high, each.name
        assert each.date or each.mark == "unverified", each.name


def test_what_is_unverified_is_marked_in_table_and_figures() -> None:
    table = tco.table(["server_price", "pue", "electricity", "egress_price", "utilisation", "cloud_speed"])
    stale = "⚠️ secondary, stale"
    assert table["checked"].to_list() == ["⚠️ unverified", "⚠️ secondary", "verified", stale, stale, "⚠️ stale"]
    ends = [tco.inputs()[name].label[-1] for name in table.index]
    assert ends == ["*", "†", "y", "†", "†", "†"]


def test_the_prices_of_aws_are_those_of_the_course_s_table() -> None:
    row = costs.price("EC2", "m7i.xlarge Linux on-demand")
    assert tco.values()["vcpu_hour"] == row.usd / 4
    assert (tco.inputs()["vcpu_hour"].date, tco.inputs()["vcpu_hour"].mark) == (row.date, row.mark)


def test_twice_the_vcpus_for_the_same_price_turn_the_verdict_but_for_plan_and_spot_as_lesson_11_says() -> None:
    x = tco.values()
    twice = tco.totals(tco.values(server_vcpus=2 * x["server_vcpus"]))
    now = tco.totals(x)
    assert max(now[way] for way in tco.RENTED) < now[tco.OWN]
    assert twice["Savings Plan and Spot"] < twice[tco.OWN] < min(twice[way] for way in tco.RENTED[:-1])
