"""Pictures of time: what ran when, side by side or one after the other, and how long one waits for a machine."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from helpers.models.parallel_search import Measured
from helpers.show.figures import BLACK, BLUE, ORANGE, VERMILION, figure

STARTS = 60.0, 120.0  # seconds until a training job works on AWS, as this course counts: not measured
WEEK = 7 * 24 * 3600.0
_TICKS = {1: "1 s", 60: "1 min", 3600: "1 h", 86400: "1 day", WEEK: "1 week", 52 * WEEK: "1 year"}


def searches(measured: Mapping[str, Measured]) -> None:
    """A group for each of two searches, a line for each trial: thin while it waits, thick while it works."""
    first, second = measured.values()
    title = f"{second.seconds / first.seconds:.0%} of the time, {second.usd / first.usd:.0%} of the dollars"
    alt = "Bars of six trials one after the other, and below of the same six trials side by side."
    with figure(title, "seconds since the search was asked for", "", alt, figsize=(7.5, 3)) as axes:
        place, middles = 0, []
        for colour, search in zip((ORANGE, BLUE), measured.values(), strict=True):
            middles.append(place + (len(search.trials) - 1) / 2)
            for trial in search.trials.itertuples(index=False):
                axes.plot([trial.asked, trial.works], [place, place], color=BLACK, linewidth=1)
                axes.barh(place, trial.ends - trial.works, left=trial.works, height=0.7, color=colour, edgecolor=BLACK)
                place += 1
            place += 1
        axes.set_yticks(middles, list(measured))
        axes.invert_yaxis()


def lead_times(servers: pd.DataFrame, request: float) -> None:
    """On a logarithmic axis: a machine as measured, one on AWS, and servers as the trade says, with their ranges.

    Args:
        servers: see `elasticity.lead_times`.
        request: seconds from a request until a machine worked, measured here.
    """
    title = f"Measured here: {request:.1f} s; an order: weeks"
    weeks = "; ".join(f"{row.what}: {row.range} weeks" for row in servers.itertuples())
    alt = f"A dot: here a machine worked {request:.1f} s after the request. A bar: 1 to 2 minutes on AWS. {weeks}."
    label = "until it works (logarithmic)   * not measured, or source without a date"
    stars = ["" if checked == "verified" else " *" for checked in servers["checked"]]
    names = ["A training job, measured here", "A training job on AWS, as this course counts *"]
    names += [what + star for what, star in zip(servers["what"], stars, strict=True)]
    ends = [[float(end) * WEEK for end in text.split(" to ")] for text in servers["range"]]
    with figure(title, label, "", alt, figsize=(7.5, 2.9)) as axes:
        axes.plot([request], [0], "o", color=BLUE, markersize=9)
        axes.hlines(1, *STARTS, color=BLUE, linewidth=4)
        axes.hlines(range(2, len(names)), *zip(*ends, strict=True), color=ORANGE, linewidth=4)
        axes.plot(servers["weeks"] * WEEK, range(2, len(names)), "D", color=BLACK)
        axes.set_yticks(range(len(names)), names)
        axes.set_xscale("log")
        axes.set_xticks(list(_TICKS), list(_TICKS.values()))
        axes.minorticks_off()
        axes.set(xlim=(min(0.5, request / 2), 104 * WEEK), ylim=(len(names) - 0.5, -0.5))
        axes.grid(True, axis="x", alpha=0.3)


def steps(table: pd.DataFrame) -> None:
    """The steps of a pipeline's execution, see `executions.table`: which ran side by side, which failed."""
    seconds = (table["begins"] + table["seconds"].fillna(0)).max()
    title = f"{len(table)} steps in {seconds:.0f} s, up to {most_at_once(table)} at a time"
    parts = [
        f"{step.step} from {step.begins:.1f} s for {step.seconds:.1f} s, {step.status}" for step in table.itertuples()
    ]
    colours = [VERMILION if status == "Failed" else BLUE for status in table["status"]]
    with figure(
        title, "seconds since the first step began", "step", "Bars: " + "; ".join(parts), figsize=(8, 3)
    ) as axes:
        bars = axes.barh(table["step"], table["seconds"].clip(lower=seconds / 200), left=table["begins"], color=colours)
        axes.bar_label(bars, [f"{s:.1f} s" for s in table["seconds"]], padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")


def most_at_once(table: pd.DataFrame) -> int:
    """The largest number of steps of an execution (`executions.table`) that were running at one moment."""
    ends = table["begins"] + table["seconds"]
    return max(1, *(int(((table["begins"] <= begin) & (begin < ends)).sum()) for begin in table["begins"]))
