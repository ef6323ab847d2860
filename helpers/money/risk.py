"""How sure is the comparison of `tco`: one input at a time (tornado), all at once by chance (Monte Carlo).

The difference is everywhere on-premises minus rent, in USD over all years: below zero, owning is cheaper.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from helpers.money.tco import OWN, RENTED, Values, break_even, inputs, totals, values
from helpers.show.figures import BLACK, BLUE, COLOURS, HATCHES, ORANGE, SKY

# What the reader decides or measures. It has a range, and is no matter of luck.
YOURS = ("peak_vcpus", "utilisation", "growth", "interruptible", "baseline", "egress")
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]


def difference(x: Values, way: str = "on demand", years: int = 5) -> Any:
    """On-premises minus rent, USD over the years; an array where an input is one."""
    found = totals(x, years)
    return found[OWN] - found[way]


def tornado(x: Values, way: str = "on demand", years: int = 5) -> pd.DataFrame:
    """Each input that has a range at its low and high end, all others as in `x`; the one that moves most first.

    What moves nothing is left out: the discount of Spot plays no part on demand.

    Returns:
        Columns: what (a star marks what is unverified), low, high, at low, at high (USD, see above), span, and flips:
        whether the cheaper side changes within the range.
    """
    base, rows = float(difference(x, way, years)), {}
    for name, each in inputs().items():
        if each.low < each.high:
            ends = [float(difference(x | {name: end}, way, years)) for end in (each.low, each.high)]
            flips = any(np.sign(end) != np.sign(base) for end in ends)
            if ends[0] != ends[1]:
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


def draw_year(axes: Axes, costs: pd.DataFrame) -> None:
    """A year's cost of each way in thousand USD, a bar each, item by item (`tco.year_costs`)."""
    left = pd.Series(0.0, index=costs.columns)
    for colour, hatch, (item, usd) in zip(COLOURS[1:], [*HATCHES, "--"], costs.iterrows(), strict=False):
        axes.barh(usd.index, usd / 1000, left=left, color=colour, hatch=hatch, edgecolor=BLACK, label=str(item))
        left = left + usd / 1000
    axes.set_xlim(0, 1.03 * left.max())
    axes.invert_yaxis()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def draw_ways(axes: Axes, x: Values, years: int = 5) -> None:
    """What each way costs in thousand USD, by utilisation; a dot where owning begins to be cheaper than on demand."""
    across = np.linspace(0, 100, 201)
    found = totals(x | {"utilisation": across}, years)
    for number, way in enumerate((OWN, *RENTED)):
        colour = BLACK if way == OWN else COLOURS[(number - 1) % len(COLOURS)]
        usd = np.broadcast_to(found[way], across.shape) / 1000
        axes.plot(across, usd, label=way, color=colour, linestyle=LINES[number], linewidth=3 if way == OWN else 1.8)
    axes.axvline(x["utilisation"], color="grey", linestyle=":", label="the load now")
    even = break_even(x, years=years)
    own = float(totals(x, years)[OWN]) / 1000
    if even is not None:
        axes.plot(even, own, "o", color=BLACK, markersize=9, zorder=4, label="break-even, on demand")
    axes.set(xlim=(0, 100), ylim=(0, 2.2 * own))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def draw_tornado(axes: Axes, table: pd.DataFrame, base: float, rows: int = 10) -> None:
    """The first rows of a tornado, the widest on top: from the base to both ends, in thousand USD."""
    shown = table.head(rows).iloc[::-1]
    for place, (_, row) in enumerate(shown.iterrows()):
        for end, colour, hatch in (("at low", SKY, ""), ("at high", ORANGE, "//")):
            width = (row[end] - base) / 1000
            label = {"at low": "at its low end", "at high": "at its high end"}[end] if place == 0 else None
            axes.barh(
                place, width, left=base / 1000, color=colour, hatch=hatch, edgecolor=BLACK, linewidth=0.5, label=label
            )
    axes.axvline(0, color=BLACK, linestyle="--", linewidth=1.2)
    axes.axvline(base / 1000, color=BLACK, linewidth=1.2)
    axes.set_yticks(range(len(shown)), [f"{row.what} ({row.low:g} to {row.high:g})" for row in shown.itertuples()])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="x")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def draw_band(axes: Axes, found: pd.DataFrame) -> None:
    """The difference by utilisation, in thousand USD: the middle of the draws, and where nine in ten of them lie."""
    axes.fill_between(found.index, found["p5"] / 1000, found["p95"] / 1000, color=SKY, alpha=0.5, label="90 % of draws")
    axes.plot(found.index, found["p50"] / 1000, color=BLUE, linewidth=2, label="median: half of the draws lie below")
    axes.axhline(0, color=BLACK, linestyle="--", linewidth=1.2)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper right")


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
