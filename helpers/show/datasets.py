"""Pictures of the data: where a job's rows end, a scanned card."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from helpers.data.cards import Card
from helpers.show.figures import BLUE, GREEN, VERMILION, figure


def rows(report: Mapping[str, Any]) -> None:
    """Bars: how many rows of the Glue job's report are clean, by split, quarantined, by reason, and dropped."""
    ways = {f"clean: {split}": number for split, number in report["by_split"].items()}
    ways |= {f"quarantine: {reason}": number for reason, number in report["by_reason"].items()}
    ways["dropped: duplicate"] = report["duplicates"]
    share = report["rows_out"] / report["rows_in"]
    title = f"All {report['rows_in']:,} rows are accounted for; {share:.1%} reach the clean zone"
    alt = "Bars, where the rows end. " + ", ".join(f"{way} {number}" for way, number in ways.items()) + "."
    with figure(title, "rows", "where a row ends", alt, figsize=(8, 4.2)) as axes:
        axes.margins(x=0.1)
        _bars(axes, ways, [{"c": BLUE, "q": VERMILION, "d": GREEN}[way[0]] for way in ways])


def _bars(axes: Axes, numbers: Mapping[str, int], colours: Sequence[str]) -> None:
    """A bar for each number, from above, with the number beside it."""
    bars = axes.barh(list(numbers), list(numbers.values()), color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=4)
    axes.invert_yaxis()
    axes.grid(False)


def card(scan: Card, blocks: Sequence[Mapping[str, Any]]) -> None:
    """A scan with the outline of each LINE that Textract has found on it."""
    lines = [block for block in blocks if block["BlockType"] == "LINE"]
    picture = Image.open(io.BytesIO(scan.jpeg))
    title = f"{len(lines)} lines are found on card {scan.number}"
    alt = f"The scan of card {scan.number}, turned and noisy, with {len(lines)} lines outlined: {scan.text[:120]} …"
    with figure(title, "", "", alt, figsize=(8, 8 * picture.height / picture.width)) as axes:
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        for line in lines:
            corners = np.array([[point["X"], point["Y"]] for point in line["Geometry"]["Polygon"]])
            outline = np.vstack([corners, corners[:1]]) * [picture.width, picture.height]
            axes.plot(outline[:, 0], outline[:, 1], color=BLUE, linewidth=1.2)
        axes.axis("off")
