"""Scanned cards: what is printed, and that the scans differ but are the same with the same seed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from helpers.data import cards


def pixels(card: cards.Card) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(card.jpeg)), dtype=float)


def test_a_card_holds_the_review_without_line_breaks_and_control_characters() -> None:
    (card,) = cards.scan(["Good.<br /><br />Not\x85 long,\tat all."])
    assert card.text == "Good. Not long, at all."


def test_the_scan_is_a_grey_jpeg_below_the_limits_of_textract() -> None:
    (card,) = cards.scan(["Seen it twice. " * 100])
    picture = Image.open(io.BytesIO(card.jpeg))
    assert (picture.format, picture.mode) == ("JPEG", "L")
    assert max(picture.size) < 10_000
    assert len(card.jpeg) < 5_000_000


def test_a_longer_review_makes_a_longer_card() -> None:
    short, long = cards.scan(["Short.", "Seen it twice. " * 50])
    assert pixels(long).shape[0] > 1.5 * pixels(short).shape[0]


def test_the_same_seed_gives_the_same_scans_and_another_seed_others() -> None:
    first, again, other = (cards.scan(["Fine.", "Fine."], seed) for seed in (1, 1, 2))
    assert [card.jpeg for card in first] == [card.jpeg for card in again]
    assert first[0].jpeg != other[0].jpeg
    assert first[0].jpeg != first[1].jpeg


def test_dollars_are_printed_as_dollars_and_an_empty_review_as_an_empty_card() -> None:
    costly, empty = cards.scan(["It cost $5 and $x^2$ was wrong", ""])
    assert costly.text.count("$") == 3
    assert pixels(empty).size > 0
