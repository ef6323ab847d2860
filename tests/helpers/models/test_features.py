"""The text features, against values computed by hand."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from helpers.models.features import TOKEN_PATTERN, loudest, nb_log_ratio, text_features, tokens

JOB = Path(__file__).parents[3] / "jobs" / "sklearn"


def only(text: str) -> pd.Series:
    """The features of one text."""
    return text_features(pd.Series([text])).iloc[0]


def job_module(name: str):
    specification = importlib.util.spec_from_file_location(f"job_{name}", JOB / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_lessons_and_the_training_job_use_the_same_tokens():
    assert job_module("text").TOKEN_PATTERN == TOKEN_PATTERN


def test_tokens_are_lower_case_words_numbers_and_punctuation():
    assert tokens("Don't go: I gave it 3/10!") == ["don't", "go", ":", "i", "gave", "it", "3", "10", "!"]


def test_a_typographic_apostrophe_stays_inside_its_word():
    assert tokens("It’s a café") == ["it’s", "a", "café"]


def test_counts_are_those_of_a_hand_counted_review():
    row = only("WOW! I can't say no. Never boring? Not at all!")
    assert row.drop("stated_score").to_dict() == {
        "words": 10,  # WOW I can't say no Never boring Not at all
        "characters": 46,
        "exclamations": 2,
        "questions": 1,
        "capitals_share": 6 / 32,  # W O W I N N
        "negations": 4,  # can't no Never Not
    }


def test_words_that_only_contain_a_negation_are_not_counted():
    assert only("A notable knot, nobly noted").negations == 0


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("7/10", 7),
        ("I say 7.5 / 10.", 7.5),
        ("a clear 10/10", 10),
        ("First 3/10, now 8/10!", 8),
        ("0/10", 0),
    ],
)
def test_a_stated_score_is_read(text, score):
    assert only(text).stated_score == score


@pytest.mark.parametrize("text", ["seen on 9/10/2001", "on 1/9/10", "11/10", "3/100", "a 10 out of 10", "plain"])
def test_what_is_no_score_out_of_ten_gives_nan(text):
    assert math.isnan(only(text).stated_score)


def test_a_text_without_letters_has_no_share_of_capitals():
    assert math.isnan(only("10 !").capitals_share)


def test_a_missing_review_gives_nan_in_every_column_and_keeps_its_place():
    features = text_features(pd.Series(["Good", None], index=[7, 3], dtype="str"))
    assert features.index.tolist() == [7, 3]
    assert features.loc[3].isna().all()


def test_no_reviews_give_an_empty_table_with_all_columns():
    features = text_features(pd.Series([], dtype="str"))
    assert features.shape == (0, 7)


# Terms:            good  bad  film
COUNTS = np.array([[1, 0, 1], [2, 0, 1], [0, 2, 1], [0, 1, 1]])
LABELS = np.array([1, 1, 0, 0])
# With alpha 1: p = 1 + (3, 0, 2) = (4, 1, 3) of 8, q = 1 + (0, 3, 2) = (1, 4, 3) of 8
RATIO = [math.log(4), math.log(1 / 4), 0.0]


def test_the_log_count_ratio_is_the_one_computed_by_hand():
    assert nb_log_ratio(COUNTS, LABELS) == pytest.approx(RATIO, abs=1e-12)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
def test_sparse_and_dense_counts_give_the_same_ratio(form):
    ratio = nb_log_ratio(form(COUNTS), pd.Series(LABELS))
    assert ratio.shape == (3,)
    assert ratio == pytest.approx(RATIO, abs=1e-12)


@pytest.mark.parametrize("form", [np.array, sparse.csr_array, sparse.csr_matrix])
def test_presence_as_true_and_false_counts_like_ones_and_zeros(form):
    presence = COUNTS > 0
    assert nb_log_ratio(form(presence), LABELS) == pytest.approx(nb_log_ratio(presence.astype(int), LABELS))


def test_a_larger_alpha_pulls_the_ratio_towards_zero():
    # p = 10 + (3, 0, 2) of 35, q = 10 + (0, 3, 2) of 35
    assert nb_log_ratio(COUNTS, LABELS, alpha=10) == pytest.approx([math.log(1.3), -math.log(1.3), 0], abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "alpha", "message"),
    [
        ([1, 1, 0], 1.0, "X has 4 rows"),
        ([1, 1, 1, 1], 1.0, "labels 0 and 1"),
        ([1, 2, 1, 2], 1.0, "labels 0 and 1"),
        (LABELS, 0.0, "alpha must be above 0"),
    ],
)
def test_wrong_input_of_the_ratio_is_refused(labels, alpha, message):
    with pytest.raises(ValueError, match=message):
        nb_log_ratio(COUNTS, np.array(labels), alpha)


def test_the_loudest_words_are_those_that_move_the_score_most():
    model = Pipeline([("tfidf", CountVectorizer()), ("classifier", LogisticRegression())])
    model.fit(["loved it", "worst of all", "loved all", "worst worst"], [1, 0, 1, 0])
    text = "the worst, and loved of all it"
    added = dict(part.rsplit(" ", 1) for part in loudest(model, text, most=2).split(" · "))
    assert set(added) == {"start", "worst", "loved", "3 more"}
    assert sum(map(float, added.values())) == pytest.approx(model.decision_function([text])[0], abs=0.03)
    assert float(added["worst"]) < 0 < float(added["loved"])
