"""Where one would look in AWS's console: a page drawn by the authors, its parts numbered and explained.

A page is a file of `pages`, written from AWS's documentation. It is a sketch, no picture of AWS's page, and says so:
consoles change, and nothing in them was copied.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from helpers.show.figures import BLACK, BLUE, figure

PAGES = Path(__file__).with_name("pages")
_BAR, _MENU, _FIELD = "#232F3E", "#F2F3F3", "#FFFFFF"
_WIDTH, _LEFT, _ROW = 10.0, 2.6, 0.8  # of the page, of its menu, and the height of a part
_NOTE = "A sketch by the authors, from AWS's documentation: the page in your browser may look otherwise."


def page(name: str) -> None:
    """Show one page: its service, its menu, and its parts, each with a number and what it says.

    Args:
        name: of a file in `pages`, without its ending. It has service, title, menu, here (one entry of the menu), and
            parts, each with a label, what may stand there, and what it tells.

    Raises:
        FileNotFoundError: there is no such page.
    """
    found = read(name)
    parts = found["parts"]
    said = "; ".join(f"{number}: {one['label']}, {one['says']}" for number, one in enumerate(parts, 1))
    alt = f"A sketch of a page of the console, {found['service']}, {found['here']}. {said}."
    height = _ROW * max(len(parts), len(found["menu"])) + 0.3
    with figure(found["title"], "", "", alt, figsize=(12.5, 0.62 * height + 1.1)) as axes:
        axes.add_patch(Rectangle((0, 0), _WIDTH, height, facecolor=_FIELD, edgecolor=BLACK, linewidth=1.2))
        axes.add_patch(Rectangle((0, height), _WIDTH, 0.6, facecolor=_BAR, edgecolor=BLACK, linewidth=1.2))
        axes.text(0.2, height + 0.3, found["service"], color="white", fontsize=11, fontweight="bold", va="center")
        _menu(axes, found["menu"], found["here"], height)
        for number, one in enumerate(parts, 1):
            _part(axes, number, one, height - _ROW * number)
        axes.text(0, -0.15, _NOTE, fontsize=9, fontstyle="italic", va="top")
        axes.set(xlim=(-0.05, 16.2), ylim=(-0.6, height + 0.65))
        axes.axis("off")


def read(name: str) -> dict[str, Any]:
    """What a page's file says."""
    return tomllib.loads((PAGES / f"{name}.toml").read_text(encoding="utf-8"))


def _menu(axes: Axes, entries: list[str], here: str, height: float) -> None:
    axes.add_patch(Rectangle((0, 0), _LEFT, height, facecolor=_MENU, edgecolor=BLACK, linewidth=0.8))
    for number, entry in enumerate(entries, 1):
        y = height - _ROW * number + 0.3
        weight = "bold" if entry == here else "normal"
        text = "\n".join(wrap(f"▸ {entry}" if entry == here else entry, 17))
        axes.text(0.2, y, text, fontsize=10, fontweight=weight, va="center")


def _part(axes: Axes, number: int, one: dict[str, Any], y: float) -> None:
    axes.text(_LEFT + 0.75, y + 0.5, one["label"], fontsize=9, fontweight="bold", va="center")
    axes.add_patch(Rectangle((_LEFT + 0.75, y + 0.02), 6.4, 0.33, facecolor=_FIELD, edgecolor="#888888", linewidth=0.8))
    axes.text(_LEFT + 0.85, y + 0.18, one["like"], fontsize=9, va="center", family="monospace")
    for x in (_LEFT + 0.38, _WIDTH + 0.4):
        mark = {"boxstyle": "circle,pad=0.2", "facecolor": BLUE, "edgecolor": "none"}
        axes.text(
            x, y + 0.28, str(number), color="white", fontsize=9, fontweight="bold", ha="center", va="center", bbox=mark
        )
    axes.text(_WIDTH + 0.75, y + 0.28, "\n".join(wrap(one["says"], 44)), fontsize=10, va="center")
