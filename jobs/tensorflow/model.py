"""The TensorFlow sentiment model: the mean of the learned vectors of all words and pairs of words, then one number.

The same idea as the PyTorch model. Here reading the text is a part of the saved graph: TensorFlow Serving, a program
without Python, answers with the model's score to plain text.
"""

from pathlib import Path

import keras
import tensorflow as tf

# RE2 has no [^\W_] beyond ASCII, so words are named by Unicode's classes: letters and numbers.
_MARKUP, _PUNCTUATION, _OTHERS = r"(?i)<br\s*/?>", r'([!?.,;:()"])', r"""[^\p{L}\p{N}'’!?.,;:()"]+"""


def hash_ngrams(texts: tf.Tensor, buckets: int) -> tf.RaggedTensor:
    """The buckets of each text's words and pairs of words: texts (n,), buckets (n, as many as there are)."""
    plain = tf.strings.lower(tf.strings.regex_replace(texts, _MARKUP, " "), encoding="utf-8")
    spaced = tf.strings.regex_replace(plain, _PUNCTUATION, r" \1 ")
    words = tf.strings.split(tf.strings.regex_replace(spaced, _OTHERS, " "))
    pairs = tf.strings.ngrams(words, 2, separator=" ")
    # A fingerprint, the same on every machine.
    return tf.cast(tf.strings.to_hash_bucket_fast(tf.concat([words, pairs], axis=1), buckets), tf.int32)


class Mean(keras.layers.Layer):
    """The mean vector of each review, and zeros for one without words."""

    def call(self, vectors: tf.RaggedTensor) -> tf.Tensor:
        number = tf.cast(tf.maximum(vectors.row_lengths(), 1), vectors.dtype)
        return tf.reduce_sum(vectors, axis=1) / number[:, tf.newaxis]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape[0], shape[-1]


def make_model(buckets: int, size: int) -> keras.Model:
    """From hashed n-grams, ragged (reviews, n-grams), to scores (reviews, 1): above 0 is praise."""
    small = keras.initializers.RandomUniform(-0.5 / size, 0.5 / size)
    ngrams = keras.Input((None,), dtype="int32", ragged=True)
    vectors = keras.layers.Embedding(buckets, size, embeddings_initializer=small)(ngrams)
    return keras.Model(ngrams, keras.layers.Dense(1)(Mean()(vectors)))


def save(model: keras.Model, buckets: int, folder: Path) -> None:
    """Writes a SavedModel, a graph and its weights: from text, (n,), to the probability of praise, (n,).

    The folder's name is a version number, as TensorFlow Serving wants.
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="review")])
    def serve(review: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.sigmoid(model(hash_ngrams(review, buckets))[:, 0])}

    served = tf.Module()
    served.weights = [weight.value for weight in model.weights]  # what the graph needs, and no more of Keras
    tf.saved_model.save(served, str(folder), signatures=serve)
