"""Trains the TensorFlow sentiment model on reviews.

A SageMaker script-mode training script, with the channels, metrics and outputs of jobs/sklearn/train.py. It imports
nothing from AWS: started by hand, it trains anywhere.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the import: no notes about graphics cards
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same rounding on every processor

import argparse
import shutil
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from model import hash_ngrams, make_model, save
from numpy.typing import NDArray
from reviews import add_common_arguments, positive_number, read_channels, report, whole_number
from text import prepare

SERVING_CODE = ("inference.py", "text.py", "messages.py")
VERSION = "1"  # TensorFlow Serving loads the highest number
BATCH = 64


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads hyperparameters from the command line, and folders from SageMaker's environment variables."""
    parser = argparse.ArgumentParser(prog="train.py", allow_abbrev=False)
    add = parser.add_argument
    add("--bits", type=whole_number(1), default=18, help="the table has 2 to the power of this many vectors")
    add("--size", type=whole_number(1), default=10, help="numbers in a vector")
    add("--epochs", type=whole_number(1), default=3, help="how often all reviews are learned from")
    add("--learning-rate", type=positive_number, default=0.01)
    add_common_arguments(parser)
    return parser.parse_args(arguments)


def hash_all(reviews: pd.Series, buckets: int) -> tf.RaggedTensor:
    """The hashed n-grams of reviews, (reviews, n-grams), by the same graph that serves."""
    run = tf.function(hash_ngrams)
    texts = [prepare(review).encode(errors="replace") for review in reviews]
    parts = [run(tf.constant(texts[start : start + 1000]), buckets) for start in range(0, len(texts), 1000)]
    return tf.concat(parts, axis=0)


def fit(ngrams: tf.RaggedTensor, labels: NDArray[np.int64], arguments: argparse.Namespace) -> keras.Model:
    """Trains on the hashed n-grams of reviews and their labels, shape (reviews,)."""
    keras.utils.set_random_seed(arguments.seed)
    model = make_model(2**arguments.bits, arguments.size)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(arguments.learning_rate), loss=loss)
    data = tf.data.Dataset.from_tensor_slices((ngrams, labels.astype(np.float32)))
    batches = data.shuffle(len(labels), seed=arguments.seed).batch(BATCH)
    for epoch in range(1, arguments.epochs + 1):
        history = model.fit(batches, shuffle=False, verbose=0)
        print(f"epoch {epoch} of {arguments.epochs}: loss {history.history['loss'][0]:.4f}", flush=True)
    return model


def score(model: keras.Model, ngrams: tf.RaggedTensor) -> NDArray[np.float32]:
    return model.predict(tf.data.Dataset.from_tensor_slices(ngrams).batch(500), verbose=0)[:, 0]


def save_with_code(model: keras.Model, buckets: int, folder: Path) -> None:
    """Writes the model, and the code around it to code/, where SageMaker looks for it."""
    save(model, buckets, folder / VERSION)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def main() -> None:
    arguments = parse_arguments()
    # The steps are too small to share.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    train, validation = read_channels(arguments)
    start = time.perf_counter()
    buckets = 2**arguments.bits
    hashed = hash_all(train["review"], buckets)
    model = fit(hashed, train["label"].to_numpy(), arguments)
    seconds = time.perf_counter() - start
    save_with_code(model, buckets, arguments.model_dir)

    others = hash_all(validation["review"], buckets)
    report(
        arguments.output_data_dir,
        seconds,
        train=(train["label"], score(model, hashed)),
        validation=(validation["label"], score(model, others)),
    )


if __name__ == "__main__":
    main()
