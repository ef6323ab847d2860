"""Drawings of the course's story, in the look of its plots."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from helpers.show.figures import BLACK, figure

# lesson, what it is, the AWS service, fill; each service has its own fill, and its name is written in the box
S3, GLUE, SAGEMAKER, NOTEBOOK = "#CFE8DF", "#FBE3B8", "#CDE3F1", "#FFFFFF"
_STEPS = (
    ("02", "raw reviews", "Amazon S3", S3),
    ("02", "data catalog", "AWS Glue", GLUE),
    ("03", "cleaning job", "AWS Glue", GLUE),
    ("03", "clean reviews", "Amazon S3", S3),
    ("04", "features", "notebook", NOTEBOOK),
    ("05", "training job", "SageMaker AI", SAGEMAKER),
    ("06", "tuning job", "SageMaker AI", SAGEMAKER),
    ("05", "model.tar.gz", "Amazon S3", S3),
    ("10", "registry", "SageMaker AI", SAGEMAKER),
    ("07", "endpoint", "SageMaker AI", SAGEMAKER),
)
_PER_ROW, _WIDTH, _HEIGHT, _RIGHT, _DOWN = 5, 2.1, 1.15, 2.9, 2.0
_ARROW = {"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}


def journey() -> None:
    """Show the way of the data through the course, one box a step: lesson, result, AWS service."""
    steps = "; ".join(f"{what} ({service}, lesson {lesson})" for lesson, what, service, _ in _STEPS)
    title = "Ten steps turn raw reviews into an endpoint that answers"
    alt = f"Boxes joined by arrows: {steps}. At the end a sentence goes in and its sentiment comes out."
    with figure(title, "", "", alt, figsize=(12.5, 3.9)) as axes:
        axes.set(xlim=(-0.1, 14.1), ylim=(-3.75, 0.75))
        axes.set_aspect("equal")
        axes.axis("off")
        places = [_place(number) for number in range(len(_STEPS))]
        for (lesson, what, service, fill), (x, y) in zip(_STEPS, places, strict=True):
            _box(axes, x, y, lesson, what, service, fill)
        for here, there in pairwise(places):
            _arrow(axes, here, there)
        _answer(axes, places[-1])


def _place(number: int) -> tuple[float, float]:
    """Lower left corner of a box; the rows are read like text, from left to right."""
    return number % _PER_ROW * _RIGHT, -(number // _PER_ROW) * _DOWN - _HEIGHT / 2


def box(axes: Axes, x: float, y: float, width: float, height: float, fill: str) -> None:
    """An empty box with round corners, its lower left corner at x, y, as all drawings of the course have it."""
    shape = "round,pad=0,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch((x, y), width, height, shape, facecolor=fill, edgecolor=BLACK, linewidth=1.2))


def _box(axes: Axes, x: float, y: float, lesson: str, what: str, service: str, fill: str) -> None:
    box(axes, x, y, _WIDTH, _HEIGHT, fill)
    middle: Any = {"ha": "center", "va": "center"}
    axes.text(x + _WIDTH / 2, y + 0.85, what, fontweight="bold", fontsize=11, **middle)
    axes.text(x + _WIDTH / 2, y + 0.53, service, fontsize=10, **middle)
    axes.text(x + _WIDTH / 2, y + 0.21, f"lesson {lesson}", fontsize=9, fontstyle="italic", **middle)


def _arrow(axes: Axes, here: tuple[float, float], there: tuple[float, float]) -> None:
    middle = _HEIGHT / 2
    if here[1] == there[1]:
        axes.annotate("", (there[0], there[1] + middle), (here[0] + _WIDTH, here[1] + middle), arrowprops=_ARROW)
        return
    # To the next row: down from the last box, back along the gap, down into the first.
    gap = (here[1] + there[1] + _HEIGHT) / 2
    x, left = here[0] + _WIDTH / 2, there[0] + _WIDTH / 2
    axes.plot([x, x, left], [here[1], gap, gap], color=BLACK, linewidth=1.6, solid_capstyle="butt")
    axes.annotate("", (left, there[1] + _HEIGHT), (left, gap), arrowprops=_ARROW)


def _answer(axes: Axes, place: tuple[float, float]) -> None:
    """Below the endpoint: what it is for."""
    x, y = place[0] + _WIDTH / 2, place[1]
    axes.annotate("", (x, y), (x, y - 0.55), arrowprops={**_ARROW, "arrowstyle": "<|-|>"})
    axes.text(x, y - 0.68, "a sentence in, its sentiment out", ha="center", va="top", fontsize=10)
