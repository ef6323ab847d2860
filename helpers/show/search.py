"""Pictures of a search for hyperparameters: trial by trial, by one of the parameters, and strategy by strategy.

One trial that went badly does not flatten the others: the axis ends above it, and its value is written at the edge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from helpers import PROJECT
from helpers.show.figures import BLACK, VERMILION, figure, legend_beside

MEASURED = PROJECT / "benchmarks" / "results" / "search.json"
STRATEGIES = ("Random", "Bayesian")
_MARKS = "osD^"  # of our own: seaborn's second one is a cross, as of a trial that failed


def progress(runs: pd.DataFrame, metric: str, before: float, margin: float, reviews: int) -> None:
    """Dots: the accuracy of each trial in their order, a line for the best so far, and the model before with its band.

    A trial without the metric (failed, stopped early on) is a cross at the lower edge.

    Args:
        runs: the trials of one or two searches, see `experiments.runs`.
        before, margin: accuracy of the model that is to be beaten, and how exactly it is known, both 0 to 1.
        reviews: how many the accuracies are of: the title has the lead in reviews.
    """
    trials = runs.assign(trial=range(1, len(runs) + 1), best=100 * runs[metric].cummax().ffill())
    trials["accuracy"] = 100 * trials[metric]
    best = trials["best"].iloc[-1]
    lead = round((best / 100 - before) * reviews)
    how = "more" if lead >= 0 else "fewer"
    title = f"The best of {len(runs)} trials has {abs(lead)} of {reviews:,} reviews {how} right than untuned"
    alt = (
        f"Accuracy of {len(runs)} trials in their order, with a line for the best so far, {best:.1f} % at the end, "
        f"and a band for the untuned model, {100 * before:.1f} % ± {100 * margin:.1f} points (95 %)."
    )
    with figure(title, "trial", "accuracy on validation (%)", alt) as axes:
        axes.axhspan(100 * (before - margin), 100 * (before + margin), color="grey", alpha=0.2, label="± 95 %")
        axes.axhline(100 * before, color="grey", linestyle="--", label="untuned")
        axes.step(trials["trial"], trials["best"], where="post", color=BLACK, label="best so far")
        _dots(axes, trials, "trial", lowest=100 * (before - margin))
        legend_beside(axes)


def by_parameter(runs: pd.DataFrame, parameter: str, metric: str) -> None:
    """Dots: the accuracy of each trial by one of its hyperparameters, on a logarithmic axis; the best is ringed."""
    trials = runs.assign(accuracy=100 * runs[metric])
    best = trials.loc[trials["accuracy"].idxmax()]
    far_below = trials[parameter] < best[parameter] / 10
    lost = trials.loc[~far_below, "accuracy"].median() - trials.loc[far_below, "accuracy"].median()
    falls = f"far below, the median is {lost:.0f} points lower" if lost >= 1 else f"{parameter} alone decides little"
    title = f"The best trial has {parameter} = {best[parameter]:.3g}; {falls}"
    alt = f"Accuracy of the {len(runs)} trials by {parameter} on a logarithmic axis, the best ringed: {falls}."
    with figure(title, f"{parameter} (logarithmic)", "accuracy on validation (%)", alt) as axes:
        _dots(axes, trials, parameter, lowest=best["accuracy"] - 1)
        axes.scatter([best[parameter]], [best["accuracy"]], s=180, facecolors="none", edgecolors=BLACK, zorder=3)
        axes.set_xscale("log")
        legend_beside(axes)


def measured() -> Mapping[str, Any]:
    """What `benchmarks/search.py` has measured: both strategies from many seeds, on the real reviews."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))["strategies"]
    return found


def compared(measured: Mapping[str, Any]) -> pd.DataFrame:
    """Random and Bayesian search side by side, by the number of trials.

    Columns: accuracy of the best so far of either (%, mean over the seeds), ahead (points, Bayesian before random) with
    its 95 % interval, and in how many of 100 seeds Bayesian was better, equal, worse.
    """
    rows = {}
    for key in (key for key in measured["parallel 1"] if key.startswith("after ")):
        found = measured["parallel 1"][key]
        low, high = found["interval"]
        shares = found["wins"], found["ties"], 1 - found["wins"] - found["ties"]
        rows[key.removeprefix("after ") + " trials"] = {
            "random": round(found["Random"], 1),
            "Bayesian": round(found["Bayesian"], 1),
            "ahead": f"{found['difference']:+.2f}",
            "95 %": f"{low:+.2f} to {high:+.2f}",
            "better / equal / worse": " / ".join(f"{100 * share:.0f}" for share in shares),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def strategies(measured: Mapping[str, Any]) -> None:
    """Lines: the best accuracy so far of both strategies, the mean over many seeds (`benchmarks/search.py`)."""
    curves, trials = measured["parallel 1"], measured["trials"]
    last = curves["Random"][-1]
    reached = next(number for number, best in enumerate(curves["Bayesian"], 1) if best >= last)
    title = f"Bayesian needs {reached} trials for what random finds in {trials}"
    parts = [f"{name} {curves[name][7]:.1f} % after 8, {curves[name][-1]:.1f} % after 20" for name in STRATEGIES]
    alt = f"Mean best accuracy by trial over {measured['seeds']} seeds: " + "; ".join(parts)
    with figure(title, "trials", "best accuracy so far, mean (%)", alt) as axes:
        sns.lineplot(pd.DataFrame({name: curves[name] for name in STRATEGIES}, range(1, trials + 1)), ax=axes)
        axes.axhline(100 * measured["best_of_grid"], color="grey", linestyle=":", label="best point of the grid")
        axes.set_xticks(range(0, trials + 1, 5))
        axes.legend()


def _dots(axes: Axes, trials: pd.DataFrame, x: str, lowest: float) -> None:
    """The trials, `accuracy` by x, on an axis that shows `lowest` and ends above outliers: these stand at its edge."""
    values = trials["accuracy"].dropna()
    first, third = values.quantile([0.25, 0.75])
    fence = first - 1.5 * (third - first)  # Tukey's
    bottom = min(values[values >= fence].min(), lowest) - 1
    marks = dict(zip(trials["source"].unique(), _MARKS, strict=False))
    look: Any = {"hue": "source", "style": "source", "markers": marks, "s": 60, "zorder": 3}
    sns.scatterplot(trials[trials["accuracy"] >= bottom], x=x, y="accuracy", ax=axes, **look)
    outliers = trials[trials["accuracy"] < bottom].sort_values(x)
    edge: Any = {"zorder": 3, "clip_on": False}
    if len(outliers):
        label = "lower than the axis"
        axes.scatter(outliers[x], [bottom] * len(outliers), marker="v", color=BLACK, label=label, **edge)
    for place, (at, value) in enumerate(outliers[[x, "accuracy"]].itertuples(index=False)):
        words: Any = {"xytext": (6, 5 + 12 * (place % 2)), "textcoords": "offset points", "fontsize": 9}
        axes.annotate(f"{value:.1f} %", (at, bottom), **words)
    failed = trials[trials["accuracy"].isna()]
    if len(failed):
        axes.scatter(failed[x], [bottom] * len(failed), color=VERMILION, marker="x", label="without a metric", **edge)
    axes.set_ylim(bottom=bottom)
