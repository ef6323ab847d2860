"""Lesson 04's Your turn: a model that sees twenty words of the learner's own, beside the words of the surest ratio."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from helpers.checks.exercise import Exercise
from helpers.models.features import TOKEN_PATTERN, nb_log_ratio, tokens

MOST = 20
_FEWEST_REVIEWS = 25  # that use a word of the surest ratio


def mistake_in_words(words: Any, train: pd.DataFrame, validation: pd.DataFrame) -> str | None:
    """Train on the learner's words, say what they are worth, and return the hint for what is wrong with them."""
    if not isinstance(words, list | tuple | set) or not all(isinstance(word, str) for word in words):
        return f'`my_words` is a {type(words).__name__}; write a list of words, as `["superb", "dull"]`.'
    chosen = sorted({word.lower() for word in words})
    if not chosen:
        return "The list is empty: with no word there is nothing to count."
    if len(chosen) > MOST:
        return f"These are {len(chosen)} words; {MOST} are allowed. Which of them stand in few reviews?"
    if several := [word for word in chosen if tokens(word) != [word]]:
        return f"`{several[0]}` is not one single token: the model of this exercise counts one word at a time."
    if not present(chosen, train["review"]).sum():
        return "No review that we train on uses any of these words."
    yours, surest = accuracy(chosen, train, validation), accuracy(surest_words(train), train, validation)
    share = float(validation["label"].value_counts(normalize=True).max())
    luck = 2 * (share * (1 - share) / len(validation)) ** 0.5
    print(f"Your words: {yours:.1%}. The {MOST} of the surest ratio: {surest:.1%}. Baseline: {share:.1%} ± {luck:.1%}.")
    if yours <= share + luck:
        return (
            f"With your words {yours:.1%} are right; the baseline is {share:.1%}, and {luck:.1%} more may be luck. "
            "A word helps when it takes sides, and when many reviews use it."
        )
    return None


def present(words: list[str], texts: pd.Series) -> Any:
    """Which of the words each text has, shape (texts, words)."""
    return CountVectorizer(vocabulary=words, token_pattern=TOKEN_PATTERN, binary=True).transform(texts)


def accuracy(words: list[str], train: pd.DataFrame, validation: pd.DataFrame) -> float:
    """The accuracy on validation of a logistic regression that sees only which of the words a review has."""
    model = LogisticRegression().fit(present(words, train["review"]), train["label"])
    return float(model.score(present(words, validation["review"]), validation["label"]))


def surest_words(train: pd.DataFrame) -> list[str]:
    """The words whose log-count ratio is farthest from 0, of those that enough reviews use."""
    fewest = min(_FEWEST_REVIEWS, max(1, len(train) // 10))
    counter = CountVectorizer(token_pattern=TOKEN_PATTERN, min_df=fewest, binary=True)
    ratio = pd.Series(nb_log_ratio(counter.fit_transform(train["review"]), train["label"]))
    surest = ratio.abs().sort_values(kind="stable").tail(MOST).index
    return [str(counter.get_feature_names_out()[place]) for place in surest]


turn = Exercise(
    lab="lesson_04",
    name="my_words",
    find_mistake=mistake_in_words,
    hints=(
        "What would you write of a film that you love, and what of one that you would leave early?",
        "A rare word is of little use, however sure it is: take plain words, ten of each side.",
    ),
    when_correct="Your words beat the baseline by more than luck. The line above says by how much.",
    uses=("train", "validation"),
)
