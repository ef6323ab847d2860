"""Counts word n-grams with array operations: the table of scikit-learn's CountVectorizer, much faster."""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

Numbers = NDArray[np.int64]


def count_ngrams(documents: Iterable[list[str]], ngram_max: int, min_df: int) -> tuple[sparse.csr_array, list[str]]:
    """Counts every n-gram of 1 to `ngram_max` tokens that occurs in at least `min_df` documents.

    A frequent n-gram consists of two frequent (n-1)-grams that start at neighbouring tokens. So each
    length is counted from the numbers of the one before, and a rare n-gram is never spelled out.

    Returns:
        counts: float64, shape (documents, n-grams), columns in the order of the terms.
        terms: the n-grams, their tokens joined by one space, sorted.
    """
    token, document, words, n_documents = _number_tokens(documents)
    place, candidate = np.arange(len(token)), token  # where each candidate n-gram starts, and its number
    pairs = np.empty(0, dtype=np.int64)  # the two shorter n-grams of each candidate, as one number
    names: list[str] = []  # of the frequent n-grams of one length
    terms: list[str] = []  # of all lengths
    blocks: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
    for size in range(1, ngram_max + 1):
        # One number for each (candidate, document); how often it repeats is the count.
        cells, counts = np.unique(candidate * n_documents + document[place], return_counts=True)
        gram, row = np.divmod(cells, n_documents)
        frequent = np.bincount(gram) >= min_df
        number = np.where(frequent, np.cumsum(frequent) - 1, -1)
        keep = frequent[gram]
        column = number[gram[keep]] + len(terms)
        # Small types: these arrays are the largest of the training job.
        blocks.append((row[keep].astype(np.int32), column.astype(np.int32), counts[keep].astype(np.float64)))
        names = _join(names, pairs[frequent]) if size > 1 else [words[i] for i in np.flatnonzero(frequent)]
        terms += names

        starts = np.full(len(token), -1)  # the frequent n-gram that starts at each token, or -1
        starts[place] = number[candidate]
        joined = (starts[:-1] >= 0) & (starts[1:] >= 0) & (document[:-1] == document[1:])
        place = np.flatnonzero(joined)
        if not len(place):
            break
        candidate, pairs = pd.factorize(starts[place] * len(names) + starts[place + 1])
    return _sorted_table(terms, blocks, n_documents)


def _number_tokens(documents: Iterable[list[str]]) -> tuple[Numbers, Numbers, list[str], int]:
    """Numbers the words. Gives all tokens in one row, the document of each, the words, and how many documents."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    tokens, lengths = array("q"), array("q")
    for document in documents:
        tokens.extend(map(numbers.__getitem__, document))
        lengths.append(len(document))
    which = np.repeat(np.arange(len(lengths)), np.asarray(lengths))
    return np.asarray(tokens), which, list(numbers), len(lengths)


def _join(names: list[str], pairs: Numbers) -> list[str]:
    """Spells out n-grams: the first part and the last token of the second."""
    first, second = np.divmod(pairs, len(names))
    last = [name.rpartition(" ")[2] for name in names]
    return [f"{names[i]} {last[j]}" for i, j in zip(first.tolist(), second.tolist(), strict=True)]


def _sorted_table(
    terms: list[str], blocks: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]], n_documents: int
) -> tuple[sparse.csr_array, list[str]]:
    """Puts the blocks of (rows, columns, counts) into one table, its columns sorted by term."""
    order = sorted(range(len(terms)), key=terms.__getitem__)
    place = np.empty(len(terms), dtype=np.int32)
    place[order] = np.arange(len(terms))
    rows, columns, counts = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    table = sparse.csr_array((counts, (rows, place[columns])), shape=(n_documents, len(terms)))
    return table, [terms[i] for i in order]
