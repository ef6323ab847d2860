"""The PyTorch sentiment model: the mean of the learned vectors of all words and pairs of words, then one number.

Joulin et al., "Bag of Tricks for Efficient Text Classification", 2016. It keeps no vocabulary: a word's place in the
table is its checksum (CRC-32, the same on every machine; Python's own hash() changes with each process).
"""

import json
import re
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors
from text import TOKEN_PATTERN, prepare
from torch import Tensor, nn

_TOKEN = re.compile(TOKEN_PATTERN)
WEIGHTS, SHAPE = "model.safetensors", "shape.json"


def hash_ngrams(review: str, buckets: int) -> NDArray[np.int32]:
    """The buckets of a review's words and pairs of words, shape (n-grams,); a review without words is one n-gram."""
    words = [word.encode(errors="replace") for word in _TOKEN.findall(prepare(review).lower())] or [b""]
    pairs = [first + b" " + second for first, second in pairwise(words)]
    return np.array([zlib.crc32(ngram) % buckets for ngram in words + pairs], dtype=np.int32)


class SentimentModel(nn.Module):
    """Scores reviews: above 0 is praise."""

    def __init__(self, buckets: int, size: int) -> None:
        super().__init__()
        self.vectors = nn.EmbeddingBag(buckets, size, mode="mean", sparse=True)
        self.output = nn.Linear(size, 1)
        nn.init.uniform_(self.vectors.weight, -0.5 / size, 0.5 / size)

    def forward(self, ngrams: Tensor, starts: Tensor) -> Tensor:
        """Scores of shape (reviews,), from the n-grams of all reviews in one row and the place where each begins."""
        scores: Tensor = self.output(self.vectors(ngrams, starts))
        return scores.squeeze(1)

    def score(self, reviews: list[NDArray[np.int32]]) -> Tensor:
        """Scores of shape (reviews,), from the n-grams of each."""
        starts = np.cumsum([0, *(len(review) for review in reviews[:-1])])
        return self(torch.from_numpy(np.concatenate(reviews)), torch.from_numpy(starts.astype(np.int32)))

    @property
    def buckets(self) -> int:
        return self.vectors.num_embeddings


def save(model: SentimentModel, folder: Path) -> None:
    """Writes the weights as safetensors, a format that holds numbers and no code, and the two sizes as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(to_safetensors(model.state_dict()))
    shape = {"buckets": model.buckets, "size": model.vectors.embedding_dim}
    (folder / SHAPE).write_text(json.dumps(shape) + "\n")


def load(folder: Path) -> SentimentModel:
    model = SentimentModel(**json.loads((folder / SHAPE).read_text()))
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()
