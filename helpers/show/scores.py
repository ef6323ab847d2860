"""Pictures of accuracy: who is right how often, with how wide an interval."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import seaborn as sns

from helpers.show.figures import BLUE, COLOURS, NEGATIVE, ORANGE, POSITIVE, figure, legend_beside


def by_stars(right: pd.Series[bool], stars: pd.Series[float]) -> None:
    """Dots with two standard errors: how many reviews are judged correctly, by the stars that their writers gave."""
    negative, positive = (right[stars.between(*ends)].mean() for ends in ((1, 4), (7, 10)))
    title = f"Negative reviews (1 to 4 stars): {negative:.0%} right; positive (7 to 10): {positive:.0%}"
    shares = right.groupby(stars).mean()
    alt = "Accuracy by stars: " + ", ".join(f"{star:.0f}: {share:.0%}" for star, share in shares.items()) + "."
    with figure(title, "stars given by the writer", "right on validation (%)", alt) as axes:
        look = {
            "errorbar": ("se", 2),
            "capsize": 0.25,
            "linestyle": "none",
            "linewidth": 1.5,
            "markersize": 7,
            "color": POSITIVE,
        }
        sns.pointplot(x=stars, y=100.0 * right, native_scale=True, ax=axes, **look)
        axes.set_xticks(range(1, 11))
        axes.set_ylim(top=101)  # no share is above 100 %, though the rule of two errors goes on


def by_job(table: pd.DataFrame) -> None:
    """Two dots for each training job, a row: its accuracy (0 to 1) on train and on validation; the best is on top."""
    ordered = 100 * table[["train:accuracy", "validation:accuracy"]].sort_values("validation:accuracy")
    seen, unseen = ordered["train:accuracy"], ordered["validation:accuracy"]
    lost = seen.iloc[-1] - unseen.iloc[-1]
    title = f"“{ordered.index[-1]}” wins, with {lost:.0f} points less on reviews it has not seen"
    parts = [f"{name} {train:.1f} and {validation:.1f} %" for name, train, validation in ordered.itertuples()]
    alt = "Accuracy on train and validation: " + "; ".join(parts)
    with figure(title, "accuracy (%)", "training job", alt, figsize=(7.5, 2.8)) as axes:
        axes.hlines(ordered.index, unseen, seen, color="grey")
        axes.scatter(seen, ordered.index, marker="s", color=NEGATIVE, label="train", zorder=2)
        axes.scatter(unseen, ordered.index, marker="o", color=POSITIVE, label="validation", zorder=2)
        legend_beside(axes)


def by_latency(table: pd.DataFrame, reviews: int) -> None:
    """A dot with its 95 % interval for each model, a row: accuracy and margin (%) by p50 (ms), and a line to p95."""
    best = table["accuracy"].idxmax()
    title = f"{best} is right most often: {table['accuracy'].max():.1f} % of {reviews} reviews"
    alt = "; ".join(
        f"{model}: {row.accuracy:.1f} % right, p50 is {row.p50:.0f} ms, p95 is {row.p95:.0f} ms"
        for model, row in table.iterrows()
    )
    with figure(title, "time to answer one review (ms): dot p50, line to p95", "right on validation (%)", alt) as axes:
        for colour, mark, (model, row) in zip(COLOURS, "osD", table.iterrows(), strict=False):
            look = {"fmt": mark, "capsize": 4, "color": colour, "label": model}
            axes.errorbar(row.p50, row.accuracy, yerr=row.margin, **look)
            axes.hlines(row.accuracy, row.p50, row.p95, color=colour, linestyle=":")
        axes.set_xlim(left=0)
        legend_beside(axes)


def managed_or_own(shares: Mapping[str, tuple[float, float]]) -> None:
    """Two dots with their 95 % intervals: the share that each of two judges has right.

    Args:
        shares: share and margin (0 to 1) by the name of what really answered, the managed service's first.
    """
    title = " · ".join(f"{name}: {share:.0%} right" for name, (share, _) in shares.items())
    parts = [f"{name} {share:.1%} ± {margin:.1%}" for name, (share, margin) in shares.items()]
    alt = "Two dots with intervals: " + ", ".join(parts) + "."
    with figure(title, "right on the same reviews (%)", "", alt, figsize=(9, 2)) as axes:
        for place, ((share, margin), colour) in enumerate(zip(shares.values(), (ORANGE, BLUE), strict=True)):
            axes.errorbar(100 * share, place, xerr=100 * margin, fmt="o", capsize=5, color=colour)
        axes.set(yticks=[0, 1], yticklabels=shares, ylim=(-0.6, 1.6))


def validation_and_test(shares: pd.DataFrame, margins: pd.DataFrame) -> None:
    """Dots with their 95 % intervals: the accuracy of each model, a column, on validation and on test, the two rows.

    Args:
        shares, margins: 0 to 1.
    """
    steps = 100 * (shares.loc["test"] - shares.loc["validation"])
    title = "From validation to test: " + ", ".join(f"“{model}” {step:+.1f} points" for model, step in steps.items())
    parts = [
        f"{model} {100 * shares.at[part, model]:.1f} % ± {100 * margins.at[part, model]:.1f} on {part}"
        for model in shares
        for part in shares.index
    ]
    alt = "Accuracy with 95 % intervals: " + "; ".join(parts)
    with figure(title, "", "right (%), with the 95 % interval", alt, figsize=(7.5, 3.6)) as axes:
        for place, (model, colour, mark) in enumerate(zip(shares, (NEGATIVE, POSITIVE), "so", strict=True)):
            at = [row + 0.2 * place - 0.1 for row in range(len(shares))]
            axes.errorbar(
                at, 100 * shares[model], yerr=100 * margins[model], fmt=mark, capsize=5, color=colour, label=model
            )
        axes.set(xticks=range(len(shares)), xticklabels=shares.index, xlim=(-0.6, len(shares) - 0.4))
        legend_beside(axes)
