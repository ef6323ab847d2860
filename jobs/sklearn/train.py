"""Trains a sentiment model on reviews: TF-IDF of word n-grams, weighted by Naive Bayes, and logistic regression.

A SageMaker script-mode training script. It reads Parquet files with the columns review (text), label (0, 1)
and title_id from the channels train and validation. It leaves in the model folder all that an endpoint needs:
the model and the code that serves it. Without a validation channel it holds out a fifth of the titles.

The method: Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", 2012.
"""

import argparse
import json
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ngrams import count_ngrams
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import Pipeline
from text import TOKEN_PATTERN, prepare

MODEL_FILE = "model.joblib"
SERVING_CODE = ("inference.py", "text.py")


def whole_number(low: int) -> Callable[[str], int]:
    """Makes a converter for a hyperparameter: a whole number of at least `low`."""

    def convert(value: str) -> int:
        if not value.isdecimal() or int(value) < low:
            raise argparse.ArgumentTypeError(f"{value!r} is not a whole number of at least {low}")
        return int(value)

    return convert


def positive_number(value: str) -> float:
    """Converts a hyperparameter to a finite number above 0."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number above 0")
    return number


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
    add("--seed", type=whole_number(0), default=0, help="for the held-out titles and the solver")
    # A tuning job adds the name of its metric to the hyperparameters of its training jobs.
    add("--_tuning_objective_metric", help=argparse.SUPPRESS)
    add("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    add("--validation", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    add("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--output-data-dir", type=Path, default=os.environ.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"))
    return parser.parse_args(arguments)


def read_reviews(folder: Path, columns: list[str]) -> pd.DataFrame:
    """Reads these columns of all Parquet files in a folder and its partition folders, and checks the values.

    Raises:
        ValueError: no files, a file that is not Parquet, a missing column, no reviews, reviews that are not
            text, labels other than 0 and 1, or only one of the two.
    """
    files = sorted(
        path
        for path in folder.rglob("*.parquet")
        # Spark's unfinished and hidden files
        if not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
    )
    if not files:
        raise ValueError(f"there are no .parquet files in {folder}")
    reviews = pd.concat([read_file(file, columns) for file in files], ignore_index=True)
    if reviews.empty:
        raise ValueError(f"the files in {folder} hold no reviews")
    not_text = sum(not isinstance(review, str) for review in reviews["review"])
    if not_text:
        raise ValueError(f"the column review in {folder} has {not_text} of {len(reviews)} values that are not text")
    labels = reviews["label"].unique().tolist()
    unexpected = [label for label in labels if label not in (0, 1)]
    if unexpected:
        raise ValueError(f"the column label in {folder} must hold 0 and 1, and holds also {unexpected[:5]}")
    if len(labels) == 1:
        raise ValueError(f"all labels in {folder} are {labels[0]}: a classifier needs reviews of both classes")
    return reviews.astype({"label": int})


def read_file(file: Path, columns: list[str]) -> pd.DataFrame:
    """Reads these columns of one Parquet file. Raises ValueError when it has not all of them, or is not Parquet."""
    try:
        with pq.ParquetFile(file) as parquet:
            present = parquet.schema_arrow.names
            missing = [column for column in columns if column not in present]
            if not missing:
                return parquet.read(columns=columns).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    raise ValueError(f"{file} has no column {', '.join(missing)}: its columns are {', '.join(present)}")


def hold_out(reviews: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Splits off a fifth of the titles; a review without a title counts as a title of its own.

    Raises:
        ValueError: there is one title only, or a part would have reviews of one class only.
    """
    titles = [str(title) if pd.notna(title) else f"row {row}" for row, title in enumerate(reviews["title_id"])]
    if len(set(titles)) == 1:
        raise ValueError("all reviews are of one title: give a validation channel, or reviews of more titles")
    split = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
    train, validation = (reviews.iloc[rows] for rows in next(split.split(reviews, groups=titles)))
    for name, part in (("training", train), ("held-out", validation)):
        if part["label"].nunique() == 1:
            raise ValueError(f"the {name} titles have reviews of one class only: give a validation channel")
    return train, validation


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
    """Fits the model.

    The score of a text is `(tfidf * ratio) @ weights + intercept` = `tfidf @ (ratio * weights) + intercept`.
    So with the ratio multiplied into the weights, the model is a plain TfidfVectorizer and LogisticRegression,
    and no class of our own is needed to load it.

    Returns:
        The pipeline from text to class, and the scores of the texts (above 0: class 1), shape (texts,).
    """
    vectorizer, counts = count_terms(texts, arguments)
    ratio = nb_log_ratio((counts > 0).astype(np.float64), labels, arguments.nb_alpha)
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts)
    features = weighting.transform(counts, copy=False)
    features.data *= ratio[features.indices]
    # Among liblinear's solvers the dual one is fast when there are far more n-grams than reviews.
    classifier = LogisticRegression(C=arguments.C, solver="liblinear", dual=True, random_state=arguments.seed)
    classifier.fit(features, labels)
    scores = classifier.decision_function(features)

    vectorizer.idf_ = weighting.idf_
    classifier.coef_ = classifier.coef_ * ratio
    return Pipeline([("tfidf", vectorizer), ("classifier", classifier)]), scores


def measure(labels: ArrayLike, scores: NDArray[np.float64]) -> dict[str, float]:
    """Compares labels with scores (above 0: class 1), both of shape (reviews,)."""
    classes = scores > 0
    return {
        "accuracy": float(accuracy_score(labels, classes)),
        "f1": float(f1_score(labels, classes)),
        "auc": float(roc_auc_score(labels, scores)),
    }


def save(model: Pipeline, folder: Path) -> None:
    """Writes the model, and the code that serves it to code/, where SageMaker looks for it."""
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / MODEL_FILE)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def main() -> None:
    arguments = parse_arguments()
    if arguments.train is None:
        raise ValueError("there is no train channel: SM_CHANNEL_TRAIN is not set")
    if arguments.validation is None:
        reviews = read_reviews(arguments.train, ["review", "label", "title_id"])
        train, validation = hold_out(reviews, arguments.seed)
    else:
        train = read_reviews(arguments.train, ["review", "label"])
        validation = read_reviews(arguments.validation, ["review", "label"])
    print(f"{len(train)} reviews to train on, {len(validation)} to validate", flush=True)

    start = time.perf_counter()
    texts = [prepare(review) for review in train["review"]]
    model, train_scores = fit(texts, train["label"].to_numpy(), arguments)
    seconds = time.perf_counter() - start
    save(model, arguments.model_dir)
    scores = model.decision_function([prepare(review) for review in validation["review"]])

    metrics = {
        "train": {**measure(train["label"], train_scores), "reviews": len(train), "seconds": seconds},
        "validation": {**measure(validation["label"], scores), "reviews": len(validation)},
    }
    # One metric a line, so that a regular expression such as "validation:accuracy=([0-9.]+)" finds it in the log.
    for part, values in metrics.items():
        for name, value in values.items():
            print(f"{part}:{name}={round(value, 4)}")
    arguments.output_data_dir.mkdir(parents=True, exist_ok=True)
    (arguments.output_data_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


if __name__ == "__main__":
    main()
