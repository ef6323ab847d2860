"""A learner with two trained models, for the tests of the helpers around jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest

from helpers import catch_up

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


@pytest.fixture(scope="session")
def trained(workshop: Any, sklearn_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The workshop, after the stage `model` of catch_up on a few clean reviews."""
    folder, s3 = tmp_path_factory.mktemp("clean"), boto3.client("s3")
    for seed, part in enumerate(("train", "validation")):
        clean_reviews(300, seed).to_parquet(folder / f"{part}.parquet", index=False)
        key = f"{workshop.prefix}/clean/reviews/split={part}/part-0.parquet"
        s3.upload_file(str(folder / f"{part}.parquet"), workshop.bucket, key)
    s3.put_object(Bucket=workshop.bucket, Key=f"{workshop.prefix}/raw/reviews/reviews-000.jsonl", Body=b"{}\n")
    catch_up.catch_up(workshop, "model")
    yield workshop
    s3_objects = boto3.resource("s3").Bucket(workshop.bucket).objects.filter(Prefix=workshop.prefix)
    s3_objects.delete()
