"""Serves the model of train.py: the four functions that SageMaker's PyTorch container calls.

Requests and answers are those of messages.py.
"""

from pathlib import Path
from typing import Any

import torch
from messages import answers, read_reviews, write_answers
from model import SentimentModel, hash_ngrams, load


def model_fn(model_dir: str) -> SentimentModel:
    """Loads the model from the unpacked model.tar.gz."""
    torch.set_num_threads(1)  # one request is too small to share; many are answered side by side
    return load(Path(model_dir))


def input_fn(body: str | bytes, content_type: str) -> list[str]:
    """Reads the reviews of a request. Raises ValueError when it cannot."""
    return read_reviews(body, content_type)


@torch.inference_mode()
def predict_fn(reviews: list[str], model: SentimentModel) -> list[dict[str, Any]]:
    """Gives each review its label and its score."""
    scores = model.score([hash_ngrams(review, model.buckets) for review in reviews])
    return answers(scores.sigmoid().tolist())


def output_fn(predictions: list[dict[str, Any]], accept: str | None) -> tuple[str, str]:
    """Writes the answer. Raises ValueError when none of the accepted types is supported."""
    return write_answers(predictions, accept)
