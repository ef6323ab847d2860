"""Dates by Java's patterns, as partition projection writes them."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sql import java_dates

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)).map(lambda moment: moment.replace(microsecond=0))


@given(MOMENTS, st.sampled_from(["yyyy-MM-dd-HH-mm-ss", "yyyy/M/d/H/m/s", "'on' ddMMyyyy 'at' HH''mm.ss"]))
def test_what_is_written_is_read_again(moment: datetime, layout: str) -> None:
    reader = java_dates.Format(layout)
    assert reader.read(reader.text(moment)) == moment


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        ((2024, 1, 31), 1, "MONTH", (2024, 2, 29)),
        ((2024, 2, 29), 1, "YEAR", (2025, 2, 28)),
        ((2024, 12, 31), 1, "DAY", (2025, 1, 1)),
        ((2024, 1, 15), -2, "WEEK", (2024, 1, 1)),
        ((2024, 11, 30), 3, "MONTH", (2025, 2, 28)),
        ((2024, 10, 31), 2, "MONTH", (2024, 12, 31)),
    ],
)
def test_time_is_added_as_java_does(start: tuple[int, ...], count: int, unit: str, end: tuple[int, ...]) -> None:
    assert java_dates.add(datetime(start[0], start[1], start[2]), count, unit) == datetime(end[0], end[1], end[2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NOW", datetime(2024, 3, 31, 12)),
        (" now - 1 MONTH ", datetime(2024, 2, 29, 12)),
        ("NOW+2DAYS", datetime(2024, 4, 2, 12)),
        ("2020-05-06", datetime(2020, 5, 6)),
    ],
)
def test_a_bound_may_be_relative(text: str, expected: datetime) -> None:
    assert java_dates.moment(text, java_dates.Format("yyyy-MM-dd"), datetime(2024, 3, 31, 12)) == expected


@pytest.mark.parametrize("layout", ["yyyy-MMM", "yy", "EEE", "hh"])
def test_a_pattern_that_is_not_known_is_refused(layout: str) -> None:
    with pytest.raises(java_dates.UnknownFormat):
        java_dates.Format(layout)
