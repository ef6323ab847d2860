"""The synthetic sample teaches what real reviews teach: what tells the opinion is a word for an opinion.

Lesson 04 ranks n-grams by their log-count ratio, the model of lesson 05 by its weights. Both are taken here as those
lessons take them, of the reviews that lesson 03 leaves to train on, and of n-grams in 25 reviews at least.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from helpers.data.cards import printable
from helpers.data.reviews import SAMPLE_ROWS
from helpers.data.synthetic import synthetic_reviews
from helpers.models.features import TOKEN_PATTERN, nb_log_ratio

MIN_REVIEWS = 25
WORDS = r"[\w'’]+(?: [\w'’]+)?"
PAIRS = r"[\w'’]+ [\w'’]+"
# What a person accepts as a word for an opinion, judged by hand: "ador-" is its beginning, "fun" all of it.
POSITIVE = """ador- amazing astonishing beautiful- best better brilliant charm- convinc- decent delight- enjoy-
excellent exceptional fantastic fine finest fortunately fun funny gem glad good gorgeous great gripping happy highly
joy lik(?:e|ed) likeable lively lov(?:e|ed|ely) magnificent marvel- masterpiece miss moving must outstanding
overdone perfect pleas- recommend- remarkable solid stunning superb surprised tense terrific thankfully touching
treasure wonderful worth 7 8 9 10"""
NEGATIVE = """abysmal annoy- appalling atrocious avoid- awful bad badly bland bore- boring cheap- cheat- cliche- clumsy
cringe- dire disappoint- disaster dislike- dread- dreary dull- embarrass- empty fail- fake flat forgettable hate-
headache hopeless horrible horrendous lacklustre laughable lifeless longer lousy loathe- mediocre mess muddy painful
pathetic poor- predictable regret ridiculous ruin sad sadly slower sorry terrible tired underwhelming uneven
unfortunately wast- weak- worse worst wretched yawn- 1 2 3 4"""
TELLING = re.compile("|".join((POSITIVE + " " + NEGATIVE).replace("-", r"\w*").split()))


class Learned:
    """What lessons 04 and 05 learn from the sample."""

    def __init__(self) -> None:
        raw = synthetic_reviews(SAMPLE_ROWS)
        known = raw[raw["sentiment"].isin(["positive", "negative"])].dropna(subset=["review", "title_id"])
        known = known.assign(review=known["review"].map(printable)).drop_duplicates("review")
        known = known[known["review"] != ""]
        tested = set(known.loc[known["split"] == "test", "title_id"])
        bucket = known["title_id"].map(lambda title: int(hashlib.md5(title.encode()).hexdigest()[:8], 16) % 100)
        learned = ~known["title_id"].isin(tested)
        self.train, self.validation = known[learned & (bucket >= 20)], known[learned & (bucket < 20)]
        self.test = known[known["split"] == "test"]
        self.counter = CountVectorizer(token_pattern=TOKEN_PATTERN, ngram_range=(1, 3), min_df=3)
        counts = sparse.csr_array(self.counter.fit_transform(self.train["review"]).astype(float))
        labels = self.labels(self.train)
        names = self.counter.get_feature_names_out()
        frequent = (counts > 0).sum(axis=0) >= MIN_REVIEWS
        short = np.array([bool(re.fullmatch(WORDS, name)) for name in names])
        self.tfidf = TfidfTransformer(sublinear_tf=True).fit(counts)
        self.ratio = nb_log_ratio(counts > 0, labels)
        self.model = LogisticRegression(C=16, solver="liblinear", dual=True, random_state=0)
        self.model.fit(self.tfidf.transform(counts) @ sparse.diags_array(self.ratio), labels)
        weights = pd.Series(self.model.coef_[0] * self.ratio, names)
        self.weights = weights[frequent & short].sort_values(kind="stable")
        ratios = pd.Series(nb_log_ratio((counts > 0)[:, frequent], labels), names[frequent])
        self.ratios = ratios[short[frequent]].sort_values(kind="stable")

    @staticmethod
    def labels(reviews: pd.DataFrame) -> np.ndarray:
        return (reviews["sentiment"] == "positive").to_numpy().astype(int)

    def says(self, texts: list[str]) -> np.ndarray:
        counts = self.counter.transform(texts).astype(float)
        return self.model.predict(self.tfidf.transform(counts) @ sparse.diags_array(self.ratio))

    def accuracy(self, reviews: pd.DataFrame) -> float:
        return float(np.mean(self.says(reviews["review"].to_list()) == self.labels(reviews)))


@pytest.fixture(scope="module")
def learned() -> Learned:
    return Learned()


def artefacts(ranked: pd.Series, ends: int) -> list[str]:
    """Of the `ends` lowest and highest, those without a word for an opinion."""
    extremes = [*ranked.index[:ends], *ranked.index[-ends:]]
    return [ngram for ngram in extremes if not any(TELLING.fullmatch(word) for word in ngram.split())]


def test_the_thirty_words_and_pairs_with_the_highest_ratio_tell_an_opinion(learned: Learned) -> None:
    assert artefacts(learned.ratios.drop_duplicates(), 15) == []


def test_the_pairs_of_the_figure_of_lesson_04_tell_an_opinion(learned: Learned) -> None:
    pairs = learned.ratios[learned.ratios.index.str.fullmatch(PAIRS)].drop_duplicates()
    assert artefacts(pairs, 10) == []


def test_the_thirty_words_and_pairs_that_weigh_most_in_the_model_tell_an_opinion(learned: Learned) -> None:
    assert artefacts(learned.weights, 15) == []


def test_bad_is_negative_and_good_alone_says_little(learned: Learned) -> None:
    assert learned.ratios["bad"] < -0.4
    assert learned.ratios["boring"] < -0.2
    assert learned.ratios["worst"] < -0.7
    assert 0 < learned.ratios["good"] < 0.4
    assert learned.ratios["best"] > 0.5
    assert abs(learned.ratios["film"]) < 0.15


def test_the_model_is_about_as_right_as_on_the_real_reviews(learned: Learned) -> None:
    assert 0.86 <= learned.accuracy(learned.test) <= 0.91
    assert 0.86 <= learned.accuracy(learned.validation) <= 0.92


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("I expected the worst, and I loved it.", 1),
        ("I was afraid that I would be bored, and I was not bored for one minute.", 1),
        ("Well worth it: I came out smiling.", 1),
        ("It grows on you.", 1),
        ("Not boring for one minute.", 1),
        ("A wonderful film.", 1),
        ("Not bad at all.", 1),
        ("Avoid this one. The worst of the year.", 0),
        ("A good idea, badly told.", 0),
        ("A good idea, badly told, and far too long.", 0),
        ("What a waste of time.", 0),
        ("The acting is terrible.", 0),
        ("A bad film.", 0),
    ],
)
def test_the_sentences_that_lessons_ask_are_judged_as_a_reader_would(
    learned: Learned, sentence: str, label: int
) -> None:
    assert learned.says([sentence]).tolist() == [label]
