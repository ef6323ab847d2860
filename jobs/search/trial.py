"""One trial of lesson 01's search: how good is a small model with this penalty? It prints one number."""

import argparse
import os

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits


def judge(reviews: pd.DataFrame, penalty: float, parts: int = 5) -> float:
    """The share of reviews that is judged right by a model which has not seen them: each part in its turn."""
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=1 / penalty, max_iter=1000))
    return float(cross_val_score(model, reviews["review"], reviews["label"], cv=parts).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--penalty", type=float, required=True)
    arguments, _ = parser.parse_known_args()  # a tuning job adds the name of its metric
    reviews = pd.read_parquet(os.environ["SM_CHANNEL_REVIEWS"])
    print(f"{len(reviews)} reviews read", flush=True)
    # So small a model gains nothing from a second thread; where trials share a machine, threads hinder each other.
    with threadpool_limits(1):
        print(f"search:accuracy={judge(reviews, arguments.penalty):.4f}")
