"""What a leak adds to a measured accuracy: one small experiment, repeated over several random splits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from helpers.models.features import TOKEN_PATTERN, nb_log_ratio

Rows = NDArray[np.int64]
MIN_REVIEWS = 3  # an n-gram that fewer reviews use is left out


def accuracy(
    counts: sparse.csr_array, labels: Rows, train: Rows, held_out: Rows, *, idf_from: Rows, ratio_from: Rows
) -> float:
    """Fit on the rows `train`, and measure on the rows `held_out`.

    The n-grams and their IDF are learned from the rows `idf_from`, the log-count ratio from `ratio_from`:
    both should be `train`. Anything more is a leak.
    """
    known = (counts[idf_from] > 0).sum(axis=0) >= MIN_REVIEWS
    counts = counts[:, np.flatnonzero(known)]
    ratio = nb_log_ratio(counts[ratio_from] > 0, labels[ratio_from])
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts[idf_from])
    features = sparse.csr_array(weighting.transform(counts).multiply(ratio))
    model = LogisticRegression(C=16, solver="liblinear", dual=True, random_state=0)
    model.fit(features[train], labels[train])
    return float(model.score(features[held_out], labels[held_out]))


def trials(reviews: pd.DataFrame, seeds: Iterable[int], most: int = 4000) -> pd.DataFrame:
    """Measure the same model honestly, and with three leaks, on a random fifth of the reviews.

    Args:
        reviews: columns review, label (0, 1) and title_id.
        seeds: one random split each.
        most: use whole titles up to this number of reviews, so that the experiment takes seconds on any data.

    Returns:
        Accuracy, 0 to 1, one row a seed; columns honest, idf (n-grams and IDF learned from all rows), titles (the same
        titles in both parts), labels (log-count ratio learned from all rows).
    """
    reviews = whole_titles(reviews, most)
    vectorizer = CountVectorizer(token_pattern=TOKEN_PATTERN, ngram_range=(1, 2), dtype=np.float64)
    counts = sparse.csr_array(vectorizer.fit_transform(reviews["review"]))
    labels = reviews["label"].to_numpy(dtype=np.int64)
    every, rows = np.arange(len(reviews)), []
    for seed in seeds:
        by_title: Any = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
        train, held_out = next(by_title.split(every, groups=reviews["title_id"]))
        by_review = ShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
        mixed, mixed_out = next(by_review.split(every))
        rows.append(
            {
                "honest": accuracy(counts, labels, train, held_out, idf_from=train, ratio_from=train),
                "idf": accuracy(counts, labels, train, held_out, idf_from=every, ratio_from=train),
                "titles": accuracy(counts, labels, mixed, mixed_out, idf_from=mixed, ratio_from=mixed),
                "labels": accuracy(counts, labels, train, held_out, idf_from=train, ratio_from=every),
            }
        )
    return pd.DataFrame(rows)


def whole_titles(reviews: pd.DataFrame, most: int) -> pd.DataFrame:
    """All reviews of some titles, chosen at random but always the same, at most `most` reviews together."""
    titles = pd.Series(reviews["title_id"].unique()).sort_values().sample(frac=1, random_state=0)
    sizes = reviews["title_id"].value_counts().loc[titles].cumsum()
    return reviews[reviews["title_id"].isin(sizes.index[sizes <= most])].reset_index(drop=True)
