"""The synthetic reviews: the same everywhere, dirty as the real ones, and as hard to classify."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from helpers.data import synthetic, synthetic_writer
from helpers.data.synthetic import COLUMNS, damaged, iter_synthetic, synthetic_reviews, synthetic_titles
from helpers.models.features import TOKEN_PATTERN, nb_log_ratio

# SHA-256 of the first 1,000 rows. A change of the phrases or of the code changes every committed lesson output too.
FIRST_BLOCK = "51892db19c0d45a246c360e1fcc02bd568f82c875734a80d3cfcc63f682145b0"


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    return synthetic_reviews(12_000)


@pytest.fixture(scope="module")
def texts(reviews: pd.DataFrame) -> pd.Series:
    written = reviews["review"].dropna()
    return written[written.str.len() > 20]


def plain(texts: pd.Series) -> pd.Series:
    return texts.str.replace("<br />", " ").str.split().str.join(" ")


def test_the_same_seed_gives_the_same_bytes_everywhere():
    rows = synthetic_reviews(1_000).astype(object).fillna("missing").to_csv(index=False, lineterminator="\n")
    assert hashlib.sha256(rows.encode()).hexdigest() == FIRST_BLOCK


def test_another_seed_gives_other_reviews():
    assert set(synthetic_reviews(50, seed=1)["review"]).isdisjoint(synthetic_reviews(50, seed=2)["review"].dropna())


def test_rows_depend_neither_on_how_many_there_are_nor_on_the_chunks(reviews: pd.DataFrame):
    chunks = list(iter_synthetic(2_345, chunk=700))
    assert [len(chunk) for chunk in chunks] == [700, 700, 700, 245]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), reviews.head(2_345))


def test_frames_have_the_columns_and_types_of_the_schema(reviews: pd.DataFrame):
    assert list(reviews.columns) == COLUMNS
    assert reviews["rating"].dtype == "Int64"
    assert all(reviews[name].dtype == "str" for name in COLUMNS if name != "rating")
    assert reviews["review_id"].is_unique


@pytest.mark.parametrize(
    ("kind", "pattern", "low", "high"),
    [
        ("line breaks as markup", "<br /><br />", 0.50, 0.60),
        ("other tags", "<i>|<b>", 0.005, 0.03),
        ("entities", "&amp;", 0.01, 0.04),
        ("quotes as entities", "&quot;", 0.001, 0.02),
        ("apostrophes as entities", "&#39;", 0.005, 0.03),
        ("C1 control characters", "[\x80-\x9f]", 0.02, 0.05),
        ("mojibake", "â€™", 0.003, 0.02),
        ("tabs", "\t", 0.003, 0.02),
        ("no-break spaces", "\xa0", 0.003, 0.02),
        ("doubled spaces", "  ", 0.005, 0.03),
        ("letters beyond ASCII", "[éëöï]", 0.05, 0.40),
    ],
)
def test_texts_carry_each_kind_of_dirt_at_its_rate(texts: pd.Series, kind: str, pattern: str, low: float, high: float):
    assert low <= texts.str.contains(pattern).mean() <= high, kind


@pytest.mark.parametrize(
    ("kind", "rows", "low", "high"),
    [
        ("missing reviews", lambda d: d["review"].isna(), 0.0005, 0.004),
        ("blank reviews", lambda d: d["review"].str.replace("<br />", "").str.strip() == "", 0.002, 0.006),
        ("missing sentiments", lambda d: d["sentiment"].isna(), 0.0005, 0.004),
        ("unknown sentiments", lambda d: d["sentiment"].isin(["neutral", "POS"]), 0.001, 0.006),
        ("missing titles", lambda d: d["title_id"].isna(), 0.002, 0.008),
        ("missing ratings", lambda d: d["rating"].isna(), 0.003, 0.01),
    ],
)
def test_fields_are_missing_at_the_stated_rates(reviews: pd.DataFrame, kind, rows, low: float, high: float):
    assert low <= rows(reviews).mean() <= high, kind


def test_one_or_two_reviews_in_a_hundred_are_duplicates_some_across_the_splits(texts: pd.Series, reviews: pd.DataFrame):
    exact, cleaned = texts.duplicated().mean(), plain(texts).duplicated().mean()
    assert 0.004 < exact < cleaned < 0.02
    splits = reviews.loc[texts.index, "split"].groupby(plain(texts)).nunique()
    assert 5 <= (splits == 2).sum() <= 0.005 * len(reviews)


def test_labels_are_unbalanced_overall_and_within_titles(reviews: pd.DataFrame):
    labelled = reviews[reviews["sentiment"].isin(["positive", "negative"])]
    positive = labelled["sentiment"] == "positive"
    assert 0.55 < positive.mean() < 0.61
    shares = positive.groupby(labelled["title_id"]).mean()
    assert shares.std() > 0.25


def test_ratings_are_whole_stars_that_mostly_agree_with_the_label(reviews: pd.DataFrame):
    known = reviews.dropna(subset=["rating"])
    assert set(known["rating"]) == {1, 2, 3, 4, 7, 8, 9, 10}
    labelled = known[known["sentiment"].isin(["positive", "negative"])]
    agree = (labelled["rating"] > 5) == (labelled["sentiment"] == "positive")
    assert 0.98 < agree.mean() < 1


def test_exactly_one_title_is_in_both_splits(reviews: pd.DataFrame):
    splits = reviews.groupby("title_id")["split"].nunique()
    assert (splits == 2).sum() == 1
    assert 0.70 < (reviews["split"] == "train").mean() < 0.80


def test_reviews_have_40_to_400_words_of_varied_number(texts: pd.Series):
    words = texts.str.replace("<br />", " ").str.split().str.len()
    assert words.min() >= 40
    assert words.max() <= 400
    assert words.quantile(0.1) < 90 < 250 < words.quantile(0.9)


def test_no_piece_of_the_grammar_shows_in_a_review(texts: pd.Series):
    assert not texts.str.contains(r"[{}\[\]|@~%]|//|None").any()
    prose = plain(texts[~texts.str.contains("[\x80-\x9f]|â|&")])
    assert not prose.str.contains(r" [.,;]|[.,;!?][.,;!]|\ba [aeio]|\bthe the\b").any()


def test_every_phrase_can_be_filled_for_a_title():
    slots = synthetic._titles(20, 0)[0].slots[0]
    phrases = [phrase for pools in synthetic_writer._pools() for pool in pools.values() for phrase in pool]
    assert all(phrase.sentence % slots for phrase in phrases)
    assert len({phrase.clause for phrase in phrases}) > 9_000


def test_readers_see_few_repeats(texts: pd.Series):
    sentences = plain(texts.head(2_000)).str.split(r"(?<=[.!?]) ", regex=True).explode()
    assert sentences.value_counts().iloc[0] < 0.02 * 2_000
    assert sentences.nunique() > 0.55 * len(sentences)


def test_titles_describe_nearly_all_title_ids_and_cannot_be_real_ones(reviews: pd.DataFrame):
    titles = synthetic_titles(12_000)
    assert list(titles.columns) == ["title_id", "title", "year", "genres"]
    assert titles["title_id"].is_unique
    assert titles["title_id"].str.fullmatch(r"tt9\d{7}").all()
    used = set(reviews["title_id"].dropna())
    assert len(used) == 1_200
    assert 0.94 < len(used & set(titles["title_id"])) / len(used) < 1
    assert titles["year"].between(1950, 2010).all()
    assert titles["genres"].str.contains("|", regex=False).any()


def test_lines_are_damaged_seldom_and_always_the_same_way():
    lines = {
        f"id-{number}": f'{{"review": "It\'s good. Don\'t miss it. {number}"}}'.encode() for number in range(20_000)
    }
    changed = {name: damaged(line, name) for name, line in lines.items() if damaged(line, name) != line}
    cut = [line for line in changed.values() if not line.endswith(b"}")]
    latin = [line for line in changed.values() if line.endswith(b"}")]
    assert 10 <= len(cut) <= 30
    assert 10 <= len(latin) <= 30
    assert b"It\x92s good\x85 Don\x92t" in latin[0]
    for line in latin:
        with pytest.raises(UnicodeDecodeError):
            line.decode("utf-8")


def test_a_linear_model_is_right_on_80_to_95_percent_of_the_reviews_of_unseen_titles(reviews: pd.DataFrame):
    known = reviews[reviews["sentiment"].isin(["positive", "negative"])].dropna(subset=["review", "title_id"])
    known = known.head(8_000).drop_duplicates("review")
    both = known.groupby("title_id")["split"].transform("nunique") == 2
    train, test = known[(known["split"] == "train") & ~both], known[(known["split"] == "test") & ~both]
    assert set(train["title_id"]).isdisjoint(test["title_id"])

    counter = CountVectorizer(token_pattern=TOKEN_PATTERN, ngram_range=(1, 2), min_df=3)
    counts = counter.fit_transform(train["review"].str.replace("<br />", " "))
    y = (train["sentiment"] == "positive").to_numpy().astype(int)
    weight = sparse.diags(nb_log_ratio((counts > 0).astype(float), y))
    tfidf = TfidfTransformer(sublinear_tf=True).fit(counts)
    model = LogisticRegression(C=16, solver="liblinear", dual=True, max_iter=1_000)
    model.fit(tfidf.transform(counts) @ weight, y)
    unseen = tfidf.transform(counter.transform(test["review"].str.replace("<br />", " "))) @ weight
    accuracy = np.mean(model.predict(unseen) == (test["sentiment"] == "positive"))
    assert 0.80 <= accuracy <= 0.95
