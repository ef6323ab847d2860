"""Steady traffic goes on until its block ends, and keeps errors as answers."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from helpers import traffic


def test_every_answer_is_kept_in_order_with_its_time() -> None:
    numbers = count()
    with traffic.steady(lambda: next(numbers), pause=0.01) as visits:
        time.sleep(0.2)
    assert len(visits) > 3
    assert [visit.answer for visit in visits] == list(range(len(visits)))
    assert [visit.seconds for visit in visits] == sorted(visit.seconds for visit in visits)


def test_an_error_is_kept_and_the_asking_goes_on() -> None:
    numbers = count()
    with traffic.steady(lambda: 1 / next(numbers), pause=0.01) as visits:
        time.sleep(0.1)
    assert visits[0].error == "ZeroDivisionError: division by zero"
    assert visits[1] == traffic.Visit(visits[1].seconds, 1.0)


def test_the_asking_ends_when_the_block_raises() -> None:
    with pytest.raises(KeyError), traffic.steady(lambda: 0, pause=0.01):
        raise KeyError
    assert "steady traffic" not in [thread.name for thread in threading.enumerate()]
