"""Numbers from the text of a review: tokens, simple counts, and the Naive Bayes log-count ratio."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

# The tokens of the training job (jobs/sklearn/text.py): words with their inner apostrophes, numbers,
# and the punctuation that carries a mood.
TOKEN_PATTERN = r"""[^\W_]+(?:['’][^\W_]+)*|[!?.,;:()"]"""
WORD_PATTERN = r"[^\W_]+(?:['’][^\W_]+)*"
NEGATION_PATTERN = r"\b(?:no|not|never|none|nor|neither|nothing|nobody|nowhere|cannot|without|hardly|barely)\b|n['’]t\b"
# A score such as 7/10, 7.5 / 10 or 10/10, but not the dates 9/10/2001 and 1/9/10, nor the 1/10 of 11/10.
STATED_SCORE_PATTERN = r"(?<![\d./])(10|\d(?:\.\d+)?)\s*/\s*10(?![\d/])"


def tokens(text: str) -> list[str]:
    """The tokens of one text, in lower case: `tokens("Don't go!")` is `["don't", "go", "!"]`."""
    return re.findall(TOKEN_PATTERN, text.lower())


def text_features(texts: pd.Series) -> pd.DataFrame:
    """Counts what can be seen in a review without understanding it.

    Args:
        texts: reviews, shape (n,). A missing review gives NaN in every column.

    Returns:
        A table with the index of `texts`, shape (n, 7):

        - words: how many words, punctuation left out
        - characters: how many characters
        - exclamations, questions: how many `!` and `?`
        - capitals_share: the share of capitals among the letters A-Z, 0 to 1; NaN without letters
        - negations: how many words such as "not", "never", "don't"
        - stated_score: the last score out of ten that the text states, 0 to 10; NaN without one
    """
    text = texts.str
    letters = text.replace(r"[^A-Za-z]+", "", regex=True).str.len()
    stated = text.findall(STATED_SCORE_PATTERN).str[-1]
    return pd.DataFrame(
        {
            "words": text.count(WORD_PATTERN),
            "characters": text.len(),
            "exclamations": text.count("!"),
            "questions": text.count(r"\?"),
            "capitals_share": text.count(r"[A-Z]") / letters.where(letters > 0),
            "negations": text.lower().str.count(NEGATION_PATTERN),
            "stated_score": pd.to_numeric(stated),
        }
    )


def nb_log_ratio(
    X: NDArray[Any] | sparse.sparray | sparse.spmatrix, y: NDArray[Any] | pd.Series, alpha: float = 1.0
) -> NDArray[np.float64]:
    """The Naive Bayes log-count ratio: how much more often each term is in positive reviews.

    Of term j with p_j = alpha + (its count in positive reviews) and q_j = alpha + (in negative reviews),
    the ratio is `log((p_j / sum(p)) / (q_j / sum(q)))`: above 0 for a positive term, below 0 for a negative
    one, near 0 for a term that says nothing.

    Source: Wang and Manning, "Baselines and Bigrams", ACL 2012, section 2.

    Args:
        X: counts of the terms, or their presence (0, 1 or False, True), shape (reviews, terms), dense or sparse.
        y: labels 0 and 1, shape (reviews,).
        alpha: smoothing, above 0. It keeps a term that one class never uses from an infinite ratio.

    Returns:
        float64, shape (terms,).

    Raises:
        ValueError: X and y differ in length, y is not made of 0 and 1, or alpha is not above 0.
    """
    labels = np.asarray(y)
    if labels.shape != (X.shape[0],):
        raise ValueError(f"X has {X.shape[0]} rows, but y has the shape {labels.shape}")
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError("y must hold the labels 0 and 1, both of them")
    if not alpha > 0:
        raise ValueError(f"alpha must be above 0, not {alpha}")
    # As numbers: the product of two tables of True and False would be True and False again, not a count.
    p = alpha + X.T @ (labels == 1).astype(float)
    q = alpha + X.T @ (labels == 0).astype(float)
    ratio: NDArray[np.float64] = np.log(p / p.sum()) - np.log(q / q.sum())
    return ratio


def loudest(model: Any, text: str, most: int = 3) -> str:
    """What a linear model adds up of a text: its start, and the n-grams that move its score most, with what each adds.

    For example "start +0.21 · worst -1.20 · loved +0.91 · 5 more +0.03"; the start is its score of an empty text, and
    all of it together is the logarithm of the odds of positive.

    Args:
        model: a Pipeline with the steps `tfidf` and `classifier`, as the course's training job writes it.
    """
    vectorizer, classifier = model.named_steps["tfidf"], model.named_steps["classifier"]
    added = sparse.coo_array(vectorizer.transform([text]).multiply(classifier.coef_[0]))
    names = vectorizer.get_feature_names_out()
    ordered = sorted(zip(added.data, added.coords[1], strict=True), key=lambda pair: -abs(pair[0]))
    parts = [("start", float(classifier.intercept_[0]))]
    parts += [(names[column], value) for value, column in ordered[:most]]
    if rest := [value for value, _ in ordered[most:]]:
        parts.append((f"{len(rest)} more", sum(rest)))
    return " · ".join(f"{name} {value:+.2f}" for name, value in parts)
