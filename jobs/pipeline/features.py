"""Takes from the clean reviews what a model learns from, checks it, and keeps it as a snapshot.

A SageMaker processing script. The Glue job replaces the clean reviews at each run; a snapshot stays as it was, so
that a model can be traced to its data. The n-grams themselves are counted in training: their vocabulary must come
from the training part alone, and the endpoint needs it, too.

Input:  clean/split=<split>/*.parquet with the columns review, label, title_id (and others, which are left out)
Output: snapshot/<split>/reviews.parquet with these three columns, and snapshot/report.json
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path("/opt/ml/processing")
SPLITS = ("train", "validation", "test")
COLUMNS = ["review", "label", "title_id"]


class BadData(ValueError):
    """The reviews are not what a model may learn from; the message says why."""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="features.py", allow_abbrev=False)
    parser.add_argument("--root", type=Path, default=ROOT, help="where inputs and outputs lie")
    parser.add_argument("--data-version", default="by-hand", help="what the snapshot is called in the report")
    parser.add_argument("--min-reviews", type=int, default=100, help="reviews that each split must have")
    return parser.parse_args(arguments)


def read_split(folder: Path) -> pd.DataFrame:
    """The reviews of one split in a stable order, whatever files they came in. Raises BadData without the columns."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise BadData(f"there are no .parquet files in {folder.name}")
    try:
        reviews = pd.concat([pd.read_parquet(file, columns=COLUMNS) for file in files])
    except Exception as error:  # pyarrow has an exception of its own for each way to be no such file
        raise BadData(f"{folder.name} has no table of {', '.join(COLUMNS)}: {str(error).splitlines()[0]}") from error
    return reviews.sort_values(["title_id", "review"], ignore_index=True)


def check(splits: dict[str, pd.DataFrame], min_reviews: int) -> None:
    """Raises BadData: a split is too small, has empty reviews or one class only, or shares a title with another."""
    for name, reviews in splits.items():
        if len(reviews) < min_reviews:
            raise BadData(f"{name} has {len(reviews)} reviews; at least {min_reviews} are needed")
        if reviews["review"].fillna("").str.strip().eq("").any():
            raise BadData(f"{name} has empty reviews")
        if sorted(reviews["label"].unique()) != [0, 1]:
            raise BadData(f"{name} has the labels {sorted(reviews['label'].unique().tolist())}, not 0 and 1")
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        shared = set(splits[first]["title_id"]) & set(splits[second]["title_id"])
        if shared:
            raise BadData(f"{len(shared)} titles are in both {first} and {second}, for example {min(shared)}: a leak")


def describe(splits: dict[str, pd.DataFrame], version: str) -> dict[str, Any]:
    return {
        "data_version": version,
        "splits": {
            name: {
                "reviews": len(reviews),
                "titles": int(reviews["title_id"].nunique()),
                "positive": round(float(reviews["label"].mean()), 4),
                "median_words": float(reviews["review"].str.split().str.len().median()),
            }
            for name, reviews in splits.items()
        },
    }


def main() -> None:
    arguments = parse_arguments()
    clean, snapshot = arguments.root / "clean", arguments.root / "snapshot"
    splits = {name: read_split(clean / f"split={name}") for name in SPLITS}
    check(splits, arguments.min_reviews)
    for name, reviews in splits.items():
        (snapshot / name).mkdir(parents=True, exist_ok=True)
        reviews.to_parquet(snapshot / name / "reviews.parquet", index=False)
    report = describe(splits, arguments.data_version)
    (snapshot / "report.json").write_text(json.dumps(report, indent=2))
    for name, values in report["splits"].items():
        print(f"{name}: {values['reviews']} reviews of {values['titles']} titles, {values['positive']:.0%} positive")


if __name__ == "__main__":
    main()
