"""The course's three models on the same reviews, side by side: accuracy, processor time, size.

`python benchmarks/models.py REVIEWS.parquet` writes `benchmarks/results/models.json`. Each script of `jobs/` runs as a
plain process in the environment of its image, over the same reviews (columns review, sentiment, title_id); it holds
out the same fifth of the titles. The reviews are not part of this project.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
RESULTS = Path(__file__).parent / "results" / "models.json"
IMAGES = {"sklearn": "sklearn-1.9-0", "pytorch": "pytorch-2.13", "tensorflow": "tensorflow-2.21"}


def measure(job: str, reviews: Path, folder: Path) -> dict[str, Any]:
    """Train one model; its accuracy on the held-out titles, the processor seconds of the process, its model's size."""
    from localcloud.jobs import images

    python = images.ensure(IMAGES[job])
    variables = {"SM_MODEL_DIR": str(folder / "model"), "SM_OUTPUT_DATA_DIR": str(folder / "output")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(python), str(PROJECT / "jobs" / job / "train.py"), "--train", str(reviews)],
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    metrics = json.loads((folder / "output" / "metrics.json").read_text())
    packed = shutil.make_archive(str(folder / "model"), "gztar", folder / "model")
    return {
        "accuracy": round(metrics["validation"]["accuracy"], 4),
        "train_reviews": metrics["train"]["reviews"],
        "validation_reviews": metrics["validation"]["reviews"],
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "model_mb": round(Path(packed).stat().st_size / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reviews", type=Path, help="a Parquet file with the columns review, sentiment and title_id")
    given = parser.parse_args()
    reviews = pd.read_parquet(given.reviews, columns=["review", "sentiment", "title_id"])
    reviews["label"] = (reviews["sentiment"] == "positive").astype(int)
    found = {}
    for job in IMAGES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "reviews").mkdir()
            reviews.to_parquet(folder / "reviews" / "reviews.parquet")
            found[job] = measure(job, folder / "reviews", folder)
        print(f"{job:<10} {found[job]}", flush=True)
    machine = {"system": platform.platform(terse=True), "cores": os.cpu_count(), "python": platform.python_version()}
    report = {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "machine": machine, "models": found}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
