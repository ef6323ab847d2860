"""The decision log: as handed out nothing is kept, what a learner writes is, and the table has every lesson."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.learner import decide, kept, log, predictions


def test_as_handed_out_the_cell_keeps_nothing_and_asks_the_question(
    ws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(ws, live=..., usd_a_month=..., because=...)
    assert capsys.readouterr().out.startswith("○ Your decision: Would you put this model live")
    assert set(log(ws)["live"]) == {"no entry"}
    assert log(ws)["lesson"].tolist()[:3] == ["00", "01", "02"]


def test_a_decision_is_kept_and_a_second_one_replaces_it_and_says_so(
    ws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(ws, live="yes", because="why not")
    decide(ws, live="not yet", usd_a_month=12.5, because="a line in 200 is broken")
    said, replaced = capsys.readouterr().out.strip().splitlines()[-2:]
    assert said.endswith("not yet, $12.50 a month, because: a line in 200 is broken")
    assert replaced == "It replaces: yes, because: why not"
    line = log(ws).set_index("lesson").loc["02"]
    assert line[["live", "usd_a_month", "because"]].tolist() == ["not yet", "$12.50 a month", "a line in 200 is broken"]


def test_the_log_has_what_the_lesson_predicted_and_measured(ws: Any) -> None:
    asked = {"question": "How many?", "options": [1, 10, 50], "answer": 10}
    kept.write(ws, predictions.PREDICTIONS, "02/dirt", asked)
    kept.write(ws, predictions.TRUTHS, "02/dirt", {"measured": 57})
    decide(replace(ws, lesson="03"), live="no", because="of the leak")
    table = log(ws).set_index("lesson")
    assert table.loc["02"].tolist() == ["dirt: 10", "dirt: 57", *["no entry"] * 3]
    assert table.loc["03"].tolist() == ["no entry", "no entry", "no", "cost unknown", "of the leak"]


@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"live": "maybe", "because": "x"}, "`maybe`"),
        ({"live": "yes", "because": " "}, "one sentence"),
        ({"live": "yes", "because": 3}, "one sentence"),
        ({"live": "yes", "because": "x", "usd_a_month": "20"}, "a number of dollars"),
    ],
)
def test_what_is_filled_in_wrong_is_told_calmly_and_not_kept(
    ws: Any, capsys: pytest.CaptureFixture[str], filled: dict[str, Any], told: str
) -> None:
    decide(ws, **filled)
    out = capsys.readouterr().out
    assert out.startswith("✘ Your decision")
    assert told.replace("`", "") in out
    assert set(log(ws)["live"]) == {"no entry"}
