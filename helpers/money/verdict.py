"""A managed service or one's own model, when mistakes cost money: how right must the service be, so that it pays?

The service's accuracy is the unknown: it is measured on one's own texts, or assumed with a slider (`explore`). All else
is of a `Case`. Dollars are of a month.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from helpers import front_end

GUESSING = 0.5  # of two answers


@dataclass(frozen=True)
class Case:
    """A month: its reviews, what a mistake costs, dollars of both ways, and how often the own model is right (0 to 1).

    `own_margin` is the half width of the interval of that accuracy; `judged`, on how many reviews the service's is
    measured.
    """

    reviews: float
    usd_a_mistake: float
    managed_usd: float
    own_usd: float
    own_right: float
    own_margin: float = 0.0
    judged: int = 0

    def managed(self, right: float) -> float:
        """Dollars of the managed service with its mistakes, if it is right so often (0 to 1)."""
        return self.managed_usd + self._mistakes(right)

    @property
    def own(self) -> float:
        """Dollars of the own model with its mistakes."""
        return self.own_usd + self._mistakes(self.own_right)

    @property
    def flip(self) -> float:
        """The accuracy of the service at which both cost the same; above 1 it cannot win, below 0 it cannot lose."""
        return self.own_right - (self.own_usd - self.managed_usd) / (self.reviews * self.usd_a_mistake)

    def margin(self, right: float) -> float:
        """The half width of the 95 % interval of the service's accuracy, measured on `judged` reviews."""
        return 1.96 * math.sqrt(right * (1 - right) / self.judged)

    def says(self) -> str:
        """Where the verdict flips, in a sentence."""
        if self.flip > 1:
            return "Here your own model costs less, however right the service is"
        if self.flip <= GUESSING:
            return "Here the service costs less, even if it only guessed"
        return f"The service costs less if it is right on more than {self.flip:.1%} of reviews"

    def _mistakes(self, right: float) -> float:
        return self.reviews * (1 - right) * self.usd_a_mistake


def table(case: Case, assumed: Iterable[float] = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)) -> pd.DataFrame:
    """Dollars with mistakes for some accuracies of the service, a row each, and which of the two costs less."""
    rows = [
        (f"{right:.0%}", round(case.managed(right)), round(case.own), _less(case, right)) for right in sorted(assumed)
    ]
    return pd.DataFrame(rows, columns=["service is right", "service, $", "own model, $", "costs less"])


def _less(case: Case, right: float) -> str:
    return "service" if case.managed(right) < case.own else "own model"


def explore(case: Case, show: Callable[[Case, float], None], start: float = 0.8) -> None:
    """A slider for the accuracy of the service: `show` draws the case for it, now and whenever it is moved.

    Where nobody can move one, `show` is called once, and the table says what the slider would have.
    """
    if not (front_end.kernel() and front_end.attended()):
        print(table(case).to_string(index=False))
        show(case, start)
        return
    import ipywidgets as widgets
    from IPython.display import display

    slider = widgets.FloatSlider(
        value=100 * start,
        min=100 * GUESSING,
        max=100,
        step=0.5,
        description="the service is right on (%)",
        style={"description_width": "14em"},
        layout={"width": "40em"},
        continuous_update=False,
    )
    picture = widgets.interactive_output(lambda right: show(case, right / 100), {"right": slider})
    display(widgets.VBox([slider, picture]))  # type: ignore[no-untyped-call]
