"""A million requests cost the same in lessons 07, 09 and 11, for the milliseconds that the benchmarks measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.money import pareto, serverless

SERVING = Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "serving.json"


def test_a_million_requests_cost_their_memory_and_milliseconds() -> None:
    milliseconds = serverless.USUAL_MS + serverless.OVERHEAD_MS
    assert serverless.price(1e6).usd == pytest.approx(1e6 * milliseconds / 1000 * 2 * 0.00002)
    assert f"requests of {milliseconds:g} ms with 2 GB" in str(serverless.price(1e6))


def test_lesson_11_serves_the_course_s_model_for_the_money_of_lesson_09() -> None:
    monthly = pareto.operations(pareto.dearer(), 1e6).set_index(["model", "way"])
    assert monthly.loc[(serverless.COURSE, "serverless"), "serving"] == serverless.price(1e6).usd


def test_what_a_request_takes_beside_the_model_is_what_the_benchmark_measured() -> None:
    report, pairs = json.loads(SERVING.read_text()), pareto.measured().loc["2-grams with ratio", "ms"]
    assert report["1 at once"]["local AWS"]["p50_ms"] - pairs == pytest.approx(serverless.OVERHEAD_MS)
    assert report["date"] == serverless.OVERHEAD_ON


def test_what_is_assumed_names_memory_milliseconds_and_days_and_what_is_left_out() -> None:
    day = json.loads(serverless.DEARER.read_text())["date"][:10]
    for said in ("2 GB", f"{serverless.milliseconds():g} ms", day, serverless.OVERHEAD_ON, "data in and out, at $"):
        assert said in serverless.ASSUMED
