"""A message as a card in Jupyter, and as plain text elsewhere: what a check, a hint or a prediction says.

It is told by a symbol and a word, and the colour only repeats it (Okabe-Ito, safe for colour blindness).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from IPython.display import display

_display: Any = display  # IPython gives it no type hints
_LOOKS = {
    "correct": ("✔", "#009E73"),
    "incorrect": ("✘", "#D55E00"),
    "not attempted": ("○", "#767676"),
    "hint": ("💡", "#0072B2"),
}


@dataclass(frozen=True)
class Card:
    """A message with a heading. Jupyter asks for `_repr_html_`, a terminal for `repr`."""

    kind: str
    heading: str
    text: str

    def __repr__(self) -> str:
        return f"{_LOOKS[self.kind][0]} {self.heading}: {self.text.replace('`', '')}"

    def _repr_html_(self) -> str:
        symbol, colour = _LOOKS[self.kind]
        code_marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.text, quote=False))
        body = code_marked.replace("\n", "<br>")
        style = f"border-left: 6px solid {colour}; padding: 4px 12px"
        return f'<div style="{style}"><strong>{symbol} {html.escape(self.heading)}</strong><br>{body}</div>'


def show(kind: str, text: str, heading: str | None = None) -> None:
    """Show `text`, code in backticks, as a card of a `kind`: correct, incorrect, not attempted or hint."""
    _display(Card(kind, heading or kind.capitalize(), text))
