"""Figures carry their alternative text, and their file is the same each time."""

import pytest
import seaborn as sns
from matplotlib.colors import to_hex

from helpers.show import figures


def draw(capture: list[figures.Picture], monkeypatch: pytest.MonkeyPatch) -> figures.Picture:
    monkeypatch.setattr("IPython.display.display", capture.append)
    with figures.figure("Ones win", "count", "label", alt='bars "one" and two') as axes:
        axes.barh(["one", "two"], [2, 1])
    return capture[-1]


def test_a_figure_carries_its_alternative_text_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = draw([], monkeypatch)._repr_mimebundle_()
    assert 'alt="bars &quot;one&quot; and two"' in bundle["text/html"]
    assert bundle["text/plain"] == 'Figure: bars "one" and two'


def test_what_seaborn_draws_has_the_colours_of_the_course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("IPython.display.display", lambda _: None)
    with figures.figure("t", "x", "y", alt="a") as axes:
        sns.scatterplot(x=[1, 2], y=[1, 2], hue=["one", "two"], ax=axes)
    first, second = axes.collections[0].get_facecolors()
    assert [to_hex(first), to_hex(second)] == [colour.lower() for colour in figures.COLOURS[:2]]


def test_the_same_figure_is_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert draw([], monkeypatch).png == draw([], monkeypatch).png


def test_a_figure_that_fails_to_draw_shows_nothing_and_leaves_no_open_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    shown: list[figures.Picture] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    with pytest.raises(ValueError, match="no data"), figures.figure("t", "x", "y", alt="a"):
        raise ValueError("no data")
    assert shown == []
    assert plt.get_fignums() == []
