"""Steady traffic goes on until its block ends, and keeps errors as answers; a rush asks as many at a time as told."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from helpers.models import load_test


def test_every_answer_is_kept_in_order_with_its_time() -> None:
    numbers = count()
    with load_test.steady(lambda: next(numbers), pause=0.01) as visits:
        time.sleep(0.2)
    assert len(visits) > 3
    assert [visit.answer for visit in visits] == list(range(len(visits)))
    assert [visit.seconds for visit in visits] == sorted(visit.seconds for visit in visits)


def test_an_error_is_kept_and_the_asking_goes_on() -> None:
    numbers = count()
    with load_test.steady(lambda: 1 / next(numbers), pause=0.01) as visits:
        time.sleep(0.1)
    assert visits[0].error == "ZeroDivisionError: division by zero"
    assert visits[1] == load_test.Visit(visits[1].seconds, 1.0)


def test_the_asking_ends_when_the_block_raises() -> None:
    with pytest.raises(KeyError), load_test.steady(lambda: 0, pause=0.01):
        raise KeyError
    assert "steady traffic" not in [thread.name for thread in threading.enumerate()]


def test_a_rush_sends_every_request_once_and_so_many_at_a_time() -> None:
    asked, lock, now, most = [], threading.Lock(), [0], [0]

    def ask(number: int) -> None:
        with lock:
            asked.append(number)
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    rush = load_test.rush(ask, callers=4, requests=20)
    assert sorted(asked) == list(range(20))
    assert most[0] == 4
    assert len(rush.milliseconds) == 20
    assert min(rush.milliseconds) >= 20
    assert rush.per_second == pytest.approx(20 / rush.seconds)


def test_an_error_in_a_rush_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        load_test.rush(lambda number: 1 / (number - 3), callers=2, requests=10)


def test_the_time_of_a_call_is_what_its_caller_waits() -> None:
    assert 20 <= load_test.milliseconds(time.sleep, 0.02) < 1000
