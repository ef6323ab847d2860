"""The n-gram counter against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn_job import load, make_reviews

ngrams, text = load("ngrams", "text")

ODD = ["", "one", "one one one one one", "one two", "two one two", "İstanbul ßtraße one two", "!!", "one ! two"]


@pytest.mark.parametrize("min_df", [1, 2, 5])
@pytest.mark.parametrize("ngram_max", [1, 2, 3, 5])
def test_counts_and_terms_equal_those_of_count_vectorizer(ngram_max, min_df):
    texts = make_reviews(60)["review"].tolist() + ODD
    vectorizer = CountVectorizer(ngram_range=(1, ngram_max), min_df=min_df, token_pattern=text.TOKEN_PATTERN)
    expected = vectorizer.fit_transform(texts)
    lower, tokens = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()

    counts, terms = ngrams.count_ngrams([tokens(lower(review)) for review in texts], ngram_max, min_df)

    assert terms == vectorizer.get_feature_names_out().tolist()
    assert (counts != expected).nnz == 0
    assert counts.dtype == np.float64


@pytest.mark.parametrize("documents", [[[]], [[], []], [["one"], ["two"]]])
def test_documents_without_frequent_ngrams_give_no_terms(documents):
    counts, terms = ngrams.count_ngrams(documents, 3, 2)
    assert counts.shape == (len(documents), 0)
    assert terms == []


def test_no_ngram_reaches_over_the_end_of_a_document():
    _, terms = ngrams.count_ngrams([["one", "two"], ["three"]], 2, 1)
    assert terms == ["one", "one two", "three", "two"]
