"""What a lesson would see: the pictures, and the axes that they were drawn on. A warning that is seen is an error."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

from helpers.show.figures import Picture


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    pictures: list[Picture] = []
    monkeypatch.setattr("IPython.display.display", pictures.append)
    return pictures


@pytest.fixture
def drawn(shown: list[Picture], monkeypatch: pytest.MonkeyPatch) -> list[Axes]:
    """The axes of each picture; they can be asked after the figure is closed."""
    made: list[Axes] = []
    subplots = plt.subplots

    def remembered(**size: Any) -> Any:
        drawing, axes = subplots(**size)
        made.append(axes)
        return drawing, axes

    monkeypatch.setattr(plt, "subplots", remembered)
    return made


@pytest.fixture(autouse=True)
def nothing_is_warned_of() -> Iterator[None]:
    """As a kernel does: what is deprecated, or still open, is not shown; all else would be stored in the lesson."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for quiet in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", quiet)
        yield
