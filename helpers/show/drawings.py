"""Drawings of what the course tells: boxes joined by arrows, in the look of its plots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from helpers.show.figures import BLACK, figure

# Each service has a fill of its own, and its name is written in the box.
S3, GLUE, SAGEMAKER, NOTEBOOK, EVENTS = "#CFE8DF", "#FBE3B8", "#CDE3F1", "#FFFFFF", "#F3D9E6"
# what it is, the AWS service, lesson, fill
_JOURNEY = (
    ("raw reviews", "Amazon S3", "02", S3),
    ("data catalog", "AWS Glue", "02", GLUE),
    ("cleaning job", "AWS Glue", "03", GLUE),
    ("clean reviews", "Amazon S3", "03", S3),
    ("features", "notebook", "04", NOTEBOOK),
    ("training job", "SageMaker AI", "05", SAGEMAKER),
    ("model.tar.gz", "Amazon S3", "05", S3),
    ("tuning job", "SageMaker AI", "06", SAGEMAKER),
    ("endpoint", "SageMaker AI", "07", SAGEMAKER),
    ("pipeline", "SageMaker AI", "10", SAGEMAKER),
)
# step, machines that it needs, lessons of this course, fill; clockwise from the left of the upper row
_CYCLE = (
    ("question", "no machine", "01, 09, 11", NOTEBOOK),
    ("data", "some, for an hour", "02, 03", S3),
    ("features", "one, for days", "04", GLUE),
    ("train, tune", "many, for an hour", "05, 06, 08", EVENTS),
    ("deploy", "one, always; more at the peak", "07, 08", SAGEMAKER),
    ("watch, train anew", "many, now and then", "10", EVENTS),
)
# what happens, who does it, fill
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
# Layer, what one brings, fill, services as "name: what it does"; a star marks those of this course. Source:
# https://aws.amazon.com/ai/ and https://docs.aws.amazon.com/whitepapers/latest/aws-overview/machine-learning.html
_STACK = (
    ("Managed AI", "a question", S3,
     "Comprehend *: text; Textract *: documents; Rekognition: images, video; Translate: languages; "
     "Transcribe: speech to text; Polly: text to speech; Personalize: for each user"),
    ("Foundation models", "prompts, texts", GLUE,
     "Bedrock: models by API; Knowledge Bases: your texts; Guardrails: what it may say; AgentCore: agents; "
     "Nova: Amazon's models; Amazon Q: assistants"),
    ("SageMaker AI", "data, code", SAGEMAKER,
     "Studio *: code, low code; Training *: by the second; Tuning *: search; JumpStart: to fine-tune; "
     "Endpoints *: or serverless; Batch *: transform; Pipelines *: steps, registry"),
    ("Machines", "everything", NOTEBOOK,
     "EC2, EKS: machines, containers; GPUs: g and p families; Trainium: for training; Inferentia: for inference; "
     "S3 *, Glue *: the data"),
)  # fmt: skip
_ARROW = {"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
Box = tuple[Sequence[str], str]  # its lines of text, its fill
Place = tuple[float, float]  # the lower left corner of a box


def journey() -> None:
    """Show the way of the data through the course, one box a step: tuning beside training, a pipeline beside all."""
    steps = "; ".join(f"{what} ({service}, lesson {lesson})" for what, service, lesson, _ in _JOURNEY)
    title = "From raw reviews to an endpoint; a pipeline repeats features and training"
    alt = (
        f"Boxes: {steps}. Arrows lead from each of the first five to the next, from features to the training and the "
        "tuning job, from both to model.tar.gz, and from there to the endpoint: a sentence in, its sentiment out."
    )
    boxes = [((what, service, f"lesson {lesson}"), fill) for what, service, lesson, fill in _JOURNEY]
    row, width, height, middle = _as_text(5, 2.9, 2.0), 2.1, 1.15, 1.15 / 2
    below: list[Place] = [(0, -2.0), (2.9, -2.75), (0, -3.5), (5.8, -2.75), (11.6, -2.75)]
    training, model, tuning, endpoint, pipeline = below
    with figure(title, "", "", alt, figsize=(12.5, 4.7)) as axes:
        _joined(axes, boxes[:5], row, width, height)
        for box, place in zip(boxes[5:], below, strict=True):
            _box(axes, place, width, height, box, 11)
        _arrow(axes, row[-1], training, width, height)
        corner, gap = -0.35, (row[-1][1] + training[1] + height) / 2
        axes.plot([width / 2, corner, corner], [gap, gap, tuning[1] + middle], color=BLACK, linewidth=1.6)
        for start, end in (
            ((corner, tuning[1] + middle), (0, tuning[1] + middle)),
            ((width, training[1] + middle), (model[0], model[1] + 1.3 * middle)),
            ((width, tuning[1] + middle), (model[0], model[1] + 0.7 * middle)),
            ((model[0] + width, model[1] + middle), (endpoint[0], endpoint[1] + middle)),
        ):
            axes.annotate("", end, start, arrowprops=_ARROW)
        x, y = endpoint[0] + width / 2, endpoint[1]
        axes.annotate("", (x, y), (x, y - 0.55), arrowprops={**_ARROW, "arrowstyle": "<|-|>"})
        axes.text(x, y - 0.68, "a sentence in, its sentiment out", ha="center", va="top", fontsize=10)
        x = pipeline[0] + width / 2
        axes.text(x, y - 0.15, "features, training:\nagain, by itself", ha="center", va="top", fontsize=10)


def cycle() -> None:
    """Show the circle of a project, and the machines that each step needs: question, data, …, and the next question."""
    boxes = [
        ((step, machines, f"lesson{'s' if ',' in lessons else ''} {lessons}"), fill)
        for step, machines, lessons, fill in _CYCLE
    ]
    steps = "; ".join(f"{step} ({machines}; {lessons})" for (step, machines, lessons), _ in boxes)
    title = "A project is a circle, and each step needs other machines"
    alt = f"Six boxes joined by arrows to a circle: {steps}; and from there to the next question."
    there = _as_text(len(boxes), 3.9, 1.9, per_row=3)
    with figure(title, "", "", alt, figsize=(10.5, 3.4)) as axes:
        _joined(axes, boxes, [*there[:3], *reversed(there[3:])], 3.1, 1.15, size=10.5, circle=True)


def chain() -> None:
    """Show who starts whom in lesson 10, from a new raw file to the endpoint."""
    people = sum(who == "a person" for _, who, _ in _CHAIN)
    title = f"Of {len(_CHAIN)} links, {people} needs a person: the approval"
    alt = "Boxes joined by arrows: " + "; ".join(f"{what} ({who})" for what, who, _ in _CHAIN) + "."
    with figure(title, "", "", alt, figsize=(10.5, 2.9)) as axes:
        boxes = [((what, who), fill) for what, who, fill in _CHAIN]
        _joined(axes, boxes, _as_text(len(boxes), 2.65, 1.75), 2.25, 0.95, size=9)


def stack() -> None:
    """Show AWS's services for AI in layers: above one brings a question only, below everything."""
    title = "The higher the layer, the less you build, and the less you can change"
    rows = [(layer, f"you bring: {what}", fill, _named(services)) for layer, what, fill, services in _STACK]
    parts = [
        f"{layer} ({bring}): " + ", ".join(f"{n} ({what})" for n, what in named) for layer, bring, _, named in rows
    ]
    alt = "Four layers of boxes, from above: " + "; ".join(parts) + ". A star marks what this course uses."
    left, right, down = 3.3, 18.3, 1.3
    with figure(title, "", "", alt, figsize=(13.5, 4.3)) as axes:
        for y, (layer, bring, fill, services) in zip(-down * np.arange(len(rows)), rows, strict=True):
            axes.text(0, y + 0.62, layer, fontsize=12, fontweight="bold", va="center")
            axes.text(0, y + 0.25, bring, fontsize=9, fontstyle="italic", va="center")
            width = (right - left) / len(services)
            for number, service in enumerate(services):
                _box(axes, (left + number * width, y), width - 0.12, 1.0, (service, fill), size=9)
        axes.text(left, -down * len(rows) + 0.9, "* in this course", fontsize=9, va="center")
        axes.set(xlim=(0, right + 0.1), ylim=(-down * len(rows) + 0.65, 1.1))
        axes.axis("off")


