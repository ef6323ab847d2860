"""Pictures of an endpoint at work: how long answers take, how many callers it bears, how it is updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import seaborn as sns

from helpers.aws.endpoints import Rush, Visit
from helpers.show.figures import NEGATIVE, POSITIVE, figure


def latency(times: pd.Series[float]) -> None:
    """Steps: the share of the requests that are answered within a time, in ms."""
    p50, p95 = times.quantile([0.5, 0.95])
    half, most = _milliseconds(p50), _milliseconds(p95)
    first = "" if half == most else f"Half of the answers come within {half}, "
    title = f"{first}95 of 100 {'' if first else 'answers come '}within {most}"
    alt = f"Rising steps: share of {len(times)} requests answered within a time. p50 is {half}, p95 is {most}."
    with figure(title, "time from request to answer (ms)", "answered (% of requests)", alt) as axes:
        sns.ecdfplot(times, stat="percent", color=POSITIVE, linewidth=2, ax=axes)
        axes.axvline(p95, color=NEGATIVE, linestyle="--", label="p95")
        axes.legend(loc="lower right")
        axes.set(xlim=(0, 1.5 * p95), yticks=[0, 25, 50, 75, 100])


def load(rushes: Mapping[int, Rush]) -> None:
    """Lines: how long callers wait, p50 and p95 in ms, by how many of them ask at once."""
    waits = pd.DataFrame({callers: rush.milliseconds for callers, rush in rushes.items()}).quantile([0.5, 0.95]).T
    p50, p95 = waits.iloc[-1]
    few, many = waits.index[0], waits.index[-1]
    title = f"p95 goes from {waits[0.95].iloc[0]:.0f} to {p95:.0f} ms, from {few} to {many} callers"
    alt = (
        f"Two lines that rise with the number of callers. With {many} callers p50 is {p50:.0f} ms, p95 is {p95:.0f} ms."
    )
    with figure(title, "callers at once (each step: twice as many)", "time from request to answer (ms)", alt) as axes:
        axes.plot(waits[0.95], color=NEGATIVE, marker="s", linestyle="--", label="p95")
        axes.plot(waits[0.5], color=POSITIVE, marker="o", label="p50")
        axes.legend()
        axes.set(xscale="log", xticks=waits.index, xticklabels=waits.index, ylim=(0, None))
        axes.minorticks_off()


def update(visits: Sequence[Visit]) -> None:
    """Dots: the score that each visitor got while the endpoint was updated, over time in seconds.

    The axis shows a part of 0 to 1 only, so that two models that nearly agree can be told apart.
    """
    good = [visit for visit in visits if not visit.error]
    before, after = good[0].answer, good[-1].answer
    failed = len(visits) - len(good)
    title = f"{failed} of {len(visits)} requests failed; the score goes from {before:.2f} to {after:.2f}"
    alt = f"Dots: answers over time. The score is {before:.2f} at first, then {after:.2f}."
    low, high = sorted((before, after))
    room = max(high - low, 0.02) / 2
    with figure(title, "seconds since the update was ordered", "score of my_review (axis is cut)", alt) as axes:
        axes.scatter([visit.seconds for visit in good], [visit.answer for visit in good], s=14, color=POSITIVE)
        for visit, side in ((good[0], "left"), (good[-1], "right")):
            words: Any = {"xytext": (0, 8), "textcoords": "offset points", "ha": side}
            axes.annotate(f"{visit.answer:.2f}", (visit.seconds, visit.answer), **words)
        axes.set_ylim(low - room, high + room)


def _milliseconds(time: float) -> str:
    """As many digits as tell two fast times apart: 4.1 ms, 52 ms."""
    return f"{time:.1f} ms" if time < 10 else f"{time:.0f} ms"
