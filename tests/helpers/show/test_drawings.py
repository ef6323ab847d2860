"""The course's drawing says in words what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.show import drawings, figures

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


@pytest.fixture
def journey(monkeypatch: pytest.MonkeyPatch) -> figures.Picture:
    shown: list[figures.Picture] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    drawings.journey()
    return shown[0]


def test_the_alternative_text_names_every_step(journey: figures.Picture) -> None:
    assert journey.png.startswith(b"\x89PNG")
    assert journey.alt.index("raw reviews") < journey.alt.index("cleaning job") < journey.alt.index("endpoint")


def test_the_picture_names_only_lessons_that_exist(journey: figures.Picture) -> None:
    lessons = {path.name[:2] for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
    assert set(re.findall(r"lesson (\d\d)", journey.alt)) <= lessons
