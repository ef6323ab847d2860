"""What the training scripts share: their common arguments, the reviews and their split, the metrics.

A SageMaker job gets one folder of code, so the other jobs have links to this file; it needs NumPy and pandas only.
"""

import argparse
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray


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


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the seed, and the folders that SageMaker names in environment variables."""
    add = parser.add_argument
    add("--seed", type=whole_number(0), default=0, help="for the held-out titles and what else is left to chance")
    # A tuning job adds the name of its metric to the hyperparameters of its training jobs.
    add("--_tuning_objective_metric", help=argparse.SUPPRESS)
    add("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    add("--validation", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    add("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    add("--output-data-dir", type=Path, default=os.environ.get("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"))


def read_channels(arguments: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads the reviews to train on and to validate: two channels, or one of which a fifth of the titles is held out.

    Raises:
        ValueError: there is no train channel, or a channel's content is not as it must be.
    """
    if arguments.train is None:
        raise ValueError("there is no train channel: SM_CHANNEL_TRAIN is not set")
    if arguments.validation is None:
        train, validation = hold_out(read_folder(arguments.train, ["review", "label", "title_id"]), arguments.seed)
    else:
        train = read_folder(arguments.train, ["review", "label"])
        validation = read_folder(arguments.validation, ["review", "label"])
    print(f"{len(train)} reviews to train on, {len(validation)} to validate", flush=True)
    return train, validation


def read_folder(folder: Path, columns: list[str]) -> pd.DataFrame:
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
    reviews = pd.concat([_read_file(file, columns) for file in files], ignore_index=True)
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


def _read_file(file: Path, columns: list[str]) -> pd.DataFrame:
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

    The same titles as scikit-learn's GroupShuffleSplit holds out, so that all three models can be compared.

    Raises:
        ValueError: there is one title only, or a part would have reviews of one class only.
    """
    titles = [str(title) if pd.notna(title) else f"row {row}" for row, title in enumerate(reviews["title_id"])]
    names, title_of = np.unique(titles, return_inverse=True)
    if len(names) == 1:
        raise ValueError("all reviews are of one title: give a validation channel, or reviews of more titles")
    shuffled = np.random.RandomState(seed).permutation(len(names))
    held = np.isin(title_of, shuffled[: math.ceil(len(names) / 5)])
    train, validation = reviews[~held], reviews[held]
    for name, part in (("training", train), ("held-out", validation)):
        if part["label"].nunique() == 1:
            raise ValueError(f"the {name} titles have reviews of one class only: give a validation channel")
    return train, validation


def measure(labels: NDArray[Any], scores: NDArray[Any]) -> dict[str, float]:
    """Compares labels (0, 1) with scores (above 0: class 1), both of shape (reviews,)."""
    positive, says = labels == 1, scores > 0
    hits = int((says & positive).sum())
    # The area under the ROC curve, from the ranks of the scores (Mann and Whitney 1947).
    pairs = positive.sum() * (~positive).sum()
    above = pd.Series(scores).rank().to_numpy()[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return {
        "accuracy": float((says == positive).mean()),
        "f1": 2 * hits / int(says.sum() + positive.sum()),
        "auc": float(above / pairs),
    }


def report(folder: Path, seconds: float, **parts: tuple[pd.Series, NDArray[Any]]) -> None:
    """Prints one metric a line, so that a regular expression such as "validation:accuracy=([0-9.]+)" finds it in the
    log, and writes all to metrics.json.

    Args:
        seconds: how long the training took.
        parts: train and validation, each its labels and scores, both of shape (reviews,).
    """
    metrics = {}
    for part, (labels, scores) in parts.items():
        metrics[part] = {**measure(labels.to_numpy(), scores), "reviews": len(labels)}
    metrics["train"]["seconds"] = seconds
    for part, values in metrics.items():
        for name, value in values.items():
            print(f"{part}:{name}={round(value, 4)}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
