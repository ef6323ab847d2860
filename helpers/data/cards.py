"""Reviews as scanned cards: printed, stained, put askew on a scanner with some noise. What Textract gets to read."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Annulus
from PIL import Image, ImageFilter

from helpers.show.figures import BLACK

HEADER = "REVIEW CARD"
WIDTH_INCHES, DOTS_PER_INCH = 6.8, 110
CHARACTERS_PER_LINE = 60
_LINE_INCHES, _TOP_INCHES, _MARGIN_INCHES = 0.27, 1.0, 0.5
_PAPER, _STAIN, _SCANNER = "#F6F1E4", "#B58B5A", 205  # the last: the grey beside the paper


@dataclass(frozen=True)
class Card:
    """A card: its number, the text printed on it, below a header, and its scan as a JPEG file."""

    number: int
    text: str
    jpeg: bytes


def printable(text: str) -> str:
    """A review as it is printed: line breaks and control characters are blanks, blanks come one at a time."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", re.sub(r"<br\s*/?>", " ", text)).strip()


def scan(texts: Sequence[str], seed: int = 9) -> list[Card]:
    """One card for each review; angle, light, stain and noise differ from card to card, and are the seed's."""
    cards = []
    for number, text in enumerate(map(printable, texts), start=1):
        random = np.random.default_rng([seed, number])
        cards.append(Card(number, text, _scanned(_printed(text, number, random), random)))
    return cards


def _printed(text: str, number: int, random: np.random.Generator) -> Image.Image:
    """Black on paper, with the ring of a cup somewhere."""
    lines = textwrap.wrap(text, CHARACTERS_PER_LINE) or [""]
    height = _TOP_INCHES + len(lines) * _LINE_INCHES + _MARGIN_INCHES
    drawing = Figure(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH, facecolor=_PAPER)
    left = _MARGIN_INCHES / WIDTH_INCHES

    def place(inches: float) -> float:
        """Inches from the top, as matplotlib counts."""
        return 1 - inches / height

    plain: dict[str, Any] = {"parse_math": False, "va": "top"}  # a review may hold dollars
    drawing.text(left, place(0.35), f"{HEADER} No. {number}", fontsize=13, fontweight="bold", **plain)
    drawing.add_artist(Line2D([left, 1 - left], [place(0.75)] * 2, color=BLACK, linewidth=1))
    for row, line in enumerate(lines):
        drawing.text(left, place(_TOP_INCHES + row * _LINE_INCHES), line, family="DejaVu Serif", fontsize=11, **plain)
    centre = random.uniform(0.2, 0.8) * WIDTH_INCHES, random.uniform(0.2, 0.8) * height
    ring = Annulus(centre, r=0.8, width=0.09, color=_STAIN, alpha=0.35, transform=drawing.dpi_scale_trans)
    drawing.add_artist(ring)
    file = io.BytesIO()
    drawing.savefig(file, format="png")
    return Image.open(file).convert("L")


def _scanned(card: Image.Image, random: np.random.Generator) -> bytes:
    """Turned by up to three degrees, lit from one side, a little out of focus, with noise, as a JPEG file."""
    angle = random.uniform(-3, 3)
    turned = card.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=_SCANNER)
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.5)), dtype=float)
    light = np.linspace(0, random.uniform(-30, 0), pixels.shape[1])
    noisy = pixels + light + random.normal(0, random.uniform(4, 12), pixels.shape)
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return file.getvalue()
