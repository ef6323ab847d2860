"""Figures carry their alternative text, and their file is the same each time."""

import pytest

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


def test_dots_and_means_draw_each_column_at_its_place() -> None:
    import matplotlib.pyplot as plt
    import pandas as pd

    drawing, axes = plt.subplots()
    figures.dots_and_means(axes, pd.DataFrame({"a": [1.0, 3.0], "b": [0.0, -2.0]}))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    assert [dots.get_offsets()[:, 1].tolist() for dots in axes.collections[::2]] == [[1.0, 3.0], [0.0, -2.0]]
    assert [line.get_segments()[0][0][1] for line in axes.collections[1::2]] == [2.0, -1.0]
    plt.close(drawing)
