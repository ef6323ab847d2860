"""A few clean reviews that a model can learn from in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd

PRAISE, BLAME = ("a great film", "never dull", "so moving"), ("a boring film", "never funny", "so silly")


def clean_reviews(number: int, seed: int) -> pd.DataFrame:
    """Reviews of both classes, title by title; one opinion in six belongs to the other class."""
    random = np.random.default_rng(seed)
    rows = []
    for row in range(number):
        label = row % 2
        opinions = [random.choice(PRAISE if random.random() < (5 / 6 if label else 1 / 6) else BLAME) for _ in range(5)]
        rows.append((". ".join(opinions), label, f"tt{seed}{row % 20:03}"))
    return pd.DataFrame(rows, columns=["review", "label", "title_id"])


def put(ws: Any, folder: Path, parts: tuple[str, ...], below: str = "clean/reviews") -> None:
    """Into a learner's part of S3: 300 of each part."""
    for seed, part in enumerate(parts):
        path = folder / f"{part}.parquet"
        clean_reviews(300, seed).to_parquet(path, index=False)
        boto3.client("s3").upload_file(str(path), ws.bucket, f"{ws.prefix}/{below}/split={part}/part-0.parquet")
