"""Prices before a launch, by hand calculation."""

import pytest

from helpers import costs


def test_a_glue_job_of_three_minutes_at_two_dpus_costs_by_hand() -> None:
    assert costs.glue_job(2, 3).usd == pytest.approx(2 * 3 / 60 * 0.44)


def test_a_glue_job_of_ten_seconds_is_billed_as_a_minute() -> None:
    assert costs.glue_job(2, 10 / 60).usd == costs.glue_job(2, 1).usd


def test_a_crawl_is_billed_as_ten_minutes_at_least() -> None:
    assert costs.crawler(1).usd == pytest.approx(2 * 10 / 60 * 0.44)


def test_an_endpoint_left_on_for_a_month_costs_by_hand() -> None:
    assert costs.endpoint("ml.m5.large", 24 * 30).usd == pytest.approx(0.115 * 720)


def test_serverless_requests_are_billed_by_memory_and_time() -> None:
    estimate = costs.serverless(2, 1_000, 0.05)
    assert estimate.usd == pytest.approx(2 * 1_000 * 0.05 * 0.00002)
    assert "1,000 requests of 50 ms with 2 GB at $0.00002 per GB-second" in str(estimate)


def test_at_break_even_both_kinds_of_endpoint_cost_the_same() -> None:
    requests = costs.break_even("ml.m5.large", 2, 0.05)
    assert costs.serverless(2, requests, 0.05).usd == pytest.approx(costs.endpoint("ml.m5.large", 1).usd)
    assert requests == pytest.approx(57_500)


def test_a_query_is_billed_as_ten_megabytes_at_least() -> None:
    assert costs.athena(1).usd == pytest.approx(5.0 * 10 / 2**20)


def test_an_estimate_says_how_it_comes_about_and_of_when_its_price_is() -> None:
    text = str(costs.training("ml.m5.large", 2))
    assert "ml.m5.large for 2 min at $0.115 per instance-hour (us-east-1, 2026-08-11)" in text


def test_an_unknown_instance_is_refused_with_what_there_is() -> None:
    with pytest.raises(costs.UnknownPrice, match=r"ml\.m5\.large Training"):
        costs.training("ml.imaginary", 1)


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(costs.UnknownPrice, match="eu-north-1"):
        costs.price("Glue", "Crawler", region="eu-north-1")


def test_every_price_has_a_date_a_source_and_a_positive_amount() -> None:
    assert all(row.date and row.source and row.usd > 0 for row in costs.table())


@pytest.mark.parametrize(
    ("usd", "text"), [(84.0, "$84.00"), (0.0293, "$0.029"), (0.0000477, "$0.000048"), (0, "$0.00")]
)
def test_a_small_amount_keeps_two_digits_that_say_something(usd: float, text: str) -> None:
    assert f"about {text}: " in str(costs.Estimate(usd, "how"))
