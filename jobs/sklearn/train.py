"""Trains a sentiment model on reviews: TF-IDF of word n-grams, weighted by Naive Bayes, and logistic regression.

A SageMaker script-mode training script. It reads Parquet files with the columns review (text), label (0, 1)
and title_id from the channels train and validation. It leaves in the model folder all that an endpoint needs:
the model and the code that serves it. Without a validation channel it holds out a fifth of the titles.

The method: Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", 2012.
"""

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from ngrams import count_ngrams
from numpy.typing import NDArray
from reviews import add_common_arguments, positive_number, read_channels, report, whole_number
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from text import TOKEN_PATTERN, prepare

MODEL_FILE = "model.joblib"
SERVING_CODE = ("inference.py", "text.py", "messages.py")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads hyperparameters from the command line, and folders from SageMaker's environment variables."""
    parser = argparse.ArgumentParser(prog="train.py", allow_abbrev=False)
    add = parser.add_argument
    add("--ngram-max", type=whole_number(1), default=3, help="longest n-gram, in tokens")
    add("--min-df", type=whole_number(1), default=3, help="reviews that an n-gram must occur in")
    add("--max-features", type=whole_number(1), help="keep only this many n-grams, the most frequent")
    add("--nb-alpha", type=positive_number, default=1.0, help="smoothing of the Naive Bayes ratio")
    # The SageMaker training toolkit passes a name of one letter as -C, the driver of the SDK as --C.
    add("-C", "--C", type=positive_number, default=16.0, help="inverse strength of the L2 penalty")
    add_common_arguments(parser)
    return parser.parse_args(arguments)


def count_terms(texts: list[str], arguments: argparse.Namespace) -> tuple[TfidfVectorizer, sparse.csr_array]:
    """Counts n-grams. Gives a vectorizer with their vocabulary, and the counts, shape (texts, n-grams).

    Raises:
        ValueError: no n-gram is frequent enough.
    """
    ngram_max, min_df, limit = arguments.ngram_max, arguments.min_df, arguments.max_features
    vectorizer = TfidfVectorizer(ngram_range=(1, ngram_max), token_pattern=TOKEN_PATTERN, sublinear_tf=True)
    # The vectorizer's own steps, so that training and serving cannot differ in their tokens.
    lower, tokens = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()
    counts, terms = count_ngrams((tokens(lower(text)) for text in texts), ngram_max, min_df)
    if not terms:
        raise ValueError(f"no n-gram occurs in {min_df} reviews: lower min-df, or give more reviews")
    if limit is not None and limit < len(terms):
        chosen = np.sort(np.argsort(-counts.sum(axis=0), kind="stable")[:limit])
        counts, terms = counts[:, chosen], [terms[column] for column in chosen]
    vectorizer.vocabulary_ = {term: column for column, term in enumerate(terms)}
    return vectorizer, counts


def nb_log_ratio(presence: sparse.csr_array, labels: NDArray[Any], alpha: float) -> NDArray[np.float64]:
    """Naive Bayes log-count ratio of each n-gram, shape (n-grams,): above 0 where class 1 has it more often."""
    positive = alpha + presence.T @ (labels == 1)
    negative = alpha + presence.T @ (labels == 0)
    ratio: NDArray[np.float64] = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return ratio


def fit(texts: list[str], labels: NDArray[Any], arguments: argparse.Namespace) -> tuple[Pipeline, NDArray[np.float64]]:
    """Fits the model: count, weight by rarity, weight by opinion, learn.

    Returns:
        The pipeline from text to class, and the scores of the texts (above 0: class 1), shape (texts,).
    """
    vectorizer, counts = count_terms(texts, arguments)
    ratio = nb_log_ratio((counts > 0).astype(np.float64), labels, arguments.nb_alpha)
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts)
    features = weighting.transform(counts, copy=False)
    features.data *= ratio[features.indices]  # each n-gram times its ratio, without a copy
    # Among liblinear's solvers the dual one is fast when there are far more n-grams than reviews.
    classifier = LogisticRegression(C=arguments.C, solver="liblinear", dual=True, random_state=arguments.seed)
    classifier.fit(features, labels)
    scores = classifier.decision_function(features)
    return join(vectorizer, weighting, ratio, classifier), scores


def join(
    vectorizer: TfidfVectorizer, weighting: TfidfTransformer, ratio: NDArray[np.float64], classifier: LogisticRegression
) -> Pipeline:
    """Joins what was fitted to one pipeline of scikit-learn's own classes, which loads without this script.

    The score of a text is `(tfidf * ratio) @ weights + intercept` = `tfidf @ (ratio * weights) + intercept`.
    So the ratio is multiplied into the weights, once and for all.
    """
    vectorizer.idf_ = weighting.idf_
    classifier.coef_ = classifier.coef_ * ratio
    return Pipeline([("tfidf", vectorizer), ("classifier", classifier)])


def save(model: Pipeline, folder: Path) -> None:
    """Writes the model, and the code that serves it to code/, where SageMaker looks for it."""
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / MODEL_FILE)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def main() -> None:
    arguments = parse_arguments()
    train, validation = read_channels(arguments)
    start = time.perf_counter()
    texts = [prepare(review) for review in train["review"]]
    model, train_scores = fit(texts, train["label"].to_numpy(), arguments)
    seconds = time.perf_counter() - start
    save(model, arguments.model_dir)
    scores = model.decision_function([prepare(review) for review in validation["review"]])

    report(
        arguments.output_data_dir,
        seconds,
        train=(train["label"], train_scores),
        validation=(validation["label"], scores),
    )


if __name__ == "__main__":
    main()
