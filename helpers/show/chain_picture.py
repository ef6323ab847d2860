"""A drawing of lesson 10's event chain, in the look of the course's plots."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from helpers.show.figures import BLACK, figure
from helpers.show.drawings import GLUE, NOTEBOOK, S3, SAGEMAKER, box

EVENTS = "#F3D9E6"
# what happens, who does it, fill; two rows, read like text. EventBridge has a fill of its own.
_CHAIN = (
    ("a new raw file", "Amazon S3", S3),
    ("Object Created", "EventBridge rule", EVENTS),
    ("clean and split", "Glue workflow", GLUE),
    ("job SUCCEEDED", "EventBridge rule", EVENTS),
    ("retrain", "SageMaker pipeline", SAGEMAKER),
    ("version, pending", "model registry", SAGEMAKER),
    ("approval", "a person", NOTEBOOK),
    ("Approved", "EventBridge rule", EVENTS),
    ("deploy", "SageMaker pipeline", SAGEMAKER),
    ("endpoint", "SageMaker AI", SAGEMAKER),
)
_PER_ROW, _WIDTH, _HEIGHT, _RIGHT, _DOWN = 5, 2.25, 0.95, 2.65, 1.75


def chain() -> None:
    """Show who starts whom, from a new raw file to the endpoint."""
    people = sum(who == "a person" for _, who, _ in _CHAIN)
    title = f"Of {len(_CHAIN)} links, {people} needs a person: the approval"
    alt = "Boxes joined by arrows: " + "; ".join(f"{what} ({who})" for what, who, _ in _CHAIN) + "."
    with figure(title, "", "", alt, figsize=(10.5, 2.9)) as axes:
        axes.set(xlim=(-0.1, 13.0), ylim=(-2.4, 0.75))
        axes.set_aspect("equal")
        axes.axis("off")
        places = [(n % _PER_ROW * _RIGHT, -(n // _PER_ROW) * _DOWN - _HEIGHT / 2) for n in range(len(_CHAIN))]
        for (what, who, fill), (x, y) in zip(_CHAIN, places, strict=True):
            _box(axes, x, y, what, who, fill)
        for here, there in pairwise(places):
            _arrow(axes, here, there)


def _box(axes: Any, x: float, y: float, what: str, who: str, fill: str) -> None:
    box(axes, x, y, _WIDTH, _HEIGHT, fill)
    for text, height, style in ((what, 0.62, {"fontweight": "bold"}), (who, 0.28, {})):
        axes.text(x + _WIDTH / 2, y + height, text, ha="center", va="center", fontsize=8.5, **style)


def _arrow(axes: Any, here: tuple[float, float], there: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    if here[1] == there[1]:
        y = here[1] + _HEIGHT / 2
        axes.annotate("", (there[0], y), (here[0] + _WIDTH, y), arrowprops=style)
        return
    # To the next row: down from the last box, back along the gap, down into the first.
    gap, x, left = (here[1] + there[1] + _HEIGHT) / 2, here[0] + _WIDTH / 2, there[0] + _WIDTH / 2
    axes.plot([x, x, left], [here[1], gap, gap], color=BLACK, linewidth=1.6, solid_capstyle="butt")
    axes.annotate("", (left, there[1] + _HEIGHT), (left, gap), arrowprops=style)