def _named(services: str) -> list[tuple[str, str]]:
    """A service's name and what it does, of each."""
    return [(name, what) for name, _, what in (each.partition(": ") for each in services.split("; "))]


def _as_text(number: int, right: float, down: float, per_row: int = 5) -> list[Place]:
    """Places of boxes in rows that are read like text, from left to right."""
    return [(place % per_row * right, -(place // per_row) * down) for place in range(number)]


def _joined(
    axes: Axes, boxes: Sequence[Box], places: Sequence[Place], width: float, height: float,
    size: float = 11, circle: bool = False,
) -> Sequence[Place]:  # fmt: skip
    """Boxes, and arrows from each to the next, in a circle also from the last to the first; returns the places."""
    for box, place in zip(boxes, places, strict=True):
        _box(axes, place, width, height, box, size)
    for here, there in pairwise([*places, *places[:circle]]):
        _arrow(axes, here, there, width, height)
    axes.set_aspect("equal")
    axes.margins(0.005)
    axes.axis("off")
    return places


def _box(axes: Axes, place: Place, width: float, height: float, box: Box, size: float) -> None:
    """A box with round corners: the first line is bold, the third, if there is one, slanted, each a little smaller."""
    (x, y), (lines, fill) = place, box
    shape = "round,pad=0,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch(place, width, height, shape, facecolor=fill, edgecolor=BLACK, linewidth=1.2))
    styles: tuple[Any, ...] = ({"fontweight": "bold"}, {}, {"fontstyle": "italic"})
    for number, (line, style) in enumerate(zip(lines, styles, strict=False)):
        middle = y + height * (0.13 + 0.74 * (len(lines) - number - 0.5) / len(lines))
        axes.text(x + width / 2, middle, line, fontsize=size - number, ha="center", va="center", **style)


def _arrow(axes: Axes, here: Place, there: Place, width: float, height: float) -> None:
    """From box to box: across in a row, down or up in a column; else to the next row, along the gap between the two."""
    (x, y), (to_x, to_y) = ((left + width / 2, low + height / 2) for left, low in (here, there))
    across, down = np.sign(to_x - x), np.sign(to_y - y)
    start = (x + across * width / 2, y + down * height / 2)
    end = (to_x - across * width / 2, to_y - down * height / 2)
    if across and down:
        gap = (y + to_y) / 2
        axes.plot([x, x, to_x], [y + down * height / 2, gap, gap], color=BLACK, linewidth=1.6, solid_capstyle="butt")
        start, end = (to_x, gap), (to_x, to_y - down * height / 2)
    axes.annotate("", end, start, arrowprops=_ARROW)
