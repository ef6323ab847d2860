"""A million requests cost the same in every lesson, and the milliseconds are those that the benchmark measured."""

from __future__ import annotations

import pytest

from helpers.money import pareto, serverless


def test_a_million_requests_cost_their_memory_and_milliseconds() -> None:
    assert serverless.price(1e6).usd == pytest.approx(1e6 * 0.0025 * 2 * 0.00002)
    assert "requests of 2.5 ms with 2 GB" in str(serverless.price(1e6))


def test_lesson_11_serves_the_usual_model_for_the_same_money() -> None:
    assert pareto.serving("serverless", 1e6, serverless.USUAL_MS, 1) == serverless.price(1e6).usd


def test_the_usual_model_is_as_fast_as_it_was_measured() -> None:
    assert pareto.measured().loc["2-grams with ratio", "ms"] == serverless.USUAL_MS


def test_what_is_assumed_names_memory_milliseconds_and_day() -> None:
    for said in ("2 GB", "2.5 ms", serverless.MEASURED_ON):
        assert said in serverless.ASSUMED
