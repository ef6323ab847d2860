"""How sure is the comparison of `tco`: one input at a time (tornado), all at once by chance (Monte Carlo).

The difference is everywhere on-premises minus rent, in USD of today over all years: below zero, owning is cheaper.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.money.tco import OWN, Values, inputs, totals, values

# What the reader decides or measures. It has a range, and is no matter of luck.
YOURS = ("peak_vcpus", "utilisation", "growth", "interruptible", "baseline", "egress", "discount_rate")


def difference(x: Values, way: str = "on demand", years: int = 5) -> Any:
    """On-premises minus rent, USD over the years; an array where an input is one."""
    found = totals(x, years)
    return found[OWN] - found[way]


def tornado(x: Values, way: str = "on demand", years: int = 5) -> pd.DataFrame:
    """Each input that has a range at its low and high end, all others as in `x`; the one that moves most first.

    What moves nothing is left out: the discount of Spot plays no part on demand.

    Returns:
        Columns: what (marked as by `Input.label`), low, high, at low, at high (USD, see above), span, and flips:
        whether the cheaper side changes within the range.
    """
    base, rows = float(difference(x, way, years)), {}
    for name, each in inputs().items():
        if each.low < each.high:
            ends = [float(difference(x | {name: end}, way, years)) for end in (each.low, each.high)]
            flips = any(np.sign(end) != np.sign(base) for end in ends)
            if not np.isclose(ends[0], ends[1]):
                rows[name] = (each.label, each.low, each.high, *ends, abs(ends[1] - ends[0]), flips)
    columns = ["what", "low", "high", "at low", "at high", "span", "flips"]
    return pd.DataFrame.from_dict(rows, "index", columns=columns).sort_values("span", ascending=False, kind="stable")


def draws(x: Values, number: int = 10_000, seed: int = 11) -> Values:
    """The inputs of `x`; those with a range that are not YOURS drawn `number` times, each for itself.

    Drawn from a triangle: most often near the value, never beyond the range. That no two move together is an
    assumption. Costs that do (price and rise, wage and its overhead) make the true band wider; the price of a server
    and its vCPUs (`server_price`, `server_vcpus`), of which one buys the other, make it narrower.
    """
    random, drawn = np.random.default_rng(seed), dict(x)
    for name, each in inputs().items():
        if each.low < each.high and name not in YOURS:
            mode = min(max(float(x[name]), each.low), each.high)
            drawn[name] = random.triangular(each.low, mode, each.high, number)
    return drawn


def band(
    x: Values, utilisations: Sequence[float], way: str = "on demand", years: int = 5, number: int = 10_000
) -> pd.DataFrame:
    """The difference by utilisation in %: 5th, 50th and 95th percentile of the draws, and the share where owning wins.

    Returns:
        Columns: p5, p50, p95 (USD), owning_wins (0 to 1); one row a utilisation.
    """
    drawn, rows = draws(x, number), []
    for utilisation in utilisations:
        found: NDArray[np.float64] = difference(drawn | {"utilisation": utilisation}, way, years)
        rows.append((*np.percentile(found, [5, 50, 95]), float((found < 0).mean())))
    return pd.DataFrame(rows, pd.Index(utilisations, name="utilisation"), ["p5", "p50", "p95", "owning_wins"])


def undecided(found: pd.DataFrame, certain: float = 0.9) -> list[Any]:
    """The utilisations of a band at which neither side wins in so large a share of the draws."""
    share = found["owning_wins"]
    return list(found.index[(share > round(1 - certain, 9)) & (share < certain)])


def explore(show: Callable[[Values], None], **ranges: tuple[float, float]) -> None:
    """Sliders for some inputs of the model: `show` is called with the values, now and whenever one is moved.

    Where nobody can move one (a run without a front end), `show` is called once.

    Args:
        ranges: the slider's ends for each input by name, in the input's unit.
    """
    if not _somebody_is_there():
        print(
            "Run this cell in JupyterLab, and here are sliders: " + ", ".join(inputs()[name].label for name in ranges)
        )
        show(values())
        return
    import ipywidgets as widgets
    from IPython.display import display

    sliders = {
        name: widgets.FloatSlider(
            value=inputs()[name].value, min=low, max=high, step=(high - low) / 100,
            description=f"{inputs()[name].label}, {inputs()[name].unit}",
            style={"description_width": "28em"}, layout={"width": "52em"}, continuous_update=False,
        )
        for name, (low, high) in ranges.items()
    }  # fmt: skip
    picture = widgets.interactive_output(lambda **chosen: show(values(**chosen)), sliders)
    display(widgets.VBox([*sliders.values(), picture]))  # type: ignore[no-untyped-call]


def _somebody_is_there() -> bool:
    """Whether a front end asked for this kernel: Jupyter's server names the session, VS Code the file."""
    from IPython import get_ipython

    names = getattr(get_ipython(), "user_ns", {})  # type: ignore[no-untyped-call]
    return "JPY_SESSION_NAME" in os.environ or "__vsc_ipynb_file__" in names
