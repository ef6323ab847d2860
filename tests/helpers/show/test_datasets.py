"""The pictures of the data say what they count."""

from __future__ import annotations

from helpers.data import cards
from helpers.show import datasets
from helpers.show.figures import Picture


def test_every_way_that_a_row_can_end_has_a_bar(shown: list[Picture]) -> None:
    ends = {"by_split": {"train": 6, "test": 2}, "by_reason": {"missing_title": 1}, "duplicates": 1}
    datasets.rows({"rows_in": 10, "rows_out": 8, **ends})
    assert shown[0].title == "All 10 rows are accounted for; 80.0% reach the clean zone"
    ways = "clean: train 6, clean: test 2, quarantine: missing_title 1, dropped: duplicate 1"
    assert shown[0].alt == f"Bars, where the rows end. {ways}."


def test_a_card_says_in_words_what_it_shows(shown: list[Picture]) -> None:
    (card,) = cards.scan(["A film about a door."])
    corners = [{"X": 0.1, "Y": 0.1}, {"X": 0.9, "Y": 0.1}, {"X": 0.9, "Y": 0.2}, {"X": 0.1, "Y": 0.2}]
    datasets.card(card, [{"BlockType": "PAGE"}, {"BlockType": "LINE", "Geometry": {"Polygon": corners}}])
    assert shown[0].title == "1 lines are found on card 1"
    assert "1 lines outlined: A film about a door." in shown[0].alt
