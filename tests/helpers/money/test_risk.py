"""How sure the comparison is: one input at a time, all at once by chance, and sliders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.money import risk, tco


def test_the_tornado_has_each_end_by_itself_and_the_widest_first() -> None:
    x = tco.values()
    found = risk.tornado(x)
    assert found.loc["admins", "at high"] == pytest.approx(risk.difference(x | {"admins": 0.1}))
    assert found["span"].is_monotonic_decreasing
    assert found.loc["utilisation", "flips"]
    assert not found.loc["electricity", "flips"]
    assert "salary" not in found.index  # half a person on either side, at any wage


def test_what_plays_no_part_in_a_way_of_renting_is_not_in_its_tornado() -> None:
    x = tco.values()
    for way, plays in (("on demand", False), ("Spot", True)):
        assert ("spot_discount" in risk.tornado(x, way).index) is plays
    assert (risk.tornado(x)["span"] > 0).all()


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
    found = risk.band(tco.values(), [5, 40, 80], number=2_000)
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
