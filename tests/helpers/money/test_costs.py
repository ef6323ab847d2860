"""Prices before a launch, by hand calculation."""

import re
from datetime import date

import pytest

from helpers.money import costs
from pricelist import table as prices


def test_a_glue_job_of_three_minutes_at_two_dpus_costs_by_hand() -> None:
    assert costs.glue_job(2, 3).usd == pytest.approx(2 * 3 / 60 * 0.44)


def test_a_glue_job_of_ten_seconds_is_billed_as_a_minute() -> None:
    assert costs.glue_job(2, 10 / 60).usd == costs.glue_job(2, 1).usd


def test_a_glue_job_of_61_seconds_at_two_dpus_is_billed_by_the_second() -> None:
    # 2 DPU * 61 s = 122 DPU-seconds; 122 / 3600 * 0.44 = 0.0149111...
    assert costs.glue_job(2, 61 / 60).usd == pytest.approx(0.01491111, abs=1e-8)


def test_a_crawl_is_billed_as_ten_minutes_at_least_and_says_that_sources_disagree() -> None:
    assert costs.crawler(1).usd == pytest.approx(2 * 10 / 60 * 0.44)
    assert "2 DPU for 10 min, the minimum of a crawl (contested: one source says 1 min)" in str(costs.crawler(1))
    assert costs.crawler(12).usd == pytest.approx(2 * 12 / 60 * 0.44)
    assert "minimum" not in str(costs.crawler(12))


def test_an_endpoint_left_on_for_a_month_costs_by_hand() -> None:
    # 730 hours of 0.115 USD
    assert costs.endpoint("ml.m5.large", 730).usd == pytest.approx(83.95)
    assert costs.monthly(costs.endpoint("ml.m5.large", 1)).usd == pytest.approx(83.95)


def test_two_instances_cost_twice_as_much() -> None:
    assert costs.endpoint("ml.m5.large", 10, instances=2).usd == pytest.approx(2 * 10 * 0.115)
    assert costs.training("ml.m5.large", 30, instances=2).usd == pytest.approx(0.115)
    assert "2 x ml.m5.large for 30 min" in str(costs.processing("ml.m5.large", 30, instances=2))


def test_processing_transform_and_tuning_cost_by_hand() -> None:
    assert costs.processing("ml.m5.large", 6).usd == pytest.approx(0.0115)
    assert costs.transform("ml.m5.large", 6).usd == pytest.approx(0.0115)
    assert costs.tuning("ml.m5.xlarge", trials=8, minutes=3).usd == pytest.approx(8 * 3 / 60 * 0.23)


def test_250_characters_through_comprehend_are_three_units() -> None:
    # 250 characters are 3 units of 100, begun ones in full: 3 * 0.0001
    assert costs.comprehend(250).usd == pytest.approx(0.0003)


@pytest.mark.parametrize(("characters", "units"), [(1, 3), (300, 3), (301, 4), (1000, 10), (1001, 11)])
def test_comprehend_bills_begun_units_and_three_at_least(characters: int, units: int) -> None:
    assert costs.comprehend_units(characters) == units


def test_each_part_of_a_large_volume_has_the_price_of_its_tier() -> None:
    # 10M documents of 13 units: 10M * 0.0001 + 40M * 0.00005 + 80M * 0.000025 = 1,000 + 2,000 + 2,000
    assert costs.comprehend(1300, documents=10e6).usd == pytest.approx(5000)


def test_pages_cost_by_hand() -> None:
    assert costs.textract(40).usd == pytest.approx(0.06)


def test_a_volume_whose_tier_has_no_price_is_refused() -> None:
    with pytest.raises(costs.UnknownPrice, match="above 1M pages"):
        costs.textract(2e6)


def test_serverless_requests_are_billed_by_memory_and_time() -> None:
    estimate = costs.serverless(2, 1_000, 0.05)
    assert estimate.usd == pytest.approx(2 * 1_000 * 0.05 * 0.00002)
    assert "1,000 requests of 50 ms with 2 GB at $0.00002 per GB-second" in str(estimate)


def test_at_break_even_both_kinds_of_endpoint_cost_the_same() -> None:
    requests = costs.break_even("ml.m5.large", 2, 0.05)
    assert costs.serverless(2, requests, 0.05).usd == pytest.approx(costs.endpoint("ml.m5.large", 1).usd)
    assert requests == pytest.approx(57_500)


def test_a_query_is_billed_as_ten_megabytes_at_least() -> None:
    assert costs.athena(1).usd == costs.athena(0).usd == pytest.approx(5.0 * 10 / 2**20)


def test_a_query_is_billed_by_begun_megabytes() -> None:
    assert costs.athena(11 * 2**20 + 1).usd == pytest.approx(5.0 * 12 / 2**20)
    assert "12 MB billed at" in str(costs.athena(11 * 2**20 + 1))


