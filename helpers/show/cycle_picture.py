"""A drawing of a data science project's life cycle, and of the machines that each step needs, in the plots' look."""

from __future__ import annotations

import math
from typing import Any

from helpers.show.figures import BLACK, figure
from helpers.show.drawings import GLUE, NOTEBOOK, S3, SAGEMAKER, box

BURST = "#F3D9E6"
# step, machines that it needs, lessons of this course, fill; clockwise from the left of the upper row
_STEPS = (
    ("question", "no machine", "01, 09, 11", NOTEBOOK),
    ("data", "some, for an hour", "02, 03", S3),
    ("features", "one, for days", "04", GLUE),
    ("train, tune", "many, for an hour", "05, 06, 08", BURST),
    ("deploy", "one, always; more at the peak", "07, 08", SAGEMAKER),
    ("watch, train anew", "many, now and then", "10", BURST),
)
_WIDTH, _HEIGHT, _RIGHT, _DOWN = 3.1, 1.15, 3.9, 1.9


def cycle() -> None:
    """Show the circle: question, data, features, training, deployment, watching, and the next question."""
    steps = "; ".join(f"{step} ({machines}; {_named(lessons)})" for step, machines, lessons, _ in _STEPS)
    title = "A project is a circle, and each step needs other machines"
    alt = f"Six boxes joined by arrows to a circle: {steps}; and from there to the next question."
    with figure(title, "", "", alt, figsize=(10.5, 3.4)) as axes:
        axes.set(xlim=(-0.1, 2 * _RIGHT + _WIDTH + 0.1), ylim=(-_DOWN - 0.1, _HEIGHT + 0.1))
        axes.axis("off")
        places = [_place(number) for number in range(len(_STEPS))]
        for (step, machines, lessons, fill), (x, y) in zip(_STEPS, places, strict=True):
            _box(axes, x, y, step, machines, _named(lessons), fill)
        for here, there in zip(places, [*places[1:], places[0]], strict=True):
            _arrow(axes, here, there)


def _named(lessons: str) -> str:
    return f"lesson{'s' if ',' in lessons else ''} {lessons}"


def _place(number: int) -> tuple[float, float]:
    """Lower left corner of a box: three from left to right, then three back."""
    half = math.ceil(len(_STEPS) / 2)
    return (number * _RIGHT, 0.0) if number < half else ((len(_STEPS) - 1 - number) * _RIGHT, -_DOWN)


def _box(axes: Any, x: float, y: float, step: str, machines: str, lessons: str, fill: str) -> None:
    box(axes, x, y, _WIDTH, _HEIGHT, fill)
    texts = ((step, 0.85, {"fontweight": "bold", "fontsize": 11}), (machines, 0.53, {"fontsize": 9.5}))
    for text, height, style in (*texts, (lessons, 0.21, {"fontsize": 9, "fontstyle": "italic"})):
        axes.text(x + _WIDTH / 2, y + height, text, ha="center", va="center", **style)


def _arrow(axes: Any, here: tuple[float, float], there: tuple[float, float]) -> None:
    """Between neighbours of a row from side to side, between the rows from edge to edge."""
    x, y = here[0] + _WIDTH / 2, here[1] + _HEIGHT / 2
    across, down = (there[0] > here[0]) - (there[0] < here[0]), (there[1] > here[1]) - (there[1] < here[1])
    start = (x + across * _WIDTH / 2, y + down * _HEIGHT / 2)
    end = (there[0] + _WIDTH / 2 - across * _WIDTH / 2, there[1] + _HEIGHT / 2 - down * _HEIGHT / 2)
    style = {"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)
