"""Pictures of lesson 04: what words say, what single features are worth, what leaks."""

from __future__ import annotations

import pandas as pd
import seaborn as sns

from helpers.show.figures import BLACK, NEGATIVE, POSITIVE, SENTIMENT, figure, legend_beside

_PAIR = r"[\w'’]+ [\w'’]+"


def word_pairs(ratio: pd.Series[float], each: int = 10) -> None:
    """Bars: the log-count ratio of the word pairs at both ends.

    Args:
        ratio: by n-gram. Of pairs with exactly the same ratio, mostly parts of one phrase, one is shown.
        each: how many of each end.
    """
    pairs = ratio[ratio.index.str.fullmatch(_PAIR)].drop_duplicates().sort_values(kind="stable")
    ends = pd.concat([pairs.head(each), pairs.tail(each)])
    first, last = ends.index[0], ends.index[-1]
    title = f"“{first}” is the most negative pair, “{last}” the most positive"
    alt = f"Bars of {len(ends)} word pairs, from {first} ({ends.iloc[0]:.1f}) to {last} ({ends.iloc[-1]:+.1f})."
    with figure(title, "log-count ratio (0: says nothing)", "word pair", alt, figsize=(7.5, 6)) as axes:
        axes.barh(ends.index, ends, color=[POSITIVE if value > 0 else NEGATIVE for value in ends])
        axes.grid(axis="x", alpha=0.3)


def negations(counted: pd.Series[float], sentiment: pd.Series[str]) -> None:
    """Two histograms, each of 100 %: how many negations the negative and the positive reviews have.

    The title compares their right ends, beyond the number that about a tenth of all reviews exceed.
    """
    many, half = counted.quantile(0.9, "lower"), counted.groupby(sentiment).median()
    beyond = (counted > many).groupby(sentiment).mean()
    title = f"{beyond['negative']:.0%} of negative, {beyond['positive']:.0%} of positive reviews"
    title += f" have more than {many:.0f} negations"
    medians = f"The medians are {half['negative']:.0f} and {half['positive']:.0f}"
    alt = f"Two histograms, one over the other. {title}. {medians}."
    table = pd.DataFrame({"negations": counted, "sentiment": sentiment})
    shares = {"stat": "percent", "common_norm": False, "discrete": True, "element": "step"}
    with figure(title, "negations in a review", "reviews of this sentiment (%)", alt) as axes:
        sns.histplot(table, x="negations", hue="sentiment", palette=SENTIMENT, ax=axes, **shares)
        sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1))


def alone(accuracies: pd.Series[float], baseline: float, reviews: int) -> None:
    """Bars: the accuracy (0 to 1) with one feature only, beside the baseline; the title leaves `rating` out.

    Args:
        reviews: of how many the accuracies are; what is within two standard errors of the baseline may be luck.
    """
    others = accuracies.drop("rating")
    luck = 2 * (baseline * (1 - baseline) / reviews) ** 0.5
    beyond = others[others > baseline + luck].sort_values(ascending=False).index
    named = f"only {' and '.join(beyond)} beats" if len(beyond) else "nothing beats"
    title = f"Except for rating, {named} the baseline by more than luck"
    told = ", ".join(f"{name} {value:.1%}" for name, value in accuracies.items())
    alt = f"Bars of accuracy with one feature: {told}. Baseline {baseline:.1%}, luck {luck:.1%}."
    with figure(title, "accuracy on validation (%)", "the one feature used", alt) as axes:
        axes.barh(accuracies.index, 100 * accuracies, color=POSITIVE)
        axes.axvline(100 * baseline, color=BLACK, linestyle="--", label="baseline")
        axes.axvspan(100 * (baseline - luck), 100 * (baseline + luck), color=BLACK, alpha=0.2, label="± luck")
        axes.set_xlim(0, 100)
        legend_beside(axes)


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
