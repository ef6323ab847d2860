"""Amazon's managed AI services beside a model of one's own: ask them within their limits, compare, and price both.

Public AWS APIs only: who answers at home or on AWS makes no difference here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import boto3
import numpy as np
import pandas as pd

from helpers.aws.client import PATIENT
from helpers.data.cards import HEADER
from helpers.money import costs

# https://docs.aws.amazon.com/comprehend/latest/dg/guidelines-and-limits.html
SENTIMENT_BYTES, LARGEST_BATCH = 5_000, 25
Json = dict[str, Any]


class NotJudged(RuntimeError):
    """Comprehend has refused some documents of a batch; the message says which and why."""


def fitting(text: str, most: int = SENTIMENT_BYTES) -> str:
    """The text, or as many of its first words as fit into `most` bytes of UTF-8."""
    if len(text.encode()) <= most:
        return text
    start = text.encode()[: most + 1].decode(errors="ignore")
    return start.rpartition(" ")[0] or start.encode()[:most].decode(errors="ignore")


def sentiments(texts: Sequence[str], language: str = "en") -> pd.DataFrame:
    """What Comprehend says of each text: sentiment, and the scores positive, negative, neutral, mixed (0 to 1).

    Texts go in batches of 25; one that is too large is cut, as `fitting` does.

    Raises:
        NotJudged: some were refused.
    """
    comprehend = boto3.client("comprehend", config=PATIENT)
    rows: list[Json] = []
    for start in range(0, len(texts), LARGEST_BATCH):
        batch = [fitting(text) for text in texts[start : start + LARGEST_BATCH]]
        answer = comprehend.batch_detect_sentiment(TextList=batch, LanguageCode=language)
        if answer["ErrorList"]:
            raise NotJudged("; ".join(f"{start + one['Index']}: {one['ErrorMessage']}" for one in answer["ErrorList"]))
        for result in sorted(answer["ResultList"], key=lambda result: int(result["Index"])):
            scores = {name.lower(): score for name, score in result["SentimentScore"].items()}
            rows.append({"sentiment": result["Sentiment"], **scores})
    return pd.DataFrame(rows, columns=["sentiment", "positive", "negative", "neutral", "mixed"])


def card_text(blocks: Iterable[Json]) -> str:
    """What Textract has read on a review card, without the card's header."""
    lines = [str(block["Text"]) for block in blocks if block["BlockType"] == "LINE"]
    return " ".join(line for line in lines if not line.upper().startswith(HEADER))


def least_sure(written: str, blocks: Iterable[Json]) -> tuple[float, str, str]:
    """The confidence (0 to 100) of the word of which Textract is least sure, the word, and what is nearest on the card.

    Args:
        written: the text of the card, without its header.
    """
    confidence, word = min((block["Confidence"], block["Text"]) for block in blocks if block["BlockType"] == "WORD")
    (nearest,) = get_close_matches(word, f"{HEADER} No. {written}".split(), n=1, cutoff=0)
    return confidence, word, nearest


def word_error_rate(written: str, read: str) -> float:
    """Words to change, add or take away, so that what was read is what was written, per word written."""
    truth, found = written.split(), read.split()
    if not truth:
        return float(bool(found))
    row = np.arange(len(found) + 1)
    for number, word in enumerate(truth, start=1):
        kept = np.array([word != other for other in found], dtype=int)
        changed, dropped = row[:-1] + kept, row[1:] + 1
        best = np.concatenate([[number], np.minimum(changed, dropped)])
        steps = np.arange(len(best))
        row = np.minimum.accumulate(best - steps) + steps  # a word too many costs one, from the left
    return float(row[-1]) / len(truth)


def accuracy(right: Sequence[bool]) -> tuple[float, float]:
    """The share that is right, and the half width of its 95 % interval."""
    share, number = float(np.mean(right)), len(right)
    return share, 1.96 * (share * (1 - share) / number) ** 0.5


def difference(right: Sequence[bool], other: Sequence[bool]) -> tuple[float, float]:
    """How much more often the first is right on the same documents, and the half width of the 95 % interval.

    Where both are right or both wrong nothing is learnt: the interval is narrower than that of two samples.
    """
    gaps = np.asarray(right, dtype=float) - np.asarray(other, dtype=float)
    return float(gaps.mean()), 1.96 * float(gaps.std()) / len(gaps) ** 0.5


def mean_units(texts: Iterable[str]) -> float:
    """The units that Comprehend bills for such texts, as `sentiments` sends them: their mean per text."""
    return float(np.mean([costs.comprehend_units(len(fitting(text))) for text in texts]))


def comprehend_month(documents: float, units_each: float) -> costs.Estimate:
    """Sentiment of so many documents in a month, of so many units each on the average."""
    least = costs.UNITS_PER_DOCUMENT  # documents of the smallest size, as many as have these units together
    estimate = costs.comprehend(least * costs.CHARACTERS_PER_UNIT, documents * units_each / least)
    price = estimate.how.split(" at ", 1)[1]
    how = f"{documents:,.0f} documents of {units_each:.1f} units on the average at {price}"
    return replace(estimate, how=how)


def break_even(one: Callable[[float], float], other: Callable[[float], float], most: float = 1e9) -> float:
    """The documents a month from which `other` costs less than `one`; infinite when it never does up to `most`.

    Both must be dollars a month that grow with the volume, and cross once at most.
    """
    low, high = 0.0, most
    if one(high) <= other(high):
        return float("inf")
    while high - low > max(1e-6 * high, 1e-3):
        middle = (low + high) / 2
        low, high = (low, middle) if one(middle) > other(middle) else (middle, high)
    return high
