"""Serves the sentiment model of train.py: the four functions that SageMaker's scikit-learn container calls.

Requests and answers are those of messages.py.
"""

from pathlib import Path
from typing import Any

import joblib
from messages import answers, read_reviews, write_answers
from sklearn.pipeline import Pipeline
from text import prepare


def model_fn(model_dir: str) -> Pipeline:
    """Loads the model from the unpacked model.tar.gz."""
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body: str | bytes, content_type: str) -> list[str]:
    """Reads the reviews of a request. Raises ValueError when it cannot."""
    return read_reviews(body, content_type)


def predict_fn(reviews: list[str], model: Pipeline) -> list[dict[str, Any]]:
    """Gives each review its label and its score."""
    return answers(model.predict_proba([prepare(review) for review in reviews])[:, 1].tolist())


def output_fn(predictions: list[dict[str, Any]], accept: str | None) -> tuple[str, str]:
    """Writes the answer. Raises ValueError when none of the accepted types is supported."""
    return write_answers(predictions, accept)
