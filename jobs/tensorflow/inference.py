"""Stands around the model of train.py: the two functions that SageMaker's TensorFlow Serving container calls.

TensorFlow Serving holds the model and speaks its own JSON, {"instances": [...]} -> {"predictions": [...]}. What the
caller sends and gets is that of messages.py, as with the other two models.
Source: https://github.com/aws/sagemaker-tensorflow-serving-container
"""

import json
from typing import Any, BinaryIO

from messages import answers, read_reviews, write_answers
from text import prepare


def input_handler(data: BinaryIO, context: Any) -> str:
    """Turns a request into one for TensorFlow Serving. Raises ValueError when it cannot be read.

    Args:
        data: the request's body.
        context: with request_content_type and accept_header.
    """
    reviews = read_reviews(data.read(), context.request_content_type)
    return json.dumps({"instances": [prepare(review) for review in reviews]})


def output_handler(response: Any, context: Any) -> tuple[str, str]:
    """Turns TensorFlow Serving's answer into ours: the body and its content type. Raises ValueError when it failed."""
    if response.status_code != 200:
        raise ValueError(response.content.decode())
    return write_answers(answers(response.json()["predictions"]), context.accept_header)