@pytest.mark.parametrize("minutes", [-1.0, float("nan")])
def test_what_is_no_amount_has_no_price(minutes: float) -> None:
    with pytest.raises(ValueError, match="is no cost"):
        costs.training("ml.m5.large", minutes)


def test_an_estimate_says_how_it_comes_about_and_of_when_its_price_is() -> None:
    text = str(costs.training("ml.m5.large", 2))
    assert "ml.m5.large for 2 min at $0.115 per instance-hour (us-east-1, price of 2026-08-11)" in text


def test_an_unknown_instance_is_refused_with_what_there_is() -> None:
    with pytest.raises(costs.UnknownPrice, match=r"ml\.m5\.large Training"):
        costs.training("ml.imaginary", 1)


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(costs.UnknownPrice, match="eu-north-1"):
        costs.price("Glue", "Crawler", region="eu-north-1")


@pytest.mark.parametrize(
    ("service", "item", "region", "currency", "words"),
    [
        ("SageMaker AI", "ml.m5.large", "us-east-1", "USD", "ml.m5.large Hosting, ml.m5.large Processing"),
        ("SageMaker AI", "ml.m5.large Training", "us-east-1", "EUR", "No price in EUR"),
        ("Lambda", "request", "us-east-1", "USD", "services: Athena"),
        ("Athena", "SQL query", "sa-east-1", "USD", "regions for Athena: us-east-1"),
    ],
)
def test_what_the_table_lacks_is_named(service: str, item: str, region: str, currency: str, words: str) -> None:
    with pytest.raises(costs.UnknownPrice, match=words):
        costs.price(service, item, region, currency)


def test_a_discount_that_holds_everywhere_is_found_from_any_region() -> None:
    assert costs.price("SageMaker AI", "Savings Plans maximum discount", "eu-west-1").usd == 64


def test_an_unverified_price_says_so_wherever_it_is_used() -> None:
    row = costs.price("SageMaker AI", "ml.m5.large Batch Transform")
    estimate = costs.transform("ml.m5.large", 60)
    assert row.mark == estimate.mark == "unverified"
    assert "$0.115 (unverified) per instance-hour" in str(row)
    assert str(row) in str(estimate)
    assert "(unverified)" in str(costs.monthly(estimate))
    assert costs.training("ml.m5.large", 60).mark == ""


def test_a_price_that_rests_on_a_second_hand_or_an_old_source_says_so() -> None:
    assert "$0.192 (secondary) per instance-hour" in str(costs.price("EC2", "m5.xlarge Linux on-demand"))
    assert "$3.825 (secondary, stale) per instance-hour" in str(costs.endpoint("ml.p3.2xlarge", 1))


def test_a_row_is_stale_a_year_after_the_newest_and_the_newest_never(monkeypatch: pytest.MonkeyPatch) -> None:
    row = costs.price("EC2", "t3.medium RI 1yr standard no-upfront")
    assert row.stale
    monkeypatch.setattr(prices, "_newest", lambda: date(2025, 7, 1))
    assert not row.stale
    assert not any(row.stale for row in prices.table() if row.date == "undated")


def test_what_is_verified_is_aws_s_own_word() -> None:
    """A repository, a guide or a bill that quotes AWS is not AWS; `secondary` is for these."""
    for row in prices.table():
        if row.status == "verified":
            assert re.search(r"Price List|[Pp]ricing page|AWS's (documentation|public (feed|price file))", row.source)
    assert {row.status for row in prices.table()} == {"verified", "secondary", "unverified"}


def test_no_price_is_in_the_table_twice() -> None:
    rows = [(row.service, row.item, row.region) for row in prices.table()]
    assert len(set(rows)) == len(rows)


def test_every_price_has_a_date_a_source_and_an_amount_and_only_unverified_ones_are_undated() -> None:
    for row in prices.table():
        assert row.source
        assert row.usd >= 0
        assert row.date[:2] == "20" or (row.status, row.date) == ("unverified", "undated")


def test_sources_are_citations_without_addresses_or_paths() -> None:
    cited = " ".join(row.source for row in prices.table())
    assert "://" not in cited
    assert not re.search(r"(^|[\s(])/\w", cited)
    assert not re.search(r"\.(com|io|net|org)\b", cited)


@pytest.mark.parametrize(
    ("usd", "text"), [(84.0, "$84.00"), (0.0293, "$0.029"), (0.0000477, "$0.000048"), (0, "$0.00")]
)
def test_a_small_amount_keeps_two_digits_that_say_something(usd: float, text: str) -> None:
    assert f"about {text}: " in str(costs.Estimate(usd, "how"))
