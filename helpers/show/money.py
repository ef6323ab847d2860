"""Pictures of money: owning against renting, waiting against paying, which model is worth its price, the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from helpers.money import elasticity, ledger, pareto, tco
from helpers.money.costs import dollars
from helpers.money.verdict import GUESSING, Case
from helpers.show.figures import BLACK, BLUE, COLOURS, HATCHES, NEGATIVE, ORANGE, POSITIVE, SKY, figure, legend_beside

_LINES: Any = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
_LOAD = "utilisation of the own servers, % (with unverified inputs)"


def year(costs: pd.DataFrame) -> None:
    """A bar for each way, a column: what a year costs in thousand USD, item by item (`tco.year_costs`)."""
    share = costs.loc["servers", tco.OWN] / costs[tco.OWN].sum()
    title = f"The server itself is {share:.0%} of what a server costs"
    alt = "Bars of a year's cost by item: " + "; ".join(f"{way} ${usd:,.0f}" for way, usd in costs.sum().items())
    with figure(title, "one year, thousand USD (with unverified inputs)", "", alt, figsize=(7.5, 3)) as axes:
        left = pd.Series(0.0, index=costs.columns)
        for colour, hatch, (item, usd) in zip(COLOURS[1:], [*HATCHES, "--"], costs.iterrows(), strict=False):
            axes.barh(usd.index, usd / 1000, left=left, color=colour, hatch=hatch, edgecolor=BLACK, label=str(item))
            left = left + usd / 1000
        axes.set_xlim(0, 1.03 * left.max())
        axes.invert_yaxis()
        legend_beside(axes)


def cash(flow: pd.DataFrame) -> None:
    """Lines: what has been paid for owning and for renting by the end of each year, in thousand USD."""
    paid = flow[["on-premises so far", "rent so far"]]
    own, rent = paid.iloc[-1]
    title = f"After {len(flow)} years rent has {'still cost less' if rent < own else 'cost more'} than owning"
    alt = f"Two rising lines. After {len(flow)} years: on-premises ${own:,.0f}, rent ${rent:,.0f}."
    with figure(title, "year (with unverified inputs)", "paid so far (thousand USD)", alt) as axes:
        lines = paid.rename(columns=lambda name: name.removesuffix(" so far")) / 1000
        sns.lineplot(lines, markers=["o", "s"], markersize=7, ax=axes)
        axes.set(xticks=flow.index, ylim=(0, None))


def ways(x: tco.Values, years: int = 5) -> None:
    """Lines: what each way costs in thousand USD, by utilisation; a dot where owning begins to beat a way of renting.

    The dots are of the dearest rent and of the cheapest.
    """
    verdict = tco.verdict(x, years)
    even = {way: tco.break_even(x, way, years) for way in (tco.RENTED[0], tco.RENTED[-1])}
    dots = "; ".join(f"{way} {f'{load:.0f} %' if load else 'never'}" for way, load in even.items())
    alt = f"Cost of five ways by utilisation. {verdict}. Owning is cheaper than renting from: {dots}."
    across = np.linspace(0, 100, 201)
    found = tco.totals(x | {"utilisation": across}, years)
    own = float(tco.totals(x, years)[tco.OWN]) / 1000
    title = verdict.replace("$", r"\$").replace(" against", "\nagainst")
    with figure(title, _LOAD, "five years (thousand USD of today)", alt) as axes:
        for way, colour, line in zip((tco.OWN, *tco.RENTED), (BLACK, *COLOURS), _LINES, strict=False):
            usd = np.broadcast_to(found[way], across.shape) / 1000
            axes.plot(across, usd, label=way, color=colour, linestyle=line, linewidth=3 if way == tco.OWN else 1.8)
        axes.axvline(x["utilisation"], color="grey", linestyle=":", label="the load now")
        for marker, (way, load) in zip("os", even.items(), strict=True):
            if load is not None:
                axes.plot(load, own, marker, color=BLACK, markersize=9, zorder=4, label=f"break-even, {way}", ls="")
        axes.set(xlim=(0, 100), ylim=(0, 2.2 * own))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        legend_beside(axes)


def tornado(moved: pd.DataFrame, base: float, rows: int = 10) -> None:
    """Bars, the widest on top: how one input at a time moves the difference in USD (`risk.tornado`).

    Args:
        base: the difference where no input is moved.
        rows: how many inputs are shown.
    """
    title = f"{moved['flips'].sum()} of {len(moved)} inputs alone turn the result"
    marks = "* unverified   † secondary or stale"
    alt = f"Bars, widest first: {'; '.join(moved['what'].head(5))}. {marks}."
    label = "on-premises minus on demand, five years (thousand USD of today)"
    label += f"\n{marks}   the widest {min(rows, len(moved))} of {len(moved)}"
    shown = moved.head(rows)
    names = [f"{row.what} ({row.low:g} to {row.high:g})" for row in shown.itertuples()]
    with figure(title, label, "", alt, figsize=(6, 4.2)) as axes:
        for end, colour, hatch in (("low", SKY, ""), ("high", ORANGE, "//")):
            look: Any = {"color": colour, "hatch": hatch, "edgecolor": BLACK, "linewidth": 0.5}
            widths = (shown[f"at {end}"] - base) / 1000
            axes.barh(range(len(shown)), widths, left=base / 1000, label=f"at its {end} end", **look)
        axes.axvline(0, color=BLACK, linestyle="--", linewidth=1.2)
        axes.axvline(base / 1000, color=BLACK, linewidth=1.2)
        axes.set_yticks(range(len(shown)), names)
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(axis="x")
        legend_beside(axes)


def chances(band: pd.DataFrame) -> None:
    """A band: the difference by utilisation in thousand USD, the median of the draws and nine in ten of them.

    Args:
        band: see `risk.band`; has the utilisations 15, 25, 40 and 60 %.
    """
    wins = band["owning_wins"]
    most = band.index[wins > 0.5]
    title = f"Owning beats on demand in most draws {f'from {most[0]} % on' if len(most) else 'nowhere'}"
    alt = "; ".join(f"at {u} %: owning wins in {wins[u]:.0%} of draws" for u in (15, 25, 40, 60))
    usd = band[["p5", "p50", "p95"]] / 1000
    with figure(title, _LOAD, "on-premises minus on demand,\nfive years (thousand USD of today)", alt) as axes:
        axes.fill_between(usd.index, usd["p5"], usd["p95"], color=SKY, alpha=0.5, label="90 % of draws")
        axes.plot(usd["p50"], color=BLUE, linewidth=2, label="median: half of the draws lie below")
        axes.axhline(0, color=BLACK, linestyle="--", linewidth=1.2)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.legend(loc="upper right")


def waiting(fixed: pd.DataFrame, on_demand: pd.DataFrame, machines: int, hours: float = 40) -> None:
    """Lines: jobs that wait, over so many hours, at a fixed cluster of so many machines and on demand."""
    longest, minutes = fixed["waits"].max(), 60 * on_demand["waits"].max()
    title = f"At {machines} machines a job waits up to {longest:.0f} hours; on demand, {minutes:.0f} minutes"
    most = max(elasticity.waiting(fixed, fixed["comes"]))
    alt = (
        f"Waiting jobs over {hours:g} hours: up to {most} at {machines} machines, then slowly down; "
        "on demand, hardly any."
    )
    times = np.linspace(0, hours, 400).tolist()
    lines = {"fixed cluster": elasticity.waiting(fixed, times), "on demand": elasticity.waiting(on_demand, times)}
    with figure(title, "hours", "jobs that wait", alt) as axes:
        sns.lineplot(pd.DataFrame(lines, times), palette=[NEGATIVE, POSITIVE], linewidth=2, ax=axes)


def front(monthly: pd.DataFrame) -> None:
    """Dots: accuracy by USD a month of each model in each way (`pareto.operations`), and who is on the front."""
    best = monthly[monthly["front"]].sort_values("usd")
    points, usd = 100 * best["accuracy"].diff().dropna(), best["usd"].diff().dropna()
    title = "One choice beats all others"
    if len(usd):
        title = f"{best['model'].iloc[1]}: {points.iloc[0]:.1f} points for {dollars(usd.iloc[0])} more"
        if len(usd) > 1:
            title += f"; all beyond: {points.iloc[1:].sum():.1f} points for {dollars(usd.iloc[1:].sum())}"
    rows = [f"{row.model}, {row.way} ({100 * row.accuracy:.1f} %, {dollars(row.usd)})" for row in best.itertuples()]
    alt = "Dots: accuracy by dollars a month. On the front: " + "; ".join(rows)
    title, label = title.replace("$", r"\$"), "one month (USD, logarithmic)   * price unverified"
    with figure(title, label, "right on the test (%)", alt) as axes:
        _front(axes, monthly)


def _front(axes: Axes, table: pd.DataFrame) -> None:
    """Accuracy by USD, logarithmic; marker and colour by way, the front as a line, its models numbered."""
    shown = table.assign(right=100 * table["accuracy"], way=table["way"].map(pareto.label))
    order = [pareto.label(way) for way in pareto.WAYS]
    look: Any = {"hue": "way", "style": "way", "hue_order": order, "style_order": order, "markers": ["o", "s", "^"]}
    sns.scatterplot(shown, x="usd", y="right", s=75, zorder=3, ax=axes, **look)
    best = shown[shown["front"]].sort_values("usd")
    axes.step(best["usd"], best["right"], where="post", color=BLACK, linewidth=1.2, zorder=2, label="front")
    for number, row in enumerate(best.drop_duplicates(["usd", "right"]).to_dict("records"), 1):
        place: Any = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center"}
        axes.annotate(str(number), (row["usd"], row["right"]), fontsize=11, fontweight="bold", **place)
        axes.plot([], [], " ", label=f"{number}  {row['model']}")
    axes.set_xscale("log")
    axes.margins(y=0.15)
    axes.xaxis.set_major_formatter("${x:g}")
    axes.grid(axis="x", alpha=0.3)
    legend_beside(axes)


def by_volume(ways: Mapping[str, Callable[[float], float]], even: Mapping[str, float]) -> None:
    """Lines: what Comprehend and ways with an own model cost a month, by reviews a month.

    Args:
        ways: USD a month for so many reviews, by name; first Comprehend's.
        even: from how many reviews on each other way is cheaper.
    """
    first = float(f"{min(even.values()):.2g}")  # two digits: the assumptions bear no more
    title = f"Below about {first:,.0f} reviews a month, Comprehend costs least"
    crossings = (f"{name} is cheaper from {volume:,.0f} on" for name, volume in even.items())
    alt = f"Cost by volume: {title}; {'; '.join(crossings)}."
    volumes = np.logspace(3, 7, 60)
    lines = pd.DataFrame({name: [way(volume) for volume in volumes] for name, way in ways.items()}, volumes)
    with figure(title, "reviews a month", "US dollars a month", alt, figsize=(9, 4)) as axes:
        sns.lineplot(lines, linewidth=2, ax=axes)
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")


def flip(case: Case, assumed: float) -> None:
    """Lines: dollars a month with mistakes, of a managed service by its accuracy and of the own model; where they meet.

    Args:
        assumed: an accuracy of the service (0 to 1), drawn as a dot, with the interval that `case.judged` reviews give.
    """
    dot = f"At {assumed:.1%} it is {dollars(case.managed(assumed))} against {dollars(case.own)}"
    across = np.linspace(GUESSING, 1, 101)
    with figure(
        case.says(),
        "how often the service is right (%), assumed",
        "US dollars a month, mistakes included",
        f"{case.says()}. {dot}.",
    ) as axes:
        axes.plot(100 * across, [case.managed(right) for right in across], color=ORANGE, label="managed service")
        axes.axhline(case.own, color=BLUE, linestyle="--", label="own model, as measured")
        bar: Any = {"xerr": 100 * case.margin(assumed), "capsize": 4} if case.judged else {}
        label = f"the slider, as measured on {case.judged} reviews" if case.judged else "the slider"
        axes.errorbar(100 * assumed, case.managed(assumed), fmt="o", color=ORANGE, markersize=9, label=label, **bar)
        if GUESSING < case.flip <= 1:
            low, high = (100 * (case.flip + sign * case.own_margin) for sign in (-1, 1))
            axes.axvspan(low, high, color="grey", alpha=0.2, label="interval of your own model (95 %)")
            axes.axvline(100 * case.flip, color=BLACK, linewidth=1)
        axes.set(xlim=(100 * GUESSING, 100), ylim=(0, None))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        legend_beside(axes)


def bill(entries: pd.DataFrame) -> None:
    """Bars: dollars of a ledger for each lesson that cost any, by service; services below 1 % are "others".

    Raises:
        ValueError: the ledger is empty.
    """
    if entries.empty:
        raise ValueError("The ledger is empty: nothing of this learner's has run yet.")
    every = ledger.by(entries).drop(index="total", columns="total")
    sums = every[every.sum(axis=1) > 0] if every.to_numpy().any() else every
    shown = _without_small(sums)
    finding = _dearest(entries)
    lessons = ", ".join(f"{lesson}: {dollars(usd)}" for lesson, usd in sums.sum(axis=1).items())
    sentences = dict.fromkeys([ledger.title(entries), finding, f"By lesson: {lessons}"])  # each one once
    title, alt = finding.replace(" of the ", "\nof the "), ". ".join(sentences) + "."
    with figure(title, "lesson", "US dollars, list price", alt) as axes:
        below = pd.Series(0.0, index=sums.index)
        for number, service in enumerate(shown):
            look: Any = {"color": COLOURS[number % len(COLOURS)], "hatch": HATCHES[number % len(HATCHES)]}
            axes.bar(sums.index, shown[service], bottom=below, label=str(service), edgecolor=BLACK, **look)
            below += shown[service]
        for place, usd in enumerate(below):
            above: Any = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "fontsize": 9}
            axes.annotate(f"${usd:.2f}" if usd >= 0.01 else "< 1¢", (place, usd), **above)
        axes.set_ylim(0, 1.1 * below.max() or 1)  # room for the dollars above
        legend_beside(axes)


def _dearest(entries: pd.DataFrame) -> str:
    """What the two dearest lessons are of the whole; with fewer that cost anything, the sum."""
    sums = entries.groupby("lesson")["usd"].sum().nlargest(2)
    if len(sums[sums > 0]) < 2:
        return ledger.title(entries)
    first, second = (f"lesson {each}" if str(each).isdigit() else f"'{each}'" for each in sums.index)
    total, share = ledger.total(entries), sums.sum() / ledger.total(entries)
    return f"{first.capitalize()} and {second} make {share:.0%} of the {dollars(total)} that all {ledger.verb()}"


def _without_small(sums: pd.DataFrame) -> pd.DataFrame:
    """Dollars by service, with those below 1 % of the bill in one column `others`."""
    services = sums.sum()
    small = services.index[services < 0.01 * services.sum()]
    others = sums[small].sum(axis=1)
    shown = sums.drop(columns=small)
    return shown.assign(others=others) if others.sum() > 0 else shown
