"""The model of own servers and rented machines, by hand calculation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.money import costs, risk, tco

# Ten servers of 10 vCPUs, round numbers everywhere.
PLAIN = tco.values(
    peak_vcpus=100, server_vcpus=10, utilisation=20, growth=0, server_price=10_000, price_rise=0, life=5, power=0.5,
    rack_power=1, pue=1.5, electricity=0.1, colocation=100, maintenance=10, admins=0.01, salary=100_000, loaded=1.5,
    cloud_utilisation=50, interruptible=50, spot_discount=60, baseline=50, commitment_discount=40, serverless_gb=2,
    cloud_admins=50, egress=1100, vcpu_hour=0.05, gb_second=0.00002, egress_price=0.09,
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
    assert compute["commitment"] == pytest.approx(work / 0.5 * 0.05 * (0.5 * 0.6 + 0.5))
    assert compute["serverless"] == pytest.approx(work * 3600 * 2 * 0.00002)


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


def test_it_says_rent_for_the_average_server_and_stay_for_a_busy_one() -> None:
    assert tco.verdict(tco.values()).startswith("Rent, ")
    assert tco.verdict(tco.values(utilisation=50)).startswith("Stay on-premises: $")


def test_the_verdict_names_both_sums() -> None:
    found = tco.totals(PLAIN, 1)
    sentence = tco.verdict(PLAIN, 1)
    assert f"${found['on-premises']:,.0f}" in sentence
    assert f"${min(found[way] for way in tco.RENTED):,.0f}" in sentence


@pytest.mark.parametrize(("way", "paid"), [("on demand", 1.0), ("Spot", 0.7), ("commitment", 0.8)])
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


def test_money_of_later_years_counts_less_when_discounted() -> None:
    flow = tco.cash_flow(PLAIN, years=3, discount=10)
    assert flow["rent"].iloc[2] == pytest.approx(flow["rent"].iloc[0] / 1.1**2)


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
        assert each.date or not each.verified, each.name


def test_what_is_unverified_is_marked_in_table_and_figures() -> None:
    table = tco.table(["server_price", "pue"])
    assert table["checked"].to_list() == [tco.UNVERIFIED, "verified"]
    assert tco.inputs()["server_price"].label.endswith(" *")
    assert not tco.inputs()["pue"].label.endswith("*")


def test_the_prices_of_aws_are_those_of_the_course_s_table() -> None:
    assert tco.values()["vcpu_hour"] == costs.price("EC2", "m5.xlarge Linux on-demand").usd / 4
    assert tco.inputs()["vcpu_hour"].date == costs.price("EC2", "m5.xlarge Linux on-demand").date


def test_the_tornado_has_each_end_by_itself_and_the_widest_first() -> None:
    x = tco.values()
    found = risk.tornado(x)
    assert found.loc["admins", "at high"] == pytest.approx(risk.difference(x | {"admins": 0.1}))
    assert found["span"].is_monotonic_decreasing
    assert found.loc["utilisation", "flips"]
    assert not found.loc["electricity", "flips"]


def test_what_plays_no_part_in_a_way_of_renting_is_not_in_its_tornado() -> None:
    x = tco.values()
    for way, plays in (("on demand", False), ("Spot", True)):
        assert ("spot_discount" in risk.tornado(x, way).index) is plays
    assert (risk.tornado(x)["span"] > 0).all()


def test_twice_the_vcpus_for_the_same_price_beat_on_demand_and_not_spot_as_lesson_11_says() -> None:
    x = tco.values()
    twice = tco.totals(tco.values(server_vcpus=2 * x["server_vcpus"]))
    assert tco.totals(x)["on demand"] < tco.totals(x)[tco.OWN]
    assert twice["Spot"] < twice[tco.OWN] < twice["on demand"]


def test_the_draws_stay_in_their_ranges_and_are_the_same_every_time() -> None:
    x, inputs = tco.values(), tco.inputs()
    first, second = risk.draws(x, 500), risk.draws(x, 500)
    for name in ("admins", "life"):
        assert np.array_equal(first[name], second[name])
        assert inputs[name].low <= first[name].min() <= first[name].max() <= inputs[name].high
    assert first["utilisation"] == x["utilisation"]


def test_arrays_give_what_the_single_numbers_give() -> None:
    drawn = risk.draws(tco.values(), 20)
    together = risk.difference(drawn, "Spot")
    alone = [
        risk.difference({k: v[place] if isinstance(v, np.ndarray) else v for k, v in drawn.items()}, "Spot")
        for place in range(20)
    ]
    assert together == pytest.approx(alone)


def test_owning_wins_more_often_the_fuller_the_servers() -> None:
    found = risk.band(tco.values(), [10, 40, 80], number=2_000)
    assert found["owning_wins"].is_monotonic_increasing
    assert (found["p5"] < found["p50"]).all()
    assert found["owning_wins"].iloc[0] < 0.01
    assert found["owning_wins"].iloc[-1] > 0.5


def test_where_the_draws_disagree_nothing_is_decided() -> None:
    found = pd.DataFrame({"owning_wins": [0.0, 0.1, 0.11, 0.5, 0.89, 0.9, 1.0]}, [10, 20, 30, 40, 50, 60, 70])
    assert risk.undecided(found, 0.9) == [30, 40, 50]


def test_sliders_show_the_picture_once_where_nobody_can_move_them(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[tco.Values] = []
    risk.explore(shown.append, utilisation=(0, 100))
    assert [x["utilisation"] for x in shown] == [tco.inputs()["utilisation"].value]
    assert "here are sliders: Load" in capsys.readouterr().out


def test_a_moved_slider_shows_the_picture_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from ipywidgets import FloatSlider

    made: list[FloatSlider] = []
    FloatSlider.on_widget_constructed(made.append)
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    shown: list[tco.Values] = []
    try:
        risk.explore(shown.append, utilisation=(0, 100))
    finally:
        FloatSlider.on_widget_constructed(None)
    slider = next(widget for widget in made if isinstance(widget, FloatSlider))
    slider.value = 60
    assert [x["utilisation"] for x in shown] == [tco.inputs()["utilisation"].value, 60]
