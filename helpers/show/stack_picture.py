"""A drawing of AWS's services for AI and machine learning, in three layers, in the look of the course's plots.

Source: https://aws.amazon.com/ai/ and https://docs.aws.amazon.com/whitepapers/latest/aws-overview/machine-learning.html
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from helpers.show.figures import figure
from helpers.show.drawings import GLUE, S3, SAGEMAKER, box

# Layer, what one brings, fill, services: name and what it does. Marked with a star: in this course.
_LAYERS = (
    (
        "Managed AI",
        "you bring: a question",
        S3,
        (
            ("Comprehend *", "text"),
            ("Textract *", "documents"),
            ("Rekognition", "images, video"),
            ("Translate", "languages"),
            ("Transcribe", "speech to text"),
            ("Polly", "text to speech"),
            ("Personalize", "for each user"),
        ),
    ),
    (
        "Foundation models",
        "you bring: prompts, texts",
        GLUE,
        (
            ("Bedrock", "models by API"),
            ("Knowledge Bases", "your texts"),
            ("Guardrails", "what it may say"),
            ("AgentCore", "agents"),
            ("Nova", "Amazon's models"),
            ("Amazon Q", "assistants"),
        ),
    ),
    (
        "SageMaker AI",
        "you bring: data, code",
        SAGEMAKER,
        (
            ("Studio *", "code, low code"),
            ("Training *", "by the second"),
            ("Tuning *", "search"),
            ("JumpStart", "to fine-tune"),
            ("Endpoints *", "or serverless"),
            ("Batch *", "transform"),
            ("Pipelines *", "steps, registry"),
        ),
    ),
    (
        "Machines",
        "you bring: everything",
        "#FFFFFF",
        (
            ("EC2, EKS", "machines, containers"),
            ("GPUs", "g and p families"),
            ("Trainium", "for training"),
            ("Inferentia", "for inference"),
            ("S3 *, Glue *", "the data"),
        ),
    ),
)
_LEFT, _RIGHT, _HEIGHT, _DOWN, _GAP = 3.3, 18.3, 1.0, 1.3, 0.12


def stack() -> None:
    """Show the layers: above one brings a question only, below everything."""
    title = "The higher the layer, the less you build, and the less you can change"
    rows = [f"{layer} ({bring}): " + ", ".join(f"{n} ({what})" for n, what in of) for layer, bring, _, of in _LAYERS]
    alt = "Four layers of boxes, from above: " + "; ".join(rows) + ". A star marks what this course uses."
    with figure(title, "", "", alt, figsize=(13.5, 4.3)) as axes:
        axes.set(xlim=(0, _RIGHT + 0.1), ylim=(-len(_LAYERS) * _DOWN - 0.35, 0.1))
        axes.axis("off")
        for number, (layer, bring, fill, services) in enumerate(_LAYERS):
            y = -number * _DOWN - _HEIGHT
            axes.text(0, y + 0.62, layer, fontsize=12, fontweight="bold", va="center")
            axes.text(0, y + 0.25, bring, fontsize=9, fontstyle="italic", va="center")
            width = (_RIGHT - _LEFT) / len(services)
            for place, (name, what) in enumerate(services):
                _box(axes, _LEFT + place * width, y, width - _GAP, name, what, fill)
        axes.text(_LEFT, -len(_LAYERS) * _DOWN - 0.1, "* in this course", fontsize=9, va="center")


def _box(axes: Axes, x: float, y: float, width: float, name: str, what: str, fill: str) -> None:
    box(axes, x, y, width, _HEIGHT, fill)
    middle: Any = {"ha": "center", "va": "center"}
    axes.text(x + width / 2, y + 0.64, name, fontweight="bold", fontsize=9, **middle)
    axes.text(x + width / 2, y + 0.3, what, fontsize=8, **middle)
