"""Is a dearer model better? The course's model beside a cheaper one and ensembles of its kind, on real reviews.

`python benchmarks/dearer_model.py REVIEWS.parquet` writes `benchmarks/results/dearer_model.json`. Learned from four
fifths of the titles, measured on the fifth that the training job holds out, too. Each member weights n-grams as
`jobs/sklearn/train.py` does (TF-IDF x log-count ratio, logistic regression); an ensemble adds up the members' scores,
each divided by its spread. `better_by` is against the course's model, in points, with the 95 % interval of the same
reviews judged by both. The reviews are not part of this project.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "jobs" / "sklearn")]
from reviews import hold_out  # noqa: E402
from text import TOKEN_PATTERN, prepare  # noqa: E402

from helpers.models.features import nb_log_ratio  # noqa: E402
from helpers.money import serverless  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "dearer_model.json"
WORDS: dict[str, Any] = {"token_pattern": TOKEN_PATTERN, "min_df": 3}
COURSE = "3-grams"
MEMBERS: dict[str, dict[str, Any]] = {
    "single words": {**WORDS, "ngram_range": (1, 1)},
    "3-grams": {**WORDS, "ngram_range": (1, 3)},
    "5-grams": {**WORDS, "ngram_range": (1, 5)},
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 5},
}
ENSEMBLES = [["single words"], ["3-grams"], ["3-grams", "5-grams"], ["3-grams", "5-grams", "characters"]]
SINGLES = 300  # reviews that are asked one by one


def member(
    options: dict[str, Any], seen: list[str], labels: np.ndarray, unseen: list[str]
) -> tuple[np.ndarray, dict[str, float]]:
    """Scores of the unseen reviews, above 0: positive; processor seconds of the fit, ms of a single review."""
    began = time.process_time()
    counter = CountVectorizer(dtype=np.float64, **options)
    counts = sparse.csr_array(counter.fit_transform(seen))
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts)
    ratio = sparse.diags_array(nb_log_ratio(counts > 0, labels))
    model = LogisticRegression(C=16, solver="liblinear", dual=True, random_state=0)
    model.fit(weighting.transform(counts) @ ratio, labels)
    fit_seconds = time.process_time() - began
    # The ratio goes into the coefficients, as a model that is served has it: asking is one product.
    coefficients, intercept = ratio @ model.coef_[0], model.intercept_[0]

    def scores(texts: list[str]) -> np.ndarray:
        return weighting.transform(counter.transform(texts)) @ coefficients + intercept

    singles = []
    for text in unseen[:SINGLES]:
        began = time.process_time()
        scores([text])
        singles.append(1000 * (time.process_time() - began))
    return scores(unseen), {"fit_seconds": fit_seconds, "ms": float(np.median(singles))}


def measure(reviews: pd.DataFrame) -> dict[str, Any]:
    """Each ensemble's accuracy, gain over the first, and what it costs to fit and to ask."""
    train, held_out = hold_out(reviews.drop_duplicates("review").reset_index(drop=True), seed=0)
    seen, unseen = ([prepare(text) for text in part["review"]] for part in (train, held_out))
    labels, truth = train["label"].to_numpy(), held_out["label"].to_numpy() == 1
    scores, spent = {}, {}
    for name, options in MEMBERS.items():
        found, spent[name] = member(options, seen, labels, unseen)
        scores[name] = found / found.std()
        print(f"{name:<12} {np.mean((found > 0) == truth):.4f} {spent[name]}", flush=True)
    course = (scores[COURSE] > 0) == truth
    results: dict[str, Any] = {"train_reviews": len(seen), "held_out_reviews": len(unseen), "models": {}}
    for names in ENSEMBLES:
        right = (sum(scores[name] for name in names) > 0) == truth
        gain = right.astype(float) - course
        ms = sum(spent[name]["ms"] for name in names)
        results["models"][" + ".join(names)] = {
            "accuracy": round(float(right.mean()), 4),
            "better_by": round(100 * float(gain.mean()), 2),
            "better_by_margin": round(196 * float(gain.std()) / len(gain) ** 0.5, 2),
            "fit_cpu_s": round(sum(spent[name]["fit_seconds"] for name in names), 1),
            "ms": round(ms, 2),
            "usd_per_1M_serverless": round(serverless.price(1_000_000, ms).usd, 3),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reviews", type=Path, help="a Parquet file with the columns review, sentiment and title_id")
    reviews = pd.read_parquet(parser.parse_args().reviews, columns=["review", "sentiment", "title_id"])
    found = measure(reviews.assign(label=(reviews["sentiment"] == "positive").astype(int)))
    machine = {"system": platform.platform(terse=True), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    machine |= {"python": platform.python_version()}
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    RESULTS.write_text(json.dumps({"date": date, "machine": machine, **found}, indent=2) + "\n")
    print(json.dumps(found["models"], indent=1))


if __name__ == "__main__":
    main()
