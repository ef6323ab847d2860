"""The search: SageMaker's ranges and strategies in Optuna's words."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol import ServiceError
from localcloud.services.tuning_search import Search, Space


def continuous(low: str, high: str, scale: str = "Auto") -> dict[str, Any]:
    return {"ContinuousParameterRanges": [{"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scale}]}


def integer(low: str, high: str, scale: str = "Auto") -> dict[str, Any]:
    return {"IntegerParameterRanges": [{"Name": "n", "MinValue": low, "MaxValue": high, "ScalingType": scale}]}


def search(strategy: str, ranges: dict[str, Any], *, maximize: bool = True, seed: int = 0, **more: Any) -> Search:
    return Search({"Strategy": strategy, "ParameterRanges": ranges, **more}, maximize=maximize, seed=seed)


def asked(found: Search, name: str, count: int) -> list[str]:
    return [found.ask()[1][name] for _ in range(count)]


def test_integers_are_whole_numbers_of_the_range_with_both_ends() -> None:
    assert {int(value) for value in asked(search("Random", integer("1", "3")), "n", 60)} == {1, 2, 3}


def test_a_logarithmic_scale_gives_each_power_of_ten_as_many_values() -> None:
    values = [float(value) for value in asked(search("Random", continuous("0.01", "100", "Logarithmic")), "x", 400)]
    assert 140 < sum(value < 1 for value in values) < 260
    assert all(0.01 <= value <= 100 for value in values)


def test_a_reverse_logarithmic_scale_looks_closely_near_one() -> None:
    ranges = continuous("0", "0.999", "ReverseLogarithmic")
    values = [float(value) for value in asked(search("Random", ranges), "x", 300)]
    assert sum(value > 0.9 for value in values) > 150
    assert all(-1e-9 <= value <= 0.999 + 1e-9 for value in values)


def test_the_same_seed_asks_for_the_same_values() -> None:
    first, second = (asked(search("Random", continuous("0", "1"), seed=3), "x", 5) for _ in range(2))
    assert first == second


def test_a_grid_visits_each_point_once() -> None:
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "a", "Values": ["1", "2", "3"]},
            {"Name": "b", "Values": ["x", "y"]},
        ]
    }
    found = search("Grid", ranges)
    points = []
    for _ in range(found.grid_size()):
        number, point = found.ask()
        points.append((point["a"], point["b"]))
        found.tell(number, 1.0)
    assert sorted(points) == [(a, b) for a in "123" for b in "xy"]


@pytest.mark.parametrize("maximize", [True, False])
def test_bayesian_search_comes_nearer_to_the_best_than_it_began(maximize: bool) -> None:
    found = search("Bayesian", continuous("0", "10"), maximize=maximize)
    distances = []
    for _ in range(30):
        number, values = found.ask()
        distance = (float(values["x"]) - 3) ** 2
        distances.append(distance)
        found.tell(number, -distance if maximize else distance)
    assert sum(distances[-10:]) < sum(distances[:10])


def test_a_failed_trial_teaches_nothing_and_the_search_goes_on() -> None:
    found = search("Bayesian", continuous("0", "10"))
    for _ in range(12):
        number, _ = found.ask()
        found.tell(number, None)
    assert 0 <= float(found.ask()[1]["x"]) <= 10


def trained(found: Search, history: list[float]) -> int:
    """Run one trial with the given values of the metric to its end."""
    number, _ = found.ask()
    found.tell(number, history[-1], history)
    return number


def test_early_stopping_ends_what_is_below_the_median_of_the_others() -> None:
    found = search("Random", continuous("0", "1"), TrainingJobEarlyStoppingType="Auto")
    for _ in range(6):
        trained(found, [0.5, 0.6, 0.7])
    poor, good = found.ask()[0], found.ask()[0]
    assert found.should_stop(poor, [0.1, 0.2])
    assert not found.should_stop(good, [0.9, 0.9])


def test_without_early_stopping_nothing_is_stopped() -> None:
    found = search("Random", continuous("0", "1"), TrainingJobEarlyStoppingType="Off")
    for _ in range(6):
        trained(found, [0.5, 0.6])
    assert not found.should_stop(found.ask()[0], [0.0, 0.0])


def test_hyperband_stops_poor_trials_at_a_rung() -> None:
    limits = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    found = search("Hyperband", continuous("0", "1"), StrategyConfig=limits)
    for _ in range(12):
        trained(found, [0.9] * 9)
    stopped = [found.should_stop(found.ask()[0], [0.1] * 8) for _ in range(6)]
    assert any(stopped)


def test_a_warm_start_takes_over_what_fits_the_space() -> None:
    found = search("Bayesian", continuous("0", "10", "Linear"))
    assert found.learn({"x": "3.5", "other": "1"}, 0.9)
    assert not found.learn({"x": "12"}, 0.9)
    assert not found.learn({"y": "3"}, 0.9)


@pytest.mark.parametrize(
    ("ranges", "parents"),
    [
        (integer("1", "9"), {"n": "three"}),
        (integer("1", "9"), {"n": "inf"}),
        (continuous("0", "0.9", "ReverseLogarithmic"), {"x": "1.5"}),
    ],
)
def test_a_warm_start_leaves_out_what_is_no_value_of_this_space(
    ranges: dict[str, Any], parents: dict[str, str]
) -> None:
    assert not search("Bayesian", ranges).learn(parents, 0.9)


def test_values_survive_the_way_to_strings_and_back() -> None:
    space = Space({**continuous("0", "0.99", "ReverseLogarithmic"), **integer("1", "9")})
    strings = space.to_strings({"x": 1.5, "n": 4})
    back = space.from_strings(strings)
    assert back is not None
    assert back["x"] == pytest.approx(1.5)
    assert back["n"] == 4


@pytest.mark.parametrize(
    ("ranges", "what"),
    [
        (continuous("5", "1"), "range of x is empty"),
        (continuous("a", "1"), "must be numbers"),
        (continuous("nan", "1"), "range of x is empty"),
        (continuous("0", "1", "Logarithmic"), "above 0"),
        (continuous("0", "1", "ReverseLogarithmic"), r"\[0, 1\)"),
        (integer("0", "0.5"), "must be numbers"),
        (integer("1", "5", "ReverseLogarithmic"), "continuous"),
        ({"CategoricalParameterRanges": [{"Name": "k", "Values": ["a", "a"]}]}, "not distinct"),
        ({**continuous("0", "1"), "CategoricalParameterRanges": [{"Name": "x", "Values": ["a"]}]}, "two ranges"),
        ({}, "at least one"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_in_plain_words(ranges: dict[str, Any], what: str) -> None:
    with pytest.raises(ServiceError, match=what):
        Space(ranges)


def test_a_grid_with_more_points_than_can_be_run_is_refused_at_once() -> None:
    ranges = [{"Name": f"p{number}", "Values": [str(value) for value in range(10)]} for number in range(9)]
    with pytest.raises(ServiceError, match="The grid has 1000000000 points; at most 750"):
        search("Grid", {"CategoricalParameterRanges": ranges})


def test_a_grid_of_numbers_is_refused() -> None:
    with pytest.raises(ServiceError, match="categorical parameters only"):
        search("Grid", continuous("0", "1"))
