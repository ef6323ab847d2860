"""The course's plots: one look, readable in black and white print and by colour-blind eyes, each with alt text.

The colours are those of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/. What seaborn draws within `figure` has
the same look: it takes its colours, too, from matplotlib's settings.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK = (
    *("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000"),
)
COLOURS = [BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK]
NEGATIVE, POSITIVE = VERMILION, BLUE
SENTIMENT = {"negative": NEGATIVE, "positive": POSITIVE}
HATCHES = ["", "//", "..", "xx", "\\\\", "++"]
_LOOK: Any = {
    "figure.figsize": (7.5, 4.0),
    "figure.dpi": 110,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "font.size": 11,
    "svg.hashsalt": "data-science-on-aws",
}


class Picture:
    """A finished figure with its title and its alternative text, shown by Jupyter as an image with `alt`."""

    def __init__(self, png: bytes, title: str, alt: str) -> None:
        self.png, self.title, self.alt = png, title, alt

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        data = base64.b64encode(self.png).decode()
        width = int.from_bytes(self.png[16:20], "big") // 2 * 2
        tag = f'<img alt="{html.escape(self.alt, quote=True)}" style="max-width:min(100%,{width}px)" '
        return {"text/html": f'{tag}src="data:image/png;base64,{data}">', "text/plain": f"Figure: {self.alt}"}


@contextmanager
def figure(title: str, xlabel: str, ylabel: str, alt: str, **size: Any) -> Iterator[Axes]:
    """Draw one figure in the course's look and show it when the block ends.

    Args:
        title: the finding, in a sentence.
        xlabel, ylabel: with units.
        alt: what a reader who cannot see the figure should know.
        size: passed to `matplotlib.pyplot.subplots`, for example `figsize=(9, 3)`.
    """
    from IPython.display import display

    with plt.rc_context(_LOOK):
        drawing, axes = plt.subplots(**size)
        try:
            yield axes
            axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
            file = io.BytesIO()
            drawing.savefig(file, format="png", bbox_inches="tight", metadata={"Software": None})
        finally:
            plt.close(drawing)
    display(Picture(file.getvalue(), title, alt))  # type: ignore[no-untyped-call]


def legend_beside(axes: Axes) -> None:
    """A legend to the right of the plot, where it hides nothing, without a title."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1, 1))
