"""The pictures of money say their finding in dollars, as the tables that they are drawn from have it."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.axes import Axes

from helpers.money import elasticity, ledger, pareto, risk, tco
from helpers.money.verdict import Case
from helpers.show import money
from helpers.show.figures import Picture


def test_a_year_says_the_share_of_the_server_and_the_sum_of_each_way(shown: list[Picture]) -> None:
    year = tco.year_costs(tco.values())
    money.year(year)
    share = year.loc["servers", "on-premises"] / year["on-premises"].sum()
    assert shown[0].title == f"The server itself is {share:.0%} of what a server costs"
    assert f"on-premises ${year['on-premises'].sum():,.0f}; on demand $" in shown[0].alt


def test_the_cash_of_all_years_is_said(shown: list[Picture], drawn: list[Axes]) -> None:
    flow = pd.DataFrame({"on-premises so far": [3000.0, 4000.0], "rent so far": [1000.0, 2000.0]}, [1, 2])
    money.cash(flow)
    assert shown[0].title == "After 2 years rent has still cost less than owning"
    assert shown[0].alt.endswith("on-premises $4,000, rent $2,000.")
    assert [text.get_text() for text in drawn[0].get_legend().get_texts()] == ["on-premises", "rent"]


def test_the_ways_are_drawn_with_the_verdict_as_their_title(shown: list[Picture], drawn: list[Axes]) -> None:
    x = tco.values(utilisation=40)
    money.ways(x)
    assert shown[0].title.replace("\\$", "$").replace("\n", " ") == tco.verdict(x)
    dear, cheap = (tco.break_even(x, way) for way in ("on demand", "Savings Plan and Spot"))
    assert shown[0].alt.endswith(f"from: on demand {dear:.0f} %; Savings Plan and Spot {cheap:.0f} %.")
    legend = [text.get_text() for text in drawn[0].get_legend().get_texts()]
    assert legend[:2] == ["on-premises", "on demand"]
    assert legend[-2:] == ["break-even, on demand", "break-even, Savings Plan and Spot"]


def test_the_tornado_counts_what_turns_the_result_and_has_the_widest_on_top(
    shown: list[Picture], drawn: list[Axes]
) -> None:
    x = tco.values()
    moved = risk.tornado(x)
    money.tornado(moved, float(risk.difference(x)))
    assert shown[0].title == f"{moved['flips'].sum()} of {len(moved)} inputs alone turn the result"
    assert shown[0].alt.startswith(f"Bars, widest first: {moved['what'].iloc[0]}; ")
    assert drawn[0].get_yticklabels()[0].get_text().startswith(moved["what"].iloc[0])
    assert drawn[0].yaxis_inverted()


@pytest.mark.parametrize(("wins", "where"), [([0.1, 0.4, 0.6, 0.9], "from 40 % on"), ([0.1] * 4, "nowhere")])
def test_the_band_says_from_where_on_owning_wins(wins: list[float], where: str, shown: list[Picture]) -> None:
    band = pd.DataFrame({"p5": -1.0, "p50": 0.0, "p95": 1.0, "owning_wins": wins}, [15, 25, 40, 60])
    money.chances(band)
    assert shown[0].title == f"Owning beats on demand in most draws {where}"
    assert shown[0].alt.startswith("at 15 %: owning wins in 10% of draws; at 25 %")


def test_waiting_is_said_in_hours_at_a_cluster_and_in_minutes_on_demand(shown: list[Picture]) -> None:
    coming = [0.0, 0.0, 0.0]
    money.waiting(elasticity.queue(coming, 1, 1), elasticity.elastic(coming, 1, 0.05), machines=1)
    assert shown[0].title == "At 1 machines a job waits up to 2 hours; on demand, 3 minutes"
    assert shown[0].alt.startswith("Waiting jobs over 40 hours: up to 2 at 1 machines, then slowly down;")


@pytest.fixture
def monthly() -> pd.DataFrame:
    return pareto.operations(pareto.measured(trials=20), requests=1_000_000)


def test_the_front_names_its_models_from_the_table(
    monthly: pd.DataFrame, shown: list[Picture], drawn: list[Axes]
) -> None:
    money.front(monthly)
    best = monthly[monthly["front"]]
    assert shown[0].title.startswith("PyTorch vectors: 1.2 points for \\$")
    assert all(f"{row.model}, {row.way}" in shown[0].alt for row in best.itertuples())
    numbered = [f"{number}  {model}" for number, model in enumerate(best.sort_values("usd")["model"], 1)]
    assert [text.get_text() for text in drawn[0].texts] == [name.partition(" ")[0] for name in numbered]
    legend = [text.get_text() for text in drawn[0].get_legend().get_texts()]
    assert legend == [*(pareto.label(way) for way in pareto.WAYS), "front", *numbered]


def test_where_one_choice_beats_all_others_the_picture_says_so(monthly: pd.DataFrame, shown: list[Picture]) -> None:
    money.front(monthly[monthly["usd"] == monthly["usd"].min()])
    assert shown[0].title == "One choice beats all others"


def test_the_volume_from_which_comprehend_is_beaten_has_two_digits(shown: list[Picture], drawn: list[Axes]) -> None:
    ways = {"Comprehend": lambda n: n / 1000, "endpoint": lambda n: 300.0, "batch, daily": lambda n: 250.0}
    money.by_volume(ways, {"endpoint": 326_452.0, "batch, daily": 247_240.0})
    assert shown[0].title == "Below about 250,000 reviews a month, Comprehend costs least"
    assert shown[0].alt.endswith("endpoint is cheaper from 326,452 on; batch, daily is cheaper from 247,240 on.")
    assert [text.get_text() for text in drawn[0].get_legend().get_texts()] == list(ways)


def test_the_place_where_the_verdict_flips_is_the_title(shown: list[Picture], drawn: list[Axes]) -> None:
    case = Case(100_000, 0.01, managed_usd=100, own_usd=250, own_right=0.88, own_margin=0.04)
    money.flip(case, 0.8)
    assert shown[0].title == "The service costs less if it is right on more than 73.0% of reviews"
    assert shown[0].alt.endswith("At 80.0% it is $300.00 against $370.00.")
    assert len(drawn[0].get_legend().get_texts()) == 4
    assert not drawn[0].containers[0].has_xerr


def test_an_accuracy_that_would_be_measured_has_an_interval_of_its_own(drawn: list[Axes]) -> None:
    money.flip(Case(100_000, 0.01, managed_usd=100, own_usd=250, own_right=0.88, own_margin=0.04, judged=400), 0.8)
    (bar,) = drawn[0].containers[0].lines[2][0].get_segments()
    assert bar[:, 0] == pytest.approx([80 - 3.92, 80 + 3.92])


def of(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Entries of a ledger with nothing but their lesson, service and dollars."""
    return pd.DataFrame(rows, columns=["lesson", "service", "usd"])


