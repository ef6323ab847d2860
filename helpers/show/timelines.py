"""Pictures of time: what ran when, side by side or one after the other, and how long one waits for a machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.money.costs import dollars
from helpers.money.elasticity import Plan
from helpers.show.figures import BLACK, BLUE, ORANGE, VERMILION, figure

STARTS = 60.0, 120.0  # seconds until a training job works on AWS, as this course counts: not measured
WEEK = 7 * 24 * 3600.0
_TICKS = {60: "1 min", 3600: "1 h", 86400: "1 day", WEEK: "1 week", 52 * WEEK: "1 year"}


def plans(ways: Sequence[Plan], minutes: float) -> None:
    """A line for each rented machine, a bar for each trial of some minutes on it: two ways to run the same trials."""
    first, second = ways
    clock, bill = f"{60 * second.hours:g} minutes in place of {60 * first.hours:g}", dollars(second.usd)
    same = "the same " if second.usd == first.usd else ""
    title = f"{second.machines} at a time: {clock}, for {same}{bill}"
    alt = "; ".join(
        f"{way.machines} at a time: {round(60 * way.hours / minutes)} rounds of {minutes:g} minutes" for way in ways
    )
    place, middles = 0, []
    with figure(
        title.replace("$", r"\$"), "minutes on AWS, as this course counts", "", alt, figsize=(7.5, 2.4)
    ) as axes:
        for colour, way in zip((ORANGE, BLUE), ways, strict=True):
            middles.append(place + (way.machines - 1) / 2)
            for trial in range(round(way.usd / first.usd * 60 * first.hours / minutes)):
                line, begins = place + trial % way.machines, trial // way.machines * minutes
                axes.barh(line, minutes, left=begins, height=0.8, color=colour, edgecolor=BLACK)
            place += way.machines + 1
        axes.set_yticks(middles, [f"{way.machines} at a time" for way in ways])
        axes.grid(visible=False, axis="y")
        axes.invert_yaxis()


def lead_times(servers: pd.DataFrame) -> None:
    """On a logarithmic axis, with their ranges: a machine rented on AWS, and servers as the trade says.

    Args:
        servers: see `elasticity.lead_times`.
    """
    ends = [[float(end) for end in text.split(" to ")] for text in servers["range"]]
    low, high = (pick(weeks) for pick, weeks in zip((min, max), zip(*ends, strict=True), strict=True))
    title = f"Rented, a machine works in minutes; ordered, after {low:g} to {high:g} weeks"
    weeks = "; ".join(f"{row.what}: {row.range} weeks" for row in servers.itertuples())
    alt = f"Bars: a training job on AWS begins after 1 to 2 minutes. {weeks}."
    label = "until it works (logarithmic)   * not measured, or source without a date"
    stars = ["" if checked == "verified" else " *" for checked in servers["checked"]]
    names = ["A training job on AWS, as this course counts *"]
    names += [what + star for what, star in zip(servers["what"], stars, strict=True)]
    with figure(title, label, "", alt, figsize=(7.5, 2.6)) as axes:
        axes.hlines(0, *STARTS, color=BLUE, linewidth=4)
        axes.hlines(range(1, len(names)), *(WEEK * end for end in np.transpose(ends)), color=ORANGE, linewidth=4)
        axes.plot(servers["weeks"] * WEEK, range(1, len(names)), "D", color=BLACK)
        axes.set_yticks(range(len(names)), names)
        axes.set_xscale("log")
        axes.set_xticks(list(_TICKS), list(_TICKS.values()))
        axes.minorticks_off()
        axes.set(xlim=(20, 104 * WEEK), ylim=(len(names) - 0.5, -0.5))
        axes.grid(True, axis="x", alpha=0.3)


def steps(table: pd.DataFrame) -> None:
    """The steps of a pipeline's execution, see `executions.table`: which ran side by side, which failed."""
    seconds = (table["begins"] + table["seconds"].fillna(0)).max()
    title = f"{len(table)} steps in {seconds:.0f} s, up to {most_at_once(table)} at a time"
    parts = [
        f"{step.step} from {step.begins:.1f} s for {step.seconds:.1f} s ({dollars(step.usd)}), {step.status}"
        for step in table.itertuples()
    ]
    colours = [VERMILION if status == "Failed" else BLUE for status in table["status"]]
    with figure(
        title, "seconds since the first step began", "step", "Bars: " + "; ".join(parts), figsize=(8, 3)
    ) as axes:
        bars = axes.barh(table["step"], table["seconds"].clip(lower=seconds / 200), left=table["begins"], color=colours)
        labels = [f"{step.seconds:.1f} s" + rf" · \{dollars(step.usd)}" * (step.usd > 0) for step in table.itertuples()]
        axes.bar_label(bars, labels, padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.3)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")


def most_at_once(table: pd.DataFrame) -> int:
    """The largest number of steps of an execution (`executions.table`) that were running at one moment."""
    ends = table["begins"] + table["seconds"]
    return max(1, *(int(((table["begins"] <= begin) & (begin < ends)).sum()) for begin in table["begins"]))
