"""Lesson 03's check tells what a cleaning rule did to the words, whatever the reviews are."""

from __future__ import annotations

import pytest

from helpers.checks import lesson03

BEFORE = {"a": "One film.<br /><br />Two.", "b": "Tom &amp; <i>Ann</i>.", "c": "No break"}


@pytest.mark.parametrize(
    ("after", "hint"),
    [
        ({"a": "One film.  Two.", "b": "Tom & Ann.", "c": "No break"}, None),
        ({"a": "One film.\nTwo.", "b": "Tom &amp; <i>Ann</i>.", "c": "No break"}, None),
        ({"a": "One film.<BR/>Two.", "b": "", "c": "No break"}, "still in 1 reviews"),
        ({"a": "One film.Two.", "b": "", "c": "No break"}, "glued"),
        ({"a": "One film.", "b": "", "c": "No break"}, "lost"),
        ({"a": "One film. Two.", "b": ""}, "lost"),
        ({"a": "One film. Two.", "b": "", "c": None}, "lost"),
        ({"a": "one film. two.", "b": "", "c": "no break"}, "changes more"),
    ],
)
def test_the_words_of_a_review_decide(after: dict[str, str | None], hint: str | None) -> None:
    found = lesson03.mistake_in_texts(BEFORE, after)
    assert (found is None) if hint is None else (hint in str(found))