def test_the_bill_shows_each_lesson_and_says_its_dollars(shown: list[Picture]) -> None:
    bill = of(("05", "SageMaker AI", 1.0), ("07", "SageMaker AI", 83.95))
    money.bill(bill)
    assert "07: $83.95" in shown[0].alt
    assert shown[0].alt.startswith(ledger.title(bill))
    assert shown[0].title.startswith("Lesson 07 and lesson 05 make 100%\nof the $84.95")


def test_the_bill_names_the_two_dearest_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    bill = of(("05", "SageMaker AI", 1.0), ("09", "Comprehend", 6.0), ("other", "Athena", 3.0))
    assert money._dearest(bill) == "Lesson 09 and 'other' make 90% of the $10.00 that all would cost on AWS"
    monkeypatch.setenv("COURSE_CLOUD", "aws")
    assert money._dearest(bill).endswith("of the $10.00 that all cost")


def test_where_only_one_lesson_cost_anything_the_bill_says_the_sum() -> None:
    bill = of(("09", "Comprehend", 6.0), ("05", "SageMaker AI", 0.0))
    assert money._dearest(bill) == ledger.title(bill)


def test_services_below_one_percent_are_others_and_those_that_cost_nothing_are_not_shown() -> None:
    bill = of(("09", "Comprehend", 99.5), ("05", "SageMaker AI", 0.3), ("05", "S3", 0.2), ("05", "Glue", 0.0))
    shown = money._without_small(ledger.by(bill).drop(index="total", columns="total"))
    assert shown.columns.tolist() == ["Comprehend", "others"]
    assert shown.loc["05", "others"] == pytest.approx(0.5)
    free = of(("09", "Comprehend", 1.0), ("05", "Glue", 0.0))
    assert money._without_small(ledger.by(free).drop(index="total", columns="total")).columns.tolist() == ["Comprehend"]


def test_an_empty_ledger_has_no_picture() -> None:
    with pytest.raises(ValueError, match="ledger is empty"):
        money.bill(of())
