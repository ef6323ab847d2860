"""Pictures of a search for hyperparameters: trial by trial, strategy by strategy, by one of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns

from helpers.show.figures import BLACK, VERMILION, figure

STRATEGIES = ("Random", "Bayesian")
# By source, `random` or `bayes`. Markers of our own: seaborn's second one is a cross, as of a trial that failed.
_DOTS: Any = {"hue": "source", "style": "source", "markers": ["o", "s"], "s": 60}


def progress(runs: pd.DataFrame, metric: str) -> None:
    """Dots: the metric of each trial in the order of their start, and a line for the best so far, by source.

    A trial without the metric (failed, stopped early on) is a cross at the lower edge.

    Args:
        runs: the trials of the sources `random` and `bayes`, see `experiments.runs`.
    """
    by_source = runs.groupby("source", sort=False)
    trials = runs.assign(trial=by_source.cumcount() + 1, best=by_source[metric].cummax())
    trials["best"] = trials.groupby("source")["best"].ffill()
    best, each = by_source[metric].max(), int(trials["trial"].max())
    title = f"After {each} trials each: random {best['random']:.1%}, Bayesian {best['bayes']:.1%}"
    alt = (
        f"Accuracy of {each} random and {each} Bayesian trials in their order, with a line for the best so far of each."
    )
    with figure(title, "trial", "accuracy on validation", alt) as axes:
        line: Any = {"hue": "source", "style": "source", "drawstyle": "steps-post", "legend": False}
        sns.lineplot(trials, x="trial", y="best", ax=axes, **line)
        sns.scatterplot(trials, x="trial", y=metric, zorder=3, ax=axes, **_DOTS)
        failed = trials[trials[metric].isna()]
        axes.scatter(failed["trial"], [runs[metric].min()] * len(failed), color=VERMILION, marker="x", zorder=3)
        axes.legend()


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


def by_parameter(runs: pd.DataFrame, parameter: str, metric: str) -> None:
    """Dots: the metric of each trial by one of its hyperparameters, on a logarithmic axis; the best is ringed."""
    best = runs.loc[runs[metric].idxmax()]
    title = f"The best trial has {parameter} = {best[parameter]:.3g}; far below it the accuracy falls"
    alt = (
        f"Accuracy of the {len(runs)} trials by {parameter} on a logarithmic axis: low for small {parameter}, "
        "then mostly flat; the best is ringed."
    )
    with figure(title, f"{parameter} (logarithmic)", "accuracy on validation", alt) as axes:
        sns.scatterplot(runs, x=parameter, y=metric, ax=axes, **_DOTS)
        axes.scatter([best[parameter]], [best[metric]], s=180, facecolors="none", edgecolors=BLACK, zorder=3)
        axes.set_xscale("log")
        axes.legend()
