"""The figures of lesson 10 say what is in them; what an execution is read from is tested in test_build.py."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from helpers.pipeline import executions
from helpers.show import chain_picture

COLUMNS = ["step", "status", "begins", "seconds", "cached", "billed", "usd"]
STEPS = [
    ("Features", "Succeeded", 0.0, 2.0, False, 2, 0.1),
    ("TrainWords", "Succeeded", 2.0, 4.0, False, 4, 0.1),
    ("TrainThree", "Succeeded", 2.1, 5.0, False, 5, 0.1),
    ("TooWeak", "Failed", 7.1, 0.0, False, 0, 0.0),
]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the figures show, instead of a notebook."""
    pictures: list[Any] = []
    monkeypatch.setattr("IPython.display.display", pictures.append)
    return pictures


def test_the_timeline_tells_each_step_in_words(shown: list[Any]) -> None:
    executions.timeline(pd.DataFrame(STEPS, columns=COLUMNS))
    assert "TrainThree from 2.1 s for 5.0 s, Succeeded" in shown[0].alt
    assert "TooWeak from 7.1 s for 0.0 s, Failed" in shown[0].alt


@pytest.mark.parametrize(("number", "most"), [(1, 1), (3, 2), (4, 2)])
def test_steps_that_overlap_are_counted_as_side_by_side(number: int, most: int) -> None:
    assert executions._most_at_once(pd.DataFrame(STEPS[:number], columns=COLUMNS)) == most


def test_a_step_that_took_no_time_is_no_reason_to_count_it_beside_another() -> None:
    steps = [("A", "Succeeded", 0.0, 0.0, True, 0, 0.0), ("B", "Succeeded", 0.0, 0.0, True, 0, 0.0)]
    assert executions._most_at_once(pd.DataFrame(steps, columns=COLUMNS)) == 1


def test_the_chain_names_every_link_and_who_does_it(shown: list[Any]) -> None:
    chain_picture.chain()
    for link in ("Object Created (EventBridge rule)", "clean and split (Glue workflow)", "approval (a person)"):
        assert link in shown[0].alt
