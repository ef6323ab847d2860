"""Pictures of lesson 04: what words say, what single features are worth, what leaks."""

from __future__ import annotations

import pandas as pd
import seaborn as sns

from helpers.show.figures import BLACK, NEGATIVE, POSITIVE, figure


def word_pairs(ratio: pd.Series[float], each: int = 10) -> None:
    """Bars: the log-count ratio of the word pairs at both ends.

    Args:
        ratio: by word pair, from the surest blame to the surest praise.
        each: how many of each end.
    """
    ends = pd.concat([ratio.head(each), ratio.tail(each)])
    first, last = ends.index[0], ends.index[-1]
    title = f"“{first}” blames most, “{last}” praises most"
    alt = f"Bars of {len(ends)} word pairs, from {first} ({ends.iloc[0]:.1f}) to {last} ({ends.iloc[-1]:+.1f})."
    with figure(title, "log-count ratio (0: says nothing)", "word pair", alt, figsize=(7.5, 6)) as axes:
        axes.barh(ends.index, ends, color=[POSITIVE if value > 0 else NEGATIVE for value in ends])
        axes.grid(axis="x", alpha=0.3)


def alone(accuracies: pd.Series[float], baseline: float) -> None:
    """Bars: the accuracy with one feature only, beside what is right without any; the title leaves `rating` out."""
    best = accuracies.drop("rating").max()
    title = f"Without reading, {best:.0%} at best; guessing gives {baseline:.0%}"
    alt = f"Bars of accuracy with one feature: {', '.join(f'{k} {v:.1%}' for k, v in accuracies.items())}."
    with figure(title, "accuracy on validation (%)", "the one feature used", alt) as axes:
        axes.barh(accuracies.index, 100 * accuracies, color=POSITIVE)
        axes.axvline(100 * baseline, color=BLACK, linestyle="--", label="always the more frequent label")
        axes.legend(loc="center right")
        axes.set_xlim(0, 100)


def leaks(flattery: pd.DataFrame) -> None:
    """Dots: by how much (0 to 1) each leak, a column, flatters each split, a row; black lines are the means."""
    points = 100 * flattery
    gains = points.mean()
    title = f"Labels add {gains['labels']:.1f} points, shared titles {gains['titles']:.1f}, IDF {gains['idf']:.1f}"
    alt = f"{title}. Dots: eight random splits for each leak; black lines: their means."
    with figure(title, "what leaks from the held-out reviews", "accuracy above the honest one (points)", alt) as axes:
        sns.swarmplot(points, size=6, ax=axes)
        sns.pointplot(points, color=BLACK, marker="_", markersize=50, linestyle="none", errorbar=None, ax=axes)
        axes.axhline(0, color=BLACK, linewidth=1, linestyle="--")
